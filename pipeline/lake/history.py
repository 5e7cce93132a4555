"""The windows of a table and their markers, stage by stage."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from pipeline.lake.keys import Keys, window_of_key
from pipeline.lake.s3 import Store
from pipeline.lake.stages import CSV, LAKE, LOAD, AnyStage
from pipeline.lake.window import LakeWindow
from pipeline.model.markers import Coercion, CsvMarker, LakeMarker, LoadMarker
from pipeline.model.table_name import TableName
from pipeline.model.window import Window

CONCURRENT_READS = 8


@dataclass(frozen=True)
class History:
    """The markers of one window; None for a stage that has not finished."""

    table: TableName
    window: Window
    lake: LakeMarker
    csv: CsvMarker | None
    load: LoadMarker | None

    @property
    def rows(self) -> tuple[int | None, ...]:
        """Rows extracted, in the lake, in CSV, staged in the warehouse; None for an unfinished stage."""
        lake = sum(part.rows for part in self.lake.parts)
        csv = sum(part.rows for part in self.csv.parts) if self.csv else None
        return self.lake.rows, lake, csv, self.load.rows_staged if self.load else None

    @property
    def agrees(self) -> bool:
        """Whether all finished stages have the same number of rows."""
        return len({rows for rows in self.rows if rows is not None}) == 1

    @property
    def coerced(self) -> tuple[Coercion, ...]:
        """The values that policies have changed so far."""
        return self.csv.coerced if self.csv else self.lake.coerced

    @property
    def seconds(self) -> float:
        """The duration of all finished stages."""
        markers = (self.lake, self.csv, self.load)
        return sum(marker.seconds for marker in markers if marker)


def marked_windows(
    store: Store, table: TableName, stage: AnyStage, span: Window | None = None
) -> list[Window]:
    """The windows with a marker of the stage, oldest first; with `span`, those that begin in it.

    Takes one LIST request per 1000 objects.
    """
    keys = Keys(table)
    bounds = stage.bounds(keys, span) if span else ("", None)
    listed = (stored.key for stored in store.list(stage.prefix(keys), *bounds))
    named = (window_of_key(key) for key in listed if stage.is_marker(key))
    windows = sorted(window for window in named if window is not None)
    return [w for w in windows if span is None or span.start <= w.start < span.end]


def has_marker(store: Store, table: TableName, stage: AnyStage) -> bool:
    """Whether any window of the table has a marker of the stage; stops listing at the first."""
    listed = store.list(stage.prefix(Keys(table)))
    return any(stage.is_marker(stored.key) for stored in listed)


def newest_lake_marker(store: Store, table: TableName) -> LakeMarker | None:
    """The lake marker of the latest window; None where the lake has no window of the table."""
    windows = marked_windows(store, table, LAKE)
    return LakeWindow(store, table, windows[-1]).find(LAKE) if windows else None


def newest_snapshot(
    store: Store, table: TableName, stage: AnyStage, windows: Iterable[Window]
) -> datetime | None:
    """The end of the latest window that is a snapshot; the table may have had a cursor before."""
    by_end = sorted(windows, key=lambda window: window.end, reverse=True)
    snapshots = (w.end for w in by_end if LakeWindow(store, table, w).is_snapshot(stage))
    return next(snapshots, None)


def histories(store: Store, windows: Iterable[tuple[TableName, Window]]) -> Iterator[History]:
    """The markers of each window, in the order given."""
    with ThreadPoolExecutor(max_workers=CONCURRENT_READS) as pool:
        yield from pool.map(lambda pair: _history(LakeWindow(store, *pair)), windows)


def _history(window: LakeWindow) -> History:
    lake, csv, load = window.read(LAKE), window.find(CSV), window.find(LOAD)
    return History(window.table, window.window, lake, csv, load)
