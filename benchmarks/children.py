"""Run a process to be measured: watch its memory, bound its time, read what it says it took."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).parent.parent
_SAMPLE_SECONDS = 0.1
_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / (1 << 20)
_SERIES_POINTS = 240


class ChildFailed(Exception):
    """A process that did not do its job; the text is the end of what it wrote."""


@dataclass(frozen=True)
class Measured:
    """One run. Seconds of the work, of start and imports before it, of CPU; peak memory in MiB.

    `server` is the CPU that MySQL and the S3 server spent meanwhile, `wall` the whole process as seen from
    outside, `memory` (seconds, MiB) of it and its children.
    """

    seconds: float
    startup: float
    user: float
    system: float
    peak_mb: float
    wall: float
    server: float = 0.0
    memory: list[tuple[float, float]] = field(default_factory=list, repr=False)
    extra: dict[str, Any] = field(default_factory=dict)

    def figures(self) -> dict[str, Any]:
        """What goes into a result file: without the memory series."""
        kept = asdict(self)
        del kept["memory"], kept["extra"]
        return {name: round(value, 4) for name, value in kept.items()}

    def series(self) -> list[tuple[float, float]]:
        """The memory series, thinned to what a plot can show."""
        step = max(1, len(self.memory) // _SERIES_POINTS)
        return [(round(t, 1), round(mb, 1)) for t, mb in self.memory[::step]]


def run_child(
    command: Sequence[str],
    environment: Mapping[str, str],
    result: Path,
    *,
    log: Path,
    timeout: float,
) -> Measured:
    """Run a process that ends with `inside.run`; raises ChildFailed when it does not get there."""
    result.unlink(missing_ok=True)
    status, wall, memory = watch(command, environment, log=log, timeout=timeout)
    if status != 0 or not result.exists():
        raise ChildFailed(f"exit status {status}: {_last_words(log)}")
    told = json.loads(result.read_text())
    peak = max([told.pop("peak_mb"), *(mb for _, mb in memory)])
    return Measured(**told, peak_mb=peak, wall=wall, memory=memory)


def watch(
    command: Sequence[str], environment: Mapping[str, str], *, log: Path, timeout: float
) -> tuple[int, float, list[tuple[float, float]]]:
    """Run a command: its exit status, its wall seconds, its memory over time.

    Raises ChildFailed when it takes longer than `timeout` seconds; it is then killed, children and all,
    as it is when whoever waits for it is interrupted.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    memory: list[tuple[float, float]] = []
    started = time.perf_counter()
    with log.open("wb") as output:
        child = _started(command, environment, output)
        try:
            while _still_runs(child):
                passed = time.perf_counter() - started
                memory.append((passed, _tree_mb(child.pid)))
                if passed > timeout:
                    raise ChildFailed(f"not done after {timeout:.0f} s")
        finally:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)  # the session started above, nobody else's
            child.wait()
    return child.returncode, time.perf_counter() - started, memory


def _started(
    command: Sequence[str], environment: Mapping[str, str], output: IO[bytes]
) -> subprocess.Popen[bytes]:
    """The process, in a session of its own; raises ChildFailed where its program is not there."""
    try:
        return subprocess.Popen(
            list(command),
            cwd=ROOT,
            # where a caller keeps Python from writing .pyc files, every start would compile the sources
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "", **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise ChildFailed(str(error)) from None


def _still_runs(child: subprocess.Popen[bytes]) -> bool:
    """Whether the child still runs a moment later."""
    with suppress(subprocess.TimeoutExpired):
        child.wait(_SAMPLE_SECONDS)
    return child.returncode is None


def _tree_mb(pid: int) -> float:
    """Resident memory of a process and its descendants; 0 once it is gone."""
    total, waiting = 0.0, [pid]
    while waiting:
        folder = Path(f"/proc/{waiting.pop()}")
        with suppress(OSError, ValueError, IndexError):
            total += int((folder / "statm").read_text().split()[1]) * _PAGE_MB
            for children in folder.glob("task/*/children"):
                waiting += map(int, children.read_text().split())
    return total


def _last_words(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return " ".join(lines[-3:])[-600:] or "it wrote nothing"
