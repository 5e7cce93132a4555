"""Start, recognise and stop server processes, across runs of the command that started them.

A process is identified by its pid *and* its birth: the machine's boot and the clock tick of its start
(`/proc/<pid>/stat`, field 22, see proc_pid_stat(5)). A reused pid has another birth, so it is never
signalled.
"""

import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from devstack.errors import StackError

_PROBE_INTERVAL = 0.02  # seconds, far below any server's start time
_LOG_TAIL_LINES = 12


@dataclass(frozen=True)
class Process:
    """A process, distinct from a later one with the same pid."""

    pid: int
    birth: str


# Children of this interpreter, to be waited for: they would remain as zombies.
_children: dict[Process, subprocess.Popen[bytes]] = {}


def spawn(command: list[str], *, log: Path, cwd: Path, environment: dict[str, str]) -> Process:
    """Start `command` in a new session, its output appended to `log`.

    The new session shields the server from the terminal's Ctrl-C and hang-up.
    """
    with log.open("ab") as output:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env=os.environ | environment,
            start_new_session=True,
        )
    process = Process(child.pid, _birth(child.pid) or "ended at once")
    _children[process] = child
    return process


def is_running(process: Process) -> bool:
    """Whether this process, not another with its pid, is alive."""
    return _birth(process.pid) == process.birth


def wait_until(
    answers: Callable[[], bool], process: Process, *, name: str, log: Path, patience: float
) -> None:
    """Probe until the server answers.

    Raises:
        StackError: the process has ended, or `patience` seconds have passed; the message shows
            the end of the server's log.
    """
    deadline = time.monotonic() + patience
    while not answers():
        if not is_running(process):
            raise StackError(f"{name} ended while it was starting.{_tail(log)}")
        if time.monotonic() > deadline:
            raise StackError(f"{name} does not answer after {patience:.0f} s.{_tail(log)}")
        time.sleep(_PROBE_INTERVAL)


def stop(process: Process, *, patience: float = 30.0) -> None:
    """End the process and its descendants; does nothing if it has ended.

    It gets SIGTERM and `patience` seconds, then SIGKILL. Descendants that outlive it (such as an sshd's
    open connections) get SIGKILL.
    """
    descendants = _descendants(process)
    if not _end(process, signal.SIGTERM, patience):
        _end(process, signal.SIGKILL, patience)
    for descendant in descendants:
        _end(descendant, signal.SIGKILL, patience)
    child = _children.pop(process, None)
    if child is not None:
        child.wait()


def _end(process: Process, number: signal.Signals, patience: float) -> bool:
    """Signal the process and wait for its end; returns whether it has ended."""
    with _handle(process) as handle:
        if handle is None:
            return True
        signal.pidfd_send_signal(handle, number)
        ended = select.poll()
        ended.register(handle, select.POLLIN)  # a pidfd becomes readable when its process ends
        return bool(ended.poll(patience * 1000))


@contextmanager
def _handle(process: Process) -> Iterator[int | None]:
    """A descriptor of this process, None if it has ended.

    The descriptor pins the process: once its birth is checked, no signal can reach another one.
    """
    try:
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:
        yield None
        return
    try:
        yield handle if is_running(process) else None
    finally:
        os.close(handle)


def _descendants(ancestor: Process) -> list[Process]:
    """The descendants of the process; none if it has ended."""
    if not is_running(ancestor):
        return []
    parents = {pid: stat.parent for pid in _pids() if (stat := _stat(pid))}
    family = {ancestor.pid}
    # Each round adds a generation; a pid may be smaller than its parent's.
    while generation := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= generation
    births = ((pid, _birth(pid)) for pid in family - {ancestor.pid})
    return [Process(pid, birth) for pid, birth in births if birth is not None]


def _birth(pid: int) -> str | None:
    """The start of the process; None if it has ended or is a zombie."""
    stat = _stat(pid)
    return None if stat is None or stat.state in "ZX" else f"{_boot()}:{stat.ticks}"


@dataclass(frozen=True)
class _Stat:
    state: str
    parent: int
    ticks: str


def _stat(pid: int) -> _Stat | None:
    try:
        line = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The command's name is in parentheses and may contain anything; the other fields follow it.
    fields = line.rpartition(")")[2].split()
    return _Stat(state=fields[0], parent=int(fields[1]), ticks=fields[19])


def _pids() -> Iterator[int]:
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _tail(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()[-_LOG_TAIL_LINES:]
    return f" Its log, {log}, ends with:\n" + "\n".join(f"  {line}" for line in lines)
