"""How far each table is: from the markers in the lake alone, so that it answers at once."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from pipeline.cli.arguments import chosen_tables
from pipeline.cli.output import say
from pipeline.cli.text import aligned
from pipeline.config.settings import settings
from pipeline.config.tables import Table
from pipeline.lake import quarantine
from pipeline.lake.history import History, histories, marked_windows
from pipeline.lake.s3 import Store, store
from pipeline.lake.stages import LAKE, LOAD
from pipeline.lake.watermark import reached
from pipeline.model.window import Window

OVERVIEW = ("table", "backed up", "without a gap until", "loaded", "without a gap until")
WINDOWS = (
    *("table", "window", "extracted", "in lake", "in CSV", "staged", "loaded", "replaced"),
    *("parquet bytes", "csv bytes", "seconds", "rows/s"),
)
CHANGES = ("table", "window", "column", "policy", "values", "example")
REFUSED = ("table", "window", "stage", "tries", "since", "what")
_SCREEN = 20  # lines


def run(options: argparse.Namespace) -> int:
    """``status``: how far each table is, and its last windows."""
    lake, tables = store(settings().lake), chosen_tables(options)
    with ThreadPoolExecutor(max_workers=1) as meanwhile:
        refused = meanwhile.submit(refusals_report, lake, tables)
        found = look(lake, tables)
        last = last_windows(lake, found, options.windows) if options.windows != 0 else None
    parts = [overview(found)]
    if last is not None:
        parts += [windows_report(last), changes_report(last)]
    say("\n\n".join(filter(None, [*parts, refused.result()])))
    return 0


@dataclass(frozen=True)
class Reach:
    """The windows of a table that are in the lake and those that are loaded, oldest first."""

    table: Table
    backed_up: list[Window]
    loaded: list[Window]


def look(store: Store, tables: Sequence[Table]) -> list[Reach]:
    """The windows of every table: two listings each, several at once."""
    with ThreadPoolExecutor(max_workers=8) as pool:
        backed_up = pool.map(lambda table: marked_windows(store, table.name, LAKE), tables)
        loaded = pool.map(lambda table: marked_windows(store, table.name, LOAD), tables)
        return [Reach(*found) for found in zip(tables, backed_up, loaded, strict=True)]


def overview(tables: Sequence[Reach]) -> str:
    """One line a table: how far it is backed up and loaded without a gap."""
    rows = [
        (str(each.table.name), *_run(each.table, each.backed_up), *_run(each.table, each.loaded))
        for each in tables
    ]
    return aligned(OVERVIEW, rows)


def last_windows(store: Store, tables: Sequence[Reach], last: int | None = None) -> list[History]:
    """The last windows of every table, at three requests each; by default as many as fit on a screen."""
    last = max(1, _SCREEN // max(1, len(tables))) if last is None else last
    wanted = [(each.table.name, window) for each in tables for window in each.backed_up[-last:]]
    return list(histories(store, wanted))


def windows_report(windows: Sequence[History]) -> str:
    """One line for each window: rows and bytes at each stage."""
    return aligned(WINDOWS, [_line(history) for history in windows])


def changes_report(windows: Sequence[History]) -> str:
    """What policies changed or left out in the windows, empty where that is nothing."""
    rows: list[tuple[object, ...]] = []
    for each in windows:
        place = (str(each.table), each.window.label)
        if without := each.lake.rows_without_cursor:
            rows.append((*place, None, "on_null_cursor: ignore", without, "rows left out"))
        rows += [
            (*place, c.column, f"on_{c.kind}: {c.policy}", c.rows, c.example) for c in each.coerced
        ]
    return aligned(CHANGES, rows) if rows else ""


def refusals_report(store: Store, tables: Sequence[Table]) -> str:
    """The windows that are in the quarantine, which wait for a person; empty where there are none."""
    with ThreadPoolExecutor(max_workers=8) as pool:
        found = list(pool.map(lambda table: quarantine.refusals(store, table.name), tables))
    rows = [
        (
            e.table,
            Window.parse(e.window).label,
            e.stage,
            e.tries,
            f"{e.first_at:%Y-%m-%d %H:%M}",
            e.what,
        )
        for refusals in found
        for e in refusals
    ]
    return aligned(REFUSED, rows) if rows else ""


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
