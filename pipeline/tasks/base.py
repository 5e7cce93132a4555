"""What every task of a window has: its table, its place in lake and spool, its log lines."""

from __future__ import annotations

import html
import logging
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from functools import cached_property
from typing import Any

import luigi

from pipeline.config.settings import settings
from pipeline.config.tables import Table
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
from pipeline.spool.folder import Spool, evict
from pipeline.spool.state import SpoolState, state_of
from pipeline.tasks.parameters import WindowParameter
from pipeline.tasks.targets import MarkerTarget, lake

log = logging.getLogger(__name__)


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
        """The target that a stage's marker is."""
        return MarkerTarget(self.definition.name, self.window, stage)

    def connected(self) -> AbstractContextManager[mysql.Connection]:
        """A new connection to the source."""
        return mysql.connected(settings().source, settings().bastion)

    def source_table(self, connection: mysql.Connection) -> SourceTable:
        """The source table as its definition has it."""
        return replicated_table(connection, self.definition, settings().source.timezone)

    @property
    def timezone(self) -> str | None:
        """The zone whose local time the table's DATETIMEs hold; None for the server's, which must be UTC."""
        return zone_of(self.definition, settings().source.timezone)

    @property
    def spool(self) -> Spool:
        """Where the window's rows wait for S3."""
        source, table = settings().source, self.definition
        definition = table.model_dump_json(exclude={"order"}, exclude_unset=True)
        origin = f"{source.host}:{source.port} {source.timezone or ''}{definition}"
        return Spool.of(settings().run.spool, table.name, self.window, origin)

    @property
    def spool_state(self) -> SpoolState:
        """How far the window is in the spool."""
        return state_of(self.spool, lambda: self.lake_window.has(LAKE))

    @property
    def priority(self) -> float:
        """Older windows first, then tables in the order of their definition; Luigi wants it positive."""
        hours = (datetime(2200, 1, 1, tzinfo=UTC) - self.window.start).total_seconds() / 3600
        return hours - self.definition.order / 1000

    @property
    def resources(self) -> dict[str, int]:
        """What the strategy lets run side by side; Luigi gives an undeclared resource once."""
        strategy = settings().run.strategy
        if strategy == "sequential":
            return {"pipeline": 1}
        return {f"table {self.definition.name}": 1} if strategy == "inter-table" else {}

    @exit_status.recorded
    def complete(self) -> bool:
        """Whether the stage's marker is there."""
        return bool(super().complete())

    def progress(self, message: str, share: float | None) -> None:
        """Show in the visualiser how far the task is, at most once a second."""
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
            log.warning("progress could not be shown: %s", error)

    def log(self, message: str) -> None:
        """One line for what this stage did."""
        log.info("%s %s: %s", self.definition.name, self.window.label, message)

    def log_coercions(self, coerced: Iterable[Coercion]) -> None:
        """A line for each kind of value that a policy changed, and a note for the end of the run."""
        for each in coerced:
            log.warning("%s %s: %s", self.definition.name, self.window.label, each)
            example = f", e.g. {each.example}"
            notes.note(self.table, self.window.label, each.what, each.rows, example)

    def unless_time_is_up(self) -> Iterator[luigi.Task]:
        """For a stage to begin with: leave it to a later run where this one may begin nothing more."""
        if limits.is_time_up():
            self.log(f"{self.task_family} is for later, the time is up")
            yield self.clone(LaterRun)

    def release(self) -> None:
        """Take the window out of the quarantine: it is done this far."""
        quarantine.release(self.lake_window, with_earlier=self.definition.is_snapshot)

    def on_failure(self, exception: BaseException) -> str:
        """Name table and window in the error, and record what could not be loaded in the quarantine."""
        if not isinstance(exception, PipelineError):
            return str(super().on_failure(exception))
        exception.at(f"{self.task_family} {self.table} {self.window}")
        quarantine.record(lambda: self.lake_window, self.task_family, exception)
        return html.escape(str(exception))


class LaterRun(WindowTask, luigi.ExternalTask):
    """What this run may not begin any more: missing data, until another run."""

    def complete(self) -> bool:
        """Not in this run."""
        return False


class LoadedTask(WindowTask):
    """A stage of the warehouse: of a snapshot's table only a window loaded as a snapshot is done."""

    @exit_status.recorded
    def complete(self) -> bool:
        """Whether the stage's marker is there, of a snapshot where the table is one."""
        if not super().complete():
            return False
        stage = self.output().stage
        return not self.definition.is_snapshot or self.lake_window.is_snapshot(stage)


class SpoolTask(WindowTask):
    """A stage whose output waits in the spool, until a run that is done with the window clears it."""

    @exit_status.recorded
    def complete(self) -> bool:
        """Whether the output is there, or another run was faster and nobody needs it any more."""
        return bool(super().complete()) or self.spool_state is SpoolState.OVERTAKEN


@contextmanager
def unless_overtaken(task: WindowTask) -> Iterator[None]:
    """Let a file be missing from the spool where nobody needs it any more."""
    try:
        yield
    except FileNotFoundError:
        if task.spool_state is not SpoolState.OVERTAKEN:
            raise
        task.log("another run has brought it to the lake meanwhile")


def make_room() -> None:
    """Evict uploaded windows from a spool that is too large; that this fails, fails no task."""
    run = settings().run
    try:
        evict(run.spool, run.spool_gb * 10**9, lambda *of: lake().exists(lake_marker(*of)))
    except (OSError, PipelineError) as error:
        log.warning("the spool %s could not be made smaller: %s", run.spool, error)
