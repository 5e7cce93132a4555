"""What is asked for on a command line: a day or an hour, of one table or of all, backed up or loaded.

`RangeDaily` and `RangeHourly` (pipeline/tasks/ranges.py) enumerate these; their `bulk_complete` answers a
whole range with one S3 LIST a table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from typing import Any, ClassVar

import luigi

from pipeline.config.settings import settings
from pipeline.config.tables import Table, table_named, tables
from pipeline.lake.history import is_snapshot
from pipeline.lake.keys import Keys, window_of_key
from pipeline.lake.s3 import Store
from pipeline.model.window import UTC, Window
from pipeline.run import exit_status, state
from pipeline.tasks.base import WindowTask
from pipeline.tasks.chain import RefreshViews, UploadParquet
from pipeline.tasks.parameters import DayParameter, HourParameter
from pipeline.tasks.targets import lake

Period = Any  # a date for days, a datetime for hours: Luigi's own parameter types


class _Entry(luigi.WrapperTask):
    """One period of some tables, up to the stage `last`."""

    last: ClassVar[type[WindowTask]]

    @staticmethod
    def window_of(period: Period) -> Window:
        """The window of a day or hour."""
        raise NotImplementedError

    @property
    def period(self) -> Period:
        """The day or hour asked for."""
        raise NotImplementedError

    def tables(self) -> list[Table]:
        """The tables asked for."""
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
        return [
            self.last(table=str(table.name), window=self.taken(table)) for table in self.tables()
        ]

    def taken(self, table: Table) -> Window:
        """The window that stands for this period.

        For a full snapshot, which shows the table as it is now, it is the newest period that is
        over: one snapshot covers every earlier period.
        """
        if table.definition.cursor_type != "full":
            return self.window
        began = state.current().began  # a run keeps to one day and hour though the clock goes on
        current = self.window_of(began if isinstance(self.period, datetime) else began.date())
        length = current.end - current.start
        return max(self.window, Window(current.start - length, current.start))

    @exit_status.recorded
    def complete(self) -> bool:
        """Whether every table's marker of this period, or a later snapshot's, is there."""
        return all(self._is_done(table) for table in self.tables())

    def is_stuck(self, refused: Mapping[str, set[Window]]) -> bool:
        """Whether nothing is left of it but what is known to fail; `refused` as by `refused_windows`."""
        stuck = [t for t in self.tables() if self._is_refused(t, refused[str(t.name)])]
        return bool(stuck) and all(self._is_done(t) for t in self.tables() if t not in stuck)

    def _is_refused(self, table: Table, refused: set[Window]) -> bool:
        # A snapshot is refused for what the table holds, whichever day it is taken for.
        is_snapshot = table.definition.cursor_type == "full"
        return bool(refused) if is_snapshot else self.window in refused

    def _is_done(self, table: Table) -> bool:
        if self.last(table=str(table.name), window=self.taken(table)).complete():
            return True
        if table.definition.cursor_type != "full":
            return False
        found = _marked(lake(), self.last, table, self.window)
        newest = _newest_snapshot(lake(), self.last, table, found)
        return newest is not None and newest >= self.window.end

    @classmethod
    def bulk_complete(cls, parameter_tuples: Iterable[Any]) -> list[Any]:
        """Those of the periods that are complete: one LIST for each table.

        `cls` may be a functools.partial that holds the other parameters, and the periods come as an
        iterator that can be read once; both are RangeDaily's doing.
        """
        entries = {parameter: cls(parameter) for parameter in parameter_tuples}
        done = _complete(list(entries.values()))
        return [parameter for parameter, entry in entries.items() if entry in done]


def refused_windows(tables: Iterable[Table]) -> dict[str, set[Window]]:
    """By table, the windows that are described in the quarantine: one LIST a table."""
    found = {str(table.name): lake().list(Keys(table.name).quarantined) for table in tables}
    return {
        name: {window for each in stored if (window := window_of_key(each.key)) is not None}
        for name, stored in found.items()
    }


def _complete(entries: list[_Entry]) -> set[_Entry]:
    """Those entries, all of one class and with the same tables, whose every marker is there."""
    if not entries:
        return set()
    last, store, done = entries[0].last, lake(), set(entries)
    windows = [entry.window for entry in entries]
    span = Window(min(each.start for each in windows), max(each.end for each in windows))

    def marked(table: Table) -> set[Window]:
        return _marked(store, last, table, span)

    chosen = entries[0].tables()
    with ThreadPoolExecutor(max_workers=8) as pool:  # S3 answers several questions at once
        for table, found in zip(chosen, pool.map(marked, chosen), strict=True):
            is_full = table.definition.cursor_type == "full"
            newest = _newest_snapshot(store, last, table, found) if is_full else None
            for entry in list(done):
                covered = entry.window in found
                if is_full:
                    covered = newest is not None and newest >= entry.window.end
                if not covered:
                    done.discard(entry)
    return done


def _marked(store: Store, last: type[WindowTask], table: Table, span: Window) -> set[Window]:
    """The windows with a marker of the stage that begin in the span; of a snapshot's table, all."""
    keys, loaded = Keys(table.name), last is RefreshViews
    after, before = keys.views_bounds(span) if loaded else keys.lake_bounds(span)
    prefix = keys.views if loaded else keys.lake
    bounds = ("", None) if table.definition.cursor_type == "full" else (after, before)
    found = (stored.key for stored in store.list(prefix, *bounds))
    markers = found if loaded else (key for key in found if keys.is_lake_marker(key))
    return {window for key in markers if (window := window_of_key(key)) is not None}


