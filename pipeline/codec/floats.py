"""Decimal text to the nearest double.

With digits up to 2^53 and an exponent up to 10^22 both are exact doubles, and one multiplication or
division rounds once, hence correctly (Clinger, "How to read floating point numbers accurately", 1990).
That covers nearly every number typed by a person; computed values of 17 digits are collected for Arrow's
parser, which is exact as well.
"""

from __future__ import annotations

import numpy as np

from pipeline.codec.digits import FINE
from pipeline.codec.jit import Array, Int, copy, inlined, int64, kernel, uint64

_POWERS = np.array([10.0**power for power in range(23)], np.float64)
_EXACT = uint64(1 << 53)
_NOT_A_NUMBER = int64(-1)
_HARD = int64(0)
_EASY = int64(1)


@inlined
def _digit(byte: Int) -> Int:
    return int64(byte) - 48


@inlined
def _exponent(block: Array, at: Int, end: Int) -> tuple[bool, Int]:
    negative = at < end and block[at] == 0x2D
    if at < end and (block[at] == 0x2D or block[at] == 0x2B):
        at += 1
    if at == end or end - at > 4:
        return False, int64(0)
    value = int64(0)
    for place in range(at, end):
        digit = _digit(block[place])
        if digit < 0 or digit > 9:
            return False, value
        value = value * 10 + digit
    return True, -value if negative else value


@inlined
def _double(block: Array, at: Int, end: Int) -> tuple[Int, float]:
    """``[-]digits[.digits][e[+-]digits]``: (`_EASY`, value), or `_HARD` or `_NOT_A_NUMBER`."""
    negative = at < end and block[at] == 0x2D
    if negative:
        at += 1
    mantissa, scale, digits, points = uint64(0), int64(0), 0, 0
    while at < end:
        byte = block[at]
        digit = _digit(byte)
        if 0 <= digit <= 9:
            digits += 1
            scale -= points
            if mantissa <= _EXACT:  # beyond it the value is hard in any case
                mantissa = mantissa * uint64(10) + uint64(digit)
        elif byte == 0x2E and points == 0 and digits > 0:
            points = 1
        else:
            break
        at += 1
    if digits == 0:
        return _NOT_A_NUMBER, 0.0
    if at < end:
        parsed, exponent = _exponent(block, at + 1, end)
        if (block[at] | 0x20) != 0x65 or not parsed:
            return _NOT_A_NUMBER, 0.0
        scale += exponent
    if mantissa > _EXACT or scale < -22 or scale > 22:
        return _HARD, 0.0
    value = np.float64(mantissa)
    value = value * _POWERS[scale] if scale >= 0 else value / _POWERS[-scale]
    return _EASY, -value if negative else value


@kernel
def doubles(
    block: Array,
    starts: Array,
    lengths: Array,
    rows: int,
    values: Array,
    valid: Array,
    at: int,
    hard: Array,
) -> tuple[int, int]:
    """Decode `rows` cells into ``values[at:]`` (float64) and ``valid[at:]``.

    Returns the first row that is not a number or `FINE`, and the number of rows left to an exact parser,
    which `hard` (int32) lists.
    """
    count = 0
    for row in range(rows):
        length = lengths[row]
        if length < 0:
            valid[at + row] = 0
            values[at + row] = 0.0
            continue
        start = int64(starts[row])
        kind, value = _double(block, start, start + length)
        if kind == _NOT_A_NUMBER:
            return row, count
        if kind == _HARD:
            hard[count] = row
            count += 1
        values[at + row] = value
        valid[at + row] = 1
    return FINE, count


@kernel
def gather(
    block: Array,
    starts: Array,
    lengths: Array,
    chosen: Array,
    count: int,
    offsets: Array,
    data: Array,
) -> None:
    """Concatenate the cells of the `chosen` rows in the layout of an Arrow string array."""
    position = 0
    for index in range(count):
        row = chosen[index]
        offsets[index] = position
        copy(data, position, block, int64(starts[row]), int64(lengths[row]))
        position += lengths[row]
    offsets[count] = position
