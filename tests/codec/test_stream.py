"""The framing: huge rows, lost packets, errors, and bytes that are no row stream at all."""

from __future__ import annotations

import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.codec.decoder import MalformedRow
from pipeline.codec.stream import ServerFailed, WrongSequence
from pipeline.errors import DataError
from tests.support import wire

BIG = 1 << 24
TEXT = [wire.column("string")]
KINDS = ["int32", "string", "decimal128(9, 2)", "timestamp[us, tz=UTC]", "double", "date32[day]"]
ROW = [b"12", "zw\u00f6lf".encode(), b"12.00", b"2025-08-01 12:00:00.5", b"0.1", b"2025-08-01"]
COLUMNS = [wire.column(kind, f"c{place}") for place, kind in enumerate(KINDS)]


@pytest.mark.parametrize(
    "size",
    [0, 1, 250, 251, 252, 65535, 65536, BIG - 6, BIG - 5, BIG - 4, BIG, BIG + 1, 2 * BIG + 7],
)
@pytest.mark.parametrize("piece", [1 << 30, 70_001])
def test_values_of_every_length(size: int, piece: int) -> None:
    value = bytes(range(97, 123)) * (size // 26 + 1)
    rows: list[wire.Row] = [[b"before"], [value[:size]], [b"after"], [None]]
    (decoded,) = wire.stream(wire.result(rows), TEXT, piece=piece).batches()
    assert decoded.batch.column(0).to_pylist() == [
        "before",
        value[:size].decode(),
        "after",
        None,
    ]


def test_a_row_that_fills_its_last_packet_is_ended_by_an_empty_one() -> None:
    content = wire.cell(b"x" * (wire.MAX_PAYLOAD - 4))
    assert len(content) == wire.MAX_PAYLOAD
    (decoded,) = wire.stream(wire.packets([content, wire.EOF])[0], TEXT).batches()
    assert decoded.batch.num_rows == 1
    assert decoded.wire_bytes == wire.MAX_PAYLOAD + 8


def test_the_buffer_shrinks_after_a_large_row() -> None:
    rows = [[b"x" * 3_000_000], *[[b"y" * 1000]] * 200]
    stream = wire.stream(wire.result(rows), TEXT, batch_rows=1)
    sizes = [len(stream._buffer) for _ in stream.batches()]
    assert sizes[0] > 3_000_000
    assert sizes[-1] < 1 << 17


def test_no_rows_are_no_batch() -> None:
    stream = wire.stream(wire.result([]), TEXT)
    assert list(stream.batches()) == []
    assert stream.ending == wire.EOF
    assert stream.excess == 0


def test_what_follows_the_end_is_counted_and_left() -> None:
    stream = wire.stream(wire.result([[b"a"]]) + b"more", TEXT)
    assert len(list(stream.batches())) == 1
    assert stream.excess == 4


def test_a_batch_ends_with_the_row_that_makes_it_large_enough() -> None:
    rows = [[b"x" * 100]] * 10
    stream = wire.stream(wire.result(rows), TEXT, batch_bytes=300, block=105)
    assert [decoded.batch.num_rows for decoded in stream.batches()] == [3, 3, 3, 1]


def test_the_server_s_error_comes_after_the_rows_before_it() -> None:
    failure = b"\xff" + struct.pack("<H", 1317) + b"#70100Query execution was interrupted"
    data, _ = wire.packets([wire.payload([b"a"]), failure])
    stream = wire.stream(data, TEXT, batch_rows=1)
    batches = stream.batches()
    assert next(batches).batch.num_rows == 1
    with pytest.raises(ServerFailed) as raised:
        next(batches)
    assert raised.value.payload == failure


@pytest.mark.parametrize("content", [b"a", b"x" * wire.MAX_PAYLOAD])
def test_a_lost_packet_is_noticed(content: bytes) -> None:
    first, _ = wire.packets([wire.payload([b"a"])])
    later, _ = wire.packets([wire.payload([content]), wire.EOF], sequence=wire.FIRST + 2)
    with pytest.raises(WrongSequence) as raised:
        list(wire.stream(first + later, TEXT).batches())
    assert (raised.value.got, raised.value.expected) == (wire.FIRST + 2, wire.FIRST + 1)


def test_a_lost_continuation_is_noticed() -> None:
    data, _ = wire.packets([wire.payload([b"x" * BIG])])
    cut = wire.MAX_PAYLOAD + 4
    changed = data[: cut + 3] + b"\x63" + data[cut + 4 :]
    with pytest.raises(WrongSequence):
        list(wire.stream(changed, TEXT).batches())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x02a",
        b"\x01ab",
        b"\xfb\xfb",
        b"\xfc\x01",
        b"\xfc\x05\x00abc",
        b"\xfd\x01\x00",
        b"\xfe" + b"\xff" * 8 + b"abc",
        b"\xfe" + b"\xff" * 7 + b"\x7fabc",
        b"\xfe" + b"\x00" * 4 + b"\x01" + b"\x00" * 3 + b"abc",
    ],
)
def test_a_packet_that_is_no_row_of_that_many_columns_is_refused(content: bytes) -> None:
    data, _ = wire.packets([content, wire.EOF])
    with pytest.raises(MalformedRow):
        list(wire.stream(data, TEXT).batches())


@given(
    st.integers(0, 400),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=4),
    st.integers(4, 300),
)
@example(0, [], 4)
def test_truncated_and_garbled_streams_raise(
    kept: int, changes: list[tuple[int, int]], block: int
) -> None:
    """Whatever comes, it ends: with an error, or with rows if the change made sense."""
    data = bytearray(wire.result([ROW] * 4)[: 400 - kept])
    for place, value in changes:
        if place < len(data):
            data[place] = value
    stream = wire.stream(bytes(data), COLUMNS, block=block, batch_rows=3)
    try:
        for decoded in stream.batches():
            decoded.batch.validate(full=True)
    except (EOFError, ServerFailed, WrongSequence, MalformedRow, DataError):
        return
    assert stream.ending[0] == 0xFE


@given(st.binary(max_size=300), st.integers(1, 6))
def test_random_bytes_as_a_row_raise_or_are_one(content: bytes, columns: int) -> None:
    data, _ = wire.packets([content, wire.EOF])
    kinds = [wire.column("binary", f"c{place}") for place in range(columns)]
    try:
        expected = wire.as_pymysql_reads(content, columns)
    except (AssertionError, IndexError, struct.error, TypeError):
        expected = None
    try:
        batches = list(wire.stream(data, kinds).batches())
    except (MalformedRow, ServerFailed):
        return
    if batches:
        assert list(batches[0].batch.to_pylist()[0].values()) == expected
