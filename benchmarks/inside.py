"""Inside a measured process: its job, and the clocks that tell what the job took.

Standard library alone, so that it costs the measured process nothing and runs beside every peer.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Job:
    """What a process is to do; where the servers are it learns from its environment."""

    database: str
    table: str
    window: str
    folder: str
    prefix: str
    result: str
    queries: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        """The folder for the files it writes."""
        return Path(self.folder)


Outcome = dict[str, Any]
Work = Callable[[], Outcome]
"""The timed part; what it returns is kept beside the times. `after`, a function, runs untimed."""


def run(prepare: Callable[[Job], Work]) -> None:
    """Do the job given as this process's last argument and write what it took as JSON.

    `prepare` is not timed. CPU is that of the process and of the children it has waited for.
    """
    given = json.loads(sys.argv[-1])
    job = Job(**{**given, "queries": tuple(given.get("queries", ()))})
    work = prepare(job)
    startup = _age()
    _forget_peak()
    before, started = _cpu(), time.perf_counter()
    outcome = work()
    seconds = time.perf_counter() - started
    after = _cpu()
    figures = {
        "startup": startup,
        "seconds": seconds,
        "user": after[0] - before[0],
        "system": after[1] - before[1],
        "peak_mb": _peak_mb(),
    }
    if check := outcome.pop("after", None):
        outcome |= check()
    Path(job.result).write_text(json.dumps({**figures, "extra": outcome}))


def s3_environment() -> dict[str, str]:
    """Bucket, endpoint, region and keys, as the pipeline's own variables name them."""
    return {
        "bucket": os.environ["S3_BUCKET_NAME"],
        "endpoint": os.environ["AWS_ENDPOINT_URL_S3"],
        "region": os.environ["S3_REGION"],
        "key": os.environ["AWS_ACCESS_KEY_ID"],
        "secret": os.environ["AWS_SECRET_ACCESS_KEY"],
    }


def mysql_url(job: Job, scheme: str = "mysql") -> str:
    """The source as a URL; the stack's passwords need no escaping."""
    env = os.environ
    login = f"{env['DB_USER']}:{env['DB_PASSWORD']}"
    return f"{scheme}://{login}@{env['DB_HOST']}:{env['DB_PORT']}/{job.database}"


def _age() -> float:
    """Seconds since this process was started: the interpreter and its imports."""
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    return time.clock_gettime(time.CLOCK_BOOTTIME) - int(fields[19]) / os.sysconf("SC_CLK_TCK")


def _cpu() -> tuple[float, float]:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime for u in usages), sum(u.ru_stime for u in usages)


def _forget_peak() -> None:
    """Let the peak of the resident memory begin here: proc(5), clear_refs."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return  # the peak then holds the imports', too


def _peak_mb() -> float:
    """The peak by the kernel's own count; `ru_maxrss` would hold the parent's at the fork."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0
