"""What every task of a window has: its table, its keys and its spool, and how it tells of itself."""

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
from pipeline.config.tables import Table, table_named
from pipeline.errors import DataError, PipelineError
from pipeline.lake import id_ranges, quarantine
from pipeline.lake.history import is_snapshot
from pipeline.lake.keys import Keys, lake_marker
from pipeline.model.cursors import Bounds, TimeCursor
from pipeline.model.markers import Coercion
from pipeline.model.window import UTC, Window
from pipeline.run import exit_status, limits, notes
from pipeline.source import connection as mysql
from pipeline.source import table as source_table
from pipeline.source.replicated_table import described, zone_of
from pipeline.spool.folder import Spool, evict
from pipeline.tasks.parameters import WindowParameter
from pipeline.tasks.targets import lake

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
    def keys(self) -> Keys:
        """The table's S3 keys."""
        return Keys(self.definition.name)

    def connected(self) -> AbstractContextManager[mysql.Connection]:
        """A new connection to the source."""
        return mysql.connected(settings().source, settings().bastion)

    def described(self, connection: mysql.Connection) -> source_table.SourceTable:
        """The source table, without what the definition leaves out, with its names, types and zone."""
        return described(connection, self.definition, settings().source.timezone)

    @property
    def timezone(self) -> str | None:
        """The zone whose local time the table's DATETIMEs hold; None for the server's, which must be UTC."""
        return zone_of(self.definition, settings().source.timezone)

    def bounds_of(self, cursor: TimeCursor | None) -> Bounds:
        """The window's bounds on that cursor; an id's are fixed in the lake, a snapshot has none."""
        if cursor is not None:
            return cursor.bounds(self.window)
        if self.definition.definition.cursor_type == "full":
            return Bounds(None, None)
        ranges, _ = id_ranges.read(lake(), self.keys)
        if (bounds := ranges.of(self.window)) is None:
            raise DataError(
                f"the ids of window {self.window} are not known any more",
                why=f"{lake().url(self.keys.id_ranges)} does not have them",
                todo="restore that object from a backup of the bucket",
            )
        return bounds

    @property
    def spool(self) -> Spool:
        """Where the window's rows wait for S3."""
        source, definition = settings().source, self.definition.definition
        said = definition.model_dump_json(exclude_unset=True)
        made_for = f"{source.host}:{source.port} {source.timezone or ''}{said}"
        return Spool.of(settings().run.spool, self.definition.name, self.window, made_for)

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
        if show is None or now - getattr(self, "_said", 0.0) < 1.0:
            return
        self._said = now
        try:
            show(html.escape(message))  # the visualiser inserts the text as HTML
            if share is not None:
                report: Any = self.set_progress_percentage
                report(int(100 * share))
        except Exception as error:
            log.warning("progress could not be shown: %s", error)

    def say(self, message: str) -> None:
        """One line in the log for what this stage did."""
        log.info("%s %s: %s", self.definition.name, self.window.label, message)

    def warn(self, coerced: Iterable[Coercion]) -> None:
        """A line in the log for each kind of value that a policy changed."""
        for each in coerced:
            log.warning("%s %s: %s", self.definition.name, self.window.label, each)
            example = f", e.g. {each.example}"
            notes.note(self.table, self.window.label, each.what, each.rows, example)

    def unless_time_is_up(self) -> Iterator[luigi.Task]:
        """For a stage to begin with: leave it to a later run where this one may begin nothing more."""
        if limits.is_time_up():
            self.say(f"{self.task_family} is for later, the time is up")
            yield self.clone(LaterRun)

    def settle(self) -> None:
        """Take the window out of the quarantine: it is done this far."""
        is_snapshot = self.definition.definition.cursor_type == "full"
        quarantine.settle(lake(), self.keys, self.window, with_earlier=is_snapshot)

    def on_failure(self, exception: BaseException) -> str:
        """Name table and window in the error, and keep what could not be loaded for a look."""
        if not isinstance(exception, PipelineError):
            return str(super().on_failure(exception))
        exception.at(f"{self.task_family} {self.table} {self.window}")
        quarantine.keep(lake, self.keys, self.window, self.task_family, exception)
        return html.escape(str(exception))


class LaterRun(WindowTask, luigi.ExternalTask):
    """What this run may not begin any more (pipeline/run/limits.py): missing data, until another run."""

    def complete(self) -> bool:
        """Not in this run."""
        return False


class LoadedTask(WindowTask):
    """A stage of the warehouse: where a snapshot is asked for, a window loaded otherwise does not stand."""

    @exit_status.recorded
    def complete(self) -> bool:
        """Whether the stage's marker is there, of a snapshot where the table is one."""
        if not super().complete():
            return False
        if self.definition.definition.cursor_type != "full":
            return True
        return is_snapshot(lake(), self.definition.name, self.window, loaded=True)


class SpoolTask(WindowTask):
    """A stage whose output waits in the spool, until a run that is done with the window clears it."""

    @exit_status.recorded
    def complete(self) -> bool:
        """Whether the output is there, or another run was faster and nobody needs it any more."""
        return bool(super().complete()) or is_overtaken(self)


def is_overtaken(task: WindowTask) -> bool:
    """Whether another run has brought the window to the lake and cleared the spool."""
    marker = task.keys.lake_marker(task.window)
    return not task.spool.plan_path.exists() and lake().exists(marker)


@contextmanager
def unless_overtaken(task: WindowTask) -> Iterator[None]:
    """Let a file be missing from the spool where nobody needs it any more."""
    try:
        yield
    except FileNotFoundError:
        if not is_overtaken(task):
            raise
        task.say("another run has brought it to the lake meanwhile")


def make_room() -> None:
    """Let the spool keep no more of what the lake has than it may; that this fails, fails no task."""
    run = settings().run
    try:
        evict(run.spool, run.spool_gb * 10**9, lambda *of: lake().exists(lake_marker(*of)))
    except (OSError, PipelineError) as error:
        log.warning("the spool %s could not be made smaller: %s", run.spool, error)
