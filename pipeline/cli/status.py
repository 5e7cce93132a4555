"""Report how far each table is, from the markers in the lake only."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain

from pipeline.cli.chosen import chosen_tables
from pipeline.cli.output import say
from pipeline.cli.text import aligned
from pipeline.config.settings import settings
from pipeline.config.tables import Table
from pipeline.lake import quarantine
from pipeline.lake.history import History, histories, marked_windows
from pipeline.lake.quarantine import Refusal
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
    with ThreadPoolExecutor(max_workers=1) as pool:
        refused = pool.submit(refusals_report, lake, tables)
        reaches = read_reaches(lake, tables)
        last = last_windows(lake, reaches, options.windows) if options.windows != 0 else None
    parts = [overview(reaches)]
    if last is not None:
        parts += [windows_report(last), changes_report(last)]
    say("\n\n".join(filter(None, [*parts, refused.result()])))
    return 0


@dataclass(frozen=True)
class Reach:
    """The windows of a table in the lake and those loaded, oldest first."""

    table: Table
    backed_up: list[Window]
    loaded: list[Window]


def read_reaches(store: Store, tables: Sequence[Table]) -> list[Reach]:
    """The windows of every table, from two concurrent listings each."""
    with ThreadPoolExecutor(max_workers=8) as pool:
        backed_up = pool.map(lambda table: marked_windows(store, table.name, LAKE), tables)
        loaded = pool.map(lambda table: marked_windows(store, table.name, LOAD), tables)
        return [Reach(*windows) for windows in zip(tables, backed_up, loaded, strict=True)]


def overview(reaches: Sequence[Reach]) -> str:
    """One line per table: how far it is backed up and loaded without a gap."""
    rows = [
        (str(r.table.name), *_end(r.table, r.backed_up), *_end(r.table, r.loaded)) for r in reaches
    ]
    return aligned(OVERVIEW, rows)


def last_windows(store: Store, reaches: Sequence[Reach], last: int | None = None) -> list[History]:
    """The last windows of every table, from three requests each; by default as many as fit on a screen."""
    last = max(1, _SCREEN // max(1, len(reaches))) if last is None else last
    windows = [(reach.table.name, w) for reach in reaches for w in reach.backed_up[-last:]]
    return list(histories(store, windows))


def windows_report(windows: Sequence[History]) -> str:
    """One line per window: rows and bytes at each stage."""
    return aligned(WINDOWS, [_line(history) for history in windows])


def changes_report(windows: Sequence[History]) -> str:
    """The values that policies changed or left out; empty for none."""
    rows: list[tuple[object, ...]] = []
    for history in windows:
        window = (str(history.table), history.window.label)
        if without := history.lake.rows_without_cursor:
            rows.append((*window, None, "on_null_cursor: ignore", without, "rows left out"))
        for c in history.coerced:
            rows.append((*window, c.column, f"on_{c.kind}: {c.policy}", c.rows, c.example))
    return aligned(CHANGES, rows) if rows else ""


def refusals_report(store: Store, tables: Sequence[Table]) -> str:
    """The quarantined windows, one line each; empty for none."""
    with ThreadPoolExecutor(max_workers=8) as pool:
        refusals = pool.map(lambda table: quarantine.refusals(store, table.name), tables)
        rows = [_refusal_line(refusal) for refusal in chain.from_iterable(refusals)]
    return aligned(REFUSED, rows) if rows else ""


def _refusal_line(refusal: Refusal) -> tuple[object, ...]:
    window, since = Window.parse(refusal.window).label, f"{refusal.first_at:%Y-%m-%d %H:%M}"
    return refusal.table, window, refusal.stage, refusal.tries, since, refusal.what


def _end(table: Table, windows: list[Window]) -> tuple[int, str | None]:
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
