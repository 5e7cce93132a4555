"""Common ground of the column builders: cells, memory, invalid values."""

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
class InvalidValues:
    """Values of one column that Parquet or Redshift cannot hold as the source has them.

    `kind` is ``zero_date`` (not on the calendar: null in the batch), ``invalid_utf8`` (U+FFFD replaces the
    invalid bytes), ``nul_byte`` (unchanged in the batch; Redshift's VARCHAR cannot hold it), and of
    local times ``nonexistent_time`` (skipped by the clock: the instant of the change) and
    ``date_overflow`` (a year outside 1 to 9999 in UTC: the nearest instant inside).
    `rows` counts them, `example` is the text of the last one, `row` its row in the batch. `places` are all
    their rows for ``zero_date``, whose values are null in the batch.
    """

    column: str
    kind: str
    rows: int
    example: str
    row: int = field(default=0, compare=False)
    places: tuple[Array, ...] = field(default=(), compare=False, repr=False)


class Cells:
    """One column's cells in a block of received bytes; `lengths` is negative for NULL."""

    __slots__ = ("block", "lengths", "rows", "starts")

    def __init__(self, block: Array, starts: Array, lengths: Array, rows: int) -> None:
        self.block, self.starts, self.lengths, self.rows = block, starts, lengths, rows

    def text(self, row: int) -> str:
        """The cell for a message, at most 100 bytes of it."""
        start, length = int(self.starts[row]), int(self.lengths[row])
        shown = bytes(self.block[start : start + min(length, 100)]).decode("utf-8", "replace")
        return shown if length <= 100 else f"{shown}… ({length} bytes)"


class Builder(Protocol):
    """Collects one column of one batch."""

    def start(self, capacity: int) -> None:
        """Provide memory for a new batch of up to `capacity` rows; the last one keeps its own."""

    def append(self, cells: Cells, at: int) -> None:
        """Decode `cells` as the rows from `at` on; raises DataError for text that cannot be parsed."""

    def finish(self, rows: int) -> pa.Array:
        """The array of the first `rows` rows."""

    def invalid_values(self) -> list[InvalidValues]:
        """The invalid values of the last finished batch."""


def allocate(count: int, kind: type[np.generic]) -> tuple[pa.Buffer, Array]:
    """Memory for `count` items, followed by `SLACK`."""
    buffer = pa.allocate_buffer(count * np.dtype(kind).itemsize + SLACK, memory_pool=POOL)
    return buffer, np.frombuffer(buffer, kind, count)


class ColumnBuilder:
    """Base of the builders: the column, its validity, and the memory of fixed-width values."""

    storage: type[np.generic]
    width = 1

    def __init__(self, column: Column) -> None:
        self.column = column
        self._invalid: dict[str, InvalidValues] = {}
        self._reported: list[InvalidValues] = []

    def start(self, capacity: int) -> None:
        """Provide memory for a new batch of up to `capacity` rows; the last one keeps its own."""
        self.valid = np.empty(capacity, np.uint8)
        self.buffer, self.values = allocate(capacity * self.width, self.storage)

    def _validity(self, rows: int) -> tuple[pa.Buffer | None, int]:
        missing = rows - int(np.count_nonzero(self.valid[:rows]))
        if not missing:
            return None, 0
        return pa.py_buffer(np.packbits(self.valid[:rows], bitorder="little")), missing

    def _check(self, cells: Cells, row: int) -> None:
        if row != FINE:
            raise DataError(
                f"column {self.column.name} ({self.column.source_type}) holds {cells.text(row)!r}",
                why=f"it cannot be read as {self.column.arrow}",
            )

    def _note_invalid(
        self, kind: str, rows: int, example: str, row: int, places: tuple[Array, ...] = ()
    ) -> None:
        if before := self._invalid.get(kind):
            rows, places = before.rows + rows, (*before.places, *places)
        self._invalid[kind] = InvalidValues(self.column.name, kind, rows, example, row, places)

    def finish(self, rows: int) -> pa.Array:
        """The array of the first `rows` rows."""
        validity, missing = self._validity(rows)
        array = self._array(rows, validity, missing)
        self._reported, self._invalid = list(self._invalid.values()), {}
        self._release()
        return array

    def _release(self) -> None:
        del self.buffer, self.values

    def invalid_values(self) -> list[InvalidValues]:
        """The invalid values of the last finished batch."""
        return self._reported

    def _array(self, rows: int, validity: pa.Buffer | None, missing: int) -> pa.Array:
        buffers = [validity, self.buffer]
        return pa.Array.from_buffers(arrow_type(self.column), rows, buffers, missing)
