"""Numbers of a column that is declared to be true or false."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.codec.csv import encode_csv
from pipeline.errors import DataError
from tests.support import wire

WORDS = {b"0": False, b"1": True, b"01": True, None: None}


@given(st.lists(st.sampled_from(list(WORDS)), min_size=1, max_size=40))
def test_zero_is_false_one_is_true_and_null_is_neither(texts: list[bytes | None]) -> None:
    batch = wire.decode([[text] for text in texts], [wire.column("bool")]).batch
    batch.validate(full=True)
    assert batch.column(0).to_pylist() == [WORDS[text] for text in texts]
    csv = bytes(encode_csv(batch, null_token=b"N")).decode().splitlines()
    assert csv == [{False: "f", True: "t", None: "N"}[WORDS[text]] for text in texts]


@pytest.mark.parametrize("text", [b"2", b"-1", b"127", b"-128", b"yes", b""])
@pytest.mark.parametrize("before", [0, 1, 5000])
def test_any_other_number_is_refused_with_its_text(text: bytes, before: int) -> None:
    rows: list[wire.Row] = [[b"1"]] * before + [[text], [b"0"]]
    with pytest.raises(DataError, match=f"column paid .*'{text.decode()}'"):
        list(
            wire.stream(wire.result(rows), [wire.column("bool", "paid")], batch_rows=9000).batches()
        )
