"""COPY … FORMAT AS PARQUET. Documentation: "COPY from columnar data formats"."""

import datetime
from decimal import Decimal

import psycopg2.errors
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests import promises
from tests.devstack.redshift.conftest import Warehouse

pytestmark = promises.ASSUMED_OF_REDSHIFT


def _parquet(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    return bytes(sink.getvalue())


SCHEMA = pa.schema(
    [
        ("x", pa.int64()),
        ("y", pa.string()),
        ("z", pa.decimal128(10, 2)),
        ("t", pa.timestamp("us")),
        ("b", pa.bool_()),
        ("d", pa.date32()),
        ("v", pa.binary()),
    ]
)
ROW = {
    "x": 1,
    "y": 'a|b\n"é',
    "z": Decimal("1.50"),
    "t": datetime.datetime(2024, 1, 2, 3, 4, 5, 678901),
    "b": True,
    "d": datetime.date(2024, 1, 2),
    "v": b"\x00\xff",
}
TABLE = (
    "CREATE TABLE t (a bigint, b varchar(9), c decimal(10,2), d timestamp, e bool, f date,"
    " g varbyte(2))"
)


def test_columns_are_mapped_by_position_and_values_kept(warehouse: Warehouse) -> None:
    warehouse.run(TABLE)
    rows = [ROW, dict.fromkeys(ROW), {**ROW, "y": ""}]
    warehouse.copy("t", _parquet(pa.Table.from_pylist(rows, SCHEMA)), "FORMAT AS PARQUET")
    whole = (*list(ROW.values())[:-1], "00ff")
    assert warehouse.run("SELECT * FROM t WHERE b <> ''") == [whole]
    assert warehouse.run("SELECT count(*), count(b), count(g) FROM t") == [(3, 2, 2)]


@pytest.mark.parametrize(
    "kind",
    [pa.int32(), pa.string(), pa.decimal128(18, 0), pa.float64()],
    ids=str,
)
def test_another_type_is_an_incompatible_schema(warehouse: Warehouse, kind: pa.DataType) -> None:
    """Documentation: "Troubleshooting queries in Amazon Redshift Spectrum"."""
    warehouse.run("CREATE TABLE t (z int, a bigint)")
    content = _parquet(pa.table({"z": pa.array([1], pa.int32()), "b": pa.array([None], kind)}))
    with pytest.raises(psycopg2.errors.InternalError_) as raised:
        warehouse.copy("t", content, "PARQUET")
    assert raised.value.diag.message_primary == "Spectrum Scan Error"
    assert "has an incompatible Parquet schema for column" in str(raised.value)
    assert "Column type: BIGINT" in str(raised.value)
    assert " b [i:1 d:1 r:0]" in str(raised.value)
    assert warehouse.run("SELECT count(*) FROM t") == [(0,)]


def test_a_timestamp_in_nanoseconds_is_refused(warehouse: Warehouse) -> None:
    """Redshift takes it for another instant (apache/arrow, issue 38000)."""
    warehouse.run("CREATE TABLE t (a timestamp)")
    content = _parquet(pa.table({"a": pa.array([None], pa.timestamp("ns"))}))
    with pytest.raises(psycopg2.errors.InternalError_, match="incompatible Parquet schema"):
        warehouse.copy("t", content, "PARQUET")


def test_a_super_column_needs_serializetojson_and_keeps_a_string_a_string(
    warehouse: Warehouse,
) -> None:
    """Documentation: "Loading semistructured data into Amazon Redshift"."""
    warehouse.run("CREATE TABLE t (a super, b super)")
    kind = pa.struct([("k", pa.list_(pa.int32()))])
    table = pa.table({"a": ['{"x": 1}', None], "b": pa.array([{"k": [1, 2]}, None], kind)})
    with pytest.raises(psycopg2.errors.InternalError_, match="incompatible Parquet schema"):
        warehouse.copy("t", _parquet(table), "PARQUET")
    warehouse.copy("t", _parquet(table), "PARQUET SERIALIZETOJSON")
    rows = warehouse.run("SELECT json_typeof(a), json_serialize(b) FROM t WHERE a IS NOT NULL")
    assert rows == [("string", '{"k":[1,2]}')]


@pytest.mark.parametrize(
    "option",
    [
        *("REGION 'us-east-1'", "MAXERROR 1", "ACCEPTANYDATE", "COMPUPDATE OFF", "ZSTD", "GZIP"),
        *("NULL 'x'", "TRUNCATECOLUMNS", "IGNOREHEADER 1", "DELIMITER '|'", "NOLOAD"),
    ],
)
def test_most_options_of_copy_are_refused(warehouse: Warehouse, option: str) -> None:
    """Documentation: "COPY from columnar data formats"."""
    warehouse.run("CREATE TABLE t (a bigint)")
    copy = f"COPY t FROM 's3://bucket/key' IAM_ROLE default FORMAT AS PARQUET {option}"
    error = warehouse.refused(copy)
    assert "not supported for PARQUET" in str(error)


def test_a_column_list_chooses_the_columns_by_position(warehouse: Warehouse) -> None:
    """Documentation: "Column mapping options"."""
    warehouse.run("CREATE TABLE t (a bigint, b int DEFAULT 7, c varchar(3))")
    content = _parquet(pa.table({"x": ["abc"], "y": pa.array([1], pa.int64())}))
    url = warehouse.lake.put("p", content)
    warehouse.run(f"COPY t (c, a) FROM '{url}' IAM_ROLE default PARQUET")
    assert warehouse.run("SELECT * FROM t") == [(1, 7, "abc")]


@pytest.mark.parametrize(("precision", "scale"), [(12, 2), (10, 3), (9, 2)])
def test_precision_and_scale_of_a_decimal_must_match(
    warehouse: Warehouse, precision: int, scale: int
) -> None:
    warehouse.run("CREATE TABLE t (a decimal(10,2))")
    content = _parquet(pa.table({"a": pa.array([None], pa.decimal128(precision, scale))}))
    with pytest.raises(psycopg2.errors.InternalError_, match="incompatible Parquet schema"):
        warehouse.copy("t", content, "PARQUET")


def test_the_number_of_columns_must_match(warehouse: Warehouse) -> None:
    warehouse.run("CREATE TABLE t (a bigint, b int)")
    with pytest.raises(psycopg2.errors.InternalError_, match="Unmatched number of columns"):
        warehouse.copy("t", _parquet(pa.table({"a": [1]})), "PARQUET")


def test_a_longer_string_than_the_column_is_refused(warehouse: Warehouse) -> None:
    warehouse.run("CREATE TABLE t (a varchar(3))")
    with pytest.raises(psycopg2.errors.InternalError_, match="longer than the length defined"):
        warehouse.copy("t", _parquet(pa.table({"a": ["éé"]})), "PARQUET")


def test_a_manifest_of_parquet_needs_the_content_length(warehouse: Warehouse) -> None:
    warehouse.run("CREATE TABLE t (a bigint)")
    content = _parquet(pa.table({"a": [1, 2]}))
    url = warehouse.lake.put("p", content)
    copy = "COPY t FROM '{}' IAM_ROLE default FORMAT PARQUET MANIFEST"
    error = warehouse.refused(copy.format(warehouse.lake.manifest({"url": url})))
    assert "content_length" in str(error)
    entry = {"url": url, "meta": {"content_length": len(content)}}
    warehouse.run(copy.format(warehouse.lake.manifest(entry)))
    assert warehouse.run("SELECT sum(a) FROM t") == [(3,)]
    wrong = {"url": url, "meta": {"content_length": len(content) + 1}}
    assert "content_length" in str(warehouse.refused(copy.format(warehouse.lake.manifest(wrong))))
