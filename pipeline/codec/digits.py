"""Decimal digits to integers and fixed-point decimals, eight digits at a time.

The first eight bytes of a cell are loaded as one integer, the bytes after its end are shifted out (leading
zero bytes are zero digits), and three multiplications combine neighbours.
https://lemire.me/blog/2022/01/21/swar-explained-parsing-eight-digits/
"""

from __future__ import annotations

import numpy as np

from pipeline.codec.jit import Array, Int, inlined, int64, kernel, load64, uint64

FINE = -1
"""Returned by kernels in place of a row: every cell was parsed."""

_ZEROS = uint64(0x3030303030303030)
_ABOVE_NINE = uint64(0x7676767676767676)
_HIGH_BITS = uint64(0x8080808080808080)
_LOW_32 = uint64(0xFFFFFFFF)
TENS = np.array([10**power for power in range(19)], np.int64)
"""Powers of ten that fit in 64 bits."""
_BAD = int64(-1)
_LOWEST = int64(-(2**63))
_LOWEST_TENTH = int64(-(2**63 // 10))


@inlined
def few_digits(block: Array, at: Int, count: Int) -> Int:
    """The number in ``block[at:at + count]``, zero to eight bytes; -1 if one of them is not a digit."""
    if count == 0:
        return int64(0)
    word = (load64(block, at) ^ _ZEROS) << uint64(64 - 8 * count)
    if (((word + _ABOVE_NINE) | word) & _HIGH_BITS) != uint64(0):
        return _BAD
    word = (word * uint64(10)) + (word >> uint64(8))
    pairs = uint64(0x000000FF000000FF)
    return int64(
        (
            (word & pairs) * uint64(0x000F424000000064)
            + ((word >> uint64(16)) & pairs) * uint64(0x0000271000000001)
        )
        >> uint64(32)
    )


@inlined
def _long_integer(block: Array, at: Int, length: Int, negative: bool) -> tuple[bool, Int]:
    """An integer of more than sixteen digits, leading zeros (ZEROFILL) included: (parsed, value)."""
    while length > 19 and block[at] == 0x30:
        at += 1
        length -= 1
    if length > 19:
        return False, int64(0)
    value = int64(0)
    for place in range(at, at + length):
        digit = int64(block[place]) - 48
        # accumulated as a negative, because -2^63 has no positive counterpart; its last digit is 8
        if value < _LOWEST_TENTH or (value == _LOWEST_TENTH and digit > 8):
            return False, value
        if digit < 0 or digit > 9:
            return False, value
        value = value * 10 - digit
    return negative or value != _LOWEST, value if negative else -value


@kernel
def integers(
    block: Array,
    starts: Array,
    lengths: Array,
    rows: int,
    values: Array,
    valid: Array,
    at: int,
) -> int:
    """Decode `rows` cells into ``values[at:]`` (int16, int32 or int64) and ``valid[at:]`` (0 or 1).

    Returns the first row that is not an integer of that width, or `FINE`.
    """
    for row in range(rows):
        length = int64(lengths[row])
        if length < 0:
            valid[at + row] = 0
            values[at + row] = 0
            continue
        start = int64(starts[row])
        negative = length > 0 and block[start] == 0x2D
        if negative:
            start += 1
            length -= 1
        if 0 < length <= 8:
            value = few_digits(block, start, length)
            if value < 0:
                return row
            value = -value if negative else value
        elif 0 < length <= 16:
            left = few_digits(block, start, length - 8)
            right = few_digits(block, start + length - 8, 8)
            if left < 0 or right < 0:
                return row
            value = left * 100_000_000 + right
            value = -value if negative else value
        else:
            parsed, value = _long_integer(block, start, length, negative)
            if length == 0 or not parsed:
                return row
        values[at + row] = value
        if values[at + row] != value:
            return row
        valid[at + row] = 1
    return FINE


@inlined
def _times_plus(high: Int, low: Int, factor: Int, summand: Int) -> tuple[Int, Int]:
    """``value * factor + summand`` on 128 bits in two halves; factor and summand below 2^32."""
    first = (low & _LOW_32) * factor + summand
    second = (low >> uint64(32)) * factor + (first >> uint64(32))
    return (
        high * factor + (second >> uint64(32)),
        (second << uint64(32)) | (first & _LOW_32),
    )


@inlined
def _append(high: Int, low: Int, block: Array, at: Int, count: Int) -> tuple[bool, Int, Int]:
    """The number with `count` more digits appended: (parsed, high, low)."""
    while count > 0:
        part = min(count, 8)
        piece = few_digits(block, at, part)
        if piece < 0:
            return False, high, low
        high, low = _times_plus(high, low, uint64(TENS[part]), uint64(piece))
        at += part
        count -= part
    return True, high, low


@inlined
def _wide_decimal(
    block: Array, at: Int, length: Int, precision: Int, scale: Int
) -> tuple[bool, Int, Int]:
    """A decimal of up to 38 digits without its sign, with up to `scale` fraction digits."""
    zero = uint64(0)
    point = length
    for place in range(length):
        if block[at + place] == 0x2E:
            point = place
            break
    fraction = max(length - point - 1, 0)
    skipped = 0
    while skipped < point - 1 and block[at + skipped] == 0x30:
        skipped += 1
    # a point needs digits on both sides, as MySQL writes it
    if point == 0 or point == length - 1 or fraction > scale:
        return False, zero, zero
    if point - skipped > precision - scale and not (
        point - skipped == 1 and block[at + skipped] == 0x30
    ):
        return False, zero, zero
    parsed, high, low = _append(zero, zero, block, at + skipped, point - skipped)
    if parsed:
        parsed, high, low = _append(high, low, block, at + point + 1, fraction)
    for _ in range(fraction, scale):
        high, low = _times_plus(high, low, uint64(10), zero)
    return parsed, high, low


@kernel
def decimals(
    block: Array,
    starts: Array,
    lengths: Array,
    rows: int,
    values: Array,
    valid: Array,
    at: int,
    precision: int,
    scale: int,
) -> int:
    """Decode `rows` cells into 128-bit integers of the unit 10^-scale.

    `values` is uint64, two places a row, the low half first. Returns the first row that is not a
    DECIMAL(precision, scale), or `FINE`.
    """
    tail = scale + 1 if scale else 0
    for row in range(rows):
        length = int64(lengths[row])
        place = 2 * (at + row)
        if length < 0:
            valid[at + row] = 0
            values[place] = 0
            values[place + 1] = 0
            continue
        start = int64(starts[row])
        negative = length > 0 and block[start] == 0x2D
        if negative:
            start += 1
            length -= 1
        whole = length - tail
        # the common case, as of money: all declared fraction digits, at most eight on either side
        if (
            0 < whole <= 8
            and scale <= 8
            and whole <= precision - scale
            and (scale == 0 or block[start + whole] == 0x2E)
        ):
            left = few_digits(block, start, whole)
            right = few_digits(block, start + whole + 1, scale)
            if left < 0 or right < 0:
                return row
            value = left * TENS[scale] + right
            value = -value if negative else value
            values[place] = uint64(value)
            values[place + 1] = uint64(value >> 63)
            valid[at + row] = 1
            continue
        parsed, high, low = _wide_decimal(block, start, length, precision, scale)
        if not parsed:
            return row
        if negative:
            low = ~low + uint64(1)
            high = ~high + uint64(1 if low == uint64(0) else 0)
        values[place] = low
        values[place + 1] = high
        valid[at + row] = 1
    return FINE
