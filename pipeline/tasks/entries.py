"""The entries for a command line: a day or an hour of one table or of all, to back up or to load.

`RangeDaily` and `RangeHourly` (tasks/ranges.py) enumerate their periods; `bulk_complete` checks a whole range
with one S3 LIST per table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from typing import Any, ClassVar

import luigi

from pipeline.config.settings import settings
from pipeline.config.tables import Table
from pipeline.config.yaml_loader import table_named, tables
from pipeline.lake.history import marked_windows, newest_snapshot
from pipeline.lake.quarantine import refused_windows
from pipeline.lake.stages import LAKE, VIEWS, AnyStage
from pipeline.model.window import UTC, Window
from pipeline.run import exit_status, state
from pipeline.tasks.base import WindowTask
from pipeline.tasks.chain import RefreshViews, UploadParquet
from pipeline.tasks.parameters import DayParameter, HourParameter
from pipeline.tasks.targets import lake

Period = Any  # a date for days, a datetime for hours: Luigi's own parameter types


class Entry(luigi.WrapperTask):
    """One period of some tables, up to the task `last`, which writes the marker of `stage`."""

    last: ClassVar[type[WindowTask]]
    stage: ClassVar[AnyStage]

    @staticmethod
    def window_of(period: Period) -> Window:
        """The window of a day or hour."""
        raise NotImplementedError

    @property
    def period(self) -> Period:
        """The day or hour of the command line."""
        raise NotImplementedError

    def tables(self) -> list[Table]:
        """The tables of the command line."""
        raise NotImplementedError

    @property
    def window(self) -> Window:
        """The period as a window."""
        return self.window_of(self.period)

    @property
    def priority(self) -> float:
        """Older periods first."""
        return (datetime(2200, 1, 1, tzinfo=UTC) - self.window.start).total_seconds() / 3600

    def requires(self) -> list[WindowTask]:
        """The last stage of every table's window."""
        return [self._last_task(table) for table in self.tables()]

    def _last_task(self, table: Table) -> WindowTask:
        return self.last(table=str(table.name), window=self._window_to_take(table))

    def _window_to_take(self, table: Table) -> Window:
        """The period's window; for a snapshot, which covers all earlier periods, the newest closed one."""
        if not table.is_snapshot:
            return self.window
        began = state.current().began  # constant during a run
        current = self.window_of(began if isinstance(self.period, datetime) else began.date())
        length = current.end - current.start
        return max(self.window, Window(current.start - length, current.start))

    @exit_status.recorded
    def complete(self) -> bool:
        """Whether every table has its marker of this period, or of a later snapshot."""
        return all(self._is_done(table) for table in self.tables())

    def is_stuck(self, refused: Mapping[str, set[Window]]) -> bool:
        """Whether only refused windows are left; `refused` has those of each table."""
        stuck = [t for t in self.tables() if self._is_refused(t, refused[str(t.name)])]
        return bool(stuck) and all(self._is_done(t) for t in self.tables() if t not in stuck)

    def _is_refused(self, table: Table, refused: set[Window]) -> bool:
        # A snapshot is refused for the table's current rows, whatever its day.
        return bool(refused) if table.is_snapshot else self.window in refused

    def _is_done(self, table: Table) -> bool:
        if self._last_task(table).complete():
            return True
        return table.is_snapshot and _is_covered(
            self, table, _marked(self.stage, table, self.window)
        )

    @classmethod
    def bulk_complete(cls, parameter_tuples: Iterable[Any]) -> list[Any]:
        """The complete ones of the periods, from one LIST per table.

        RangeDaily passes a functools.partial with the other parameters as `cls`, and a one-time iterator.
        """
        entries = {parameter: cls(parameter) for parameter in parameter_tuples}
        done = _complete(list(entries.values()))
        return [parameter for parameter, entry in entries.items() if entry in done]


