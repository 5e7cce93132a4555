"""Every type, against what PyMySQL's own converters make of the same bytes."""

from __future__ import annotations

import struct
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import DataError
from tests.support import wire
from tests.support.strategies.cells import TYPES


@pytest.mark.parametrize("arrow", TYPES)
def test_values_are_what_pymysql_reads(arrow: str) -> None:
    sent, meaning = TYPES[arrow]

    @given(st.lists(st.none() | sent, min_size=1, max_size=30))
    def check(texts: list[bytes | None]) -> None:
        array = wire.values([[text] for text in texts], arrow)
        array.validate(full=True)
        assert array.to_pylist() == [None if text is None else meaning(text) for text in texts]

    check()


@pytest.mark.parametrize("arrow", TYPES)
def test_a_garbled_value_is_refused_or_read_as_pymysql_reads_it(arrow: str) -> None:
    sent, meaning = TYPES[arrow]
    changes = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 255)), min_size=1, max_size=4)

    @given(st.lists(st.tuples(sent, changes), min_size=1, max_size=5))
    def check(cells: list[tuple[bytes, list[tuple[int, int]]]]) -> None:
        for text, garbling in cells:
            garbled = bytearray(text)
            for place, byte in garbling:
                if place < len(garbled):
                    garbled[place] = byte
            try:
                (value,) = wire.values([[bytes(garbled)]], arrow).to_pylist()
            except DataError:
                continue
            if arrow == "string":
                assert value == garbled.decode("utf-8", "replace")
            elif value is not None:
                assert value == meaning(bytes(garbled))

    check()


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1))
def test_floats_selected_as_doubles_are_the_same_floats(numbers: list[float]) -> None:
    array = wire.values([[repr(number).encode()] for number in numbers], "float")
    assert array.type == pa.float32()
    assert struct.pack(f"{len(numbers)}f", *array.to_pylist()) == struct.pack(
        f"{len(numbers)}f", *numbers
    )


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[bytes | None]]]:
    kinds = draw(st.lists(st.sampled_from(sorted(TYPES)), min_size=1, max_size=8))
    cells = [st.none() | TYPES[kind][0] for kind in kinds]
    return kinds, draw(st.lists(st.tuples(*cells).map(list), max_size=40))


@given(
    tables(),
    st.integers(1, 5000),
    st.integers(4, 5000),
    st.integers(1, 50),
    st.integers(1, 20_000),
)
def test_tables_in_pieces_of_any_size(
    table: tuple[list[str], list[list[bytes | None]]],
    piece: int,
    block: int,
    batch_rows: int,
    batch_bytes: int,
) -> None:
    kinds, rows = table
    columns = [wire.column(kind, f"c{place}") for place, kind in enumerate(kinds)]
    data = wire.result(rows)
    stream = wire.stream(
        data, columns, piece=piece, block=block, batch_rows=batch_rows, batch_bytes=batch_bytes
    )
    batches = list(stream.batches())
    got: list[dict[str, Any]] = []
    for decoded in batches:
        assert 0 < decoded.batch.num_rows <= batch_rows
        decoded.batch.validate(full=True)
        got += decoded.batch.to_pylist()
    expected = []
    for row in rows:
        cells = wire.as_pymysql_reads(wire.payload(row), len(kinds))
        expected.append(
            {
                f"c{place}": None if text is None else TYPES[kinds[place]][1](text)
                for place, text in enumerate(cells)
            }
        )
    assert got == expected
    assert sum(decoded.wire_bytes for decoded in batches) == len(data) - 9
    assert stream.ending == wire.EOF
    assert stream.sequence == (wire.FIRST + len(rows) + 1) % 256


@pytest.mark.parametrize(
    ("arrow", "text"),
    [
        *[("int16", text) for text in (b"", b"-", b"1.0", b"x", b"32768", b"-32769", b"1 ", b"+1")],
        *[("int32", text) for text in (b"2147483648", b"123456789a", b"12345678901234567890")],
        *[("int64", text) for text in (b"9223372036854775808", b"-9223372036854775809", b"/" * 17)],
        *[("int64", text) for text in (b"9" * 19, b"1" * 20, b"0" * 30 + b"x", b"1-1")],
        *[("decimal128(4, 2)", text) for text in (b"", b"-", b"123.45", b"1.234", b"1.2.3", b".5")],
        *[("decimal128(4, 2)", text) for text in (b"1,5", b"5.", b"1e2", b"a.bc", b"12:34")],
        *[("decimal128(38, 0)", text) for text in (b"1" + b"0" * 38, b"--1", b"1.5")],
        *[("double", text) for text in (b"", b"-", b".", b".5", b"1e", b"1e-", b"1e12345", b"nan")],
        *[("double", text) for text in (b"1x", b"1.2.3", b"0x10", b"1e5x", b" 1", b"inf")],
        *[("date32[day]", text) for text in (b"", b"2025-1-1", b"2025-01-01 ", b"2025/01/01")],
        *[
            ("date32[day]", text)
            for text in (b"202x-01-01", b"2025-01-0x", b"\xff\xff\xff\xff-01-01")
        ],
        *[("timestamp[us, tz=UTC]", text) for text in (b"", b"2025-01-01", b"2025-01-01T00:00:00")],
        *[("timestamp[us, tz=UTC]", b"2025-01-01 " + t) for t in (b"24:00:00", b"00:60:00")],
        *[("timestamp[us, tz=UTC]", b"2025-01-01 " + t) for t in (b"00:00:60", b"00:00:00,5")],
        *[
            ("timestamp[us, tz=UTC]", b"2025-01-01 00:00:00" + t)
            for t in (b".1234567", b".x", b"Z")
        ],
    ],
)
def test_what_is_no_value_of_the_type_is_refused_by_name(arrow: str, text: bytes) -> None:
    with pytest.raises(DataError, match="column amount") as raised:
        wire.decode([[text]], [wire.column(arrow, "amount")])
    assert repr(text.decode("utf-8", "replace")) in str(raised.value)


def test_a_long_value_is_shown_by_its_beginning() -> None:
    with pytest.raises(DataError, match=r"… \(5000 bytes\)"):
        wire.values([[b"x" * 5000]], "int32")


def test_decimals_may_have_fewer_fraction_digits_than_declared() -> None:
    texts = [b"1", b"1.5", b"000012.250", b"-0.1", b"-0"]
    array = wire.values([[text] for text in texts], "decimal128(10, 4)")
    assert [str(value) for value in array.to_pylist()] == [
        "1.0000",
        "1.5000",
        "12.2500",
        "-0.1000",
        "0.0000",
    ]
