"""Hypothesis strategies: what a server may send for a type, and what PyMySQL makes of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from hypothesis import strategies as st
from pymysql.constants import FIELD_TYPE
from pymysql.converters import convert_date, convert_datetime, decoders

Text = st.SearchStrategy[bytes]

_BOUNDS = {"int16": 2**15, "int32": 2**31, "int64": 2**63}
DECIMALS = ((1, 0), (1, 1), (9, 2), (15, 4), (18, 18), (19, 0), (20, 0), (22, 6), (38, 0), (38, 37))


def _integers(arrow: str) -> Text:
    bound = _BOUNDS[arrow]
    plain = st.integers(-bound, bound - 1).map(lambda value: b"%d" % value)
    zero_filled = st.tuples(st.integers(0, bound - 1), st.integers(1, 255)).map(
        lambda pair: b"%0*d" % (pair[1], pair[0])
    )
    return st.one_of(plain, st.integers(-200, 200).map(lambda value: b"%d" % value), zero_filled)


def _decimals(precision: int, scale: int) -> Text:
    def write(number: int) -> bytes:
        digits = f"{abs(number):0{scale + 1}d}"
        whole, fraction = (digits[:-scale], digits[-scale:]) if scale else (digits, "")
        return f"{'-' * (number < 0)}{whole}{'.' * bool(scale)}{fraction}".encode()

    limit = 10**precision - 1
    return st.one_of(
        st.integers(-limit, limit), st.integers(-min(limit, 999), min(limit, 999))
    ).map(write)


def _doubles() -> Text:
    finite = st.floats(allow_nan=False, allow_infinity=False)
    # MySQL writes 1e300 where Python writes 1e+300
    shortest = finite.map(lambda value: repr(value).replace("e+", "e").encode())
    precise = finite.map(lambda value: f"{value:.17g}".encode())
    figures = st.decimals(-(10**9), 10**9, places=4).map(lambda value: str(value).encode())
    digits = st.from_regex(rb"-?[0-9]{1,25}(\.[0-9]{1,25})?(e-?[0-9]{1,2})?", fullmatch=True)
    return st.one_of(shortest, precise, figures, digits)


def _datetimes() -> Text:
    return st.tuples(st.datetimes(), st.integers(0, 6)).map(
        lambda pair: (
            pair[0].strftime("%Y-%m-%d %H:%M:%S").rjust(19, "0")
            + (f".{pair[0].microsecond:06d}"[: pair[1] + 1] if pair[1] else "")
        ).encode()
    )


def _read_datetime(text: str) -> datetime:
    value = convert_datetime(text)
    assert isinstance(value, datetime)
    return value.replace(tzinfo=timezone.utc)


# Arrow type → (what the server sends, what it means)
TYPES: dict[str, tuple[Text, Callable[[bytes], Any]]] = {
    **{arrow: (_integers(arrow), decoders[FIELD_TYPE.LONG]) for arrow in _BOUNDS},
    **{
        f"decimal128({precision}, {scale})": (
            _decimals(precision, scale),
            lambda raw: decoders[FIELD_TYPE.NEWDECIMAL](raw.decode()),
        )
        for precision, scale in DECIMALS
    },
    "double": (_doubles(), decoders[FIELD_TYPE.DOUBLE]),
    "date32[day]": (
        st.dates().map(lambda day: day.isoformat().encode()),
        lambda raw: convert_date(raw.decode()),
    ),
    "timestamp[us, tz=UTC]": (_datetimes(), lambda raw: _read_datetime(raw.decode())),
    "string": (st.text(max_size=300).map(str.encode), bytes.decode),
    "binary": (st.binary(max_size=300), bytes),
}
