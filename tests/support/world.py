"""A small world for one test: its own database, bucket prefix, warehouse schema and table definitions."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import luigi
import luigi.task_register
import yaml
from luigi.execution_summary import LuigiRunResult
from psycopg2 import extensions

from devstack.mysql import MySQL
from devstack.shell import warehouse_connection
from pipeline.config import settings as settings_module
from pipeline.config import yaml_loader
from pipeline.config.yaml_loader import table_named
from pipeline.errors import PipelineError
from pipeline.lake.keys import Keys
from pipeline.lake.s3 import Store, store
from pipeline.lake.window import LakeWindow
from pipeline.model.markers import LoadMarker
from pipeline.model.table_name import TableName
from pipeline.model.window import Window
from pipeline.run import state
from pipeline.steps.load import load_window
from pipeline.tasks.chain import RefreshViews
from pipeline.tasks.entries import DailyLoad
from pipeline.tasks.worker import RunFactory
from tests.support.programs import run_python, start_python
from tests.support.servers import Servers

NUMBERS = re.compile(r"\bseq_(\d+)_to_(\d+)\b")
MANY = 10_000_000


@dataclass
class World:
    """What a test may touch. `name` is the database, the prefix and the schema all in one."""

    stack: Servers
    folder: Path
    name: str
    definitions: dict[str, Any] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """The variables that point the pipeline at this world."""
        variables = self.stack.environment()
        variables.pop("LUIGI_CONFIG_PATH", None)  # luigi.cfg alone, as in production
        return {
            **variables,
            "DB_DATABASE": self.name,
            "DB_CLOSING_LAG": "0",
            "S3_PREFIX": self.name,
            "REDSHIFT_SCHEMA": self.name,
            "PIPELINE_CONFIGS": str(self.folder / "configs"),
            "PIPELINE_SPOOL": str(self.folder / "spool"),
        }

    # The source

    def sql(self, *statements: str) -> list[tuple[Any, ...]]:
        """Run statements as the source's administrator, in UTC, and return the last one's rows.

        `seq_1_to_9` is a table of numbers, which MariaDB has by itself; MySQL is told what it means.
        """
        with closing(self.source()) as connection, connection.cursor() as cursor:
            if self.stack.source.kind == MySQL.kind:
                cursor.execute(f"SET cte_max_recursion_depth = {MANY}")
                statements = tuple(NUMBERS.sub(_numbers, each) for each in statements)
            for statement in statements:
                cursor.execute(statement)
            connection.commit()
            return list(cursor.fetchall())

    def source(self) -> Any:
        """An administrator's connection to this world's database, not in autocommit."""
        return self.stack.source.connect(root=True, database=self.name)

    # The configuration

    def create(self, table: str, columns: str, rows: str = "", **definition: Any) -> str:
        """Create a table with rows (`VALUES …` or `SELECT …`), define it, and return its full name."""
        insert = [f"INSERT INTO {table} {rows}"] if rows else []
        self.sql(f"CREATE TABLE {table} ({columns})", *insert)
        return self.define(table, **definition)

    def define(self, table: str, **definition: Any) -> str:
        """Add a table of this world's database to configs/ and return its full name."""
        name = f"{self.name}.{table}"
        self.definitions[name] = definition
        folder = self.folder / "configs"
        folder.mkdir(exist_ok=True)
        (folder / "tables.yml").write_text(yaml.safe_dump({"tables": self.definitions}))
        self.forget()
        return name

    def forget(self) -> None:
        """Make the next task of this process read its settings and tables again."""
        settings_module.settings.cache_clear()
        yaml_loader.tables.cache_clear()
        state.reset()
        luigi.task_register.Register.clear_instance_cache()

    # Running

    def build(self, *tasks: luigi.Task, workers: int = 1) -> LuigiRunResult:
        """Run tasks in this process with a scheduler of their own."""
        self.forget()
        return luigi.build(
            list(tasks),
            worker_scheduler_factory=RunFactory(),
            local_scheduler=True,
            workers=workers,
            detailed_summary=True,
        )

    def succeed(self, *tasks: luigi.Task, workers: int = 1) -> LuigiRunResult:
        """Run tasks that do not fail."""
        result = self.build(*tasks, workers=workers)
        assert result.status.name == "SUCCESS", result.summary_text
        return result

    def load_days(self, table: str, *days: int | date) -> None:
        """Load days of a table, one after the other; a number is a day of August 2025."""
        for each in days:
            on = date(2025, 8, each) if isinstance(each, int) else each
            self.succeed(DailyLoad(date=on, table=table))

    def load_windows(self, table: str, *windows: Window) -> None:
        """Load windows of a table, one after the other; a snapshot of each if it is one."""
        for window in windows:
            self.succeed(RefreshViews(table=table, window=window))

    def failure(self, *tasks: luigi.Task) -> PipelineError:
        """Run tasks of which one fails, and return the error that a person is told."""
        seen: list[BaseException] = []
        handlers = luigi.Task._event_callbacks.setdefault(luigi.Task, {})
        handlers.setdefault(luigi.Event.FAILURE, set()).add(note := lambda _, e: seen.append(e))
        try:
            result = self.build(*tasks)
        finally:
            handlers[luigi.Event.FAILURE].discard(note)
        assert result.status.name == "FAILED", result
        (error,) = seen
        assert isinstance(error, PipelineError), repr(error)
        return error

    def follow(self, error: PipelineError) -> None:
        """Run the script that the error's message says to run in the warehouse, in one session."""
        script = re.search(r"run in the warehouse: (BEGIN; .* COMMIT;)", error.todo)
        assert script, error.todo
        self.query(script[1])

    def luigi(
        self, *arguments: str, check: int | None = 0, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a `luigi --module pipeline` command line; `check` is the exit status it must have."""
        process = self.start(*arguments, **environment)
        out, _ = process.communicate(timeout=180)
        if check is not None:
            assert process.returncode == check, out
        return subprocess.CompletedProcess(arguments, process.returncode, out)

    def start(
        self, *arguments: str, killed: str = "", alone: bool = False, **environment: str
    ) -> subprocess.Popen[str]:
        """Start such a command line; stdout and stderr come together.

        `killed` is the point at which it dies (tests/support/killed.py), `alone` makes it a process group of
        its own. A variable set to "" is unset.
        """
        program = ["tests.support.killed", killed] if killed else ["luigi"]
        scheduler = [] if any("scheduler" in a for a in arguments) else ["--local-scheduler"]
        return start_python(
            *("-m", *program, "--module", "pipeline", *arguments, *scheduler),
            environment={**os.environ, **self.environment, **environment},
            alone=alone,
        )

    def pipeline(
        self, *arguments: str, check: int | None = 0, killed: str = "", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run `python -m pipeline …`; `check` is the exit status it must have.

        `killed` is the point at which it dies (tests/support/killed.py).
        """
        module = ("tests.support.killed", killed, "pipeline") if killed else ("pipeline",)
        return run_python(
            *("-m", *module, *arguments),
            status=check,
            environment={**os.environ, **self.environment, **environment},
        )

    # The lake

    @property
    def lake(self) -> Store:
        """This world's part of the bucket."""
        return store(settings_module.Settings(self.environment, {}).lake)

    def marker(self, key: str) -> dict[str, Any]:
        """The JSON of a marker."""
        return dict(json.loads(self.lake.get(key)))

    def keys(self, table: str) -> Keys:
        """The keys of a table of this world."""
        return Keys(TableName(self.name, table))

    def lake_window(self, table: str, window: Window) -> LakeWindow:
        """A window of a table of this world, in the lake of this process."""
        return LakeWindow(self.lake, TableName(self.name, table), window)

    def load(self, table: str, window: Window) -> LoadMarker:
        """Load a window that is converted, without Luigi; the marker is not written."""
        settings = settings_module.settings()
        known = table_named(settings.run.configs, f"{self.name}.{table}")
        return load_window(settings, self.lake_window(table, window), known).marker

    def lake_keys(self, prefix: str = "") -> list[str]:
        """All keys below a prefix."""
        return [found.key for found in self.lake.list(prefix)]

    def unmark(self, table: str, window: Window, *stages: str) -> None:
        """Delete a window's markers of these stages, of all if none is named: they are done again."""
        keys = self.keys(table)
        named = stages or ("lake", "csv", "load", "views")
        self.lake.delete([getattr(keys, f"{stage}_marker")(window) for stage in named])

    # The warehouse

    def reader(self) -> extensions.connection:
        """A connection to the warehouse of the test's own, each statement a transaction."""
        return warehouse_connection(self.environment)

    def query(
        self, statement: str, arguments: Sequence[Any] | None = None
    ) -> list[tuple[Any, ...]]:
        """Run a statement in the warehouse; `{schema}` is this world's."""
        with closing(self.reader()) as connection, connection.cursor() as cursor:
            cursor.execute(statement.replace("{schema}", self.name), arguments)
            return list(cursor.fetchall()) if cursor.description else []

    def loaded(self, table: str, columns: str = "*", order: str = "1") -> list[tuple[Any, ...]]:
        """The rows of a warehouse table."""
        return self.query(f"SELECT {columns} FROM {{schema}}.{table} ORDER BY {order}")

    def waits_for_lock(self) -> bool:
        """Whether any session of the warehouse waits for a lock."""
        return self.query("SELECT COUNT(*) FROM pg_locks WHERE NOT granted") != [(0,)]

    def ledger(self, table: str) -> list[tuple[Any, ...]]:
        """The ledger's rows of a table: window start, digest, rows staged and loaded, transaction."""
        return self.query(
            "SELECT window_start, lake_digest, rows_staged, rows_loaded, committed_at "
            "FROM {schema}.pipeline_ledger WHERE table_name = %s ORDER BY window_start",
            (f"{self.name}.{table}",),
        )


def _numbers(found: re.Match[str]) -> str:
    """MariaDB's table of numbers as MySQL writes it."""
    first, last = found.groups()
    return (
        f"(WITH RECURSIVE numbers (seq) AS (SELECT {first} UNION ALL SELECT seq + 1 FROM numbers"
        f" WHERE seq < {last}) SELECT seq FROM numbers) AS {found[0]}"
    )


def day(text: str) -> Window:
    """The window of a day, as 2025-08-01."""
    return Window.day(date.fromisoformat(text))
