"""Numbers to text: kernels that write one column's cells.

Each writes rows ``first <= row < last`` of a column to `scratch` from `at` on: the text, or the null token
where ``valid[row]`` is 0, then `delimiter` (a byte, or -1 for none). It records the start and length of each
cell in `scratch` and returns the end position. `scratch` must have room for the widest text of every row,
and `SLACK`.
"""

from __future__ import annotations

from pipeline.codec.digits import TENS
from pipeline.codec.jit import Array, Int, copy, inlined, int64, kernel, store64, uint64

WIDEST_INTEGER = 20
WIDEST_DECIMAL = 42

_ASCII_ZEROS = uint64(0x3030303030303030)
_MINUS, _POINT, _ZERO = 0x2D, 0x2E, 0x30
_EIGHT = uint64(100_000_000)


@inlined
def _eight_digits(number: Int) -> Int:
    """The eight digits of a number below 10^8, as the bytes of an integer, the first one lowest.

    Splits into halves of 4, 2 and 1 digits in the lanes of one register, dividing by multiplication:
    the inverse of `digits.few_digits`.
    """
    high = number // uint64(10_000)
    lanes = high | ((number - high * uint64(10_000)) << uint64(32))
    tops = ((lanes * uint64(10_486)) >> uint64(20)) & uint64(0x0000007F0000007F)
    pairs = ((lanes - uint64(100) * tops) << uint64(16)) + tops
    tens = ((pairs * uint64(103)) >> uint64(10)) & uint64(0x000F000F000F000F)
    return tens + ((pairs - uint64(10) * tens) << uint64(8)) + _ASCII_ZEROS


@inlined
def padded(scratch: Array, at: Int, number: Int, width: Int) -> Int:
    """Write `number` zero-padded to `width` digits, one to eight; returns the end position."""
    store64(scratch, at, _eight_digits(number) >> uint64(64 - 8 * width))
    return at + width


@inlined
def _short(scratch: Array, at: Int, number: Int) -> Int:
    """Write a number below 10^8; returns the end position."""
    # seven comparisons and no branch to mispredict
    width = (
        1
        + (number > uint64(9))
        + (number > uint64(99))
        + (number > uint64(999))
        + (number > uint64(9_999))
        + (number > uint64(99_999))
        + (number > uint64(999_999))
        + (number > uint64(9_999_999))
    )
    return padded(scratch, at, number, width)


@inlined
def _plain(scratch: Array, at: Int, number: Int) -> Int:
    """Write any unsigned 64-bit number; returns the end position."""
    if number < _EIGHT:
        return _short(scratch, at, number)
    top = number // _EIGHT
    if top < _EIGHT:
        at = _short(scratch, at, top)
    else:
        first = top // _EIGHT
        at = _short(scratch, at, first)
        at = padded(scratch, at, top - first * _EIGHT, 8)
    return padded(scratch, at, number - top * _EIGHT, 8)


@inlined
def null_cell(token: Array, size: Int, scratch: Array, at: Int) -> Int:
    """Write the null token; returns the end position."""
    copy(scratch, at, token, 0, size)
    return at + size


@inlined
def ended(scratch: Array, at: Int, delimiter: Int) -> Int:
    """Write the delimiter, if any; returns the end position."""
    if delimiter >= 0:
        scratch[at] = delimiter
        at += 1
    return at


@inlined
def _wide(scratch: Array, at: Int, high: Int, low: Int) -> Int:
    """Write an unsigned 128-bit number zero-padded to 40 digits; returns the end position.

    Long division of four 32-bit limbs by 10^8; the remainders are the digits, last first.
    """
    mask, half = uint64(0xFFFFFFFF), uint64(32)
    limbs = (high >> half, high & mask, low >> half, low & mask)
    for piece in range(5):
        first = limbs[0] // _EIGHT
        rest = limbs[0] - first * _EIGHT
        whole = (rest << half) | limbs[1]
        second = whole // _EIGHT
        whole = ((whole - second * _EIGHT) << half) | limbs[2]
        third = whole // _EIGHT
        whole = ((whole - third * _EIGHT) << half) | limbs[3]
        fourth = whole // _EIGHT
        store64(scratch, at + 32 - 8 * piece, _eight_digits(whole - fourth * _EIGHT))
        limbs = (first, second, third, fourth)
    return at + 40


@kernel
def integers(
    values: Array,
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
    """Write int16, int32 or int64."""
    for row in range(first, last):
        start = at
        value = int64(values[row])
        if not valid[row]:
            at = null_cell(token, token_size, scratch, at)
        elif value < 0:
            scratch[at] = _MINUS
            at = _plain(scratch, at + 1, uint64(-value))
        else:
            at = _plain(scratch, at, uint64(value))
        at = ended(scratch, at, delimiter)
        starts[row - first] = start
        lengths[row - first] = at - start
    return at


@inlined
def _with_point(scratch: Array, at: Int, high: Int, low: Int, scale: Int) -> Int:
    """Write an unsigned 128-bit number with `scale` fraction digits; returns the end position."""
    end = _wide(scratch, at, high, low)
    point = end - scale
    first = at
    while first < point - 1 and scratch[first] == _ZERO:
        first += 1
    size = point - first
    for place in range(size):
        scratch[at + place] = scratch[first + place]
    if scale == 0:
        return at + size
    # 2^127 has 39 digits, so everything moves left by at least one place
    scratch[at + size] = _POINT
    for place in range(scale):
        scratch[at + size + 1 + place] = scratch[point + place]
    return at + size + 1 + scale


@kernel
def decimals(
    scale: int,
    values: Array,
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
    """Write 128-bit decimals (two uint64 per row, the low half first) with all `scale` digits."""
    unit = uint64(TENS[min(scale, 8)])
    for row in range(first, last):
        start = at
        low, high = values[2 * row], values[2 * row + 1]
        if not valid[row]:
            at = null_cell(token, token_size, scratch, at)
        else:
            if int64(high) < 0:
                scratch[at] = _MINUS
                at += 1
                low = ~low + uint64(1)
                high = ~high + uint64(1 if low == uint64(0) else 0)
            if high != uint64(0) or scale > 8:
                at = _with_point(scratch, at, high, low, scale)
            elif scale == 0:
                at = _plain(scratch, at, low)
            else:
                whole = low // unit
                at = _plain(scratch, at, whole)
                scratch[at] = _POINT
                at = padded(scratch, at + 1, low - whole * unit, scale)
        at = ended(scratch, at, delimiter)
        starts[row - first] = start
        lengths[row - first] = at - start
    return at
