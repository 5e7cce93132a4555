"""What the markers in the lake say of a window, stage by stage."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from pipeline.lake.keys import Keys, window_of_key
from pipeline.lake.s3 import Store
from pipeline.model.markers import Coercion, CsvManifest, LakeManifest, LoadMarker, MarkerT, decode
from pipeline.model.table_name import TableName
from pipeline.model.window import Window


@dataclass(frozen=True)
class History:
    """The markers of one window; a stage that is not done has none."""

    table: TableName
    window: Window
    lake: LakeManifest
    csv: CsvManifest | None
    load: LoadMarker | None

    @property
    def rows(self) -> tuple[int | None, ...]:
        """Rows extracted, in the lake, in CSV, staged in the warehouse; None for a stage not done."""
        parts = sum(part.rows for part in self.lake.parts)
        csv = sum(part.rows for part in self.csv.parts) if self.csv else None
        return self.lake.rows, parts, csv, self.load.rows_staged if self.load else None

    @property
    def agrees(self) -> bool:
        """Whether every stage that is done has the same number of rows."""
        return len({rows for rows in self.rows if rows is not None}) == 1

    @property
    def coerced(self) -> tuple[Coercion, ...]:
        """What policies changed in it, as far as it has come."""
        return self.csv.coerced if self.csv else self.lake.coerced

    @property
    def seconds(self) -> float:
        """What all stages took together."""
        done = (marker for marker in (self.lake, self.csv, self.load) if marker)
        return sum(marker.seconds for marker in done)


def backed_up_windows(store: Store, table: TableName) -> list[Window]:
    """The windows that are in the lake, oldest first: one LIST a thousand objects."""
    keys = Keys(table)
    markers = (found.key for found in store.list(keys.lake) if keys.is_lake_marker(found.key))
    return sorted(_windows(markers))


def newest_manifest(store: Store, table: TableName) -> LakeManifest | None:
    """The lake manifest of the latest window; None where the lake has no window of the table."""
    windows = backed_up_windows(store, table)
    return _optional(store, LakeManifest, Keys(table).lake_marker(windows[-1])) if windows else None


def loaded_windows(store: Store, table: TableName) -> list[Window]:
    """The windows that have a load marker, oldest first: one LIST a thousand."""
    return sorted(_windows(found.key for found in store.list(Keys(table).loads)))


def is_snapshot(store: Store, table: TableName, window: Window, *, loaded: bool) -> bool:
    """Whether a window is a snapshot, in the lake or `loaded`: a table may have had a cursor before."""
    keys = Keys(table)
    if loaded:
        load = _optional(store, LoadMarker, keys.load_marker(window))
        return load is not None and load.mode == "replace"
    lake = _optional(store, LakeManifest, keys.lake_marker(window))
    return lake is not None and (lake.extent is None or lake.extent.cursor_type == "full")


def histories(store: Store, wanted: Iterable[tuple[TableName, Window]]) -> list[History]:
    """The markers of the windows, in the order asked for."""
    with ThreadPoolExecutor(max_workers=8) as pool:
        return list(pool.map(lambda pair: _history(store, *pair), wanted))


def _history(store: Store, table: TableName, window: Window) -> History:
    keys = Keys(table)
    lake = decode(LakeManifest, store.get(keys.lake_marker(window)), keys.lake_marker(window))
    csv = _optional(store, CsvManifest, keys.csv_marker(window))
    return History(table, window, lake, csv, _optional(store, LoadMarker, keys.load_marker(window)))


def _optional(store: Store, model: type[MarkerT], key: str) -> MarkerT | None:
    data = store.get_if_there(key)
    return decode(model, data, key) if data is not None else None


def _windows(keys: Iterable[str]) -> Iterable[Window]:
    return (window for key in keys if (window := window_of_key(key)) is not None)
