"""Record batches to lines of text, a block of rows at a time.

The cells of a block are first written column by column, by the kernels of `rendering`, `calendar_text` and
`quoting`, into memory that fits the processor's cache, then merged into lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.codec import calendar_text, quoting, rendering
from pipeline.codec.jit import SLACK, Array
from pipeline.codec.memory import POOL

_BLOCK_BYTES = 1 << 19
_BLOCK_ROWS = 4096
_NO_DELIMITER = -1


@dataclass(frozen=True)
class Style:
    """Format of the lines: `null_token` (unquoted), `separator` between cells, `line_end` if any.

    `quoted` quotes every string and writes bytes as hex.
    """

    null_token: bytes
    separator: bytes = b"|"
    line_end: bytes = b""
    quoted: bool = False


@dataclass(frozen=True)
class _Source:
    """One column to write.

    `write` takes (first, last, token, its size, delimiter, scratch, position, starts, lengths) and
    returns the end position. `width` is the widest text of a row; values with `offsets` take up to
    `growth` times their bytes in addition.
    """

    write: Callable[..., int]
    width: int
    offsets: Array | None = None
    growth: int = 0

    def room(self, first: int, last: int) -> int:
        """Upper bound of the bytes of rows ``first <= row < last``, without tokens and delimiters."""
        values = 0
        if self.offsets is not None:
            values = self.growth * int(self.offsets[last] - self.offsets[first])
        return values + self.width * (last - first)


class Lines:
    """The lines of one batch.

    After `write`, ``ends[i]`` is the end position of row i. Raises TypeError for a column of a type
    without a text.
    """

    def __init__(self, batch: pa.RecordBatch, style: Style) -> None:
        self.rows = batch.num_rows
        self.ends = np.empty(self.rows, np.int64)
        self._style = style
        self._token = np.frombuffer(style.null_token + bytes(SLACK), np.uint8)
        self._sources = [_source(array, style.quoted) for array in batch.columns]
        line = max(1, batch.nbytes // max(1, self.rows))
        self._step = max(1, min(_BLOCK_ROWS, _BLOCK_BYTES // line))
        # the odd width keeps columns off the same cache lines
        shape = (len(self._sources), self._step + 16)
        self._starts, self._lengths = np.empty(shape, np.int32), np.empty(shape, np.int32)
        self._scratch: Array = np.empty(0, np.uint8)
        self.text: Array = self._scratch
        self._room, self._likely = -1, batch.nbytes + 4 * self.rows * len(self._sources)

    def write(self) -> pa.Buffer:
        """All lines."""
        self._grow(self._likely, 0)
        at = 0
        for first in range(0, self.rows, self._step):
            at = self._append(first, at)
        return self._buffer.slice(0, at)

    def blocks(self) -> Iterator[tuple[int, pa.Buffer]]:
        """The lines in blocks, each with its number of lines; the next block overwrites it."""
        for first in range(0, self.rows, self._step):
            size = self._append(first, 0)
            yield min(self._step, self.rows - first), self._buffer.slice(0, size)

    def _append(self, first: int, at: int) -> int:
        """Write a block's lines at position `at`; returns the end position."""
        last = min(first + self._step, self.rows)
        self._cells(first, last)
        size = int(self._lengths[:, : last - first].sum())
        if at + size > self._room:
            self._grow((at + size) * 3 // 2, at)
        return quoting.merge(
            self._scratch,
            self._starts,
            self._lengths,
            last - first,
            self.text,
            at,
            self.ends[first:last],
        )

    def _grow(self, room: int, used: int) -> None:
        buffer = pa.allocate_buffer(room + SLACK, memory_pool=POOL)
        text = np.frombuffer(buffer, np.uint8)
        if used:
            text[:used] = self.text[:used]
        self._buffer, self.text, self._room = buffer, text, room

    def _cells(self, first: int, last: int) -> None:
        extra = len(self._token) + 1
        room = sum(source.room(first, last) for source in self._sources)
        room += extra * (last - first) * len(self._sources) + SLACK
        if len(self._scratch) < room:
            self._scratch = np.empty(room, np.uint8)
        at = 0
        for source, delimiter, starts, lengths in zip(
            self._sources, self._delimiters(), self._starts, self._lengths, strict=True
        ):
            at = source.write(
                first,
                last,
                self._token,
                len(self._style.null_token),
                delimiter,
                self._scratch,
                at,
                starts,
                lengths,
            )

    def _delimiters(self) -> Iterator[int]:
        for _ in self._sources[1:]:
            yield self._style.separator[0]
        yield self._style.line_end[0] if self._style.line_end else _NO_DELIMITER


def _source(array: pa.Array, quoted: bool) -> _Source:
    kind, valid = array.type, present(array)
    if pa.types.is_integer(kind):
        values = _values(array, np.dtype(str(kind)).type)
        return _Source(partial(rendering.integers, values, valid), rendering.WIDEST_INTEGER)
    if pa.types.is_decimal128(kind):
        values = _values(array, np.uint64, 2)
        write = partial(rendering.decimals, kind.scale, values, valid)
        return _Source(write, rendering.WIDEST_DECIMAL)
    if pa.types.is_date32(kind):
        return _Source(
            partial(calendar_text.dates, _values(array, np.int32), valid), calendar_text.DATE
        )
    if pa.types.is_timestamp(kind) and kind.unit == "us":
        values = _values(array, np.int64)
        return _Source(partial(calendar_text.datetimes, values, valid), calendar_text.DATETIME)
    if pa.types.is_string(kind):
        return _text(array, valid, quoted)
    if pa.types.is_binary(kind):
        return _hexadecimal(array, valid) if quoted else _text(array, valid, False)
    if pa.types.is_dictionary(kind):
        return _source(array.dictionary_decode(), quoted)
    if pa.types.is_boolean(kind):
        return _text(pc.if_else(array, "t", "f"), valid, False)
    if pa.types.is_floating(kind):
        return _text(_shortest(array), valid, False)
    raise TypeError(f"{kind} has no text")


def _text(array: pa.Array, valid: Array, quoted: bool) -> _Source:
    offsets, data = offsets_of(array), _data(array)
    return _Source(partial(quoting.texts, quoted, offsets, data, valid), 2, offsets, 2)


def _hexadecimal(array: pa.Array, valid: Array) -> _Source:
    offsets, data = offsets_of(array), _data(array)
    return _Source(partial(quoting.hexadecimals, offsets, data, valid), 0, offsets, 2)


def _shortest(array: pa.Array) -> pa.Array:
    """The shortest texts that parse to the same numbers, with infinities as Redshift spells them."""
    texts = array.cast(pa.string())
    if pc.all(pc.is_finite(array)).as_py() is False:
        for arrow, redshift in (("nan", "NaN"), ("inf", "Infinity")):
            texts = pc.replace_substring(texts, arrow, redshift)
    return texts


def present(array: pa.Array) -> Array:
    """One byte per row: 1 for a value, 0 for NULL."""
    bits = array.buffers()[0]
    if bits is None:
        return np.ones(len(array), np.uint8)
    end = array.offset + len(array)
    used = np.frombuffer(bits, np.uint8)[: (end + 7) // 8]
    return np.unpackbits(used, bitorder="little")[array.offset : end]


def _values(array: pa.Array, kind: type[np.generic], width: int = 1) -> Array:
    first, last = array.offset * width, (array.offset + len(array)) * width
    return _constant(array.buffers()[1], kind)[first:last]


def offsets_of(array: pa.Array) -> Array:
    """The start of each text in the data, and the end of the last."""
    offsets = _constant(array.buffers()[1], np.int32)
    return offsets[array.offset : array.offset + len(array) + 1] if len(array) else offsets


def _data(array: pa.Array) -> Array:
    data = array.buffers()[2]
    return _constant(data if data is not None else pa.py_buffer(b""), np.uint8)


def _constant(buffer: pa.Buffer, kind: type[np.generic]) -> Array:
    """A read-only view: kernels are compiled separately for writable arrays."""
    view = np.frombuffer(buffer, kind, buffer.size // np.dtype(kind).itemsize)
    view.flags.writeable = False
    return view