def _newest_snapshot(
    store: Store, last: type[WindowTask], table: Table, found: set[Window]
) -> datetime | None:
    """The end of the latest of the windows that is a snapshot, as all are unless there was a cursor once."""
    loaded = last is RefreshViews
    by_age = sorted(found, key=lambda window: window.end, reverse=True)
    snapshots = (w.end for w in by_age if is_snapshot(store, table.name, w, loaded=loaded))
    return next(snapshots, None)


class DailyEntry(_Entry):
    """Whose periods are days."""

    date: date = DayParameter(description="the day, in UTC")

    @staticmethod
    def window_of(period: Period) -> Window:
        """The day."""
        return Window.day(period)

    @property
    def period(self) -> date:
        """The day asked for."""
        return self.date


class HourlyEntry(_Entry):
    """Whose periods are hours."""

    hour: datetime = HourParameter(description="the hour, in UTC, as 2025-08-01T13")

    @staticmethod
    def window_of(period: Period) -> Window:
        """The hour."""
        return Window.hour(period)

    @property
    def period(self) -> datetime:
        """The hour asked for."""
        return self.hour


class _OneTable(_Entry):
    table: str = luigi.Parameter(positional=False, description="db.table, as in configs/")

    def tables(self) -> list[Table]:
        """That one."""
        return [table_named(settings().run.configs, self.table, settings().default_database)]


class _AllTables(_Entry):
    def tables(self) -> list[Table]:
        """Every table of configs/."""
        return list(tables(settings().run.configs, settings().default_database).values())


class DailyLoad(_OneTable, DailyEntry):
    """One day of one table, all the way to the views."""

    last = RefreshViews


class DailyBackup(_OneTable, DailyEntry):
    """One day of one table, as far as the lake."""

    last = UploadParquet


class DailyLoadAll(_AllTables, DailyEntry):
    """One day of every configured table."""

    last = RefreshViews


class DailyBackupAll(_AllTables, DailyEntry):
    """One day of every configured table, as far as the lake."""

    last = UploadParquet


class HourlyLoad(_OneTable, HourlyEntry):
    """One hour of one table, all the way to the views."""

    last = RefreshViews


class HourlyBackup(_OneTable, HourlyEntry):
    """One hour of one table, as far as the lake."""

    last = UploadParquet


class HourlyLoadAll(_AllTables, HourlyEntry):
    """One hour of every configured table."""

    last = RefreshViews


class HourlyBackupAll(_AllTables, HourlyEntry):
    """One hour of every configured table, as far as the lake."""

    last = UploadParquet
