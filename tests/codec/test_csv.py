"""The CSV, read back by a reader that takes RFC 4180 at its word."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timezone
from decimal import Context, Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.codec.csv import contains, encode_csv

NULL = b"__null__"
SCALES = ((1, 0), (9, 2), (9, 9), (18, 0), (18, 8), (19, 0), (20, 10), (38, 0), (38, 10), (38, 38))
Field = tuple[str, bool]  # text, was it quoted


def fields_of(text: str) -> Iterator[list[Field]]:
    """The records: fields between |, quotes doubled inside quotes, each record ended by a line feed."""
    record: list[Field] = []
    place = 0
    while place < len(text):
        if text[place] == '"':
            value = ""
            place += 1
            while True:
                end = text.index('"', place)
                value += text[place:end]
                place = end + 1
                if text[place] != '"':
                    break
                value += '"'
                place += 1
            record.append((value, True))
        else:
            end = min(at for at in (text.find("|", place), text.find("\n", place)) if at >= 0)
            assert '"' not in text[place:end]
            record.append((text[place:end], False))
            place = end
        assert text[place] in "|\n"
        if text[place] == "\n":
            yield record
            record = []
        place += 1
    assert not record, "the last line has no end"


def encoded(array: pa.Array) -> list[Field]:
    """The one column of a batch, after its way through CSV."""
    text = bytes(encode_csv(pa.record_batch({"c": array}), null_token=NULL)).decode()
    return [field for (field,) in fields_of(text)]


def bare(texts: list[str | None]) -> list[Field]:
    return [(NULL.decode() if text is None else text, False) for text in texts]


@given(st.lists(st.none() | st.text(max_size=60) | st.text('"|\n\r,\\', max_size=9)))
def test_strings(texts: list[str | None]) -> None:
    expected = [(text, True) if text is not None else (NULL.decode(), False) for text in texts]
    assert encoded(pa.array(texts, pa.string())) == expected


@pytest.mark.parametrize("kind", [pa.int16(), pa.int32(), pa.int64()])
def test_integers(kind: pa.DataType) -> None:
    bound = 2 ** (kind.bit_width - 1)
    numbers = st.integers(-bound, bound - 1) | st.integers(0, 18).map(
        lambda power: min(10**power, bound - 1)
    )

    @given(st.lists(st.none() | numbers))
    def check(values: list[int | None]) -> None:
        assert encoded(pa.array(values, kind)) == bare(
            [None if value is None else str(value) for value in values]
        )

    check()


@pytest.mark.parametrize(("precision", "scale"), SCALES)
def test_decimals_are_plain_and_keep_their_scale(precision: int, scale: int) -> None:
    limit = 10**precision - 1
    numbers = st.integers(-limit, limit) | st.integers(-min(limit, 99), min(limit, 99))

    @given(st.lists(st.none() | numbers))
    def check(values: list[int | None]) -> None:
        decimals = [None if v is None else Decimal(v).scaleb(-scale, _WIDE) for v in values]
        array = pa.array(decimals, pa.decimal128(precision, scale))
        assert encoded(array) == bare([None if d is None else f"{d:f}" for d in decimals])

    check()


_WIDE = Context(prec=60)


@given(st.lists(st.none() | st.datetimes()))
def test_timestamps_have_six_digits_and_no_zone(values: list[datetime | None]) -> None:
    expected = [None if value is None else value.isoformat(" ", "microseconds") for value in values]
    aware = [None if v is None else v.replace(tzinfo=timezone.utc) for v in values]
    assert encoded(pa.array(aware, pa.timestamp("us", tz="UTC"))) == bare(expected)


@given(st.lists(st.none() | st.dates()))
def test_dates(values: list[date | None]) -> None:
    expected = [None if value is None else value.isoformat() for value in values]
    assert encoded(pa.array(values, pa.date32())) == bare(expected)


@given(st.lists(st.none() | st.floats()))
def test_doubles_read_back_as_the_same(values: list[float | None]) -> None:
    for (text, quoted), value in zip(encoded(pa.array(values, pa.float64())), values, strict=True):
        assert not quoted
        assert text == NULL.decode() if value is None else repr(float(text)) == repr(value)
        assert text.lstrip("-")[0].isdigit() or text in ("NaN", "Infinity", "-Infinity", "__null__")


def test_floats_are_as_short_as_floats_can_be() -> None:
    array = pa.array([0.1, float("-inf"), float("nan"), None], pa.float32())
    assert encoded(array) == bare(["0.1", "-Infinity", "NaN", None])


@given(st.lists(st.none() | st.binary(max_size=40)))
def test_bytes_are_bare_hex(values: list[bytes | None]) -> None:
    expected = [None if value is None else value.hex() for value in values]
    assert encoded(pa.array(values, pa.binary())) == bare(expected)


def test_booleans() -> None:
    assert encoded(pa.array([True, False, None])) == bare(["t", "f", None])


def test_a_type_without_a_text_is_refused() -> None:
    with pytest.raises(TypeError, match="list"):
        encode_csv(pa.record_batch({"c": pa.array([[1]])}), null_token=NULL)


@given(st.integers(0, 40), st.integers(0, 40), st.integers(1, 9000))
def test_columns_side_by_side_from_any_slice(start: int, length: int, wide: int) -> None:
    rows: list[dict[str, Any]] = [
        {
            "text": None if row % 7 == 0 else f'{row}|"' + "x" * (wide if row % 13 == 0 else 3),
            "number": None if row % 5 == 0 else row,
            "day": date(2025, 1, 1 + row % 28),
        }
        for row in range(50)
    ]
    batch = pa.RecordBatch.from_pylist(rows).slice(start, length)
    text = bytes(encode_csv(batch, null_token=NULL)).decode()
    assert list(fields_of(text)) == [
        [
            (NULL.decode(), False) if row["text"] is None else (row["text"], True),
            (NULL.decode() if row["number"] is None else str(row["number"]), False),
            (row["day"].isoformat(), False),
        ]
        for row in rows[start : start + length]
    ]


def test_the_token_is_found_where_it_stands_as_a_value() -> None:
    batch = pa.record_batch({"n": pa.array([1, 2]), "t": pa.array(["__null__x", None])})
    assert not contains(batch, NULL)
    assert contains(batch, b"__null__x")
    assert not contains(batch.slice(1), b"__null__x")