def refused_by_table(tables: Iterable[Table]) -> dict[str, set[Window]]:
    """The quarantined windows by table, from one LIST per table."""
    return {str(table.name): refused_windows(lake(), table.name) for table in tables}


def _complete(entries: list[Entry]) -> set[Entry]:
    """The entries with all markers; all entries are of one class and have the same tables."""
    if not entries:
        return set()
    stage, done = entries[0].stage, set(entries)
    windows = [entry.window for entry in entries]
    span = Window(min(w.start for w in windows), max(w.end for w in windows))
    tables = entries[0].tables()
    with ThreadPoolExecutor(max_workers=8) as pool:  # concurrent S3 requests
        listed = pool.map(lambda table: _marked(stage, table, span), tables)
        for table, marked in zip(tables, listed, strict=True):
            newest = (
                newest_snapshot(lake(), table.name, stage, marked) if table.is_snapshot else None
            )
            for entry in list(done):
                covered = newest is not None and newest >= entry.window.end
                if not (covered if table.is_snapshot else entry.window in marked):
                    done.discard(entry)
    return done


def _is_covered(entry: Entry, table: Table, marked: Iterable[Window]) -> bool:
    """Whether there is a snapshot that ends no earlier than the entry's period."""
    newest = newest_snapshot(lake(), table.name, entry.stage, marked)
    return newest is not None and newest >= entry.window.end


def _marked(stage: AnyStage, table: Table, span: Window) -> set[Window]:
    """The windows with the stage's marker that begin in the span; for a snapshot table, all of them."""
    return set(marked_windows(lake(), table.name, stage, None if table.is_snapshot else span))


class DailyEntry(Entry):
    """An entry whose periods are days."""

    date: date = DayParameter(description="the day, in UTC")

    @staticmethod
    def window_of(period: Period) -> Window:
        """The day."""
        return Window.day(period)

    @property
    def period(self) -> date:
        """The day of the command line."""
        return self.date


class HourlyEntry(Entry):
    """An entry whose periods are hours."""

    hour: datetime = HourParameter(description="the hour, in UTC, as 2025-08-01T13")

    @staticmethod
    def window_of(period: Period) -> Window:
        """The hour."""
        return Window.hour(period)

    @property
    def period(self) -> datetime:
        """The hour of the command line."""
        return self.hour


class OneTable(Entry):
    """An entry of one table."""

    table: str = luigi.Parameter(positional=False, description="db.table, as in configs/")

    def tables(self) -> list[Table]:
        """The table of the command line."""
        return [table_named(settings().run.configs, self.table, settings().default_database)]


class AllTables(Entry):
    """An entry of every configured table."""

    def tables(self) -> list[Table]:
        """Every table of configs/."""
        return list(tables(settings().run.configs, settings().default_database).values())


class ToViews(Entry):
    """An entry that loads."""

    last = RefreshViews
    stage = VIEWS


class ToLake(Entry):
    """An entry that backs up."""

    last = UploadParquet
    stage = LAKE


class DailyLoad(ToViews, OneTable, DailyEntry):
    """One day of one table, from the source to the views."""


class DailyLoadAll(ToViews, AllTables, DailyEntry):
    """One day of every configured table, from the source to the views."""


class DailyBackup(ToLake, OneTable, DailyEntry):
    """One day of one table, from the source to the lake."""


class DailyBackupAll(ToLake, AllTables, DailyEntry):
    """One day of every configured table, from the source to the lake."""


class HourlyLoad(ToViews, OneTable, HourlyEntry):
    """One hour of one table, from the source to the views."""


class HourlyLoadAll(ToViews, AllTables, HourlyEntry):
    """One hour of every configured table, from the source to the views."""


class HourlyBackup(ToLake, OneTable, HourlyEntry):
    """One hour of one table, from the source to the lake."""


class HourlyBackupAll(ToLake, AllTables, HourlyEntry):
    """One hour of every configured table, from the source to the lake."""
