import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from devstack import processes
from devstack.errors import StackError
from devstack.processes import Process


class Launcher:
    """Starts programs in a directory and ends all of them."""

    def __init__(self, directory: Path) -> None:
        self.log = directory / "log"
        self._directory = directory
        self._started: list[Process] = []

    def __call__(self, *command: str) -> Process:
        process = processes.spawn(list(command), log=self.log, cwd=self._directory, environment={})
        self._started.append(process)
        return process

    def wait_for(self, name: str, process: Process) -> None:
        """Until the program has written the file."""
        file = self._directory / name
        processes.wait_until(
            lambda: file.exists() and file.read_text().endswith("\n"),
            process,
            name="the program",
            log=self.log,
            patience=10,
        )

    def stop_all(self) -> None:
        for process in self._started:
            processes.stop(process)


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Launcher]:
    launcher = Launcher(tmp_path)
    yield launcher
    launcher.stop_all()


def test_a_stopped_process_is_gone(launch: Launcher) -> None:
    process = launch("sleep", "60")
    assert processes.is_running(process)
    processes.stop(process)
    assert not processes.is_running(process)


def test_another_process_with_the_same_pid_is_not_signalled(launch: Launcher) -> None:
    process = launch("sleep", "60")
    earlier = dataclasses.replace(process, birth="another boot:1")
    assert not processes.is_running(earlier)
    processes.stop(earlier)
    assert processes.is_running(process)


def test_stopping_twice_does_nothing(launch: Launcher) -> None:
    process = launch("sleep", "60")
    processes.stop(process)
    processes.stop(process)


def test_a_process_that_ignores_sigterm_is_killed(launch: Launcher) -> None:
    process = launch("sh", "-c", "trap '' TERM; echo > up; while :; do sleep 1; done")
    launch.wait_for("up", process)
    processes.stop(process, patience=0.2)
    assert not processes.is_running(process)


def test_descendants_in_sessions_of_their_own_end_too(launch: Launcher, tmp_path: Path) -> None:
    process = launch("sh", "-c", "setsid sleep 60 & echo $! > child; exec sleep 60")
    launch.wait_for("child", process)
    child = int((tmp_path / "child").read_text())
    processes.stop(process)
    assert not _is_alive(child)


def test_a_process_that_ends_while_starting_is_reported_with_its_log(launch: Launcher) -> None:
    process = launch("sh", "-c", "echo the port is taken; exit 3")
    with pytest.raises(StackError, match=r"(?s)the server ended .* the port is taken"):
        processes.wait_until(lambda: False, process, name="the server", log=launch.log, patience=10)


def test_a_process_that_does_not_answer_is_reported(launch: Launcher) -> None:
    process = launch("sleep", "60")
    with pytest.raises(StackError, match="does not answer after"):
        processes.wait_until(
            lambda: False, process, name="the server", log=launch.log, patience=0.1
        )


def _is_alive(pid: int) -> bool:
    """A zombie, which only its parent can take away, is not alive."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX" and os.getpgid(pid) > 0
