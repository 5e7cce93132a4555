"""Packets of a MySQL row stream to Arrow record batches, column by column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipeline.codec import packets
from pipeline.codec.arrow import arrow_schema
from pipeline.codec.builders import builder_of
from pipeline.codec.cells import Cells, InvalidValues
from pipeline.codec.jit import Array
from pipeline.errors import DataError
from pipeline.model.columns import Column

BLOCK_ROWS = 4096
"""Rows decoded together, at most: the positions of their cells should fit the processor's cache."""

_MAX_ROW = (1 << 31) - 1


class MalformedRow(ValueError):
    """A packet that is not a row of the expected number of columns."""


@dataclass(frozen=True)
class DecodedBatch:
    """Rows as Arrow columns, their invalid values, and their bytes on the wire."""

    batch: pa.RecordBatch
    invalid: tuple[InvalidValues, ...]
    wire_bytes: int


class Decoder:
    """Decodes successive blocks into batches.

    A batch is `full` with `batch_rows` rows or `batch_bytes` on the wire.
    """

    def __init__(self, columns: Sequence[Column], batch_rows: int, batch_bytes: int) -> None:
        self.rows = 0
        self._wire_bytes = 0
        self._batch_rows, self._batch_bytes = batch_rows, batch_bytes
        self._capacity = batch_rows
        self._schema = arrow_schema(columns)
        self._builders = [builder_of(column) for column in columns]
        # the odd width keeps columns off the same cache lines: find_rows went from 12 to 2 ns a cell
        shape = (len(columns), min(BLOCK_ROWS, batch_rows) + 16)
        self._starts, self._lengths = np.empty(shape, np.int32), np.empty(shape, np.int32)

    @property
    def full(self) -> bool:
        """Whether to `take` the batch before decoding more."""
        return self.rows == self._capacity or self._wire_bytes >= self._batch_bytes

    def packets(self, block: Array, at: int, end: int) -> int:
        """Decode the packets of ``block[at:end]`` until the batch is full; returns the end position."""
        while at < end and not self.full:
            limit = min(BLOCK_ROWS, self._capacity - self.rows)
            valid, after, rows = packets.find_rows(
                block, at, end, self._starts, self._lengths, limit
            )
            if not valid:
                raise MalformedRow(f"a row does not have {len(self._builders)} columns")
            self._append(block, rows, after - at)
            at = after
        return at

    def row(self, block: Array, end: int, wire_bytes: int) -> None:
        """Decode one row whose payload is ``block[:end]``.

        Raises DataError for a row of 2 GiB, the limit of the offsets of Arrow's strings.
        """
        if end > _MAX_ROW:
            raise DataError(f"a row has {end} bytes", why=f"the limit is {_MAX_ROW}")
        if not packets.find_cells(block, 0, end, self._starts, self._lengths):
            raise MalformedRow(f"a row does not have {len(self._builders)} columns")
        self._append(block, 1, wire_bytes)

    def _append(self, block: Array, rows: int, wire_bytes: int) -> None:
        if not self.rows:
            for builder in self._builders:
                builder.start(self._capacity)
        columns = zip(self._builders, self._starts, self._lengths, strict=True)
        for builder, starts, lengths in columns:
            builder.append(Cells(block, starts, lengths, rows), self.rows)
        self.rows += rows
        self._wire_bytes += wire_bytes

    def take(self) -> DecodedBatch:
        """The rows decoded since the last call; at least one."""
        arrays = [builder.finish(self.rows) for builder in self._builders]
        invalid = tuple(values for b in self._builders for values in b.invalid_values())
        batch = pa.RecordBatch.from_arrays(arrays, schema=self._schema)
        taken = DecodedBatch(batch, invalid, self._wire_bytes)
        # allocate for no more rows than `batch_bytes` allows, by the size of the last rows
        likely = self._batch_bytes * self.rows // self._wire_bytes + 1
        self._capacity = min(self._batch_rows, likely)
        self.rows = self._wire_bytes = 0
        return taken
