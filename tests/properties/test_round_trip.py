"""Tables that hypothesis draws go MySQL → Parquet → CSV → warehouse and come back equal, value by value.

The comparison is tests/support/oracle.py's: plain SQL on one side, psycopg2 on the other. It is itself under
test below: a codec with one fault in it must be detected.

500 tables are drawn, in five shares so that processes can share them. With CI set they are the same
ones every time; else others on every run, and a failure prints what reproduces it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pymysql
import pytest
from hypothesis import HealthCheck, Phase, given, reject, seed, settings

from pipeline.codec.csv import csv_blocks
from pipeline.errors import LoadRefused
from pipeline.steps import csv_rows
from tests import promises
from tests.support.chain import Chain, running_chain
from tests.support.strategies.tables import Drawn, drawn_tables
from tests.support.world import World

EXAMPLES = 500
SHARES = 5
ROW_TOO_LARGE = (1118, 1074, 139)
IS_CI = bool(os.environ.get("CI"))
DRAWING: dict[str, Any] = {
    "deadline": None,
    "database": None,
    "print_blob": True,
    "suppress_health_check": list(HealthCheck),
}


@pytest.fixture
def chain(world: World) -> Iterator[Chain]:
    with running_chain(world) as running:
        yield running


def carried_differences(chain: Chain, drawn: Drawn, **options: Any) -> list[str]:
    """Make the table, carry it, compare, and take it away again; `options` are of its definition."""
    try:
        chain.make([drawn.create, *drawn.inserts])
    except pymysql.err.OperationalError as error:
        if error.args[0] not in ROW_TOO_LARGE:
            raise
        reject()
    try:
        return chain.differences(chain.carry(drawn.name, {**drawn.definition, **options}))
    finally:
        chain.drop(drawn.name)


@promises.ROUND_TRIP
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("share", range(SHARES))
def test_any_table_arrives_as_it_is(chain: Chain, share: int):
    @settings(max_examples=EXAMPLES // SHARES, **DRAWING)
    @given(drawn_tables(chain.server))
    def arrives(drawn: Drawn) -> None:
        found = carried_differences(chain, drawn)
        assert found == [], "\n".join(found[:20])

    (seed(share)(arrives) if IS_CI else arrives)()


Block = tuple[int, pa.Buffer]
Values = Callable[[pa.Array], pa.Array]


def _doubles_as(kind: pa.DataType) -> Values:
    return lambda values: values.cast(kind, safe=False).cast(values.type, safe=False)


def _without_emoji(values: pa.Array) -> pa.Array:
    return pc.replace_substring_regex(values, "[\U00010000-\U0010ffff]", "?")


def _without_last_zero(values: pa.Array) -> pa.Array:
    raw = [value.as_py() for value in values]
    return pa.array([value and (value.rstrip(b"\0") or b"\1") for value in raw], values.type)


def _cut_to_two_places(values: pa.Array) -> pa.Array:
    # rounded up, the greatest of its precision would not be one any more
    return pc.round(values, 2, round_mode="towards_zero")


def _an_hour_off(values: pa.Array) -> pa.Array:
    # towards 1970: beyond the last day of 9999, and before the first of 1, COPY would refuse it
    micros = values.cast(pa.int64())
    return pc.subtract(micros, pc.multiply(pc.sign(micros), 3_600_000_000)).cast(values.type)


# A fault that some tool had, the types it concerns, and what it makes of a column.
FAULTS: dict[str, tuple[Callable[[pa.DataType], bool], Values]] = {
    "trailing spaces are dropped": (pa.types.is_string, pc.utf8_rtrim_whitespace),
    "NULL becomes empty": (pa.types.is_string, lambda v: pc.fill_null(v, "")),
    "empty becomes NULL": (pa.types.is_string, lambda v: pc.if_else(pc.equal(v, ""), None, v)),
    "the text null becomes NULL": (
        pa.types.is_string,
        lambda v: pc.if_else(pc.equal(pc.ascii_lower(v), "null"), None, v),
    ),
    "characters beyond the BMP become ?": (pa.types.is_string, _without_emoji),
    "line ends are made one": (
        pa.types.is_string,
        lambda v: pc.replace_substring(v, "\r\n", "\n"),
    ),
    "BIGINT goes through a double": (pa.types.is_int64, _doubles_as(pa.float64())),
    "TINYINT becomes a boolean": (pa.types.is_int16, _doubles_as(pa.bool_())),
    "DOUBLE goes through a float": (pa.types.is_float64, _doubles_as(pa.float32())),
    "DECIMAL is cut to two places": (pa.types.is_decimal, _cut_to_two_places),
    "microseconds are cut": (pa.types.is_timestamp, _doubles_as(pa.timestamp("ms", "UTC"))),
    "an hour is lost": (pa.types.is_timestamp, _an_hour_off),
    "the zero byte at the end is dropped": (pa.types.is_binary, _without_last_zero),
    "values are in the wrong rows": (lambda _: True, lambda v: v[::-1]),
}


@promises.ROUND_TRIP
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_the_codec_is_found_out(
    chain: Chain, monkeypatch: pytest.MonkeyPatch, fault: str
):
    concerned, change = FAULTS[fault]

    def faulty(batch: pa.RecordBatch, *, null_token: bytes) -> Iterator[Block]:
        # key and cursor stay, so that it is the comparison that finds the fault, not the load
        changed = [
            change(values) if index > 1 and concerned(values.type) else values
            for index, values in enumerate(batch.columns)
        ]
        arrays = [c.combine_chunks() if isinstance(c, pa.ChunkedArray) else c for c in changed]
        return csv_blocks(pa.record_batch(arrays, batch.schema), null_token=null_token)

    monkeypatch.setattr(csv_rows, "csv_blocks", faulty)

    @settings(max_examples=1000, phases=[Phase.generate], report_multiple_bugs=False, **DRAWING)
    @seed(1)
    @given(drawn_tables(chain.server))
    def arrives(drawn: Drawn) -> None:
        try:
            found = carried_differences(chain, drawn)
        except LoadRefused:  # by COPY, before anything could be compared
            reject()
        if found:
            raise _FoundOut

    with pytest.raises(_FoundOut):
        arrives()


@promises.ROUND_TRIP
def test_a_row_read_twice_in_the_place_of_another_is_found_out(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
):
    def faulty(batch: pa.RecordBatch, *, null_token: bytes) -> Iterator[Block]:
        rows = [0, *range(batch.num_rows - 1)]
        return csv_blocks(batch.take(rows), null_token=null_token)

    monkeypatch.setattr(csv_rows, "csv_blocks", faulty)
    chain.make(["CREATE TABLE pair (id INT)", "INSERT INTO pair VALUES (1), (2)"])
    assert chain.differences(chain.carry("pair", {"cursor_type": "full"})) == ["id: '2' became '1'"]


class _FoundOut(Exception):
    """The comparison has seen a difference."""
