"""`python -m pipeline verify` reports what is compared, what is not, and how they differ."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from pipeline import DailyBackup, HourlyLoad
from pipeline.cli.main import main
from pipeline.comparison import cell_comparison
from tests.support.world import World, day

COLUMNS = "id INT PRIMARY KEY, iban VARCHAR(34), amount DECIMAL(10,2), at DATETIME(6) NOT NULL, INDEX (at)"
ROWS = (
    "VALUES (1, 'DE89 3704', 10.50, '2025-08-01 10:00:00'),"
    " (2, 'AT61 1904 ', -0.07, '2025-08-01 11:00:00.5'),"
    " (3, NULL, 3, '2025-08-02 12:00:00')"
)


@dataclass
class Report:
    """The output of `verify`, and its exit status."""

    status: int
    text: str

    def line(self, table: str) -> str:
        """The line of a table."""
        (line,) = (line for line in self.text.splitlines() if line.startswith(f"{table} "))
        return " ".join(line.split())


@pytest.fixture
def report(world: World, capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*arguments: str) -> Report:
        world.forget()
        capsys.readouterr()
        status = main(["verify", *arguments])
        return Report(status, capsys.readouterr().out)

    return run


@pytest.fixture
def accounts(world: World) -> str:
    return world.create("accounts", COLUMNS, ROWS, cursor="at")


def test_loaded_windows_are_equal(world: World, accounts: str, report: Any):
    world.load_days(accounts, 1, 2)
    result = report()
    assert result.status == 0
    assert result.line(accounts) == f"{accounts} equal 2025-08-03 00:00 2 3 3"
    assert result.text.endswith("1 table: 1 equal\n")


def test_a_column_may_have_any_name(world: World, report: Any):
    table = world.create(
        "things",
        "id INT PRIMARY KEY, cell INT, `a``%s\"b'` INT, at DATETIME NOT NULL, INDEX (at)",
        "VALUES (1, 5, 1, '2025-08-01'), (2, 6, 2, '2025-08-02'), (3, 7, NULL, '2025-08-02')",
        cursor="at",
    )
    world.load_days(table, 1, 2)
    result = report()
    assert result.status == 0
    assert result.line(table).endswith("equal 2025-08-03 00:00 2 3 3")


# Nothing loaded


def test_a_table_without_a_load_is_not_loaded(world: World, accounts: str, report: Any):
    result = report()
    assert result.status == 1
    assert result.line(accounts) == f"{accounts} not loaded - 0 - - no window is loaded"


def test_a_backup_is_not_loaded(world: World, accounts: str, report: Any):
    world.succeed(DailyBackup(day("2025-08-01").start.date(), table=accounts))
    result = report()
    assert result.status == 1
    assert result.line(accounts).endswith("no window is loaded, 1 in the lake")


def test_a_dropped_target_is_not_loaded(world: World, accounts: str, report: Any):
    world.load_days(accounts, 1)
    world.query("DROP TABLE {schema}.accounts")
    result = report()
    assert result.status == 1
    assert " not loaded " in result.line(accounts)
    assert '."accounts" does not exist' in result.line(accounts)


# Differences


def test_a_value_that_changed_with_its_cursor_kept_differs(
    world: World, accounts: str, report: Any
):
    world.load_days(accounts, 1, 2)
    world.sql("UPDATE accounts SET iban = 'DE00 0000' WHERE id = 1")
    result = report()
    assert result.status == 1
    assert result.line(accounts).endswith(
        "differs 2025-08-03 00:00 2 3 3 1 row with other values (2025-08-01)"
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("amount = amount + 0.01 WHERE id = 1", "1 row with other values (2025-08-01)"),
        ("iban = 'AT61 1904' WHERE id = 2", "1 row with other values (2025-08-01)"),
        ("iban = '' WHERE id = 3", "1 row with other values (2025-08-02)"),
        ("at = at + INTERVAL 1 MICROSECOND WHERE id = 3", "1 row with other values (2025-08-02)"),
        ("id = 4 WHERE id = 3", "1 row missing in the warehouse (2025-08-02)"),
    ],
)
def test_the_smallest_change_of_a_value_differs(
    world: World, accounts: str, report: Any, change: str, reason: str
):
    world.load_days(accounts, 1, 2)
    world.sql(f"UPDATE accounts SET {change}")
    result = report()
    assert result.status == 1
    assert reason in result.line(accounts)


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("DELETE FROM {schema}.accounts WHERE id = 1", "1 row missing in the warehouse"),
        ("UPDATE {schema}.accounts SET iban = 'x' WHERE id = 1", "1 row with other values"),
        ("INSERT INTO {schema}.accounts SELECT * FROM {schema}.accounts WHERE id = 1", "repeat"),
        (
            "INSERT INTO {schema}.accounts VALUES (9, '', 1, '2025-08-01 09:00')",
            "not in the source",
        ),
        (
            "INSERT INTO {schema}.accounts VALUES (9, '', 1, '2026-01-01')",
            "1 row of the warehouse in no loaded window",
        ),
        ("UPDATE {schema}.accounts SET at = '2025-08-02' WHERE id = 1", "other values"),
    ],
)
def test_rows_changed_in_the_warehouse_differ(
    world: World, accounts: str, report: Any, statement: str, reason: str
):
    world.load_days(accounts, 1, 2)
    world.query(statement)
    result = report()
    assert result.status == 1
    assert reason in result.line(accounts)


def test_a_row_deleted_in_the_source_differs(world: World, accounts: str, report: Any):
    world.load_days(accounts, 1, 2)
    world.sql(
        "DELETE FROM accounts WHERE id = 2", "INSERT INTO accounts VALUES (7, '', 1, '2025-09-01')"
    )
    result = report()
    assert result.status == 1
    assert "1 row of the warehouse not in the source (2025-08-01)" in result.line(accounts)
    assert "1 row since 2025-08-03 00:00" in result.line(accounts)


def test_a_row_added_to_a_loaded_window_differs(world: World, accounts: str, report: Any):
    world.load_days(accounts, 1, 2)
    world.sql("INSERT INTO accounts VALUES (7, '', 1, '2025-08-01 03:00')")
    result = report()
    assert result.status == 1
    assert "1 row missing in the warehouse (2025-08-01)" in result.line(accounts)


# Pending and not covered


def test_changes_after_the_load_are_pending(world: World, accounts: str, report: Any):
    world.load_days(accounts, 1, 2)
    world.sql(
        "UPDATE accounts SET iban = 'new', at = '2025-08-03 01:00' WHERE id = 2",
        "INSERT INTO accounts VALUES (7, '', 1, '2025-08-03 03:00')",
    )
    result = report()
    assert result.status == 0
    assert result.line(accounts) == (
        f"{accounts} pending 2025-08-03 00:00 2 2 3 1 row changed since the load;"
        " 2 rows since 2025-08-03 00:00"
    )
    world.load_days(accounts, 3)
    assert " equal 2025-08-04 00:00 3 4 4" in report().line(accounts)


def test_pending_changes_do_not_hide_a_difference(world: World, accounts: str, report: Any):
    world.load_days(accounts, 1, 2)
    world.sql(
        "UPDATE accounts SET at = '2025-08-03 01:00' WHERE id = 2",
        "UPDATE accounts SET iban = 'DE00 0000' WHERE id = 1",
    )
    result = report()
    assert result.status == 1
    assert "1 row with other values (2025-08-01)" in result.line(accounts)
    assert "1 row changed since the load" in result.line(accounts)


def test_of_too_many_rows_those_of_a_share_of_the_keys_are_compared(
    world: World, accounts: str, report: Any, monkeypatch: pytest.MonkeyPatch
):
    world.sql(
        "INSERT INTO accounts SELECT seq, 'x', seq, '2025-08-01 01:00' FROM seq_10_to_999",
    )
    world.load_days(accounts, 1, 2)
    world.sql("UPDATE accounts SET at = '2025-08-03 01:00' WHERE id > 9 AND id % 2 = 0")
    monkeypatch.setattr(cell_comparison, "MOST_ROWS", 500)
    result = report()
    assert result.status == 0
    assert " not covered " in result.line(accounts)
    assert "only 1 key in 3 compared row by row (2025-08-01)" in result.line(accounts)
    assert "changed since the load (of 1 key in 3)" in result.line(accounts)
    world.sql("UPDATE accounts SET iban = 'y' WHERE id > 9 AND id % 5 = 0")
    result = report()
    assert result.status == 1
    assert "with other values (2025-08-01, of 1 key in 3)" in result.line(accounts)


def test_a_key_without_a_canonical_text_is_compared_by_counts(world: World, report: Any):
    table = world.create(
        "visits",
        "day DATETIME, n INT, at DATETIME NOT NULL, PRIMARY KEY (day, n), INDEX (at)",
        "VALUES ('2025-08-01', 1, '2025-08-01'), ('2025-08-01', 2, '2025-08-01 10:00')",
        cursor="at",
        datetimes_as_is="at",
        source_timezone="Europe/Berlin",
    )
    world.load_days(table, 1)
    result = report()
    assert result.status == 0
    assert " equal " in result.line(table)
    assert f"not compared in {table}: day (local time of Europe/Berlin)" in result.text
    world.sql("UPDATE visits SET at = '2025-08-02' WHERE n = 1")
    result = report()
    assert result.status == 0
    assert "1 row changed or deleted since the load" in result.line(table)
    world.query("UPDATE {schema}.visits SET n = 7 WHERE n = 2")
    world.load_days(table, 2)
    assert report().status == 1


def test_rows_before_the_first_window_and_in_gaps_are_not_covered(
    world: World, accounts: str, report: Any
):
    world.sql(
        "INSERT INTO accounts VALUES (8, '', 1, '2020-01-01'), (9, '', 1, '2020-01-02'),"
        " (10, '', 1, '2025-08-05')"
    )
    world.load_days(accounts, 1, 5)
    result = report()
    assert result.status == 0
    assert " not covered " in result.line(accounts)
    assert "2 rows before 2025-08-01 00:00" in result.line(accounts)
    assert "1 row in a gap from 2025-08-02 00:00" in result.line(accounts)


def test_rows_without_a_cursor_are_not_covered(world: World, report: Any):
    table = world.create(
        "visits",
        "id INT PRIMARY KEY, at DATETIME NULL, INDEX (at)",
        "VALUES (1, '2025-08-01 10:00'), (2, NULL)",
        cursor="at",
        on_null_cursor="ignore",
    )
    world.load_days(table, 1)
    result = report()
    assert result.status == 0
    assert result.line(table).endswith("1 row without at")


def test_a_backed_up_window_is_pending(world: World, accounts: str, report: Any):
    world.load_days(accounts, 1)
    world.succeed(DailyBackup(day("2025-08-02").start.date(), table=accounts))
    result = report()
    assert result.status == 0
    assert "windows in the lake are not loaded (2025-08-02)" in result.line(accounts)
    assert "1 row since 2025-08-02 00:00" in result.line(accounts)


# Columns


def test_a_column_that_is_missing_in_the_warehouse_differs(
    world: World, accounts: str, report: Any
):
    world.load_days(accounts, 1, 2)
    world.query("ALTER TABLE {schema}.accounts DROP COLUMN iban")
    result = report()
    assert result.status == 1
    assert "the warehouse has no column iban" in result.line(accounts)
    assert f"not compared in {accounts}: iban (missing in the warehouse)" in result.text


def test_a_column_of_another_type_differs(world: World, accounts: str, report: Any):
    world.load_days(accounts, 1, 2)
    world.query("ALTER TABLE {schema}.accounts DROP COLUMN amount")
    world.query("ALTER TABLE {schema}.accounts ADD COLUMN amount INTEGER")
    result = report()
    assert result.status == 1
    assert "column amount is INTEGER, the source has decimal(10,2)" in result.line(accounts)


def test_a_column_added_since_is_pending_then_compared_where_it_was_read(
    world: World, accounts: str, report: Any
):
    world.load_days(accounts, 1)
    world.sql("ALTER TABLE accounts ADD COLUMN note VARCHAR(20) NOT NULL DEFAULT 'none'")
    result = report()
    assert result.status == 0
    assert "the warehouse has no column note" in result.line(accounts)
    world.load_days(accounts, 2)
    result = report()
    assert result.line(accounts).endswith("equal 2025-08-03 00:00 2 3 3")
    assert "note (in windows read without it)" in result.text
    world.sql("UPDATE accounts SET note = 'x' WHERE id = 3")
    assert "1 row with other values (2025-08-02)" in report().line(accounts)


def test_a_column_that_the_policy_leaves_out_is_not_covered(world: World, report: Any):
    columns = "id INT PRIMARY KEY, at DATETIME NOT NULL, INDEX (at)"
    table = world.create(
        "parcels", columns, "VALUES (1, '2025-08-01')", cursor="at", on_new_column="exclude"
    )
    world.load_days(table, 1)
    world.sql("ALTER TABLE parcels ADD COLUMN phone VARCHAR(20) NOT NULL DEFAULT '0'")
    for _ in range(2):
        result = report()
        assert result.status == 0
        assert "left out by on_new_column: phone" in result.line(table)
        world.load_days(table, 2)


def test_columns_without_one_text_are_named(world: World, report: Any):
    table = world.create(
        "things",
        "id INT PRIMARY KEY, weight DOUBLE, doc JSON, scan LONGBLOB, place POINT, at DATETIME NOT NULL,"
        " INDEX (at)",
        "VALUES (1, 0.1, '{}', NULL, NULL, '2025-08-01')",
        cursor="at",
        super="doc",
    )
    world.load_days(table, 1)
    result = report()
    assert result.status == 0
    assert (
        f"not compared in {table}: weight (double), doc (SUPER), scan (longblob), place (geometry)"
        in result.text
    )


def test_a_column_whose_values_a_policy_changed_is_named(world: World, report: Any):
    table = world.create(
        "things",
        "id INT PRIMARY KEY, note LONGTEXT, other INT, at DATETIME NOT NULL, INDEX (at)",
        "VALUES (1, REPEAT('x', 70000), 1, '2025-08-01 10:00:00')",
        cursor="at",
        on_oversize_text="truncate",
    )
    world.load_days(table, 1)
    result = report()
    assert result.status == 0
    assert f"not compared in {table}: note (where policies changed values)" in result.text
    world.sql("UPDATE things SET other = 2")
    assert report().status == 1


# The lake


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("key_checksum", 1, "the lake's key checksum is not the source's"),
        ("rows", 7, "the stages have 7, 2 rows"),
        ("schema_fingerprint", "0" * 64, "the lake marker was replaced after conversion or load"),
    ],
)
def test_an_altered_lake_marker_differs(
    world: World, accounts: str, report: Any, field: str, value: object, reason: str
):
    world.load_days(accounts, 1, 2)
    key = world.keys("accounts").lake_marker(day("2025-08-01"))
    world.lake.put(key, json.dumps({**world.marker(key), field: value}).encode())
    result = report()
    assert result.status == 1
    assert f"{reason} (2025-08-01)" in result.line(accounts)


def test_a_part_that_is_missing_in_the_lake_differs(world: World, accounts: str, report: Any):
    world.load_days(accounts, 1, 2)
    marker = world.marker(world.keys("accounts").lake_marker(day("2025-08-01")))
    world.lake.delete([marker["parts"][0]["key"]])
    result = report()
    assert result.status == 1
    assert "a part in the lake is missing or has another size (2025-08-01)" in result.line(accounts)


def test_a_window_that_left_the_lake_is_compared_by_key_and_cursor(
    world: World, accounts: str, report: Any
):
    world.load_days(accounts, 1, 2)
    world.lake.delete([world.keys("accounts").lake_marker(day("2025-08-01"))])
    result = report()
    assert result.status == 0
    assert "the lake has no marker of 2025-08-01" in result.line(accounts)
    assert "iban (where the lake has no marker)" in result.text
    world.sql("UPDATE accounts SET at = at + INTERVAL 1 SECOND WHERE id = 1")
    assert report().status == 1


# Several tables


def test_a_missing_table_does_not_hide_the_others(world: World, accounts: str, report: Any):
    world.load_days(accounts, 1, 2)
    gone = world.create("aaa", COLUMNS, ROWS, cursor="at")
    world.sql("DROP TABLE aaa")
    result = report()
    assert result.status == 41
    assert result.line(gone).startswith(
        f"{gone} not compared - 0 - - the source has no table {gone}"
    )
    assert " equal " in result.line(accounts)
    assert result.text.endswith("2 tables: 1 not compared, 1 equal\n")


def test_a_damaged_marker_does_not_hide_the_others(world: World, accounts: str, report: Any):
    other = world.create("others", COLUMNS, ROWS, cursor="at")
    world.load_days(accounts, 1)
    world.load_days(other, 1, 2)
    world.lake.put(world.keys("accounts").lake_marker(day("2025-08-01")), b"{}")
    result = report()
    assert result.status == 43
    assert " not compared " in result.line(accounts)
    assert " equal " in result.line(other)


# Load modes and cursors


def test_versions_that_the_source_no_longer_has_are_not_a_difference(
    world: World, accounts: str, report: Any
):
    world.define("accounts", cursor="at", load="append")
    world.load_days(accounts, 1, 2)
    world.sql("UPDATE accounts SET iban = 'new', at = '2025-08-03 01:00' WHERE id = 2")
    world.load_days(accounts, 3)
    result = report()
    assert result.status == 0
    assert result.line(accounts).endswith("equal 2025-08-04 00:00 3 3 4")
    world.query("UPDATE {schema}.accounts SET iban = 'x' WHERE id = 1")
    assert "1 row with other values (2025-08-01)" in report().line(accounts)
    world.query("DELETE FROM {schema}.accounts WHERE id = 2 AND iban = 'AT61 1904 '")
    assert "1 row fewer than loaded (2025-08-01)" in report().line(accounts)


def test_days_and_hours_of_them_are_compared_as_one(world: World, accounts: str, report: Any):
    world.succeed(HourlyLoad(datetime(2025, 8, 1, 10), table=accounts))
    world.load_days(accounts, 1, 2)
    result = report()
    assert result.status == 0
    assert result.line(accounts).endswith("equal 2025-08-03 00:00 3 3 3")
    world.sql("UPDATE accounts SET iban = 'x' WHERE id = 1")
    assert report().status == 1


def test_a_key_that_repeats_is_compared_by_its_newest_row(world: World, report: Any):
    table = world.create(
        "states",
        "id INT PRIMARY KEY, parcel INT NOT NULL, state VARCHAR(9), at DATETIME NOT NULL, INDEX (at)",
        "VALUES (1, 7, 'new', '2025-08-01'), (2, 7, 'sent', '2025-08-02'), (3, 8, 'new', '2025-08-02')",
        cursor="at",
        key="parcel",
    )
    world.load_days(table, 1, 2)
    result = report()
    assert result.status == 0, result.text
    assert result.line(table).endswith("equal 2025-08-03 00:00 2 3 2")
    world.sql("UPDATE states SET state = 'lost' WHERE id = 2")
    assert "1 row with other values" in report().line(table)


def test_a_snapshot_is_compared_and_later_changes_are_pending(world: World, report: Any):
    table = world.create(
        "partners",
        "id INT PRIMARY KEY, name VARCHAR(20), rate DOUBLE, photo VARBINARY(9), since DATE, live BIT(1)",
        "VALUES (1, 'Ä|\"', 0.1, X'00FF', '2020-02-29', 1), (2, NULL, NULL, '', NULL, 0)",
        cursor_type="full",
        booleans="live",
    )
    world.load_days(table, 1)
    result = report()
    assert result.status == 0
    assert " equal " in result.line(table)
    assert result.line(table).endswith(" 1 2 2")
    world.sql("UPDATE partners SET photo = X'00FE' WHERE id = 1")
    result = report()
    assert result.status == 0
    assert " pending " in result.line(table)
    assert "the source has changed since the snapshot of " in result.line(table)
    world.query("UPDATE {schema}.partners SET name = 'x' WHERE id = 1")
    result = report()
    assert result.status == 1
    assert "other rows than in the lake" in result.line(table)


def test_the_lake_has_the_text_of_every_type_as_the_warehouse_has_it(world: World, report: Any):
    """A snapshot is pending only where each of its rows in Parquet has the warehouse's hash."""
    table = world.create(
        "kinds",
        "id INT PRIMARY KEY, a TINYINT UNSIGNED ZEROFILL, b BIGINT UNSIGNED, c DECIMAL(38,20),"
        " d DECIMAL(5,0), e YEAR, f BIT(64), g DATE, h DATETIME, i DATETIME(6), j TIMESTAMP(3) NULL,"
        " k TIME(6), l CHAR(9),"
        " m VARCHAR(300) CHARACTER SET latin1, n LONGTEXT, o ENUM('x', 'y,'), p SET('a', 'b'), q JSON,"
        " r BINARY(4), s VARBINARY(600), t TINYINT(1)",
        "VALUES (1, 7, 18446744073709551615, -0.00000000000000000001, -99999, 1901, 9223372036854775808,"
        " '0001-01-01', '1000-01-01', '9999-12-31 23:59:59.999999', '2025-08-01 00:00:00.001',"
        " '-838:59:59', 'ab ', REPEAT('ü', 300), REPEAT('€😀', 3000), 'y,', 'a,b', '{\"a\": [1, null]}',"
        " X'00', REPEAT(X'00FF', 300), 1),"
        " (2, 0, 0, 0, 0, 0, 0, '2024-02-29', '2024-02-29', '1970-01-01', '1970-01-01 00:00:01', '00:00:00',"
        " '', '', '', 'x', '', 'null', X'', X'', 0),"
        f" (3{', NULL' * 20})",
        cursor_type="full",
        booleans="t",
    )
    world.load_days(table, 1)
    result = report()
    assert " equal " in result.line(table), result.text
    assert "not compared" not in result.text
    world.sql("UPDATE kinds SET a = 8 WHERE id = 3")
    result = report()
    assert " pending " in result.line(table), result.text


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("code VARCHAR(9) COLLATE utf8mb4_bin", "('a'), ('A'), ('b '), (''), ('ß')"),
        ("code CHAR(3) CHARACTER SET latin1 COLLATE latin1_bin", "('a'), ('ü'), ('b')"),
        ("code BINARY(4)", "('a'), (X'00FF'), (X'')"),
        ("code BIGINT UNSIGNED ZEROFILL", "(0), (18446744073709551615), (7)"),
        ("code DECIMAL(38,10)", "(0), (-0.0000000001), (9999999999999999999999999999.9999999999)"),
        ("code ENUM('x', 'y')", "('x'), ('y')"),
        ("code DATETIME(3)", "('2025-08-01'), ('1000-01-01 00:00:00.001')"),
        ("code DATE", "('2025-08-01'), ('0001-01-01'), ('9999-12-31')"),
        ("code YEAR", "(1901), (0)"),
        ("code BIT(64)", "(0), (18446744073709551615)"),
        ("code TIME(2)", "('-838:59:59'), ('00:00:00.01')"),
    ],
)
def test_a_composite_key_of_any_type_is_compared(world: World, report: Any, key: str, values: str):
    world.sql(
        f"CREATE TABLE codes ({key}, n INT AUTO_INCREMENT, at DATETIME NOT NULL DEFAULT '2025-08-01',"
        " PRIMARY KEY (code, n), INDEX (n), INDEX (at))",
        f"INSERT INTO codes (code) VALUES {values}",
    )
    table = world.define("codes", cursor="at")
    world.load_days(table, 1)
    result = report()
    assert result.status == 0, result.text
    assert " equal " in result.line(table)
    assert "not compared" not in result.text
    world.query("DELETE FROM {schema}.codes WHERE n = 1")
    assert "1 row missing in the warehouse" in report().line(table)
