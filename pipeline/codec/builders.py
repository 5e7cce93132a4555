"""Column builders: the cells of successive blocks to one Arrow array.

The kernels write the memory that Arrow then owns: no copy, no conversion.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pipeline.codec import dates, digits, floats, text
from pipeline.codec.arrow import arrow_type
from pipeline.codec.cells import Builder, Cells, ColumnBuilder, allocate
from pipeline.codec.jit import Array
from pipeline.model.columns import Column

_LEAST_ROOM = 1 << 16


def builder_of(column: Column) -> Builder:
    """The builder for `column`; raises TypeError for an Arrow type without a kernel."""
    kind = arrow_type(column)
    if pa.types.is_boolean(kind):
        return Booleans(column)
    if pa.types.is_integer(kind):
        return Integers(column)
    if pa.types.is_decimal(kind):
        return Decimals(column)
    if pa.types.is_floating(kind):
        return Doubles(column)
    if pa.types.is_date32(kind):
        return Dates(column)
    if pa.types.is_timestamp(kind):
        return Datetimes(column)
    if pa.types.is_string(kind) or pa.types.is_binary(kind):
        return Strings(column)
    raise TypeError(f"column {column.name}: no decoder for {kind}")


class Integers(ColumnBuilder):
    """TINYINT to BIGINT, YEAR, BIT read as a number."""

    def __init__(self, column: Column) -> None:
        # not to_pandas_dtype(), which imports pandas where it is installed: 45 MB, 0.3 s
        self.storage = np.dtype(column.arrow).type
        super().__init__(column)

    def append(self, cells: Cells, at: int) -> None:
        """Decode `cells` as the rows from `at` on."""
        bad = digits.integers(
            cells.block, cells.starts, cells.lengths, cells.rows, self.values, self.valid, at
        )
        self._check(cells, bad)


class Booleans(ColumnBuilder):
    """TINYINT or BIT(1) of a column declared under `booleans:`; any value but 0 and 1 is an error."""

    storage = np.int16

    def append(self, cells: Cells, at: int) -> None:
        """Decode `cells` as the rows from `at` on."""
        bad = digits.integers(
            cells.block, cells.starts, cells.lengths, cells.rows, self.values, self.valid, at
        )
        self._check(cells, bad)
        values, valid = (array[at : at + cells.rows] for array in (self.values, self.valid))
        neither = np.flatnonzero((valid == 1) & (values >> 1 != 0))
        self._check(cells, int(neither[0]) if len(neither) else digits.FINE)

    def _array(self, rows: int, validity: pa.Buffer | None, missing: int) -> pa.Array:
        numbers = pa.Array.from_buffers(pa.int16(), rows, [validity, self.buffer], missing)
        return numbers.cast(pa.bool_())


class Decimals(ColumnBuilder):
    """DECIMAL(p, s) and BIGINT UNSIGNED, as 128-bit integers of the unit 10^-s."""

    storage = np.uint64
    width = 2

    def __init__(self, column: Column) -> None:
        self.precision, self.scale = arrow_type(column).precision, arrow_type(column).scale
        super().__init__(column)

    def append(self, cells: Cells, at: int) -> None:
        """Decode `cells` as the rows from `at` on."""
        bad = digits.decimals(
            cells.block,
            cells.starts,
            cells.lengths,
            cells.rows,
            self.values,
            self.valid,
            at,
            self.precision,
            self.scale,
        )
        self._check(cells, bad)


class Doubles(ColumnBuilder):
    """DOUBLE, and FLOAT selected as a double and narrowed at the end."""

    storage = np.float64

    def append(self, cells: Cells, at: int) -> None:
        """Decode `cells` as the rows from `at` on."""
        hard = np.empty(cells.rows, np.int32)
        bad, count = floats.doubles(
            cells.block, cells.starts, cells.lengths, cells.rows, self.values, self.valid, at, hard
        )
        self._check(cells, bad)
        if count:
            self.values[at + hard[:count]] = _exactly(cells, hard, count)

    def _array(self, rows: int, validity: pa.Buffer | None, missing: int) -> pa.Array:
        array = pa.Array.from_buffers(pa.float64(), rows, [validity, self.buffer], missing)
        return array.cast(arrow_type(self.column), safe=False)


def _exactly(cells: Cells, chosen: Array, count: int) -> Array:
    """The doubles nearest to the texts in the first `count` rows of `chosen`, parsed by Arrow."""
    size = int(cells.lengths[chosen[:count]].sum())
    offsets_buffer, offsets = allocate(count + 1, np.int32)
    data_buffer, data = allocate(size, np.uint8)
    floats.gather(cells.block, cells.starts, cells.lengths, chosen, count, offsets, data)
    texts = pa.StringArray.from_buffers(count, offsets_buffer, data_buffer)
    # not to_numpy(), which imports pandas
    return np.frombuffer(texts.cast(pa.float64()).buffers()[1], np.float64, count)


class Dates(ColumnBuilder):
    """DATE, as days since 1970."""

    storage: type[np.generic] = np.int32
    decode = staticmethod(dates.dates)

    def append(self, cells: Cells, at: int) -> None:
        """Decode `cells` as the rows from `at` on."""
        bad, invalid, example = self.decode(
            cells.block, cells.starts, cells.lengths, cells.rows, self.values, self.valid, at
        )
        self._check(cells, bad)
        if invalid:
            decoded = self.valid[at : at + cells.rows]
            impossible = np.flatnonzero((decoded == 0) & (cells.lengths[: cells.rows] >= 0)) + at
            self._note_invalid(
                "zero_date", invalid, cells.text(example), at + example, (impossible,)
            )


class Datetimes(Dates):
    """DATETIME and TIMESTAMP, as microseconds since 1970."""

    storage = np.int64
    decode = staticmethod(dates.datetimes)


class Strings(ColumnBuilder):
    """Text and bytes, unchanged."""

    storage = np.int32

    def __init__(self, column: Column) -> None:
        self.is_text = pa.types.is_string(arrow_type(column))
        self.room = _LEAST_ROOM
        super().__init__(column)

    def start(self, capacity: int) -> None:
        """Provide memory for a new batch of up to `capacity` rows; the last one keeps its own."""
        super().start(capacity + 1)  # a string array has one offset more than rows
        self.values[0] = 0
        self.data_buffer, self.data = allocate(self.room, np.uint8)
        self.replaced = False

    def _release(self) -> None:
        super()._release()
        del self.data_buffer, self.data

    def append(self, cells: Cells, at: int) -> None:
        """Decode `cells` as the rows from `at` on."""
        self._reserve(int(self.values[at]) + int(np.maximum(cells.lengths[: cells.rows], 0).sum()))
        flags = text.strings(
            cells.block,
            cells.starts,
            cells.lengths,
            cells.rows,
            self.values,
            self.data,
            self.valid,
            at,
        )
        if self.is_text and flags:
            self._inspect(cells, at, flags)

    def _reserve(self, size: int) -> None:
        if size <= self.room:
            return
        used = self.data
        self.room = max(size, self.room + self.room // 2)
        self.data_buffer, self.data = allocate(self.room, np.uint8)
        self.data[: len(used)] = used

    def _inspect(self, cells: Cells, at: int, flags: int) -> None:
        last = at + cells.rows
        if flags & text.NOT_ASCII:
            count, row = text.invalid_utf8(self.data, self.values, at, last)
            self.replaced = self.replaced or count > 0
            if count:
                self._note_invalid("invalid_utf8", count, cells.text(row - at), row)
        if flags & text.HAS_NUL:
            count, row = text.nul_bytes(self.data, self.values, at, last)
            self._note_invalid("nul_byte", count, cells.text(row - at), row)

    def _array(self, rows: int, validity: pa.Buffer | None, missing: int) -> pa.Array:
        kind = pa.binary() if self.replaced else arrow_type(self.column)
        buffers = [validity, self.buffer, self.data_buffer]
        # the next batch will need about as much
        self.room = int(self.values[rows]) * 17 // 16 + _LEAST_ROOM
        array = pa.Array.from_buffers(kind, rows, buffers, missing)
        if not self.replaced:
            return array
        texts = [
            None if value is None else value.decode("utf-8", "replace")
            for value in array.to_pylist()
        ]
        return pa.array(texts, pa.string())
