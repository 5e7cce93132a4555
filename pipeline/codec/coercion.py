"""Values changed knowingly: what the policies of a table's definition ask for, done to Arrow arrays.

All of it works on the few values that need it; what does not is copied as it is.
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
    """`array` with `values` in the `rows` (ascending) of that number; None stands for null."""
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
    """The texts with every NUL left out."""
    return pc.replace_substring(array, "\0", "")


def truncated(array: pa.Array, limit: int) -> pa.Array:
    """The texts, of each as many whole code points from its beginning as fit `limit` bytes."""
    rows = longer(array, limit)
    return replaced(array, rows, [_cut(array[int(row)], limit) for row in rows])


def _cut(text: pa.StringScalar, limit: int) -> str:
    content: bytes = text.as_buffer().slice(0, limit + 1).to_pybytes()
    end = limit
    while end and content[end] & 0xC0 == 0x80:  # the byte behind the cut continues a character
        end -= 1
    return content[:end].decode()


def _lengths(array: pa.Array) -> Array:
    """Bytes of each text; not by pyarrow.compute, which imports pandas to take a number: 45 MB, 0.3 s."""
    return np.diff(offsets_of(array)) if len(array) else np.zeros(0, np.int32)


def _rows(chosen: pa.BooleanArray) -> Array:
    return np.flatnonzero(chosen.fill_null(False).to_numpy(zero_copy_only=False))
