"""The rows and windows outside of what a comparison covers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from pipeline.comparison.loaded_windows import Cell, Lake, ranges
from pipeline.comparison.row_sums import SourceRows
from pipeline.comparison.verdict import Finding, State, counted, some
from pipeline.config.tables import Table
from pipeline.model.load_modes import is_snapshot
from pipeline.model.window import coalesced
from pipeline.source.sql import literal, quoted
from pipeline.warehouse.ledger import LedgerRow


def source_coverage(source: SourceRows, table: Table, cells: Sequence[Cell]) -> Iterator[Finding]:
    """The rows of the source before, between and after the loaded cells, and those without a cursor."""
    if source.cursor is None:
        return
    column, loaded = quoted(source.cursor.cursor), ranges([cell.source for cell in cells])
    without = f"{column} IS NULL"
    if source.cursor.is_date:
        without += f" OR MONTH({column}) = 0 OR DAYOFMONTH({column}) = 0"
    elif not table.warehouse_cursor.zero_is_a_value:
        without += f" OR {column} = 0"
    if not loaded:
        yield from counted(State.PENDING, source.count(f"NOT ({without})"), "in no loaded window")
        return
    first, last = loaded[0].lower, loaded[-1].upper
    windows = coalesced([window.window for cell in cells for window in cell.windows])
    if first is not None:
        rows = source.count(f"{column} < {literal(first)} AND NOT ({without})")
        yield from counted(
            State.NOT_COVERED, rows, f"before {_shown(table, first, windows[0].start)}"
        )
    for before, after in pairwise(loaded):
        lower, upper = literal(before.upper or ""), literal(after.lower or "")
        rows = source.count(f"{column} >= {lower} AND {column} < {upper} AND NOT ({without})")
        yield from counted(
            State.NOT_COVERED, rows, f"in a gap from {before.upper} to {after.lower}"
        )
    rows = source.count(without)
    yield from counted(State.NOT_COVERED, rows, f"without {source.cursor.cursor}")
    if last is not None:
        rows = source.count(f"{column} >= {literal(last)}")
        yield from counted(State.PENDING, rows, f"since {_shown(table, last, windows[-1].end)}")


def _shown(table: Table, bound: str, instant: object) -> str:
    """A bound of the cursor, for a time the instant in UTC."""
    if table.warehouse_cursor.needs_assigned_bounds:
        return f"{table.cursor} {bound}"
    return f"{instant:%Y-%m-%d %H:%M}"


def unloaded_windows(table: Table, lake: Lake, loaded: Sequence[LedgerRow]) -> Iterator[Finding]:
    """The windows of the lake that the warehouse has not loaded."""
    known = {row.window for row in loaded}
    waiting = sorted(lake.windows - known)
    if table.is_snapshot:
        last = max(window.end for window in known)
        waiting = [window for window in waiting if window.end > last]
    if waiting:
        labels = some(window.label for window in waiting)
        yield Finding(State.PENDING, f"windows in the lake are not loaded ({labels})")


def warehouse_coverage(rows: int, covered: int, ledger: Sequence[LedgerRow]) -> list[Finding]:
    """The rows of the warehouse in no loaded window; those of an earlier snapshot may be."""
    has_snapshot = any(is_snapshot(row.mode) for row in ledger)
    state = State.NOT_COVERED if has_snapshot else State.DIFFERS
    return counted(state, rows - covered, "of the warehouse in no loaded window")
