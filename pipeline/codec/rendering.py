"""Numbers, dates and times to text: the kernels that write one column's cells.

Each takes rows ``first <= row < last`` of a column and appends their text to `scratch` from `at` on,
followed by `delimiter` (a byte, or -1 for none), or the null token where ``valid[row]`` is 0. It notes
where in `scratch` each cell starts and how long it is, and returns the position behind the last one.
`scratch` must have room for the widest text of every row, and `SLACK`.
"""

from __future__ import annotations

import numpy as np

from pipeline.codec.digits import TENS
from pipeline.codec.jit import copy, inlined, kernel, store64

WIDEST_INTEGER = 20
WIDEST_DECIMAL = 42
DATE = 10
DATETIME = 26

_ASCII_ZEROS = np.uint64(0x3030303030303030)
_MINUS, _POINT, _ZERO = 0x2D, 0x2E, 0x30
_EIGHT = np.uint64(100_000_000)
_DAY = np.int64(86_400_000_000)
_HYPHENS = np.uint64(int.from_bytes(b"\0\0\0\0-\0\0-", "little"))
_COLONS = np.uint64(int.from_bytes(b"\0\0:\0\0:", "little"))
_DOT = np.uint64(int.from_bytes(b"\0\0.", "little"))


@inlined
def _eight_digits(number: int) -> int:
    """The eight digits of a number below 10^8, as the bytes of an integer, the first one lowest.

    Splits into pairs of 4, 2 and 1 digits in the lanes of one register, dividing by multiplication:
    the way `digits.few_digits` goes, backwards.
    """
    high = number // np.uint64(10_000)
    lanes = high | ((number - high * np.uint64(10_000)) << np.uint64(32))
    tops = ((lanes * np.uint64(10_486)) >> np.uint64(20)) & np.uint64(0x0000007F0000007F)
    pairs = ((lanes - np.uint64(100) * tops) << np.uint64(16)) + tops
    tens = ((pairs * np.uint64(103)) >> np.uint64(10)) & np.uint64(0x000F000F000F000F)
    return tens + ((pairs - np.uint64(10) * tens) << np.uint64(8)) + _ASCII_ZEROS


@inlined
def _padded(scratch: np.ndarray, at: int, number: int, width: int) -> int:
    """Write `number` with zeros in front to `width` digits, one to eight; the position behind."""
    store64(scratch, at, _eight_digits(number) >> np.uint64(64 - 8 * width))
    return at + width


@inlined
def _short(scratch: np.ndarray, at: int, number: int) -> int:
    """Write a number below 10^8; the position behind."""
    # seven comparisons and no branch that could be guessed wrong
    width = (
        1
        + (number > np.uint64(9))
        + (number > np.uint64(99))
        + (number > np.uint64(999))
        + (number > np.uint64(9_999))
        + (number > np.uint64(99_999))
        + (number > np.uint64(999_999))
        + (number > np.uint64(9_999_999))
    )
    return _padded(scratch, at, number, width)


@inlined
def _plain(scratch: np.ndarray, at: int, number: int) -> int:
    """Write any unsigned 64-bit number; the position behind."""
    if number < _EIGHT:
        return _short(scratch, at, number)
    top = number // _EIGHT
    if top < _EIGHT:
        at = _short(scratch, at, top)
    else:
        first = top // _EIGHT
        at = _short(scratch, at, first)
        at = _padded(scratch, at, top - first * _EIGHT, 8)
    return _padded(scratch, at, number - top * _EIGHT, 8)


@inlined
def null_cell(token: np.ndarray, size: int, scratch: np.ndarray, at: int) -> int:
    """Write the null token; the position behind."""
    copy(scratch, at, token, 0, size)
    return at + size


@inlined
def ended(scratch: np.ndarray, at: int, delimiter: int) -> int:
    """Write the delimiter, if any; the position behind."""
    if delimiter >= 0:
        scratch[at] = delimiter
        at += 1
    return at


@inlined
def _wide(scratch: np.ndarray, at: int, high: int, low: int) -> int:
    """Write an unsigned 128-bit number with zeros in front to 40 digits; the position behind.

    Long division of four 32-bit limbs by 10^8; the remainders are the digits from behind.
    """
    mask, half = np.uint64(0xFFFFFFFF), np.uint64(32)
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
    values: np.ndarray,
    valid: np.ndarray,
    first: int,
    last: int,
    token: np.ndarray,
    token_size: int,
    delimiter: int,
    scratch: np.ndarray,
    at: int,
    starts: np.ndarray,
    lengths: np.ndarray,
) -> int:
    """Write int16, int32 or int64."""
    for row in range(first, last):
        start = at
        value = np.int64(values[row])
        if not valid[row]:
            at = null_cell(token, token_size, scratch, at)
        elif value < 0:
            scratch[at] = _MINUS
            at = _plain(scratch, at + 1, np.uint64(-value))
        else:
            at = _plain(scratch, at, np.uint64(value))
        at = ended(scratch, at, delimiter)
        starts[row - first] = start
        lengths[row - first] = at - start
    return at


@inlined
def _with_point(scratch: np.ndarray, at: int, high: int, low: int, scale: int) -> int:
    """Write an unsigned 128-bit number with a point `scale` digits from its end; the position behind."""
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
    # 2^127 has 39 digits, so everything moves to the left by one place at least
    scratch[at + size] = _POINT
    for place in range(scale):
        scratch[at + size + 1 + place] = scratch[point + place]
    return at + size + 1 + scale


