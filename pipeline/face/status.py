"""How far each table is: from the markers in the lake alone, so that it answers at once."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from pipeline.config.tables import Table
from pipeline.face.text import aligned
from pipeline.ledger import watermark
from pipeline.manifest import CsvManifest, LakeManifest, LoadMarker, MarkerT, decode
from pipeline.names import Keys, window_of_key
from pipeline.stores.s3 import Store
from pipeline.window import Window, unbroken_end

HEADINGS = (
    "table",
    "window",
    "extracted",
    "in lake",
    "in CSV",
    "loaded",
    "parquet bytes",
    "csv bytes",
    "seconds",
    "rows/s",
)


def overview(store: Store, tables: Sequence[Table]) -> str:
    """One line a table: how far it is backed up and loaded without a gap."""
    rows: list[tuple[object, ...]] = []
    for table in tables:
        backed_up = _backed_up(store, table)
        loaded = watermark.loaded_windows(store, table.name)
        rows.append((str(table.name), *_run(backed_up), *_run(loaded)))
    headings = ("table", "backed up", "without a gap until", "loaded", "without a gap until")
    return aligned(headings, rows)


def windows_report(store: Store, tables: Sequence[Table], last: int) -> str:
    """One line for each of the last windows of every table: rows and bytes at each stage."""
    wanted = [(table, window) for table in tables for window in _backed_up(store, table)[-last:]]
    with ThreadPoolExecutor(max_workers=8) as pool:
        rows = list(pool.map(lambda pair: _figures(store, *pair), wanted))
    return aligned(HEADINGS, rows)


def _backed_up(store: Store, table: Table) -> list[Window]:
    keys = Keys(table.name)
    markers = (found.key for found in store.list(keys.lake) if keys.is_lake_marker(found.key))
    return sorted(window for key in markers if (window := window_of_key(key)) is not None)


def _run(windows: list[Window]) -> tuple[int, str | None]:
    end = unbroken_end(windows)
    return len(windows), f"{end:%Y-%m-%d %H:%M}" if end else None


def _figures(store: Store, table: Table, window: Window) -> tuple[object, ...]:
    keys = Keys(table.name)
    lake = decode(LakeManifest, store.get(keys.lake_marker(window)), keys.lake_marker(window))
    csv = _optional(store, CsvManifest, keys.csv_marker(window))
    loaded = _optional(store, LoadMarker, keys.load_marker(window))
    seconds = lake.seconds + (csv.seconds if csv else 0.0) + (loaded.seconds if loaded else 0.0)
    return (
        str(table.name),
        window.name,
        lake.rows,
        sum(part.rows for part in lake.parts),
        csv.rows if csv else None,
        loaded.rows_loaded if loaded else None,
        lake.bytes,
        csv.bytes if csv else None,
        seconds,
        int(lake.rows / seconds) if seconds else None,
    )


def _optional(store: Store, model: type[MarkerT], key: str) -> MarkerT | None:
    return decode(model, store.get(key), key) if store.exists(key) else None
