"""What the pipeline costs besides the rows: nothing to do, a small window, a long catch-up, its start."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.children import ROOT, ChildFailed, watch
from benchmarks.rounds import summary
from benchmarks.world import World
from pipeline.lake.keys import Keys
from pipeline.lake.s3 import Store
from pipeline.model.table_name import TableName
from pipeline.model.window import Window

DATABASE = "bench_small"
TABLES = tuple(f"small_{number}" for number in range(1, 7))
FIRST = date(2022, 9, 1)
YEAR, LONG = 365, 1096
MISSING = 60
"""Windows that the catch-up finds undone, over all tables."""
_ROWS_A_DAY = 40

_TABLE = """
CREATE TABLE {name} (id INT AUTO_INCREMENT PRIMARY KEY, code VARCHAR(20) NOT NULL, state TINYINT,
  amount DECIMAL(10,2), changed DATETIME NOT NULL, INDEX (changed, id))
"""
_ROWS = """
INSERT INTO {name} (code, state, amount, changed)
SELECT CONCAT('C', seq), seq % 5, seq / 100, '{day}' + INTERVAL seq MINUTE FROM seq_1_to_{rows}
"""


@dataclass(frozen=True)
class Small:
    """Six small tables in a place of their own."""

    world: World
    name: str

    @property
    def folder(self) -> Path:
        """For the spool and the logs."""
        return self.world.folder / self.name

    @property
    def environment(self) -> dict[str, str]:
        """Points the pipeline at it."""
        return self.world.environment(DATABASE, self.name, self.folder / "spool", self.name)

    def luigi(self, *arguments: str) -> dict[str, Any]:
        """Run a command line of luigi: wall seconds of all of it, S3 requests, seconds inside tasks."""
        log = self.folder / f"{uuid.uuid4().hex[:8]}.jsonl"
        line = ["--module", "pipeline", *arguments, "--local-scheduler"]
        wall = self.timed("benchmarks.counted", str(log), *line)
        told = [json.loads(text) for text in log.read_text().splitlines()]
        requests = Counter(each["request"] for each in told if "request" in each)
        tasks = [each for each in told if "task" in each and not each["task"].startswith("Range")]
        return {
            "seconds": wall,
            "requests": sum(requests.values()),
            "by_kind": dict(requests),
            "tasks": len(tasks),
            "in_tasks": sum(each["seconds"] for each in tasks),
        }

    def timed(self, *module: str, **environment: str) -> float:
        """Wall seconds of ``python -m …``; raises ChildFailed unless it ends well."""
        log = self.folder / "log.txt"
        variables = {**self.environment, **environment}
        status, wall, _ = watch([sys.executable, "-m", *module], variables, log=log, timeout=1800)
        if status:
            raise ChildFailed(f"{' '.join(module)} ended with {status}: {log.read_text()[-600:]}")
        return wall


def measure(world: World, rounds: int, days: int = LONG) -> Any:
    """All overheads, each as often as `rounds` says, the catch-up once."""
    small = Small(world, f"bench_{uuid.uuid4().hex[:10]}")
    small.folder.mkdir()
    _seed(world, days)
    world.warehouse(f"CREATE SCHEMA {small.name}")
    try:
        return {
            "machine": machine.description(),
            "tables": len(TABLES),
            "fresh": _fresh(small, rounds),
            "nothing": _nothing(small, rounds, days),
            "catch_up": _catch_up(small, days),
            "commands": _commands(small, rounds),
            "imports": _imports(small),
            "decoder": _decoder(small),
        }
    finally:
        world.warehouse(f"DROP SCHEMA {small.name} CASCADE")


def _seed(world: World, days: int) -> None:
    """Rows on the first two days and on those that the catch-up will load."""
    dates = [FIRST, FIRST + timedelta(1), *(FIRST + timedelta(days - n) for n in _late_days())]
    world.sql(None, f"DROP DATABASE IF EXISTS {DATABASE}", f"CREATE DATABASE {DATABASE}")
    for name in TABLES:
        world.sql(DATABASE, _TABLE.format(name=name))
        world.sql(DATABASE, *(_ROWS.format(name=name, day=d, rows=_ROWS_A_DAY) for d in dates))
    definition = {"cursor": "changed", "business_key": "code"}
    world.define(DATABASE, {f"{DATABASE}.{name}": definition for name in TABLES})


def _late_days() -> range:
    return range(MISSING // len(TABLES), 0, -1)


def _range(days: int) -> list[str]:
    stop = FIRST + timedelta(days)
    return ["RangeDaily", "--of", "DailyLoadAll", "--start", str(FIRST), "--stop", str(stop)]


def _fresh(small: Small, rounds: int) -> dict[str, Any]:
    """A window of one table, when the table is known in the warehouse already."""
    small.luigi(*_range(1))
    runs = []
    for name in TABLES[:rounds]:
        line = ["DailyLoad", "--date", str(FIRST + timedelta(1)), "--table", f"{DATABASE}.{name}"]
        runs.append(small.luigi(*line))
    small.luigi(*_range(2))
    print(f"  a fresh window: {runs[0]['requests']} requests, {runs[0]['seconds']:.2f} s")
    status = summary([small.timed("pipeline", "status") for _ in range(rounds + 2)])
    return {**_of(runs), "status": status}


def _nothing(small: Small, rounds: int, days: int) -> dict[str, Any]:
    """A year of which every window is done, as the cron line finds it."""
    copies = _mark(small, days)
    year = min(YEAR, days - len(_late_days()))
    runs = [small.luigi(*_range(year)) for _ in range(rounds)]
    print(f"  nothing to do: {runs[0]['requests']} requests, {runs[0]['seconds']:.2f} s")
    return {**_of(runs), "days": year, "markers": copies}


def _catch_up(small: Small, days: int) -> dict[str, Any]:
    """Three years of which the last windows are missing."""
    run = small.luigi(*_range(days))
    print(f"  catch-up: {run['seconds']:.1f} s, {run['in_tasks']:.1f} s of them inside tasks")
    idle = small.luigi(*_range(days))
    return {"days": days, "windows": MISSING, **run, "again": idle}


def _commands(small: Small, rounds: int) -> dict[str, Any]:
    """The operator's commands, in a lake that holds three years."""
    lines = {"--help": ["--help"], "status": ["status"], "config": ["config"]}
    return {
        name: summary([small.timed("pipeline", *line) for _ in range(rounds + 2)])
        for name, line in lines.items()
    }


