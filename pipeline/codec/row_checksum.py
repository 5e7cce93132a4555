"""Hashes of rows in Arrow, over the texts that `model.canonical` defines."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.codec.lines import Lines, Style
from pipeline.model.canonical import DIGEST_DIGITS, HASH_DIGITS, CanonicalColumn, Form


def row_hashes(batch: pa.RecordBatch, columns: Sequence[CanonicalColumn]) -> list[int]:
    """The hash of each row's canonical text; the batch has the columns by their source names."""
    if not columns:
        return [_hash(b"")] * batch.num_rows
    texts = [_text(batch.column(c.column.name), c) for c in columns]
    rows = pc.binary_join_element_wise(*texts, pa.scalar(b",", pa.binary()))
    return [_hash(row) for row in rows.to_pylist()]


def _hash(text: bytes) -> int:
    return int(_digest(text)[:HASH_DIGITS], 16)


def _text(array: pa.Array, canonical: CanonicalColumn) -> pa.Array:
    """A column's canonical texts, as bytes; empty for NULL."""
    if canonical.form is Form.TEXT:
        value = array.cast(pa.binary())
        size = pc.binary_length(value).cast(pa.string()).cast(pa.binary())
        content = _digests(value) if canonical.digested else value
        text = pc.binary_join_element_wise(size, content, pa.scalar(b":", pa.binary()))
    elif canonical.form is Form.BYTES:
        digits = [
            value.hex().encode() if value is not None else None for value in array.to_pylist()
        ]
        value = pa.array(digits, pa.binary())
        content = _digests(value) if canonical.digested else value
        text = pc.binary_join_element_wise(
            pa.scalar(b"x", pa.binary()), content, pa.scalar(b"", pa.binary())
        )
    else:
        text = _cells(array)
    return (_digests(text) if canonical.digested else text).fill_null(b"")


def _cells(array: pa.Array) -> pa.Array:
    """The texts of numbers, booleans and dates, as in CSV."""
    batch = pa.RecordBatch.from_arrays([array], ["value"])
    lines = Lines(batch, Style(null_token=b""))
    data = lines.write()
    offsets = np.zeros(len(array) + 1, np.int32)
    offsets[1:] = lines.ends
    texts = pa.Array.from_buffers(pa.binary(), len(array), [None, pa.py_buffer(offsets), data])
    return pc.if_else(array.is_valid(), texts, pa.scalar(None, pa.binary()))


def _digests(array: pa.Array) -> pa.Array:
    """The digest of each value; NULL for NULL."""
    values = array.to_pylist()
    return pa.array([None if v is None else _digest(v).encode() for v in values], pa.binary())


def _digest(value: bytes) -> str:
    return hashlib.sha256(value).hexdigest()[:DIGEST_DIGITS]
