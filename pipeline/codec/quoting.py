"""Strings and bytes to CSV fields, and the fields of all columns to lines."""

from __future__ import annotations

import numpy as np

from pipeline.codec.jit import Array, Bool, Int, copy, inlined, int64, kernel, uint8
from pipeline.codec.rendering import ended, null_cell

_QUOTE = 0x22
_HEX = np.frombuffer(b"0123456789abcdef", np.uint8)


@inlined
def _doubled(data: Array, begin: Int, end: Int, scratch: Array, at: Int) -> Int:
    for place in range(begin, end):
        byte = data[place]
        scratch[at] = byte
        at += 1
        if byte == _QUOTE:
            scratch[at] = byte
            at += 1
    return at


@inlined
def _holds_quote(data: Array, begin: Int, end: Int) -> Bool:
    # over a slice and without an early exit: a break, or an index that might be negative, prevents
    # vectorisation
    seen = uint8(0)
    for byte in data[begin:end]:
        seen = uint8(seen | (byte == _QUOTE))
    return seen != 0


@kernel
def texts(
    quoted: bool,
    offsets: Array,
    data: Array,
    valid: Array,
    first: int,
    last: int,
    token: Array,
    token_size: int,
    delimiter: int,
    scratch: Array,
    at: int,
    starts: Array,
    lengths: Array,
) -> int:
    """Write strings: unchanged, or if `quoted` in quotes, with quotes inside doubled.

    Needs room for twice the text in addition to that of `rendering`.
    """
    # `copy` reads past a value, so the last values of an array without `SLACK` are written byte by byte,
    # as are values that contain a quote
    safe = len(data) - 16
    doubles = quoted and _holds_quote(data, int64(offsets[first]), int64(offsets[last]))
    for row in range(first, last):
        start = at
        begin, end = int64(offsets[row]), int64(offsets[row + 1])
        if not valid[row]:
            at = null_cell(token, token_size, scratch, at)
        else:
            if quoted:
                scratch[at] = _QUOTE
                at += 1
            if end <= safe and not (doubles and _holds_quote(data, begin, end)):
                copy(scratch, at, data, begin, end - begin)
                at += end - begin
            elif quoted:
                at = _doubled(data, begin, end, scratch, at)
            else:
                for place in range(begin, end):
                    scratch[at] = data[place]
                    at += 1
            if quoted:
                scratch[at] = _QUOTE
                at += 1
        at = ended(scratch, at, delimiter)
        starts[row - first] = start
        lengths[row - first] = at - start
    return at


@kernel
def hexadecimals(
    offsets: Array,
    data: Array,
    valid: Array,
    first: int,
    last: int,
    token: Array,
    token_size: int,
    delimiter: int,
    scratch: Array,
    at: int,
    starts: Array,
    lengths: Array,
) -> int:
    """Write bytes as bare hexadecimal digits."""
    for row in range(first, last):
        start = at
        if valid[row]:
            for place in range(offsets[row], offsets[row + 1]):
                scratch[at] = _HEX[data[place] >> 4]
                scratch[at + 1] = _HEX[data[place] & 15]
                at += 2
        else:
            at = null_cell(token, token_size, scratch, at)
        at = ended(scratch, at, delimiter)
        starts[row - first] = start
        lengths[row - first] = at - start
    return at


@kernel
def merge(
    scratch: Array,
    starts: Array,
    lengths: Array,
    rows: int,
    lines: Array,
    at: int,
    ends: Array,
) -> int:
    """Write the cells of each row side by side to ``lines[at:]``; returns the end position.

    `ends` receives the end position of each row.
    """
    columns = starts.shape[0]
    for row in range(rows):
        for column in range(columns):
            length = int64(lengths[column, row])
            copy(lines, at, scratch, int64(starts[column, row]), length)
            at += length
        ends[row] = at
    return at
