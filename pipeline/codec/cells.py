"""What all column builders share: the cells they read, the memory they fill, the doubts they note."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import pyarrow as pa

from pipeline.codec.arrow import arrow_type
from pipeline.codec.digits import FINE
from pipeline.codec.jit import SLACK, Array
from pipeline.codec.memory import POOL
from pipeline.errors import DataError
from pipeline.model.columns import Column


@dataclass(frozen=True)
class Doubt:
    """Values of one column that a batch does not carry as the source has them.

    `kind` is ``zero_date`` (no such day: null in the batch), ``invalid_utf8`` (U+FFFD stands for the
    bytes that are none), ``nul_byte`` (kept as it came, but Redshift's VARCHAR cannot hold it), or of
    local times ``nonexistent_time`` (the clock left it out: the moment when it was put forward) and
    ``date_overflow`` (no year from 1 to 9999 in UTC: the nearest that is one).
    `rows` counts them, `example` is the last one's text and `row` its place in the batch. `places` are
    the rows of all of them for ``zero_date``, where the batch does not show them.
    """

    column: str
    kind: str
    rows: int
    example: str
    row: int = field(default=0, compare=False)
    places: tuple[Array, ...] = field(default=(), compare=False, repr=False)


class Cells:
    """One column's cells in a block of received bytes; `lengths` is negative where there is NULL."""

    __slots__ = ("block", "lengths", "rows", "starts")

    def __init__(self, block: Array, starts: Array, lengths: Array, rows: int) -> None:
        self.block, self.starts, self.lengths, self.rows = block, starts, lengths, rows

    def text(self, row: int) -> str:
        """The cell as a person would want to read it in a message."""
        start, length = int(self.starts[row]), int(self.lengths[row])
        shown = bytes(self.block[start : start + min(length, 100)]).decode("utf-8", "replace")
        return shown if length <= 100 else f"{shown}… ({length} bytes)"


class Builder(Protocol):
    """Collects one column of one batch."""

    def start(self, capacity: int) -> None:
        """Provide memory for a new batch of up to `capacity` rows; the last one keeps its own."""

    def append(self, cells: Cells, at: int) -> None:
        """Decode `cells` as the rows from `at` on. Raises DataError for what cannot be understood."""

    def finish(self, rows: int) -> pa.Array:
        """The array of the first `rows` rows."""

    def doubts(self) -> list[Doubt]:
        """What the batch just finished does not carry as it is."""


def allocate(count: int, kind: type[np.generic]) -> tuple[pa.Buffer, Array]:
    """`count` items that kernels may write, and `SLACK` behind them."""
    buffer = pa.allocate_buffer(count * np.dtype(kind).itemsize + SLACK, memory_pool=POOL)
    return buffer, np.frombuffer(buffer, kind, count)


class ColumnBuilder:
    """What all builders share: the column, its validity, and the memory of fixed-width values."""

    storage: type[np.generic]
    width = 1

    def __init__(self, column: Column) -> None:
        self.column = column
        self._doubts: dict[str, Doubt] = {}
        self._reported: list[Doubt] = []

    def start(self, capacity: int) -> None:
        """Provide memory for a new batch of up to `capacity` rows; the last one keeps its own."""
        self.valid = np.empty(capacity, np.uint8)
        self.buffer, self.values = allocate(capacity * self.width, self.storage)

    def _validity(self, rows: int) -> tuple[pa.Buffer | None, int]:
        missing = rows - int(np.count_nonzero(self.valid[:rows]))
        if not missing:
            return None, 0
        return pa.py_buffer(np.packbits(self.valid[:rows], bitorder="little")), missing

    def _understood(self, cells: Cells, row: int) -> None:
        if row != FINE:
            raise DataError(
                f"column {self.column.name} ({self.column.source_type}) holds {cells.text(row)!r}",
                why=f"it cannot be read as {self.column.arrow}",
            )

    def _doubt(
        self, kind: str, rows: int, example: str, row: int, places: tuple[Array, ...] = ()
    ) -> None:
        if before := self._doubts.get(kind):
            rows, places = before.rows + rows, (*before.places, *places)
        self._doubts[kind] = Doubt(self.column.name, kind, rows, example, row, places)

    def finish(self, rows: int) -> pa.Array:
        """The array of the first `rows` rows."""
        validity, missing = self._validity(rows)
        array = self._array(rows, validity, missing)
        self._reported, self._doubts = list(self._doubts.values()), {}
        self._release()
        return array

    def _release(self) -> None:
        del self.buffer, self.values

    def doubts(self) -> list[Doubt]:
        """What the batch just finished does not carry as it is."""
        return self._reported

    def _array(self, rows: int, validity: pa.Buffer | None, missing: int) -> pa.Array:
        buffers = [validity, self.buffer]
        return pa.Array.from_buffers(arrow_type(self.column), rows, buffers, missing)
