"""What COPY refuses, and what it says of it in stl_load_errors."""

import psycopg2
import psycopg2.errors
import pytest

from devstack.redshift.copy.records import MAX_ROW
from tests import promises
from tests.devstack.redshift.conftest import Lake, Warehouse

pytestmark = promises.ASSUMED_OF_REDSHIFT

COLUMNS = {
    "i": "integer",
    "s": "varchar(5)",
    "d": "decimal(5,2)",
    "t": "timestamp",
    "b": "boolean",
    "y": "date",
    "c": "char(3)",
    "n": "varchar(9) NOT NULL",
    "f": "double precision",
    "j": "super",
    "v": "varbyte(2)",
}
GOOD = {"i": "1", "n": "x"}


def _row(**values: str) -> bytes:
    return "|".join({**dict.fromkeys(COLUMNS, ""), **GOOD, **values}.values()).encode()


@pytest.fixture(autouse=True)
def table(warehouse: Warehouse) -> None:
    warehouse.run(f"CREATE TABLE t ({', '.join(f'{n} {k}' for n, k in COLUMNS.items())})")


@pytest.mark.parametrize(
    ("column", "value", "code", "reason"),
    [
        ("i", "12a", 1207, "Invalid digit, Value 'a', Pos 2, Type: Integer"),
        ("i", "1.5", 1207, "Invalid digit, Value '.', Pos 1, Type: Integer"),
        ("i", "3000000000", 1204, "Overflow"),
        ("i", "0x1F", 1207, "Invalid digit"),
        ("s", "éééé", 1204, "String length exceeds DDL length"),
        ("d", "1000.00", 1222, "Overflow for NUMERIC(5,2)"),
        ("d", "1,5", 1207, "Invalid digit"),
        ("t", "2024-13-01 00:00:00", 1206, "Invalid timestamp format or value"),
        ("t", "0000-00-00 00:00:00", 1206, "Invalid timestamp format or value"),
        ("t", "2024-01-01T00:00:00", 1206, "Invalid timestamp format or value"),
        ("b", "maybe", 1210, "Unknown boolean format"),
        ("y", "2023-02-29", 1205, "Invalid date format or value"),
        ("y", "2023-1-1", 1205, "Invalid Date Format - length must be 10 or more"),
        ("y", "0000-01-01", 1205, "Invalid date format or value"),
        ("c", "é", 1220, "Multibyte character not supported for CHAR"),
        ("n", "\\N", 1213, "Missing data for not-null field"),
        ("f", "1.2.3", 1208, "Invalid floating point value"),
        ("j", "{", 1224, "Invalid JSON"),
        ("v", "abc", 1207, "Invalid hexadecimal digit"),
        ("v", "aabbcc", 1204, "VARBYTE length exceeds DDL length"),
    ],
)
def test_a_bad_value_is_named_with_file_line_column_code_and_reason(
    warehouse: Warehouse, lake: Lake, column: str, value: str, code: int, reason: str
) -> None:
    """Documentation: "Load error reference", "STL_LOAD_ERRORS"."""
    content = b"\n".join([_row(), _row(), _row(**{column: value}), _row()])
    url = lake.put("part.csv", content)
    with pytest.raises(psycopg2.errors.InternalError_) as raised:
        warehouse.run(f"COPY t FROM '{url}' IAM_ROLE default CSV DELIMITER '|'")
    assert raised.value.pgcode == "XX000"
    assert "Load into table 't' failed.  Check 'stl_load_errors' system table" in str(raised.value)
    (error,) = warehouse.errors()
    assert (error["filename"], error["line_number"], error["colname"]) == (url, 3, column)
    assert (error["err_code"], error["raw_field_value"]) == (code, value)
    assert reason in error["err_reason"]
    assert error["raw_line"] == content.decode().split("\n")[2]
    assert warehouse.run("SELECT count(*) FROM t") == [(0,)]


