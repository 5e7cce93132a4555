"""How far each table is: from the markers in the lake alone, so that it answers at once."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.config.tables import Table
from pipeline.face.text import aligned
from pipeline.ledger.history import History, backed_up_windows, histories, loaded_windows
from pipeline.ledger.watermark import reached
from pipeline.stores.s3 import Store
from pipeline.window import Window

OVERVIEW = ("table", "backed up", "without a gap until", "loaded", "without a gap until")
WINDOWS = (
    *("table", "window", "extracted", "in lake", "in CSV", "staged", "loaded", "replaced"),
    *("parquet bytes", "csv bytes", "seconds", "rows/s"),
)


def overview(store: Store, tables: Sequence[Table]) -> str:
    """One line a table: how far it is backed up and loaded without a gap."""
    rows = [
        (
            str(table.name),
            *_run(table, backed_up_windows(store, table.name)),
            *_run(table, loaded_windows(store, table.name)),
        )
        for table in tables
    ]
    return aligned(OVERVIEW, rows)


def windows_report(store: Store, tables: Sequence[Table], last: int) -> str:
    """One line for each of the last windows of every table: rows and bytes at each stage."""
    wanted = [
        (table.name, window)
        for table in tables
        for window in backed_up_windows(store, table.name)[-last:]
    ]
    return aligned(WINDOWS, [_line(history) for history in histories(store, wanted)])


def _run(table: Table, windows: list[Window]) -> tuple[int, str | None]:
    end = reached(table, windows)
    return len(windows), f"{end:%Y-%m-%d %H:%M}" if end else None


def _line(history: History) -> tuple[object, ...]:
    return (
        str(history.table),
        history.window.label,
        *history.rows,
        history.load.rows_loaded if history.load else None,
        history.load.rows_replaced if history.load else None,
        history.lake.bytes,
        history.csv.bytes if history.csv else None,
        history.seconds,
        int(history.lake.rows / history.seconds) if history.seconds else None,
    )
