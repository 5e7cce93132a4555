"""The comparison of the loaded cells of a table: row sums first, single rows where sums differ."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from pipeline.comparison.loaded_windows import Cell, ranges
from pipeline.comparison.row_differences import Hashes, RowDifferences, compare_rows
from pipeline.comparison.row_sums import Batch, RowSum, SourceRows, WarehouseRows
from pipeline.comparison.verdict import Finding, State, counted

MOST_ROWS = 500_000
"""Rows of both sides to compare one by one, in memory; of more, the rows of a share of the keys."""


@dataclass(frozen=True)
class ComparedCell:
    """A cell, its batch, and the sums of both sides."""

    cell: Cell
    batch: Batch
    source: RowSum
    warehouse: RowSum

    @property
    def agrees(self) -> bool:
        """Whether both sides have the same rows."""
        return self.source.equals(self.warehouse)

    @property
    def rows(self) -> int:
        """The rows of both sides."""
        return self.source.rows + self.warehouse.rows


@dataclass(frozen=True)
class CellComparison:
    """All loaded cells of a table with a cursor, and both sides to read single rows from.

    `keeps_versions`: the warehouse has versions that the source no longer has. `repeats`: the source may have
    several rows of a key, of which the warehouse has the newest.
    """

    source: SourceRows
    warehouse: WarehouseRows
    cells: Sequence[ComparedCell]
    keeps_versions: bool
    repeats: bool

    def findings(self) -> Iterator[Finding]:
        """The differences of both sides."""
        if self.keeps_versions:
            yield from self._other_than_loaded()
        suspects = [c for c in self.cells if not c.agrees]
        if suspects and self.repeats:
            suspects = list(self.cells)
        if not suspects:
            return
        if not self.source.key and not self.keeps_versions:
            yield from self._of_sums(suspects)
        else:
            yield from self._of_rows(suspects)

    def _other_than_loaded(self) -> Iterator[Finding]:
        """A window has as many rows as were loaded, as every version stays."""
        for c in self.cells:
            if c.cell.is_window:
                more, label = c.warehouse.rows - c.cell.rows, labels([c])
                yield from counted(State.DIFFERS, more, f"more than loaded ({label})")
                yield from counted(State.DIFFERS, -more, f"fewer than loaded ({label})")

    def _of_rows(self, suspects: Sequence[ComparedCell]) -> Iterator[Finding]:
        """The differences of single rows; of one key in several where the rows are too many."""
        every = math.ceil(sum(c.rows for c in suspects) / MOST_ROWS)
        differences = self._row_differences(suspects, every)
        where = f"({labels(suspects)}{f', of 1 key in {every}' if every > 1 else ''})"
        yield from counted(State.DIFFERS, differences.changed, f"with other values {where}")
        missing = f"missing in the warehouse {where}"
        yield from counted(State.DIFFERS, differences.missing, missing)
        if every > 1:
            text = f"only 1 key in {every} compared row by row ({labels(suspects)})"
            yield Finding(State.NOT_COVERED, text)
        if self.keeps_versions:
            return
        repeated = f"repeat a key in the warehouse {where}"
        yield from counted(State.DIFFERS, differences.repeated, repeated)
        left = differences.left
        moved = left & Counter(self._keys_outside(left, every)) if left else left
        gone = (left - moved).total()
        yield from counted(State.DIFFERS, gone, f"of the warehouse not in the source {where}")
        sample = f" (of 1 key in {every})" if every > 1 else ""
        yield from counted(State.PENDING, moved.total(), f"changed since the load{sample}")

    def _row_differences(self, suspects: Sequence[ComparedCell], every: int) -> RowDifferences:
        here: list[Hashes] = []
        there: list[Hashes] = []
        for _, group in groupby(suspects, key=lambda c: id(c.batch)):
            cells = list(group)
            batch = cells[0].batch
            here += self.source.hashes(batch, ranges([c.cell.source for c in cells]), every)
            there += self.warehouse.hashes(batch, ranges([c.cell.warehouse for c in cells]), every)
        return compare_rows(here, there, one_row_per_key=not self.keeps_versions)

    def _keys_outside(self, keys: Counter[int], every: int) -> Iterator[int]:
        """Those of the keys whose rows in the source are in no loaded cell."""
        loaded = ranges([c.cell.source for c in self.cells])
        return (key for key in self.source.keys_outside(loaded, every) if key in keys)

    def _of_sums(self, suspects: Sequence[ComparedCell]) -> Iterator[Finding]:
        """The differences as far as counts show them, for a key without a canonical text."""
        where = f"({labels(suspects)})"
        if self.repeats:
            text = f"rows not compared: the key may repeat and has no canonical text {where}"
            yield Finding(State.NOT_COVERED, text)
            return
        missing = sum(max(c.source.rows - c.warehouse.rows, 0) for c in suspects)
        yield from counted(State.DIFFERS, missing, f"missing in the warehouse {where}")
        if other := [c for c in suspects if c.source.rows == c.warehouse.rows]:
            yield Finding(State.DIFFERS, f"rows with other values ({labels(other)})")
        more = sum(max(c.warehouse.rows - max(c.source.rows, c.cell.rows), 0) for c in suspects)
        yield from counted(State.DIFFERS, more, f"more than loaded {where}")
        moved = sum(max(c.warehouse.rows - c.source.rows, 0) for c in suspects) - more
        text = f"changed or deleted since the load; the key has no canonical text to tell {where}"
        yield from counted(State.NOT_COVERED, moved, text)


def labels(cells: Sequence[ComparedCell]) -> str:
    """The windows of cells: one label, or the first and the last."""
    windows = [window.window for c in cells for window in c.cell.windows]
    first, last = min(windows), max(windows)
    return first.label if first == last else f"{first.label} to {last.label}"
