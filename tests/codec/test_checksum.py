"""The checksum, against zlib."""

from __future__ import annotations

import zlib
from datetime import date, datetime, timezone
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.codec.checksum import sum_of_crc32

ROWS = st.lists(
    st.tuples(st.integers(-(2**63), 2**63 - 1), st.text(max_size=30), st.binary(max_size=30))
)


@given(ROWS)
def test_it_is_the_sum_of_the_crcs_of_the_joined_texts(rows: list[tuple[int, str, bytes]]) -> None:
    numbers, texts, raw = zip(*rows, strict=True) if rows else ((), (), ())
    batch = pa.record_batch(
        {
            "n": pa.array(numbers, pa.int64()),
            "t": pa.array(texts, pa.string()),
            "b": pa.array(raw, pa.binary()),
        }
    )
    expected = sum(
        zlib.crc32(b"|".join((str(number).encode(), text.encode(), content)))
        for number, text, content in rows
    )
    assert sum_of_crc32(batch, ["n", "t", "b"]) == expected


def test_only_the_named_columns_count_in_the_order_named() -> None:
    batch = pa.record_batch({"a": pa.array([1]), "b": pa.array(["x"]), "c": pa.array([None])})
    assert sum_of_crc32(batch, ["b", "a"]) == zlib.crc32(b"x|1")


def test_times_and_decimals_are_written_in_full() -> None:
    at = datetime(2025, 8, 1, 12, tzinfo=timezone.utc)
    batch = pa.record_batch(
        {
            "at": pa.array([at], pa.timestamp("us", tz="UTC")),
            "day": pa.array([date(2025, 8, 1)]),
            "price": pa.array([Decimal("-0.50")], pa.decimal128(9, 2)),
        }
    )
    text = b"2025-08-01 12:00:00.000000|2025-08-01|-0.50"
    assert sum_of_crc32(batch, ["at", "day", "price"]) == zlib.crc32(text)


def test_what_has_no_one_text_is_refused() -> None:
    with pytest.raises(ValueError, match="NULL"):
        sum_of_crc32(pa.record_batch({"k": pa.array([1, None])}), ["k"])
    with pytest.raises(TypeError, match="double"):
        sum_of_crc32(pa.record_batch({"k": pa.array([0.5])}), ["k"])