@kernel
def decimals(
    scale: int,
    values: np.ndarray,
    valid: np.ndarray,
    first: int,
    last: int,
    token: np.ndarray,
    token_size: int,
    delimiter: int,
    scratch: np.ndarray,
    at: int,
    starts: np.ndarray,
    lengths: np.ndarray,
) -> int:
    """Write 128-bit decimals (uint64, two places a row, the low half first), all `scale` digits."""
    unit = np.uint64(TENS[min(scale, 8)])
    for row in range(first, last):
        start = at
        low, high = values[2 * row], values[2 * row + 1]
        if not valid[row]:
            at = null_cell(token, token_size, scratch, at)
        else:
            if np.int64(high) < 0:
                scratch[at] = _MINUS
                at += 1
                low = ~low + np.uint64(1)
                high = ~high + np.uint64(1 if low == np.uint64(0) else 0)
            if high != np.uint64(0) or scale > 8:
                at = _with_point(scratch, at, high, low, scale)
            elif scale == 0:
                at = _plain(scratch, at, low)
            else:
                whole = low // unit
                at = _plain(scratch, at, whole)
                scratch[at] = _POINT
                at = _padded(scratch, at + 1, low - whole * unit, scale)
        at = ended(scratch, at, delimiter)
        starts[row - first] = start
        lengths[row - first] = at - start
    return at


@inlined
def _pair(number: int) -> int:
    """The two digits of a number below 100, as the bytes of an integer."""
    tens = (number * np.uint64(103)) >> np.uint64(10)
    return tens + ((number - np.uint64(10) * tens) << np.uint64(8)) + np.uint64(0x3030)


@inlined
def _date(scratch: np.ndarray, at: int, days: int) -> int:
    """Write the date `days` after 1970-01-01, of the years 0 to 9999; the position behind."""
    # years that begin in March: http://howardhinnant.github.io/date_algorithms.html
    shifted = np.uint64(days + 719_468)
    era = shifted // np.uint64(146_097)
    day = shifted - era * np.uint64(146_097)
    years = (
        day - day // np.uint64(1460) + day // np.uint64(36_524) - day // np.uint64(146_096)
    ) // np.uint64(365)
    day -= np.uint64(365) * years + years // np.uint64(4) - years // np.uint64(100)
    month = (np.uint64(5) * day + np.uint64(2)) // np.uint64(153)
    day -= (np.uint64(153) * month + np.uint64(2)) // np.uint64(5)
    late = month > np.uint64(9)
    year = years + era * np.uint64(400) + np.uint64(late)
    month = month - np.uint64(9) if late else month + np.uint64(3)
    century = year // np.uint64(100)
    digits = _pair(century) | (_pair(year - century * np.uint64(100)) << np.uint64(16))
    digits |= (_pair(month) << np.uint64(40)) | _HYPHENS
    store64(scratch, at, digits)
    store64(scratch, at + 8, _pair(day + np.uint64(1)))
    return at + DATE


@inlined
def _time(scratch: np.ndarray, at: int, microseconds: int) -> int:
    """Write ``HH:MM:SS.ffffff`` of the microseconds of a day; the position behind."""
    seconds = microseconds // np.uint64(1_000_000)
    minutes = seconds // np.uint64(60)
    hours = minutes // np.uint64(60)
    digits = _pair(hours) | (_pair(minutes - hours * np.uint64(60)) << np.uint64(24)) | _COLONS
    store64(scratch, at, digits)
    store64(scratch, at + 6, _pair(seconds - minutes * np.uint64(60)) | _DOT)
    return _padded(scratch, at + 9, microseconds - seconds * np.uint64(1_000_000), 6)


@kernel
def dates(
    values: np.ndarray,
    valid: np.ndarray,
    first: int,
    last: int,
    token: np.ndarray,
    token_size: int,
    delimiter: int,
    scratch: np.ndarray,
    at: int,
    starts: np.ndarray,
    lengths: np.ndarray,
) -> int:
    """Write days since 1970 (int32) as ``YYYY-MM-DD``."""
    for row in range(first, last):
        start = at
        if valid[row]:
            at = _date(scratch, at, np.int64(values[row]))
        else:
            at = null_cell(token, token_size, scratch, at)
        at = ended(scratch, at, delimiter)
        starts[row - first] = start
        lengths[row - first] = at - start
    return at


@kernel
def datetimes(
    values: np.ndarray,
    valid: np.ndarray,
    first: int,
    last: int,
    token: np.ndarray,
    token_size: int,
    delimiter: int,
    scratch: np.ndarray,
    at: int,
    starts: np.ndarray,
    lengths: np.ndarray,
) -> int:
    """Write microseconds since 1970 (int64) as ``YYYY-MM-DD HH:MM:SS.ffffff``."""
    for row in range(first, last):
        start = at
        if valid[row]:
            days = values[row] // _DAY
            at = _date(scratch, at, days)
            scratch[at] = 0x20
            at = _time(scratch, at + 1, np.uint64(values[row] - days * _DAY))
        else:
            at = null_cell(token, token_size, scratch, at)
        at = ended(scratch, at, delimiter)
        starts[row - first] = start
        lengths[row - first] = at - start
    return at
