"""The type map, line by line as information_schema describes MySQL's types."""

from typing import Any

import pyarrow as pa
import pytest

from pipeline.codec.arrow import arrow_schema, arrow_type
from pipeline.errors import ConfigurationError
from pipeline.model.columns import ReadAs, column_of, fingerprint


def described(kind: str, **more: Any) -> dict[str, object]:
    data_type = kind.split("(", maxsplit=1)[0].split(maxsplit=1)[0]
    row = {"COLUMN_NAME": "c", "DATA_TYPE": data_type, "COLUMN_TYPE": kind, "IS_NULLABLE": "YES"}
    return {**row, **more}


def length(characters: int, octets: int = 0) -> dict[str, int]:
    return {"CHARACTER_MAXIMUM_LENGTH": characters, "CHARACTER_OCTET_LENGTH": octets}


def digits(precision: int, scale: int = 0) -> dict[str, int]:
    return {"NUMERIC_PRECISION": precision, "NUMERIC_SCALE": scale}


LONG = 4_294_967_295
DATETIME = pa.timestamp("us", tz="UTC")
MAP = [
    ("tinyint(4)", {}, pa.int16(), "SMALLINT"),
    ("tinyint(1)", {}, pa.int16(), "SMALLINT"),
    ("tinyint(3) unsigned", {}, pa.int16(), "SMALLINT"),
    ("smallint", {}, pa.int16(), "SMALLINT"),
    ("smallint unsigned", {}, pa.int32(), "INTEGER"),
    ("mediumint(8) unsigned", {}, pa.int32(), "INTEGER"),
    ("int", {}, pa.int32(), "INTEGER"),
    ("int unsigned", {}, pa.int64(), "BIGINT"),
    ("int(5) unsigned zerofill", {}, pa.int64(), "BIGINT"),
    ("bigint", {}, pa.int64(), "BIGINT"),
    ("bigint(20) unsigned", {}, pa.decimal128(20, 0), "DECIMAL(20,0)"),
    ("decimal(10,4)", digits(10, 4), pa.decimal128(10, 4), "DECIMAL(10,4)"),
    ("decimal(38,10)", digits(38, 10), pa.decimal128(38, 10), "DECIMAL(38,10)"),
    ("decimal(65,30)", digits(65, 30), pa.string(), "VARCHAR(68)"),
    ("float", {}, pa.float32(), "REAL"),
    ("double", {}, pa.float64(), "DOUBLE PRECISION"),
    ("bit(1)", digits(1), pa.int64(), "BIGINT"),
    ("bit(63)", digits(63), pa.int64(), "BIGINT"),
    ("bit(64)", digits(64), pa.decimal128(20, 0), "DECIMAL(20,0)"),
    ("year(4)", {}, pa.int16(), "SMALLINT"),
    ("date", {}, pa.date32(), "DATE"),
    ("time(6)", {}, pa.string(), "VARCHAR(17)"),
    ("datetime", {}, DATETIME, "TIMESTAMP"),
    ("datetime(6)", {}, DATETIME, "TIMESTAMP"),
    ("timestamp", {}, DATETIME, "TIMESTAMP"),
    ("char(3)", length(3, 12), pa.string(), "VARCHAR(12)"),
    ("varchar(255)", length(255, 1020), pa.string(), "VARCHAR(1020)"),
    ("varchar(0)", length(0, 0), pa.string(), "VARCHAR(4)"),
    ("varchar(16383)", length(16383, 65532), pa.string(), "VARCHAR(65532)"),
    ("text", length(65535, 65535), pa.string(), "VARCHAR(65535)"),
    ("longtext", length(LONG, LONG), pa.string(), "VARCHAR(65535)"),
    ("json", {}, pa.string(), "VARCHAR(65535)"),
    ("binary(16)", length(16, 16), pa.binary(), "VARBYTE(16)"),
    ("varbinary(8)", length(8, 8), pa.binary(), "VARBYTE(8)"),
    ("blob", length(65535, 65535), pa.binary(), "VARBYTE(65535)"),
    ("longblob", length(LONG, LONG), pa.binary(), "VARBYTE(16777216)"),
    ("point", {}, pa.binary(), "VARBYTE(16777216)"),
    ("enum('a','bc','it''s')", {}, pa.string(), "VARCHAR(16)"),
    ("set('x','yy')", {}, pa.string(), "VARCHAR(16)"),
    ("uuid", {}, pa.string(), "VARCHAR(36)"),
]


@pytest.mark.parametrize(("kind", "more", "arrow", "redshift"), MAP, ids=[m[0] for m in MAP])
def test_a_type_becomes_what_holds_all_its_values(
    kind: str, more: dict[str, Any], arrow: pa.DataType, redshift: str
):
    column = column_of(described(kind, **more))
    assert (arrow_type(column), column.redshift) == (arrow, redshift)
    assert column.source_type == kind


@pytest.mark.parametrize(
    ("kind", "read_as"),
    [
        ("bit(64)", ReadAs.NUMBER),
        ("float", ReadAs.DOUBLE),
        ("float(7,3)", ReadAs.DOUBLE),
        ("double", ReadAs.PLAIN),
        ("double unsigned", ReadAs.PLAIN),
        ("double(40,30)", ReadAs.DOUBLE),
        ("double(10,2) unsigned zerofill", ReadAs.DOUBLE),
        ("point", ReadAs.WKB),
        ("datetime", ReadAs.PLAIN),
    ],
)
def test_what_is_not_exact_as_text_is_read_in_another_form(kind: str, read_as: ReadAs):
    assert column_of(described(kind, **digits(64))).read_as == read_as


def test_an_unknown_type_is_refused_by_name():
    with pytest.raises(ConfigurationError) as raised:
        column_of(described("hologram(3)", COLUMN_NAME="Shape"))
    for word in ("column Shape", "hologram(3)", "exclude:"):
        assert word in str(raised.value)


def test_a_name_that_redshift_cannot_hold_is_refused():
    with pytest.raises(ConfigurationError, match="cannot be replicated"):
        column_of(described("int", COLUMN_NAME="包" * 43))


def test_the_schema_keeps_the_sources_spelling_and_every_field_may_be_null():
    columns = [column_of(described("int", COLUMN_NAME="ID", IS_NULLABLE="NO"))]
    assert arrow_schema(columns) == pa.schema([pa.field("ID", pa.int32(), nullable=True)])
    assert columns[0].target == "id"
    assert not columns[0].nullable


def test_the_fingerprint_changes_with_any_part_of_a_column():
    rows = [
        described("int"),
        described("bigint"),
        described("int", COLUMN_NAME="d"),
        described("int", IS_NULLABLE="NO"),
    ]
    columns = [column_of(row) for row in rows]
    assert len({fingerprint([column]) for column in columns}) == len(rows)
    assert fingerprint(columns) != fingerprint(columns[::-1])
    assert fingerprint(columns) == fingerprint(list(columns))
