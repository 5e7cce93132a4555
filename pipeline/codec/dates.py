"""MySQL's dates and datetimes to days and microseconds since 1970.

A date that is not on the calendar (``0000-00-00``, a month or day of zero, or the 31st of February that
ALLOW_INVALID_DATES admits) has no number: it becomes null and is counted. https://dev.mysql.com/doc/refman/9.0/en/datetime.html
"""

from __future__ import annotations

import numpy as np

from pipeline.codec.digits import FINE, few_digits
from pipeline.codec.jit import Array, Int, inlined, int64, kernel, load64, uint64

_NOT_A_DATE = int64(-(2**62))
_DAY = int64(86_400_000_000)
_FRACTION_UNITS = np.array([1_000_000, 100_000, 10_000, 1_000, 100, 10, 1], np.int64)

_YEARS = np.arange(10_000)
_LEAP = (_YEARS % 4 == 0) & ((_YEARS % 100 != 0) | (_YEARS % 400 == 0))
_YEAR_LENGTH = np.where(_LEAP, 366, 365)
# the day before 1 January of each year, counted from 1970
_YEAR_START = (np.cumsum(_YEAR_LENGTH) - _YEAR_LENGTH - 719_529).astype(np.int32)
_IS_LEAP = _LEAP.astype(np.int64)
_MONTH_LENGTH = np.array(
    [
        [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31],
        [0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31],
    ],
    np.int64,
)
_MONTH_START = np.cumsum(_MONTH_LENGTH, axis=1) - _MONTH_LENGTH

# Eight characters of a date are one 64-bit integer. Exclusive or with the expected zeros and separators
# leaves the digits' values, and zero for each separator.
_YEAR_MONTH = uint64(int.from_bytes(b"0000-00-", "little"))
_DAY_TIME = uint64(int.from_bytes(b"00 00:00", "little"))
_SECOND = uint64(int.from_bytes(b":00", "little"))
_ABOVE_NINE = uint64(0x7676767676767676)
_HIGH_BITS = uint64(0x8080808080808080)


@inlined
def _digits(word: Int, separators: Int) -> tuple[bool, Int]:
    """Whether `word` is digits, and zero under the mask `separators`; the value of each pair of digits."""
    wrong = (((word + _ABOVE_NINE) | word) & _HIGH_BITS) | (word & separators)
    return wrong == uint64(0), word * uint64(10) + (word >> uint64(8))


@inlined
def _byte(word: Int, place: Int) -> Int:
    return int64((word >> uint64(8 * place)) & uint64(0xFF))


@inlined
def _days(year_month: Int, day: Int) -> Int:
    """Days since 1970, or `_NOT_A_DATE`; `year_month` are the pairs of ``YYYY-MM-``."""
    year = _byte(year_month, 0) * 100 + _byte(year_month, 2)
    month = _byte(year_month, 5)
    if year < 1 or month < 1 or month > 12 or day < 1:
        return _NOT_A_DATE
    leap = _IS_LEAP[year]
    if day > _MONTH_LENGTH[leap, month]:
        return _NOT_A_DATE
    return int64(_YEAR_START[year]) + _MONTH_START[leap, month] + day


@inlined
def _date(block: Array, at: Int) -> tuple[bool, Int]:
    """``YYYY-MM-DD``: (parsed, days since 1970 or `_NOT_A_DATE`)."""
    right, year_month = _digits(load64(block, at) ^ _YEAR_MONTH, uint64(0xFF0000FF00000000))
    day = few_digits(block, at + 8, 2)
    if not right or day < 0:
        return False, _NOT_A_DATE  # the year would index out of the tables
    return True, _days(year_month, day)


@inlined
def _datetime(block: Array, at: Int, length: Int) -> tuple[bool, Int]:
    """``YYYY-MM-DD HH:MM:SS[.ffffff]``: (parsed, microseconds since 1970 or `_NOT_A_DATE`)."""
    right, year_month = _digits(load64(block, at) ^ _YEAR_MONTH, uint64(0xFF0000FF00000000))
    good, day_time = _digits(load64(block, at + 8) ^ _DAY_TIME, uint64(0x0000FF0000FF0000))
    end = (load64(block, at + 16) & uint64(0xFFFFFF)) ^ _SECOND
    fine, clock_end = _digits(end, uint64(0xFF))
    hour, minute, second = _byte(day_time, 3), _byte(day_time, 6), _byte(clock_end, 1)
    if not (right and good and fine) or hour > 23 or minute > 59 or second > 59:
        return False, _NOT_A_DATE
    fraction = int64(0)
    if length > 19:
        digits = length - 20
        if block[at + 19] != 0x2E or digits > 6:
            return False, _NOT_A_DATE
        fraction = few_digits(block, at + 20, digits) * _FRACTION_UNITS[digits]
        if fraction < 0:
            return False, _NOT_A_DATE
    days = _days(year_month, _byte(day_time, 0))
    if days == _NOT_A_DATE:
        return True, _NOT_A_DATE
    return True, days * _DAY + ((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction


@kernel
def dates(
    block: Array,
    starts: Array,
    lengths: Array,
    rows: int,
    values: Array,
    valid: Array,
    at: int,
) -> tuple[int, int, int]:
    """Decode `rows` cells into days since 1970, ``values[at:]`` (int32) and ``valid[at:]``.

    Returns the first row that does not parse or `FINE`, the number of dates not on the calendar, and the
    last row of those.
    """
    invalid, example = 0, 0
    for row in range(rows):
        length = lengths[row]
        if length < 0:
            valid[at + row] = 0
            values[at + row] = 0
            continue
        parsed, days = _date(block, int64(starts[row]))
        if length != 10 or not parsed:
            return row, invalid, example
        if days == _NOT_A_DATE:
            invalid += 1
            example = row
            valid[at + row] = 0
            values[at + row] = 0
            continue
        values[at + row] = days
        valid[at + row] = 1
    return FINE, invalid, example


@kernel
def datetimes(
    block: Array,
    starts: Array,
    lengths: Array,
    rows: int,
    values: Array,
    valid: Array,
    at: int,
) -> tuple[int, int, int]:
    """Decode `rows` cells into microseconds since 1970, ``values[at:]`` (int64) and ``valid[at:]``.

    Returns the same as `dates`.
    """
    invalid, example = 0, 0
    for row in range(rows):
        length = int64(lengths[row])
        if length < 0:
            valid[at + row] = 0
            values[at + row] = 0
            continue
        if length < 19:
            return row, invalid, example
        parsed, instant = _datetime(block, int64(starts[row]), length)
        if not parsed:
            return row, invalid, example
        if instant == _NOT_A_DATE:
            invalid += 1
            example = row
            valid[at + row] = 0
            values[at + row] = 0
            continue
        values[at + row] = instant
        valid[at + row] = 1
    return FINE, invalid, example