def _imports(small: Small) -> dict[str, float]:
    """Seconds that `status` spends importing, by package, as Python itself counts them."""
    told = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "pipeline", "status"],
        env={**os.environ, **small.environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return seconds_by_package(told.stderr)


def seconds_by_package(told: str) -> dict[str, float]:
    """The sums of what ``-X importtime`` writes, the greatest first.

    >>> seconds_by_package("import time:  self [us] | cumulative | imported package\\n"
    ...     "import time:     1500 |       1500 |     boto3.session\\nimport time: 500 | 2000 | boto3")
    {'boto3': 0.002}
    """
    spent: Counter[str] = Counter()
    for line in told.splitlines():
        own, _, rest = line.removeprefix("import time:").partition("|")
        if line.startswith("import time:") and own.strip().isdigit():
            spent[rest.rpartition("|")[2].strip().partition(".")[0]] += int(own)
    return {name: microseconds / 1e6 for name, microseconds in spent.most_common()}


def _decoder(small: Small) -> dict[str, float]:
    """Kernels compiled for the first time, and found in the cache; nothing is kept from before."""
    caches = {"NUMBA_CACHE_DIR": "numba", "PYTHONPYCACHEPREFIX": "pyc"}
    fresh = {name: str(small.folder / folder) for name, folder in caches.items()}
    cold = small.timed("pipeline.codec", **fresh)
    warm = min(small.timed("pipeline.codec", **fresh) for _ in range(3))
    for folder in caches.values():
        shutil.rmtree(small.folder / folder, ignore_errors=True)
    print(f"  decoder: {cold:.1f} s cold, {warm:.2f} s warm")
    return {"cold": cold, "warm": warm}


def _of(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "seconds": summary([run["seconds"] for run in runs]),
        "requests": summary([run["requests"] for run in runs]),
        "runs": list(runs),
    }


def _mark(small: Small, days: int) -> int:
    """Give every window but the missing ones the markers of the second day's; how many objects."""
    lake = small.world.lake(small.name)
    model = Window.day(FIRST + timedelta(1))
    late = [FIRST + timedelta(n) for n in range(2, days - MISSING // len(TABLES))]
    copies: list[tuple[str, bytes]] = []
    for name in TABLES:
        keys = Keys(TableName(DATABASE, name))
        for of in (keys.lake_marker, keys.load_marker, keys.views_marker):
            text = lake.get(of(model))
            copies += [
                (of(Window.day(d)), text.replace(model.name.encode(), Window.day(d).name.encode()))
                for d in late
            ]
    _put_all(lake, copies)
    return len(copies)


def _put_all(lake: Store, objects: Sequence[tuple[str, bytes]]) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda each: lake.put(*each), objects))
