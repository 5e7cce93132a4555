"""Coercions of Arrow arrays that the policies of a table select.

Only the affected values are processed; the others are copied in bulk.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.codec.jit import Array
from pipeline.codec.lines import offsets_of, present


def replaced(array: pa.Array, rows: Array, values: Sequence[Any]) -> pa.Array:
    """`array` with `values` at `rows` (ascending); None is null."""
    mask = np.zeros(len(array), bool)
    mask[rows] = True
    return pc.replace_with_mask(array, mask, pa.array(values, array.type))


def longer(array: pa.Array, limit: int) -> Array:
    """The rows whose text or bytes are longer than `limit` bytes."""
    return np.flatnonzero((_lengths(array) > limit) & present(array))


def empty(array: pa.Array) -> Array:
    """The rows whose text or bytes have the length zero."""
    return np.flatnonzero((_lengths(array) == 0) & present(array))


def with_nul(array: pa.Array) -> Array:
    """The rows whose text holds a NUL."""
    return _rows(pc.match_substring(array, "\0"))


def without_nul(array: pa.Array) -> pa.Array:
    """The texts without NUL."""
    return pc.replace_substring(array, "\0", "")


def truncated(array: pa.Array, limit: int) -> pa.Array:
    """The texts cut to the longest prefix of whole code points that fits `limit` bytes."""
    rows = longer(array, limit)
    return replaced(array, rows, [_cut(array[int(row)], limit) for row in rows])


def _cut(text: pa.StringScalar, limit: int) -> str:
    content: bytes = text.as_buffer().slice(0, limit + 1).to_pybytes()
    end = limit
    while end and content[end] & 0xC0 == 0x80:  # the byte after the cut continues a character
        end -= 1
    return content[:end].decode()


def _lengths(array: pa.Array) -> Array:
    """Bytes of each text; not by pyarrow.compute, whose scalars import pandas: 45 MB, 0.3 s."""
    return np.diff(offsets_of(array)) if len(array) else np.zeros(0, np.int32)


def _rows(chosen: pa.BooleanArray) -> Array:
    return np.flatnonzero(chosen.fill_null(False).to_numpy(zero_copy_only=False))