@pytest.mark.parametrize(
    ("line", "code", "reason"),
    [
        (_row() + b"|extra", 1202, "Extra column(s) found"),
        (_row().rsplit(b"|", 1)[0], 1203, "Delimiter not found"),
        (b"nothing", 1201, "Delimiter not found"),
        (_row(s='"a"b'), 1216, "Invalid quote formatting for CSV"),
        (_row(s='"open'), 1216, "Invalid quote formatting for CSV"),
        (_row(s="a\0b"), 1220, "Bad UTF-8 hex sequence: 00"),
        (_row(s="?").replace(b"?", b"\xa4"), 1220, "Bad UTF-8 hex sequence: a4 (error 3)"),
    ],
    ids=["extra", "fewer", "no delimiter", "after quote", "open quote", "NUL", "UTF-8"],
)
def test_a_bad_line_is_named(warehouse: Warehouse, line: bytes, code: int, reason: str) -> None:
    """Documentation: "Load error reference", "Multibyte character load errors"."""
    with pytest.raises(psycopg2.errors.InternalError_):
        warehouse.copy("t", b"\n".join([_row(), line, _row()]))
    (error,) = warehouse.errors()
    assert (error["line_number"], error["err_code"]) == (2, code)
    assert reason in error["err_reason"]


def test_lines_are_counted_through_quoted_newlines_and_headers(warehouse: Warehouse) -> None:
    content = b"\n".join([b"header", _row(s='"a\nb"'), _row(i="x")])
    with pytest.raises(psycopg2.errors.InternalError_):
        warehouse.copy("t", content, "CSV DELIMITER '|' IGNOREHEADER 1")
    assert warehouse.errors()[0]["line_number"] == 4


def test_a_row_over_four_megabytes_is_refused(warehouse: Warehouse) -> None:
    """Documentation: "COPY", usage notes: a single row may not exceed 4 MB."""
    with pytest.raises(psycopg2.errors.InternalError_):
        warehouse.copy("t", _row(j='"[' + "1," * (MAX_ROW // 2) + '1]"'))
    (error,) = warehouse.errors()
    assert "4 MB" in error["err_reason"]


def test_the_rows_of_stl_load_errors_survive_the_rollback(transaction: Warehouse) -> None:
    """Documentation: "STL_LOAD_ERRORS"."""
    transaction.run("CREATE TABLE u (a int)")
    with pytest.raises(psycopg2.errors.InternalError_):
        transaction.copy("u", b"x\n")
    with pytest.raises(psycopg2.errors.InFailedSqlTransaction):
        transaction.run("SELECT 1")
    transaction.connection.rollback()
    assert transaction.errors()[0]["raw_field_value"] == "x"


def test_sys_load_error_detail_tells_the_same(warehouse: Warehouse) -> None:
    """Documentation: "SYS_LOAD_ERROR_DETAIL"."""
    with pytest.raises(psycopg2.errors.InternalError_):
        warehouse.copy("t", _row(i="x"))
    rows = warehouse.run(
        "SELECT line_number, trim(column_name), error_code, trim(error_message)"
        " FROM sys_load_error_detail WHERE session_id = pg_backend_pid()"
    )
    assert rows == [(1, "i", 1207, "Invalid digit, Value 'x', Pos 0, Type: Integer")]


def test_maxerror_skips_and_reports_up_to_its_number(warehouse: Warehouse) -> None:
    """Documentation: "Data load operations", MAXERROR."""
    content = b"\n".join([_row(), _row(i="x"), _row(), _row(b="?"), _row()])
    warehouse.copy("t", content, "CSV DELIMITER '|' MAXERROR 2")
    assert warehouse.run("SELECT count(*), pg_last_copy_count() FROM t") == [(3, 3)]
    assert [error["line_number"] for error in warehouse.errors()] == [2, 4]
    with pytest.raises(psycopg2.errors.InternalError_):
        warehouse.copy("t", content, "CSV DELIMITER '|' MAXERROR 1")
    assert warehouse.run("SELECT count(*) FROM t") == [(3,)]


def test_what_earlier_files_brought_is_not_kept(warehouse: Warehouse, lake: Lake) -> None:
    lake.put("all-1", _row())
    lake.put("all-2", _row(i="x"))
    url = lake.url("all")
    assert warehouse.refused(f"COPY t FROM '{url}' IAM_ROLE default CSV DELIMITER '|'")
    assert warehouse.run("SELECT count(*) FROM t") == [(0,)]
    assert warehouse.errors()[0]["filename"] == lake.url("all-2")
