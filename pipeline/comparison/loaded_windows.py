"""The loaded windows of a table, the facts of their lake markers, and the cells of the cursor they cover."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, groupby, pairwise

from pipeline.config.tables import Table
from pipeline.lake import id_ranges
from pipeline.lake.history import History, histories
from pipeline.lake.keys import Keys, window_of_key
from pipeline.lake.s3 import Store
from pipeline.lake.stages import LAKE
from pipeline.model.columns import fingerprint
from pipeline.model.cursors import Bounds
from pipeline.model.load_modes import is_snapshot
from pipeline.model.markers import Coercion
from pipeline.model.table_name import TableName
from pipeline.model.window import Window
from pipeline.warehouse.ledger import LedgerRow

_MARKERS = 200
"""Windows whose markers are in memory at a time."""
_CELLS = 200
"""Cells of one statement."""


@dataclass(frozen=True)
class LakeFacts:
    """A loaded window in the lake: rows, key and its checksum, column names, columns changed by policies.

    `fault` tells how its markers or parts disagree; empty where they agree.
    """

    rows: int
    key: tuple[str, ...]
    key_checksum: int | None
    columns: tuple[str, ...]
    coerced: frozenset[str]
    fault: str = ""


@dataclass(frozen=True)
class LoadedWindow:
    """A window of the ledger: the rows staged, its lake facts; None where the lake has it no more."""

    window: Window
    rows: int
    lake: LakeFacts | None


@dataclass(frozen=True)
class Cell:
    """A range of the cursor, in values of the source and of the warehouse, and the windows that cover it.

    `is_window` tells whether it is exactly one window, which no other overlaps.
    """

    source: Bounds
    warehouse: Bounds
    windows: tuple[LoadedWindow, ...]
    is_window: bool = True

    @property
    def rows(self) -> int:
        """The rows that the windows have loaded."""
        return sum(window.rows for window in self.windows)

    @property
    def columns(self) -> frozenset[str] | None:
        """The columns that every window has; None where one is unknown."""
        if any(window.lake is None for window in self.windows):
            return None
        first, *others = (frozenset(w.lake.columns) for w in self.windows if w.lake)
        return first.intersection(*others)


@dataclass(frozen=True)
class Lake:
    """The table's folder in the lake: sizes of its objects by key, and the windows with a marker."""

    sizes: Mapping[str, int]
    windows: frozenset[Window]

    @classmethod
    def listed(cls, store: Store, table: TableName) -> Lake:
        """From one LIST request per 1000 objects."""
        sizes = {stored.key: stored.bytes for stored in store.list(Keys(table).lake)}
        windows = (window_of_key(key) for key in sizes if LAKE.is_marker(key))
        return cls(sizes, frozenset(filter(None, windows)))


def loaded_windows(
    store: Store, table: Table, rows: Sequence[LedgerRow], lake: Lake
) -> list[LoadedWindow]:
    """The windows to compare, oldest first: those of the table's cursor, or the latest snapshot."""
    rows = sorted(
        (row for row in rows if is_snapshot(row.mode) == table.is_snapshot),
        key=lambda row: (row.window.end, row.window.start) if table.is_snapshot else row.window,
    )
    rows = rows[-1:] if table.is_snapshot else rows
    windows = [row.window for row in rows if row.window in lake.windows]
    facts = dict(_facts(store, table.name, windows, lake.sizes))
    return [LoadedWindow(row.window, row.rows_staged, facts.get(row.window)) for row in rows]


def _facts(
    store: Store, table: TableName, windows: Sequence[Window], sizes: Mapping[str, int]
) -> Iterator[tuple[Window, LakeFacts]]:
    shared: dict[tuple[str, ...], tuple[str, ...]] = {}
    for first in range(0, len(windows), _MARKERS):
        batch = [(table, window) for window in windows[first : first + _MARKERS]]
        for history in histories(store, batch):
            names = tuple(column.name for column in history.lake.columns)
            yield (
                history.window,
                LakeFacts(
                    rows=history.lake.rows,
                    key=history.lake.key,
                    key_checksum=history.lake.key_checksum,
                    columns=shared.setdefault(names, names),
                    coerced=frozenset(change.column for change in _coerced(history)),
                    fault=_fault(history, sizes),
                ),
            )


def _coerced(history: History) -> Iterable[Coercion]:
    return chain(history.coerced, history.load.coerced if history.load else ())


def _fault(history: History, sizes: Mapping[str, int]) -> str:
    """The disagreement of a window's markers, or of the lake marker with its objects; empty for none."""
    lake = history.lake
    if not history.agrees:
        counts = dict.fromkeys(str(rows) for rows in history.rows if rows is not None)
        return f"the stages have {', '.join(counts)} rows"
    markers = (history.csv, history.load)
    if any(marker.lake_digest != lake.digest for marker in markers if marker):
        return "the lake marker was replaced after conversion or load"
    if fingerprint(lake.columns) != lake.schema_fingerprint:
        return "the lake marker's columns differ from its fingerprint"
    if any(sizes.get(part.key) != part.bytes for part in lake.parts):
        return "a part in the lake is missing or has another size"
    return ""


def cells(
    store: Store, table: Table, windows: Sequence[LoadedWindow], zone: str | None
) -> list[Cell]:
    """The cells of the cursor that the windows cover, ascending; `zone` is the cursor's in the source."""
    cursor = table.warehouse_cursor
    if cursor.needs_assigned_bounds:
        ranges, _ = id_ranges.read(store, table.name)
        known = {window.window.name: window for window in windows}
        return [
            Cell(ids, ids, (known[name],))
            for name, ids in ranges.assigned()
            if name in known and ids.lower != ids.upper
        ]
    source = table.source_cursor(zone)
    return [
        Cell(
            source.bounds(span),
            cursor.bounds(span),
            covering,
            [span] == [w.window for w in covering],
        )
        for span, covering in _spans(windows)
    ]


def _spans(
    windows: Sequence[LoadedWindow],
) -> Iterator[tuple[Window, tuple[LoadedWindow, ...]]]:
    """The spans between adjacent bounds of the windows, with the windows that cover each."""
    waiting = sorted(windows, key=lambda window: window.window, reverse=True)
    edges = sorted({edge for w in windows for edge in (w.window.start, w.window.end)})
    covering: list[LoadedWindow] = []
    for start, end in pairwise(edges):
        while waiting and waiting[-1].window.start <= start:
            covering.append(waiting.pop())
        covering = [window for window in covering if window.window.end > start]
        if covering:
            yield Window(start, end), tuple(covering)


def ranges(of: Sequence[Bounds]) -> list[Bounds]:
    """Ascending bounds, adjacent ones merged."""
    merged: list[Bounds] = []
    for bounds in of:
        if merged and merged[-1].upper == bounds.lower:
            merged[-1] = Bounds(merged[-1].lower, bounds.upper)
        else:
            merged.append(bounds)
    return merged


def batches(of: Sequence[Cell]) -> Iterator[list[Cell]]:
    """Adjoining cells whose windows have the same columns, up to the number of one statement."""
    for _, group in groupby(of, key=lambda cell: cell.columns):
        batch: list[Cell] = []
        for cell in group:
            if batch and (
                len(batch) == _CELLS
                or batch[-1].source.upper != cell.source.lower
                or batch[-1].warehouse.upper != cell.warehouse.lower
            ):
                yield batch
                batch = []
            batch.append(cell)
        yield batch
