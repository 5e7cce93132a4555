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
WIDEST_DECIMAL = 40
DATE = 10
DATETIME = 26

_ASCII_ZEROS = np.uint64(0x3030303030303030)
_MINUS, _POINT = 0x2D, 0x2E
_EIGHT = np.int64(100_000_000)
_DAY = np.int64(86_400_000_000)


@inlined
def _eight_digits(number: int) -> int:
    """The eight digits of a number below 10^8, as the bytes of an integer, the first one lowest.

    Splits into pairs of 4, 2 and 1 digits in the lanes of one register, dividing by multiplication:
    the way `digits.few_digits` goes, backwards.
    """
    number = np.uint64(number)
    high = number // np.uint64(10_000)
    lanes = high | ((number - high * np.uint64(10_000)) << np.uint64(32))
    tops = ((lanes * np.uint64(10_486)) >> np.uint64(20)) & np.uint64(0x0000007F0000007F)
    pairs = ((lanes - np.uint64(100) * tops) << np.uint64(16)) + tops
    tens = ((pairs * np.uint64(103)) >> np.uint64(10)) & np.uint64(0x000F000F000F000F)
    return tens + ((pairs - np.uint64(10) * tens) << np.uint64(8)) + _ASCII_ZEROS


@inlined
def _padded(scratch: np.ndarray, at: int, number: int, width: int) -> int:
    """Write `number` with zeros in front to `width` digits, at most eight; the position behind."""
    store64(scratch, at, _eight_digits(number) >> np.uint64(64 - 8 * width) if width else np.uint64(0))
    return at + width


@inlined
def _width(number: int) -> int:
    """How many digits a number from 0 to below 10^18 has."""
    width = 1
    while width < 18 and number >= TENS[width]:
        width += 1
    return width


@inlined
def _positive(scratch: np.ndarray, at: int, number: int, width: int) -> int:
    """Write `number`, from 0 to below 10^18, as `width` digits; the position behind."""
    if width > 16:
        top = number // (_EIGHT * _EIGHT)
        at = _padded(scratch, at, top, width - 16)
        number -= top * (_EIGHT * _EIGHT)
        width = 16
    if width > 8:
        top = number // _EIGHT
        at = _padded(scratch, at, top, width - 8)
        number -= top * _EIGHT
        width = 8
    return _padded(scratch, at, number, width)


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
def _wide(scratch: np.ndarray, at: int, high: int, low: int, least: int) -> int:
    """Write an unsigned 128-bit number as at least `least` digits; the position behind.

    Long division of four 32-bit limbs by 10^8, the remainders being the digits from behind.
    """
    mask, thirty_two = np.uint64(0xFFFFFFFF), np.uint64(32)
    billion = np.uint64(_EIGHT)
    pieces = np.empty(5, np.uint64)
    limbs = np.empty(4, np.uint64)
    limbs[0], limbs[1] = high >> thirty_two, high & mask
    limbs[2], limbs[3] = low >> thirty_two, low & mask
    for piece in range(5):
        rest = np.uint64(0)
        for limb in range(4):
            whole = (rest << thirty_two) | limbs[limb]
            limbs[limb] = whole // billion
            rest = whole - limbs[limb] * billion
        pieces[piece] = rest
    last = 4
    while last > 0 and pieces[last] == np.uint64(0) and 8 * last >= least:
        last -= 1
    top = np.int64(pieces[last])
    at = _padded(scratch, at, top, max(_width(top), least - 8 * last))
    for piece in range(last - 1, -1, -1):
        at = _padded(scratch, at, np.int64(pieces[piece]), 8)
    return at


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
        elif -TENS[18] < value < TENS[18]:
            if value < 0:
                scratch[at] = _MINUS
                at += 1
                value = -value
            at = _positive(scratch, at, value, _width(value))
        else:
            if value < 0:
                scratch[at] = _MINUS
                at += 1
            magnitude = np.uint64(-value) if value < 0 else np.uint64(value)
            at = _wide(scratch, at, np.uint64(0), magnitude, 1)
        at = ended(scratch, at, delimiter)
        starts[row - first] = start
        lengths[row - first] = at - start
    return at


@inlined
def _pointed(scratch: np.ndarray, start: int, end: int, scale: int) -> int:
    """Set a decimal point `scale` digits from the end; the position behind."""
    if scale == 0:
        return end
    for place in range(end, end - scale, -1):
        scratch[place] = scratch[place - 1]
    scratch[end - scale] = _POINT
    return end + 1


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
    unit = TENS[min(scale, 18)]
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
            if high == np.uint64(0) and low < np.uint64(TENS[18]) and scale <= 8:
                whole = np.int64(low) // unit
                at = _positive(scratch, at, whole, _width(whole))
                if scale:
                    scratch[at] = _POINT
                    at = _padded(scratch, at + 1, np.int64(low) - whole * unit, scale)
            else:
                digits = at
                at = _wide(scratch, at, high, low, scale + 1)
                at = _pointed(scratch, digits, at, scale)
        at = ended(scratch, at, delimiter)
        starts[row - first] = start
        lengths[row - first] = at - start
    return at


@inlined
def _date(scratch: np.ndarray, at: int, days: int) -> int:
    """Write the date `days` after 1970-01-01, of the years 0 to 9999; the position behind."""
    # years that begin in March: http://howardhinnant.github.io/date_algorithms.html
    days += 719_468
    era = days // 146_097
    day_of_era = days - era * 146_097
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * shifted + 2) // 5 + 1
    month = shifted + 3 if shifted < 10 else shifted - 9
    year = year_of_era + era * 400 + (1 if month < 3 else 0)
    at = _padded(scratch, at, year, 4)
    scratch[at] = _MINUS
    at = _padded(scratch, at + 1, month, 2)
    scratch[at] = _MINUS
    return _padded(scratch, at + 1, day, 2)


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
            rest = values[row] - days * _DAY
            seconds = rest // 1_000_000
            minutes = seconds // 60
            at = _date(scratch, at, days)
            scratch[at] = 0x20
            at = _padded(scratch, at + 1, minutes // 60, 2)
            scratch[at] = 0x3A
            at = _padded(scratch, at + 1, minutes % 60, 2)
            scratch[at] = 0x3A
            at = _padded(scratch, at + 1, seconds - minutes * 60, 2)
            scratch[at] = _POINT
            at = _padded(scratch, at + 1, rest - seconds * 1_000_000, 6)
        else:
            at = null_cell(token, token_size, scratch, at)
        at = ended(scratch, at, delimiter)
        starts[row - first] = start
        lengths[row - first] = at - start
    return at
