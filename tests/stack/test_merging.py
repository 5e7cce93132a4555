"""One row per key, the newest: what makes two rows one, and which of them stays."""

from datetime import date

import pytest

from pipeline import DailyLoad
from pipeline.errors import DataError
from pipeline.warehouse import sql as redshift_sql
from tests import promises
from tests.support.truths import assert_same, assert_tidy
from tests.support.world import World, day

FIRST = day("2025-08-01")


@promises.TIE_BREAK
@pytest.mark.parametrize("order", ["ASC", "DESC"])
def test_rows_of_one_key_and_one_instant_are_ordered_by_all_their_values(world: World, order: str):
    """`key:` may repeat, and the rows may come in any order: the highest stays, every time."""
    table = world.create(
        "events",
        "n INT, code VARCHAR(9) NOT NULL, note VARCHAR(9), raw VARBINARY(9), at DATETIME NOT NULL",
        "SELECT seq DIV 2, CONCAT('c', seq % 3), IF(seq % 2, NULL, 'x'), 'raw',"
        f" '2025-08-01 10:00:00' FROM seq_0_to_99 ORDER BY seq {order}",
        cursor="at",
        key="code",
        business_key="code",
    )
    world.load_days(table, 1)
    newest = [(49, "c0", None), (48, "c1", None), (49, "c2", "x")]
    assert world.loaded("events", "n, code, note", order="2") == newest
    # loaded once more, it is the same
    world.query("DELETE FROM {schema}.pipeline_ledger")
    world.unmark("events", FIRST, "load")
    world.load_days(table, 1)
    assert world.loaded("events", "n, code, note", order="2") == newest


def test_a_text_key_where_the_warehouse_ignores_case_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    """Two rows of the source would be one. The stand-in never does: here the question is asked so."""
    table = world.create(
        "codes",
        "code VARCHAR(9) COLLATE utf8mb4_bin PRIMARY KEY, at DATETIME NOT NULL",
        "VALUES ('a', '2025-08-01 10:00'), ('A', '2025-08-01 11:00')",
        cursor="at",
    )
    asked = redshift_sql.count_case_ignored
    monkeypatch.setattr(
        redshift_sql,
        "count_case_ignored",
        lambda *what: asked(*what).replace('WHERE "code"', 'WHERE UPPER("code")'),
    )
    error = world.failure(DailyLoad(date(2025, 8, 1), table=table))
    assert "ignores the case of code, a key column" in str(error)
    monkeypatch.setattr(redshift_sql, "count_case_ignored", asked)
    world.succeed(DailyLoad(date(2025, 8, 1), table=table))
    assert world.loaded("codes", "code", "at") == [("a",), ("A",)]


def test_every_column_of_a_composite_key_counts(world: World):
    table = world.create(
        "parts",
        "a VARCHAR(9) COLLATE utf8mb4_nopad_bin, b INT, c DATE, n INT,"
        " at DATETIME(6) NOT NULL, PRIMARY KEY (a, b, c), INDEX (at)",
        "SELECT CONCAT(IF(seq % 2, 'k', 'K'), REPEAT(' ', seq % 3)), seq % 5,"
        " '2025-01-01' + INTERVAL seq % 7 DAY, seq, '2025-08-01 10:00:00' FROM seq_0_to_209",
        cursor="at",
    )
    world.load_days(table, 1)
    world.sql("UPDATE parts SET n = -n, at = '2025-08-02 10:00:00' WHERE n % 4 = 0")
    world.load_days(table, 2)
    assert world.query("SELECT COUNT(*), SUM(n) FROM {schema}.parts") == world.sql(
        "SELECT COUNT(*), SUM(n) FROM parts"
    )
    wanted = world.sql("SELECT CONCAT(a, '|'), b, c, n FROM parts ORDER BY ABS(n)")
    found = world.query("SELECT a || '|', b, c, n FROM {schema}.parts ORDER BY ABS(n)")
    assert found == list(wanted)
    assert_tidy(world, "parts")


def test_an_older_version_that_comes_within_a_later_load_does_not_replace_a_newer(world: World):
    """An hourly window inside a daily one: the same rows twice, in two schemas of windows."""
    table = world.create(
        "orders",
        "id INT PRIMARY KEY, state INT, at DATETIME NOT NULL, INDEX (at)",
        "VALUES (1, 1, '2025-08-01 10:00'), (2, 1, '2025-08-01 11:00')",
        cursor="at",
    )
    world.luigi("DailyBackup", "--table", table, "--date", "2025-08-01")
    world.sql("UPDATE orders SET state = 2, at = '2025-08-01 23:30' WHERE id = 1")
    world.luigi("HourlyLoad", "--table", table, "--hour", "2025-08-01T23")
    world.luigi("DailyLoad", "--table", table, "--date", "2025-08-01")  # as it was backed up before
    assert world.loaded("orders", "id, state") == [(1, 2), (2, 1)]


def test_a_row_that_two_chunks_have_read_is_refused_and_read_again(world: World):
    """Its cursor was set back within the window between the reading of one chunk and of the other."""
    table = world.create(
        "orders",
        "id INT PRIMARY KEY, at DATETIME NOT NULL, INDEX (at)",
        "SELECT seq, '2025-08-01' + INTERVAL seq * 10 MINUTE FROM seq_0_to_143",
        cursor="at",
        chunks=2,
    )
    run = world.start(
        *("DailyLoad", "--table", table, "--date", "2025-08-01"),
        killed="pipeline.steps.extract:extract_chunk:after",
    )
    run.communicate(timeout=60)
    # whichever chunk was read: one row of each moves into the other
    world.sql(
        "UPDATE orders SET at = at - INTERVAL 20 HOUR WHERE id = 140",
        "UPDATE orders SET at = at + INTERVAL 20 HOUR WHERE id = 3",
    )
    error = world.failure(DailyLoad(date(2025, 8, 1), table=table))
    assert isinstance(error, DataError)
    assert "144 rows have only 143 distinct keys" in str(error)
    assert world.loaded("orders") == []
    world.unmark("orders", FIRST, "lake", "csv")
    world.load_days(table, 1)
    assert_same(world, "orders")
    assert_tidy(world, "orders")


def test_the_latest_row_of_texts_that_differ_in_trailing_blanks_is_that_of_each(world: World):
    table = world.create(
        "orders",
        "id INT PRIMARY KEY, number VARCHAR(9), state INT, at DATETIME NOT NULL",
        "VALUES (1, 'a', 1, '2025-08-01 10:00'), (2, 'a', 2, '2025-08-01 11:00'),"
        " (3, 'a ', 3, '2025-08-01 10:00'), (4, 'A', 4, '2025-08-01 10:00'), (5, NULL, 5, '2025-08-01')",
        cursor="at",
        business_key="number",
    )
    world.load_days(table, 1)
    latest = world.query("SELECT id FROM {schema}.orders_latest ORDER BY 1")
    assert latest == [(2,), (3,), (4,), (5,)]


def test_a_row_without_a_cursor_is_not_the_latest(world: World):
    table = world.create(
        "orders",
        "id INT PRIMARY KEY, number INT, at DATETIME NULL",
        "VALUES (1, 7, '2025-08-01 10:00')",
        cursor="at",
        business_key="number",
    )
    world.load_days(table, 1)
    world.query("INSERT INTO {schema}.orders VALUES (2, 7, NULL)")
    assert world.query("SELECT id FROM {schema}.orders_latest") == [(1,)]
