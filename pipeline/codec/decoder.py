"""Packets of a MySQL row stream to Arrow record batches, a column at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipeline.codec import packets
from pipeline.codec.arrow import arrow_schema
from pipeline.codec.builders import builder_of
from pipeline.codec.cells import Cells, Doubt
from pipeline.codec.jit import Array
from pipeline.errors import DataError
from pipeline.model.columns import Column

BLOCK_ROWS = 4096
"""Rows decoded together, at most: their cells' places should stay in the processor's cache."""


_MAX_ROW = (1 << 31) - 1


class MalformedRow(ValueError):
    """A packet that is not a row of the expected number of columns."""


@dataclass(frozen=True)
class DecodedBatch:
    """Rows as Arrow columns, what is doubtful about them, and the bytes they were on the wire."""

    batch: pa.RecordBatch
    doubts: tuple[Doubt, ...]
    wire_bytes: int


class Decoder:
    """Decodes successive blocks and hands their rows out as batches.

    A batch is `full` with `batch_rows` rows, or once it has taken `batch_bytes` on the wire.
    """

    def __init__(self, columns: Sequence[Column], batch_rows: int, batch_bytes: int) -> None:
        self.rows = 0
        self._wire_bytes = 0
        self._batch_rows, self._batch_bytes = batch_rows, batch_bytes
        self._capacity = batch_rows
        self._schema = arrow_schema(columns)
        self._builders = [builder_of(column) for column in columns]
        # the odd width keeps columns from competing for the same lines of the cache: it took find_rows
        # from 12 to 2 ns a cell
        shape = (len(columns), min(BLOCK_ROWS, batch_rows) + 16)
        self._starts, self._lengths = np.empty(shape, np.int32), np.empty(shape, np.int32)

    @property
    def full(self) -> bool:
        """The batch under construction should be taken before more is decoded."""
        return self.rows == self._capacity or self._wire_bytes >= self._batch_bytes

    def packets(self, block: Array, at: int, end: int) -> int:
        """Decode the packets of ``block[at:end]`` until the batch is full; returns where it stopped."""
        while at < end and not self.full:
            limit = min(BLOCK_ROWS, self._capacity - self.rows)
            whole, behind, rows = packets.find_rows(
                block, at, end, self._starts, self._lengths, limit
            )
            if not whole:
                raise MalformedRow(f"a row does not have {len(self._builders)} columns")
            self._append(block, rows, behind - at)
            at = behind
        return at

    def row(self, block: Array, end: int, wire_bytes: int) -> None:
        """Decode one row whose payload is ``block[:end]``.

        Raises DataError for one of 2 GiB: neither an offset of Arrow's strings nor COPY goes that far.
        """
        if end > _MAX_ROW:
            raise DataError(f"a row of {end} bytes", why="2 GiB is the most that can be carried")
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
        """The rows decoded since the last call, of which there are some."""
        arrays = [builder.finish(self.rows) for builder in self._builders]
        doubts = tuple(doubt for builder in self._builders for doubt in builder.doubts())
        batch = pa.RecordBatch.from_arrays(arrays, schema=self._schema)
        taken = DecodedBatch(batch, doubts, self._wire_bytes)
        # no memory for more rows than the bytes allow, going by the rows just seen
        likely = self._batch_bytes * self.rows // self._wire_bytes + 1
        self._capacity = min(self._batch_rows, likely)
        self.rows = self._wire_bytes = 0
        return taken
