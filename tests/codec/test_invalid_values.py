"""Values that cannot be replicated unchanged: counted, with an example, never silently changed."""

from __future__ import annotations

from datetime import date, datetime, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.codec.cells import InvalidValues
from tests.support import wire

IMPOSSIBLE = [
    b"0000-00-00",
    b"2025-00-10",
    b"2025-10-00",
    b"0000-05-05",
    b"2025-02-29",
    b"1900-02-29",
    b"2025-04-31",
    b"2025-13-01",
]


@pytest.mark.parametrize("text", IMPOSSIBLE)
def test_a_date_that_is_not_on_the_calendar_is_null_and_counted(text: bytes) -> None:
    rows: list[wire.Row] = [[b"2024-02-29"], [text], [None], [text]]
    decoded = wire.decode(rows, [wire.column("date32[day]", "day")])
    assert decoded.batch.column(0).to_pylist() == [date(2024, 2, 29), None, None, None]
    assert decoded.invalid == (InvalidValues("day", "zero_date", 2, text.decode()),)


@pytest.mark.parametrize("clock", [b" 00:00:00", b" 12:34:56.789"])
@pytest.mark.parametrize("text", IMPOSSIBLE)
def test_so_is_such_a_datetime(text: bytes, clock: bytes) -> None:
    rows = [[text + clock], [b"2000-02-29 23:59:59.999999"]]
    decoded = wire.decode(rows, [wire.column("timestamp[us, tz=UTC]", "at")])
    last = datetime(2000, 2, 29, 23, 59, 59, 999999, tzinfo=timezone.utc)
    assert decoded.batch.column(0).to_pylist() == [None, last]
    assert decoded.invalid == (InvalidValues("at", "zero_date", 1, (text + clock).decode()),)


def test_zero_bytes_are_kept_and_counted() -> None:
    decoded = wire.decode([[b"a\0b"], [b"\0"], [b"c"]], [wire.column("string", "name")])
    assert decoded.batch.column(0).to_pylist() == ["a\0b", "\0", "c"]
    assert decoded.invalid == (InvalidValues("name", "nul_byte", 2, "\0"),)


def test_bytes_are_never_invalid() -> None:
    decoded = wire.decode([[b"\0\xff"]], [wire.column("binary")])
    assert decoded.invalid == ()


@given(st.lists(st.none() | st.binary(max_size=12) | st.text(max_size=8).map(str.encode)))
@example([b"\xe6\xb7", b"\xb1"])
@example([b"abc\xf0\x9f\x98", b"\x80"])
@example([b"x" * 40 + b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\x80", b"\xf0\x80\x80\x80"])
def test_invalid_utf8_is_replaced_as_python_does_and_counted(texts: list[bytes | None]) -> None:
    batches = list(
        wire.stream(wire.result([[text] for text in texts]), [wire.column("string")]).batches()
    )
    got = batches[0].batch.column(0).to_pylist() if batches else []
    assert got == [None if text is None else text.decode("utf-8", "replace") for text in texts]
    wrong = sum(text is not None and "\ufffd" in text.decode("utf-8", "replace") for text in texts)
    wrong -= sum(
        text is not None and _is_utf8(text) and "\ufffd" in text.decode() for text in texts
    )
    invalid = batches[0].invalid if batches else ()
    assert sum(values.rows for values in invalid if values.kind == "invalid_utf8") == wrong


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def test_invalid_values_are_those_of_their_batch() -> None:
    rows = [[b"\xff"], [b"fine"], [b"\xfe"], [b"\xfd"]]
    batches = list(wire.stream(wire.result(rows), [wire.column("string")], batch_rows=2).batches())
    assert [sum(values.rows for values in decoded.invalid) for decoded in batches] == [1, 2]
    assert batches[1].batch.column(0).to_pylist() == ["\ufffd", "\ufffd"]
