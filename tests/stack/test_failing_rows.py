"""A row that the server cannot compute is refused with its column and a way out."""

from __future__ import annotations

from datetime import date

import pytest

from pipeline import DailyLoad
from pipeline.errors import DataError
from tests.support.world import World

DAY = date(2025, 8, 1)


def assert_names(error: object, table: str, column: str) -> None:
    assert isinstance(error, DataError)
    assert error.what == f"the source cannot compute the column {column} of {table} for a row"
    assert f"`exclude: [{column}]`" in error.todo
    assert error.why
    assert table in error.where


@pytest.mark.source("mysql")
@pytest.mark.parametrize("null", ["", "NOT NULL"])
def test_a_virtual_column_over_text_that_is_no_json_is_named(world: World, null: str):
    world.sql(
        "CREATE TABLE events (id INT PRIMARY KEY, at DATETIME NOT NULL, body TEXT, note TEXT)",
        """INSERT INTO events VALUES (1, '2025-08-01', '{"a": 1}', ''), (2, '2025-08-01', '{bad', '')""",
        "SET sql_mode = ''",
        f"ALTER TABLE events ADD kind JSON AS (JSON_EXTRACT(body, '$.a')) VIRTUAL {null} AFTER at",
    )
    events = world.define("events", cursor="at")
    error = world.failure(DailyLoad(date=DAY, table=events))
    assert_names(error, events, "kind")
    assert "Invalid JSON text" in str(error)
    world.define("events", cursor="at", exclude=["kind"])
    world.load_days(events, DAY)
    assert world.loaded("events", "id") == [(1,), (2,)]


FAILING = {
    "out of range": "CREATE VIEW sums AS SELECT id, at, note, low - high AS wrong FROM numbers",
    "several rows": "CREATE VIEW sums AS"
    " SELECT id, (SELECT high FROM numbers UNION SELECT 9) AS wrong, at, note FROM numbers",
}


@pytest.mark.parametrize("view", FAILING.values(), ids=FAILING)
def test_a_views_column_that_fails_for_a_row_is_named(world: World, view: str):
    world.sql(
        "CREATE TABLE numbers (id INT PRIMARY KEY, at DATETIME NOT NULL, note TEXT,"
        " low BIGINT UNSIGNED, high BIGINT UNSIGNED)",
        "INSERT INTO numbers VALUES (1, '2025-08-01', 'a', 3, 2), (2, '2025-08-01', 'b', 1, 2)",
        view,
    )
    sums = world.define("sums", cursor="at", key=["id"])
    assert_names(world.failure(DailyLoad(date=DAY, table=sums)), sums, "wrong")
    world.define("sums", cursor="at", key=["id"], exclude=["wrong"])
    world.load_days(sums, DAY)
    assert world.loaded("sums", "id, note") == [(1, "a"), (2, "b")]


def test_a_view_whose_condition_fails_blames_no_column(world: World):
    world.sql(
        "CREATE TABLE numbers (id INT PRIMARY KEY, low BIGINT UNSIGNED, at DATETIME NOT NULL)",
        "INSERT INTO numbers VALUES (1, 1, '2025-08-01')",
        "CREATE VIEW large AS SELECT * FROM numbers WHERE low - 5 > 0",
    )
    large = world.define("large", cursor_type="full", key=["id"])
    error = world.failure(DailyLoad(date=DAY, table=large))
    assert "out of range" in str(error)
    assert "cannot compute the column" not in str(error)
    assert "Try: " in str(error)


def test_a_table_wider_than_the_warehouse_allows_is_refused_before_it_is_read(world: World):
    columns = ", ".join(f"c{number} TINYINT" for number in range(1_600))
    world.sql(f"CREATE TABLE wide (id INT PRIMARY KEY, {columns}) ENGINE = MyISAM")
    world.sql("INSERT INTO wide (id, c1599) VALUES (1, 7)")
    wide = world.define("wide", cursor_type="full")
    out = world.luigi("DailyLoad", "--date", "2025-08-01", "--table", wide, check=41).stdout
    assert f"{wide} has 1,601 columns: a table in Redshift has at most 1,600" in out
    assert "`exclude:`" in out
    assert world.lake_keys("lake/") == []
    assert "has 1,601 columns" in world.pipeline("check", check=41).stdout
    world.define("wide", cursor_type="full", exclude=["c0"])
    assert "1600 columns" in world.pipeline("check").stdout
    world.load_days(wide, DAY)
    assert world.loaded("wide", "id, c1599") == [(1, 7)]
