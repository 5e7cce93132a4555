"""The base of a window's tasks: table, lake window, spool, log lines."""

from __future__ import annotations

import html
import logging
import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

import luigi

from pipeline.config.settings import settings
from pipeline.config.tables import Table, TableDefinition
from pipeline.config.yaml_loader import table_named
from pipeline.errors import PipelineError
from pipeline.lake import quarantine
from pipeline.lake.keys import lake_marker
from pipeline.lake.stages import LAKE, AnyStage
from pipeline.lake.window import LakeWindow
from pipeline.model.markers import Coercion
from pipeline.model.window import UTC, Window
from pipeline.run import exit_status, limits, notes
from pipeline.source import connection as mysql
from pipeline.source.replicated_table import replicated_table, zone_of
from pipeline.source.table import SourceTable
from pipeline.spool.disk import DiskFull
from pipeline.spool.folder import Spool, evict
from pipeline.spool.state import SpoolState, state_of
from pipeline.steps import column_changes
from pipeline.tasks.parameters import WindowParameter
from pipeline.tasks.targets import MarkerTarget, lake

log = logging.getLogger(__name__)
Result = TypeVar("Result")


class WindowTask(luigi.Task):
    """One stage of one window of one table."""

    table: str = luigi.Parameter(description="db.table, as defined in configs/")
    window: Window = WindowParameter(description="e.g. 20250801T000000Z_20250802T000000Z")

    @cached_property
    def definition(self) -> Table:
        """The table's definition; raises ConfigurationError for an unknown table."""
        return table_named(settings().run.configs, self.table, settings().default_database)

    @property
    def lake_window(self) -> LakeWindow:
        """The window in the lake."""
        return LakeWindow(lake(), self.definition.name, self.window)

    def marker(self, stage: AnyStage) -> MarkerTarget:
        """The target for a stage's marker."""
        return MarkerTarget(self.definition.name, self.window, stage)

    def connected(self) -> AbstractContextManager[mysql.Connection]:
        """A new connection to the source."""
        return mysql.connected(settings().source, settings().bastion)

    def source_table(self, connection: mysql.Connection) -> SourceTable:
        """The source table, as its definition replicates it."""
        source = replicated_table(connection, self.definition, settings().source.timezone)
        return column_changes.with_known_columns(lake(), self.definition, source)

    @property
    def timezone(self) -> str | None:
        """The time zone of the table's DATETIMEs; None for the server's, which must be UTC."""
        return zone_of(self.definition, settings().source.timezone)

    @property
    def spool(self) -> Spool:
        """The window's spool folder."""
        source, table = settings().source, self.definition
        fields = set(TableDefinition.model_fields)
        definition = table.model_dump_json(include=fields, exclude_unset=True)
        origin = f"{source.host}:{source.port} {source.timezone or ''}{definition}"
        return Spool.of(settings().run.spool, table.name, self.window, origin)

    @property
    def spool_state(self) -> SpoolState:
        """The state of the window in the spool."""
        return state_of(self.spool, lambda: self.lake_window.has(LAKE))

    @property
    def priority(self) -> float:
        """Older windows first, then tables in the order of their definition; Luigi requires it positive."""
        hours = (datetime(2200, 1, 1, tzinfo=UTC) - self.window.start).total_seconds() / 3600
        return hours - self.definition.order / 1000

    @property
    def resources(self) -> dict[str, int]:
        """The resources by strategy; Luigi grants an undeclared resource to one task at a time."""
        strategy = settings().run.strategy
        if strategy == "sequential":
            return {"pipeline": 1}
        return {f"table {self.definition.name}": 1} if strategy == "inter-table" else {}

    @exit_status.recorded
    def complete(self) -> bool:
        """Whether the stage's marker exists."""
        return bool(super().complete())

    def progress(self, message: str, share: float | None) -> None:
        """Show the task's progress in the visualiser, at most once per second."""
        show: Any = self.set_status_message  # None outside a worker
        now = time.monotonic()
        if show is None or now - getattr(self, "_shown_at", 0.0) < 1.0:
            return
        self._shown_at = now
        try:
            show(html.escape(message))  # the visualiser inserts the text as HTML
            if share is not None:
                set_percentage: Any = self.set_progress_percentage
                set_percentage(int(100 * share))
        except Exception as error:
            self._shown_at = math.inf  # each attempt waits for luigid
            log.warning("cannot show progress: %s", error)

    def log(self, message: str, *, rows: int | None = None) -> None:
        """Log a line about this window; at level DEBUG if it is about no rows, which the report counts."""
        level = logging.DEBUG if rows == 0 else logging.INFO
        log.log(level, "%s %s: %s", self.definition.name, self.window.label, message)

    def log_coercions(self, coerced: Iterable[Coercion]) -> None:
        """Log the values that policies changed, and note them for the end of the run."""
        for coercion in coerced:
            self.log(str(coercion))
            example = f", e.g. {coercion.example}"
            notes.note(self.table, self.window.label, coercion.change, coercion.rows, example)

    def unless_time_is_up(self) -> Iterator[luigi.Task]:
        """Leave the stage to a later run where this run's time is up; for the beginning of `run`."""
        if limits.is_time_up():
            self.log(f"{self.task_family} is left to a later run, as the time is up")
            yield self.clone(LaterRun)

    def release(self) -> None:
        """Remove the window from the quarantine."""
        quarantine.release(self.lake_window, with_earlier=self.definition.is_snapshot)

    def on_failure(self, exception: BaseException) -> str:
        """Add table and window to the error, and record a refused window in the quarantine."""
        if not isinstance(exception, PipelineError):
            return str(super().on_failure(exception))
        exception.at(f"{self.task_family} {self.table} {self.window}")
        quarantine.record(lambda: self.lake_window, self.task_family, exception)
        return html.escape(str(exception))


