"""Hashes of rows in Arrow are those of the canonical text."""

from __future__ import annotations

import hashlib
from datetime import date, datetime, timezone
from decimal import Decimal

import pyarrow as pa

from pipeline.codec.row_checksum import row_hashes
from pipeline.model.canonical import CanonicalColumn, canonical_columns
from pipeline.model.columns import Column


def column(name: str, arrow: str, redshift: str) -> Column:
    return Column(name, "any", True, arrow, redshift, name)


COLUMNS = (
    column("n", "int32", "INTEGER"),
    column("d", "decimal128(38, 10)", "DECIMAL(38,10)"),
    column("b", "bool", "BOOLEAN"),
    column("day", "date32[day]", "DATE"),
    column("at", "timestamp[us, tz=UTC]", "TIMESTAMP"),
    column("t", "string", "VARCHAR(40)"),
    column("long", "string", "VARCHAR(65535)"),
    column("x", "binary", "VARBYTE(4)"),
)
ROW = {
    "n": -7,
    "d": Decimal("-0.0000000001"),
    "b": True,
    "day": date(1, 1, 1),
    "at": datetime(2025, 8, 1, 10, 0, 0, 5, timezone.utc),
    "t": "é, ",
    "long": "ß",
    "x": b"\x00\xff",
}


def canonical() -> tuple[CanonicalColumn, ...]:
    columns, omitted = canonical_columns(COLUMNS, {c.target: c.redshift for c in COLUMNS})
    assert not omitted
    return columns


def hashed(text: str) -> int:
    return int(digest(text)[:15], 16)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def test_a_row_is_hashed_as_its_canonical_text():
    empty = dict.fromkeys(ROW) | {"t": "", "x": b""}
    schema = pa.schema(
        [
            ("n", pa.int32()),
            ("d", pa.decimal128(38, 10)),
            ("b", pa.bool_()),
            ("day", pa.date32()),
            ("at", pa.timestamp("us", "UTC")),
            ("t", pa.string()),
            ("long", pa.string()),
            ("x", pa.binary()),
        ]
    )
    batch = pa.RecordBatch.from_pylist([{}, ROW, empty], schema)
    long = digest(f"2:{digest('ß')}")
    text = f"-7,-0.0000000001,t,0001-01-01,2025-08-01 10:00:00.000005,4:é, ,{long},x00ff"
    assert row_hashes(batch, canonical()) == [
        hashed(",,,,,,,"),
        hashed(text),
        hashed(",,,,,0:,,x"),
    ]
    assert row_hashes(batch.slice(1, 1), canonical()) == [hashed(text)]
    assert row_hashes(batch, ()) == [hashed("")] * 3


def test_a_row_of_the_widest_table_fits_a_varchar():
    columns = [column(f"c{n}", "string", "VARCHAR(1000)") for n in range(1600)]
    chosen, _ = canonical_columns(columns, {c.target: c.redshift for c in columns})
    inline = [c for c in chosen if not c.digested]
    assert 0 < len(inline) < 1600
    assert len(inline) * 1007 + (1600 - len(inline)) * 32 + 1599 <= 65_535


def test_a_column_has_a_text_only_where_both_types_have_the_same():
    wanted = {
        "BIGINT": "",
        "DECIMAL(20,0)": "",
        "DECIMAL(20,2)": "INTEGER loaded as DECIMAL(20,2)",
        "VARCHAR(20)": "INTEGER loaded as VARCHAR(20)",
        "DOUBLE PRECISION": "INTEGER loaded as DOUBLE PRECISION",
    }
    for kind, reason in wanted.items():
        _, omitted = canonical_columns([COLUMNS[0]], {"n": kind})
        assert omitted.get("n", "") == reason
