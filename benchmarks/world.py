"""The benchmarks' own servers and tables, and the processes that are measured on them."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import sys
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import yaml

from benchmarks import children, fingerprint, machine, peer_venv
from benchmarks.children import Measured
from benchmarks.fingerprint import Fingerprint
from benchmarks.inside import Job
from devstack import seed
from devstack.errors import StackError
from devstack.seed import seed_settlement
from devstack.shell import warehouse_connection
from devstack.stack import Stack, down, running_stack, status
from pipeline.config.settings import Settings
from pipeline.lake.s3 import Store, store
from pipeline.model.window import Window

DELIVERY = "settlement_normal_delivery_detail"
START = date(2025, 8, 1)
_ROW_BYTES = 1300  # in InnoDB, index included
_DEFINITION = {
    "cursor": "update_at",
    "business_key": "ant_parcel_no",
    "distkey": "ant_parcel_no",
    "sortkey": "update_at",
}


@dataclass(frozen=True)
class Dataset:
    """The 51-column table of a database of its own, all of it in one window of `days` days."""

    database: str
    rows: int
    days: int

    @property
    def window(self) -> Window:
        """From the first day to the last."""
        start = datetime(START.year, START.month, START.day, tzinfo=timezone.utc)
        return Window(start, start + timedelta(days=self.days))


@dataclass(frozen=True)
class World:
    """Where everything runs: a stack, and a folder for what the measured processes write."""

    stack: Stack
    folder: Path

    def dataset(self, rows: int, days: int = 1) -> Dataset:
        """The table with that many rows; seeded unless an earlier run has left it, by the same code."""
        stem = f"bench_{rows}_{days}_"
        data = Dataset(stem + _seed_version(), rows, days)
        for (old,) in self.sql(None, "SELECT schema_name FROM information_schema.schemata"):
            if old.startswith(stem) and old != data.database:
                self.sql(None, f"DROP DATABASE {old}")
        self._widen_buffer_pool(rows)
        if self._count(data) != rows:
            print(f"seeding {rows:,} rows", flush=True)
            self.sql(None, f"CREATE DATABASE IF NOT EXISTS {data.database} CHARACTER SET utf8mb4")
            with closing(self.stack.source.connect(root=True, database=data.database)) as link:
                seed_settlement(link, days=days, rows=rows, start=START)
            self.sql(data.database, f"ANALYZE TABLE {DELIVERY}")
        self.define(data.database, {f"{data.database}.{DELIVERY}": _DEFINITION})
        return data

    def define(self, name: str, tables: dict[str, Any]) -> None:
        """Write the table definitions that `environment` points at."""
        folder = self.folder / "configs" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "tables.yml").write_text(yaml.safe_dump({"tables": tables}))

    def expected(self, data: Dataset, window: Window) -> Fingerprint:
        """What MySQL itself says of the window's rows; reading them also warms its buffers."""
        start, end = (f"{i:%Y-%m-%d %H:%M:%S}" for i in (window.start, window.end))
        query = fingerprint.SQL.format(table=DELIVERY, start=start, end=end)
        return fingerprint.of_row(self.sql(data.database, query)[0])

    def sql(self, database: str | None, *statements: str) -> list[tuple[Any, ...]]:
        """Run statements as the source's administrator; the last one's rows."""
        with (
            closing(self.stack.source.connect(root=True, database=database)) as link,
            link.cursor() as cursor,
        ):
            for statement in statements:
                cursor.execute(statement)
            link.commit()
            return list(cursor.fetchall())

    def plan(self, database: str, query: str) -> str:
        """How the server answers a query, in EXPLAIN's words: an index, or the whole table sorted."""
        row = self.sql(database, f"EXPLAIN {query}")[0]
        return "; ".join(str(row[place]) for place in (3, 5, 9) if row[place])

    def servers_cpu(self) -> float:
        """Seconds of CPU, user and system, that MySQL and the S3 server have spent since their start."""
        ((folder, file),) = self.sql(None, "SELECT @@datadir, @@pid_file")
        pids = [int(Path(folder, file).read_text())]
        kind = self.stack.lake.kind
        pids += [s.pid for s in status(self.stack.directory) if s.kind == kind and s.pid]
        return sum(map(_cpu_of, pids))

    def warehouse(self, *statements: str) -> list[tuple[Any, ...]]:
        """Run statements in the warehouse; the last one's rows."""
        link = warehouse_connection(self.stack.environment())
        with closing(link), link.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []

    def environment(self, name: str, prefix: str, spool: Path, schema: str) -> dict[str, str]:
        """The variables that point the pipeline at this world."""
        return {
            **self.stack.environment(),
            "DB_DATABASE": name,
            "S3_PREFIX": prefix,
            "REDSHIFT_SCHEMA": schema,
            "PIPELINE_CONFIGS": str(self.folder / "configs" / name),
            "PIPELINE_SPOOL": str(spool),
            "PYTHONWARNINGS": "ignore",
            "RUNTIME__DLTHUB_TELEMETRY": "false",
        }

    def lake(self, prefix: str) -> Store:
        """The bucket below a prefix."""
        return store(Settings({**self.stack.environment(), "S3_PREFIX": prefix}, {}).lake)

    def _count(self, data: Dataset) -> int:
        found = self.sql(
            None,
            "SELECT COUNT(*) FROM information_schema.tables "
            f"WHERE table_schema = '{data.database}' AND table_name = '{DELIVERY}'",
        )
        if not found[0][0]:
            return 0
        return int(self.sql(data.database, f"SELECT COUNT(*) FROM {DELIVERY}")[0][0])

    def _widen_buffer_pool(self, rows: int) -> None:
        """Let the server hold the table in memory if four tenths of the machine's hold it."""
        wanted = min(rows * _ROW_BYTES, machine.memory_bytes() * 4 // 10)
        size = max(512 << 20, wanted >> 27 << 27)
        now = int(self.sql(None, "SELECT @@innodb_buffer_pool_size")[0][0])
        if size > now:
            self.sql(None, f"SET GLOBAL innodb_buffer_pool_size = {size}")


def _seed_version() -> str:
    """The same for the same seeding code: what it makes then is the same, too."""
    files = sorted(Path(seed.__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:8]


def _cpu_of(pid: int) -> float:
    # fields 14 and 15, counted behind the name, which may hold blanks: proc_pid_stat(5)
    told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2]
    return sum(map(int, told.split()[11:13])) / os.sysconf("SC_CLK_TCK")


@dataclass
class Place:
    """What one run may write to: a folder, an S3 prefix, a warehouse schema; gone afterwards."""

    world: World
    data: Dataset
    window: Window
    name: str

    @property
    def folder(self) -> Path:
        """For files, among them the spool."""
        return self.world.folder / "runs" / self.name

    @property
    def environment(self) -> dict[str, str]:
        """Points the pipeline at this place."""
        return self.world.environment(
            self.data.database, self.name, self.folder / "spool", self.name
        )

    def job(self, queries: Sequence[str] = ()) -> Job:
        """The job of a process here."""
        return Job(
            database=self.data.database,
            table=DELIVERY,
            window=self.window.name,
            folder=str(self.folder),
            prefix=self.name,
            result=str(self.folder / "result.json"),
            queries=tuple(queries),
        )

    def run(
        self, module: str, *arguments: str, queries: Sequence[str] = (), peer: bool = False
    ) -> Measured:
        """Run ``python -m benchmarks.<module> <arguments> <job>``; raises ChildFailed."""
        python = str(peer_venv.PYTHON) if peer else sys.executable
        job, before = self.job(queries), self.world.servers_cpu()
        measured = children.run_child(
            [python, "-m", f"benchmarks.{module}", *arguments, json.dumps(asdict(job))],
            self.environment,
            Path(job.result),
            log=self.world.folder / "logs" / f"{module}-{'-'.join(arguments) or 'run'}.log",
            timeout=120 + self.data.rows / 1000,
        )
        return replace(measured, server=self.world.servers_cpu() - before)


@contextmanager
def place(world: World, data: Dataset, window: Window | None = None) -> Iterator[Place]:
    """A fresh place for one run; folder, prefix and schema are removed afterwards."""
    here = Place(world, data, window or data.window, f"bench_{uuid.uuid4().hex[:10]}")
    here.folder.mkdir(parents=True)
    world.warehouse(f"CREATE SCHEMA {here.name}")
    try:
        yield here
    finally:
        shutil.rmtree(here.folder, ignore_errors=True)
        lake = world.lake(here.name)
        lake.delete([found.key for found in lake.list("")])
        world.warehouse(f"DROP SCHEMA {here.name} CASCADE")


@contextmanager
def running(directory: Path) -> Iterator[World]:
    """The servers, for the time of a `with` block; the source's tables alone stay for the next run.

    What a run that was killed has left, servers included, is removed first. Raises StackError where one
    still measures.
    """
    directory = directory.resolve()
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "running").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackError(f"benchmarks run in {directory} already") from None
        down(directory)
        for left in ("seaweedfs", "redshift", "work"):
            shutil.rmtree(directory / left, ignore_errors=True)
        with running_stack(directory) as stack:
            folder = directory / "work"
            folder.mkdir()
            yield World(stack, folder)
