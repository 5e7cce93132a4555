"""COPY … FORMAT AS PARQUET. Documentation: "COPY from columnar data formats"."""

import datetime
from decimal import Decimal

import psycopg2.errors
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.devstack.redshift.conftest import Warehouse


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
    """The wording from public issue trackers."""
    warehouse.run("CREATE TABLE t (a bigint)")
    content = _parquet(pa.table({"a": pa.array([None], kind)}))
    with pytest.raises(psycopg2.errors.InternalError_) as raised:
        warehouse.copy("t", content, "PARQUET")
    assert "Spectrum Scan Error" in str(raised.value)
    assert "has an incompatible Parquet schema for column" in str(raised.value)


def test_the_precision_of_a_decimal_must_match(warehouse: Warehouse) -> None:
    warehouse.run("CREATE TABLE t (a decimal(10,2))")
    content = _parquet(pa.table({"a": pa.array([None], pa.decimal128(12, 2))}))
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
