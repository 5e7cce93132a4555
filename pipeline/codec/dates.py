"""MySQL's dates and datetimes to days and microseconds since 1970.

A date that is not on the calendar (``0000-00-00``, a month or day of zero, or the 31st of February that
ALLOW_INVALID_DATES admits) has no number. It becomes null and is counted, so that the caller can
decide what it means. https://dev.mysql.com/doc/refman/9.0/en/datetime.html
"""

from __future__ import annotations

import numpy as np

from pipeline.codec.digits import FINE, few_digits
from pipeline.codec.jit import inlined, kernel

_NOT_A_DATE = np.int64(-(2**62))
_MICROSECONDS = np.int64(1_000_000)
_DAY = 86_400 * _MICROSECONDS
_MONTH_DAYS = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], np.int64)
_FRACTION_UNITS = np.array([1_000_000, 100_000, 10_000, 1_000, 100, 10, 1], np.int64)
_NO_PAIR = np.int64(1 << 20)


@inlined
def _pair(block: np.ndarray, at: int) -> int:
    """The number of two digits; at least `_NO_PAIR` if they are none."""
    tens = np.int64(block[at]) - 48
    ones = np.int64(block[at + 1]) - 48
    if tens < 0 or tens > 9 or ones < 0 or ones > 9:
        return _NO_PAIR
    return tens * 10 + ones


@inlined
def _days(block: np.ndarray, at: int) -> tuple[bool, int]:
    """``YYYY-MM-DD``: (understood, days since 1970 or `_NOT_A_DATE`)."""
    year = _pair(block, at) * 100 + _pair(block, at + 2)
    month = _pair(block, at + 5)
    day = _pair(block, at + 8)
    if (year | month | day) >= _NO_PAIR or block[at + 4] != 0x2D or block[at + 7] != 0x2D:
        return False, _NOT_A_DATE
    if month < 1 or month > 12 or day < 1 or year < 1:
        return True, _NOT_A_DATE
    if day > _MONTH_DAYS[month]:
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        if not (leap and month == 2 and day == 29):
            return True, _NOT_A_DATE
    # years that begin in March put the leap day last: http://howardhinnant.github.io/date_algorithms.html
    if month > 2:
        month -= 3
    else:
        month += 9
        year -= 1
    years = year * 365 + year // 4 - year // 100 + year // 400
    return True, years + (153 * month + 2) // 5 + day - 1 - 719_468


@kernel
def dates(
    block: np.ndarray,
    starts: np.ndarray,
    lengths: np.ndarray,
    rows: int,
    values: np.ndarray,
    valid: np.ndarray,
    at: int,
) -> tuple[int, int, int]:
    """Decode `rows` cells into days since 1970, ``values[at:]`` (int32) and ``valid[at:]``.

    Returns the first row that is no date at all or `FINE`, how many are not on the calendar, and the
    last row of those.
    """
    doubtful, example = 0, 0
    for row in range(rows):
        length = lengths[row]
        if length < 0:
            valid[at + row] = 0
            values[at + row] = 0
            continue
        understood, days = _days(block, np.int64(starts[row]))
        if length != 10 or not understood:
            return row, doubtful, example
        if days == _NOT_A_DATE:
            doubtful += 1
            example = row
            valid[at + row] = 0
            values[at + row] = 0
            continue
        values[at + row] = days
        valid[at + row] = 1
    return FINE, doubtful, example


@inlined
def _time(block: np.ndarray, at: int, length: int) -> int:
    """``HH:MM:SS`` with up to six fraction digits, in microseconds; -1 if it is not one."""
    hour, minute, second = _pair(block, at), _pair(block, at + 3), _pair(block, at + 6)
    if hour > 23 or minute > 59 or second > 59 or block[at + 2] != 0x3A or block[at + 5] != 0x3A:
        return np.int64(-1)
    value = ((hour * 60 + minute) * 60 + second) * _MICROSECONDS
    if length == 8:
        return value
    digits = length - 9
    if block[at + 8] != 0x2E or digits > 6:
        return np.int64(-1)
    fraction = few_digits(block, at + 9, digits)
    return value + fraction * _FRACTION_UNITS[digits] if fraction >= 0 else np.int64(-1)


@kernel
def datetimes(
    block: np.ndarray,
    starts: np.ndarray,
    lengths: np.ndarray,
    rows: int,
    values: np.ndarray,
    valid: np.ndarray,
    at: int,
) -> tuple[int, int, int]:
    """Decode `rows` cells into microseconds since 1970, ``values[at:]`` (int64) and ``valid[at:]``.

    Returns what `dates` returns.
    """
    doubtful, example = 0, 0
    for row in range(rows):
        length = np.int64(lengths[row])
        if length < 0:
            valid[at + row] = 0
            values[at + row] = 0
            continue
        start = np.int64(starts[row])
        if length < 19:
            return row, doubtful, example
        understood, days = _days(block, start)
        clock = _time(block, start + 11, length - 11)
        if not understood or clock < 0 or block[start + 10] != 0x20:
            return row, doubtful, example
        if days == _NOT_A_DATE:
            doubtful += 1
            example = row
            valid[at + row] = 0
            values[at + row] = 0
            continue
        values[at + row] = days * _DAY + clock
        valid[at + row] = 1
    return FINE, doubtful, example