class LaterRun(WindowTask, luigi.ExternalTask):
    """A dependency that this run never meets: Luigi reports missing data."""

    def complete(self) -> bool:
        """Never in this run."""
        return False


class LoadedTask(WindowTask):
    """A stage of the warehouse: for a snapshot table only a window loaded as a snapshot is done."""

    @exit_status.recorded
    def complete(self) -> bool:
        """Whether the stage's marker exists, for a snapshot table that of a snapshot."""
        if not super().complete():
            return False
        stage = self.output().stage
        return not self.definition.is_snapshot or self.lake_window.is_snapshot(stage)


class SpoolTask(WindowTask):
    """A stage with output in the spool, which the run that finishes the window clears."""

    @exit_status.recorded
    def complete(self) -> bool:
        """Whether the output exists, or another run has finished the window."""
        return bool(super().complete()) or self.spool_state is SpoolState.OVERTAKEN


@contextmanager
def unless_overtaken(task: WindowTask) -> Iterator[None]:
    """Ignore a missing spool file where another run has finished the window; leave none there either."""
    try:
        yield
    except FileNotFoundError:
        if task.spool_state is not SpoolState.OVERTAKEN:
            raise
        task.log("another run has uploaded it meanwhile")
    spool = task.spool
    if not spool.plan_path.exists() and task.spool_state is SpoolState.OVERTAKEN:
        spool.clear()


def make_room(limit: int | None = None) -> bool:
    """Evict uploaded windows from a spool above `limit` bytes, by default PIPELINE_SPOOL_GB.

    Returns whether there were any. A failure is logged and fails no task.
    """
    run = settings().run
    most = run.spool_gb * 10**9 if limit is None else limit
    try:
        return bool(evict(run.spool, most, lambda *window: lake().exists(lake_marker(*window))))
    except (OSError, PipelineError) as error:
        log.warning("cannot evict windows from the spool %s: %s", run.spool, error)
        return False


def with_room(task: WindowTask, work: Callable[[], Result]) -> Result:
    """Do the work; where the disk is full and uploaded windows can be evicted from the spool, twice."""
    try:
        return work()
    except DiskFull as error:
        if not make_room(0):
            raise
        task.log(f"uploaded windows were removed from the spool, as {error.what}")
        return work()
