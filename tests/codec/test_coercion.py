"""Values changed knowingly, against Python's own codecs and strings."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.codec import coercion
from pipeline.codec.csv import encode_csv, line_lengths
from tests.support import wire
from tests.support.rfc4180 import records

TEXTS = st.lists(st.none() | st.text("aé€🚚\0", max_size=12), max_size=9)


@given(TEXTS, st.integers(1, 20))
@example(["ab🚚"], 5)
@example(["🚚"], 3)
@example(["é" * 9], 1)
def test_a_text_is_cut_to_the_most_whole_characters_that_fit(
    texts: list[str | None], limit: int
) -> None:
    cut = coercion.truncated(pa.array(texts, pa.string()), limit)
    cut.validate(full=True)
    assert cut.to_pylist() == [
        None if text is None else text.encode()[:limit].decode(errors="ignore") for text in texts
    ]


@given(TEXTS)
def test_nul_is_left_out_and_nothing_else(texts: list[str | None]) -> None:
    array = pa.array(texts, pa.string())
    stripped = coercion.without_nul(array)
    stripped.validate(full=True)
    assert stripped.to_pylist() == [text and text.replace("\0", "") for text in texts]
    found = [row for row, text in enumerate(texts) if text is not None and "\0" in text]
    assert coercion.with_nul(array).tolist() == found


@given(TEXTS, st.integers(0, 20), st.integers(0, 9))
def test_lengths_are_counted_in_bytes_from_any_slice(
    texts: list[str | None], limit: int, start: int
) -> None:
    array, rest = pa.array(texts, pa.string()).slice(start), texts[start:]
    sizes = [None if text is None else len(text.encode()) for text in rest]
    longer = [row for row, size in enumerate(sizes) if size is not None and size > limit]
    assert coercion.longer(array, limit).tolist() == longer
    assert coercion.empty(array).tolist() == [row for row, size in enumerate(sizes) if size == 0]


@given(st.lists(st.none() | st.binary(max_size=4)), st.data())
def test_only_the_rows_named_are_replaced(values: list[bytes | None], data: st.DataObject) -> None:
    rows = sorted(data.draw(st.sets(st.integers(0, len(values) - 1)))) if values else []
    new = [data.draw(st.none() | st.just(b"new")) for _ in rows]
    wanted = list(values)
    for row, value in zip(rows, new, strict=True):
        wanted[row] = value
    array = pa.array(values, pa.binary())
    assert coercion.replaced(array, np.array(rows, np.int64), new).to_pylist() == wanted


@given(st.lists(st.none() | st.text('a"|\n🚚', max_size=9), min_size=1, max_size=9))
def test_the_length_of_a_line_is_that_of_its_csv(texts: list[str | None]) -> None:
    batch = pa.record_batch({"c": pa.array(texts, pa.string()), "n": pa.array([7] * len(texts))})
    text = bytes(encode_csv(batch, null_token=b"__null__"))
    assert line_lengths(batch).sum() == len(text)
    ends = np.cumsum(line_lengths(batch)).tolist()
    pieces = [text[a:b] for a, b in zip([0, *ends], ends, strict=False)]
    assert [len(list(records(piece))) for piece in pieces] == [1] * len(texts)


@pytest.mark.parametrize("kind", ["date32[day]", "timestamp[us, tz=UTC]"])
@given(st.lists(st.sampled_from([b"2025-07-01", b"0000-00-00", b"2024-00-10", None]), min_size=1))
def test_the_places_of_dates_that_are_none_are_known(kind: str, dates: list[bytes | None]) -> None:
    clock = b" 00:00:00" if kind.startswith("timestamp") else b""
    rows: list[wire.Row] = [[day and day + clock] for day in dates]
    batches = list(wire.stream(wire.result(rows), [wire.column(kind)], batch_rows=7).batches())
    found, base = [], 0
    for decoded in batches:
        for values in decoded.invalid:
            places = np.concatenate(values.places)
            found += (places + base).tolist()
            assert values.row in places
            assert values.rows == len(places)
        base += decoded.batch.num_rows
    impossible = (b"0000-00-00", b"2024-00-10")
    assert found == [row for row, day in enumerate(dates) if day in impossible]
