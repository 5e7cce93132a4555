"""Report how far each table is, from the markers in the lake only."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

from pipeline.cli.chosen import chosen_tables
from pipeline.cli.output import say, say_json
from pipeline.config.settings import settings
from pipeline.config.tables import Table
from pipeline.lake import quarantine
from pipeline.lake.history import History, histories, marked_windows
from pipeline.lake.quarantine import Refusal
from pipeline.lake.s3 import Store, store
from pipeline.lake.stages import LAKE, LOAD
from pipeline.model.text_table import aligned
from pipeline.model.window import UTC, Window, gaps

OVERVIEW = ("table", "stage", "windows", "from", "until", "lag", "gaps", "first gap")
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
        refused = pool.submit(read_refusals, lake, tables)
        reaches = read_reaches(lake, tables)
        last = last_windows(lake, reaches, options.windows) if options.windows != 0 else None
    now = datetime.now(UTC)
    if options.json:
        say_json(_data(reaches, last or [], refused.result(), now))
        return 0
    parts = [overview(reaches, now)]
    if last is not None:
        parts += [windows_report(last), changes_report(last)]
    say("\n\n".join(filter(None, [*parts, refusals_report(refused.result())])))
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


@dataclass(frozen=True)
class Leg:
    """How far a table is backed up, or loaded: its windows, and the spans between them without one."""

    stage: str
    windows: int
    start: datetime | None
    until: datetime | None
    gaps: list[Window]

    def lag(self, now: datetime) -> timedelta | None:
        """The time from the end of the newest window to now."""
        return now - self.until if self.until else None


def legs(reach: Reach) -> tuple[Leg, Leg]:
    """A table's two legs. A snapshot has no start, and covers everything before its end."""
    return _leg(reach.table, "backed up", reach.backed_up), _leg(
        reach.table, "loaded", reach.loaded
    )


def _leg(table: Table, stage: str, windows: list[Window]) -> Leg:
    until = max((window.end for window in windows), default=None)
    if table.is_snapshot or not windows:
        return Leg(stage, len(windows), None, until, [])
    return Leg(stage, len(windows), windows[0].start, until, gaps(windows))


def overview(reaches: Sequence[Reach], now: datetime) -> str:
    """Two lines per table: how far it is backed up, and how far loaded."""
    rows = [
        (str(reach.table.name), *_leg_cells(leg, now)) for reach in reaches for leg in legs(reach)
    ]
    return aligned(OVERVIEW, rows)


def _leg_cells(leg: Leg, now: datetime) -> tuple[object, ...]:
    return (
        leg.stage,
        leg.windows,
        _instant(leg.start),
        _instant(leg.until),
        _duration(leg.lag(now)),
        len(leg.gaps),
        leg.gaps[0].label if leg.gaps else None,
    )


def _instant(instant: datetime | None) -> str | None:
    return f"{instant:%Y-%m-%d %H:%M}" if instant else None


def _duration(duration: timedelta | None) -> str | None:
    """Days and hours, or hours and minutes below a day; below zero for a window that is to end."""
    if duration is None:
        return None
    minutes = int(duration.total_seconds() // 60)
    days, hours = abs(minutes) // 1440, abs(minutes) // 60 % 24
    text = f"{days} d {hours} h" if days else f"{hours} h {abs(minutes) % 60} min"
    return f"-{text}" if minutes < 0 else text


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


def read_refusals(store: Store, tables: Sequence[Table]) -> list[Refusal]:
    """The quarantined windows of every table."""
    with ThreadPoolExecutor(max_workers=8) as pool:
        refusals = pool.map(lambda table: quarantine.refusals(store, table.name), tables)
        return list(chain.from_iterable(refusals))


def refusals_report(refusals: Sequence[Refusal]) -> str:
    """The quarantined windows, one line each; empty for none."""
    rows = [_refusal_line(refusal) for refusal in refusals]
    return aligned(REFUSED, rows) if rows else ""


def _refusal_line(refusal: Refusal) -> tuple[object, ...]:
    window, since = Window.parse(refusal.window).label, f"{refusal.first_at:%Y-%m-%d %H:%M}"
    return refusal.table, window, refusal.stage, refusal.tries, since, refusal.what


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


def _data(
    reaches: Sequence[Reach], last: Sequence[History], refusals: Sequence[Refusal], now: datetime
) -> dict[str, object]:
    """The same for programs (docs/json.md)."""
    return {
        "tables": [
            {
                "table": str(reach.table.name),
                **{leg.stage.replace(" ", "_"): _leg_data(leg, now) for leg in legs(reach)},
            }
            for reach in reaches
        ],
        "windows": [
            dict(zip((heading.replace(" ", "_") for heading in WINDOWS), _line(h), strict=True))
            for h in last
        ],
        "refused": [refusal.model_dump(mode="json") for refusal in refusals],
    }


def _leg_data(leg: Leg, now: datetime) -> dict[str, object]:
    lag = leg.lag(now)
    return {
        "windows": leg.windows,
        "from": leg.start,
        "until": leg.until,
        "lag_seconds": int(lag.total_seconds()) if lag is not None else None,
        "gaps": [gap.name for gap in leg.gaps],
    }
