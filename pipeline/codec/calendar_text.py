"""Dates and times to text: kernels with the signature of those in `rendering`."""

from __future__ import annotations

from pipeline.codec.jit import Array, Int, inlined, int64, kernel, store64, uint64
from pipeline.codec.rendering import ended, null_cell, padded

DATE = 10
DATETIME = 26

_DAY = int64(86_400_000_000)
_HYPHENS = uint64(int.from_bytes(b"\0\0\0\0-\0\0-", "little"))
_COLONS = uint64(int.from_bytes(b"\0\0:\0\0:", "little"))
_DOT = uint64(int.from_bytes(b"\0\0.", "little"))


@inlined
def _pair(number: Int) -> Int:
    """The two digits of a number below 100, as the bytes of an integer."""
    tens = (number * uint64(103)) >> uint64(10)
    return tens + ((number - uint64(10) * tens) << uint64(8)) + uint64(0x3030)


@inlined
def _date(scratch: Array, at: Int, days: Int) -> Int:
    """Write the date `days` after 1970-01-01, of the years 0 to 9999; returns the end position."""
    # years that begin in March: http://howardhinnant.github.io/date_algorithms.html
    shifted = uint64(days + 719_468)
    era = shifted // uint64(146_097)
    day = shifted - era * uint64(146_097)
    years = (day - day // uint64(1460) + day // uint64(36_524) - day // uint64(146_096)) // uint64(
        365
    )
    day -= uint64(365) * years + years // uint64(4) - years // uint64(100)
    month = (uint64(5) * day + uint64(2)) // uint64(153)
    day -= (uint64(153) * month + uint64(2)) // uint64(5)
    late = month > uint64(9)
    year = years + era * uint64(400) + uint64(late)
    month = month - uint64(9) if late else month + uint64(3)
    century = year // uint64(100)
    digits = _pair(century) | (_pair(year - century * uint64(100)) << uint64(16))
    digits |= (_pair(month) << uint64(40)) | _HYPHENS
    store64(scratch, at, digits)
    store64(scratch, at + 8, _pair(day + uint64(1)))
    return at + DATE


@inlined
def _time(scratch: Array, at: Int, microseconds: Int) -> Int:
    """Write ``HH:MM:SS.ffffff`` of the microseconds of a day; returns the end position."""
    seconds = microseconds // uint64(1_000_000)
    minutes = seconds // uint64(60)
    hours = minutes // uint64(60)
    digits = _pair(hours) | (_pair(minutes - hours * uint64(60)) << uint64(24)) | _COLONS
    store64(scratch, at, digits)
    store64(scratch, at + 6, _pair(seconds - minutes * uint64(60)) | _DOT)
    return padded(scratch, at + 9, microseconds - seconds * uint64(1_000_000), 6)


@kernel
def dates(
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
    """Write days since 1970 (int32) as ``YYYY-MM-DD``."""
    for row in range(first, last):
        start = at
        if valid[row]:
            at = _date(scratch, at, int64(values[row]))
        else:
            at = null_cell(token, token_size, scratch, at)
        at = ended(scratch, at, delimiter)
        starts[row - first] = start
        lengths[row - first] = at - start
    return at


@kernel
def datetimes(
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
    """Write microseconds since 1970 (int64) as ``YYYY-MM-DD HH:MM:SS.ffffff``."""
    for row in range(first, last):
        start = at
        if valid[row]:
            days = values[row] // _DAY
            at = _date(scratch, at, days)
            scratch[at] = 0x20
            at = _time(scratch, at + 1, uint64(values[row] - days * _DAY))
        else:
            at = null_cell(token, token_size, scratch, at)
        at = ended(scratch, at, delimiter)
        starts[row - first] = start
        lengths[row - first] = at - start
    return at
