"""Columns that appear and vanish between two windows: logged, and replicated, refused or left out."""

from datetime import date
from typing import Any

import pytest

from pipeline import DailyLoad
from pipeline.errors import DataError
from pipeline.model.window import Window
from tests.support.world import World

FIRST, SECOND, THIRD = (date(2025, 8, day) for day in (1, 2, 3))
COLUMNS = "id INT PRIMARY KEY, name VARCHAR(20), at DATETIME NOT NULL, INDEX (at)"


def people(world: World, **definition: Any) -> str:
    rows = "VALUES (1, 'a', '2025-08-01'), (2, 'b', '2025-08-02'), (3, 'c', '2025-08-03')"
    return world.create("people", COLUMNS, rows, cursor="at", **definition)


def load(world: World, table: str, day: date) -> str:
    """Load a day with a command line, and return its log."""
    return world.luigi("DailyLoad", "--date", f"{day}", "--table", table).stdout


def add_column(world: World) -> None:
    world.sql("ALTER TABLE people ADD COLUMN iban VARCHAR(34) DEFAULT 'DE'", "COMMIT")


def columns(world: World) -> set[str]:
    rows = world.query(
        "SELECT column_name FROM svv_columns WHERE table_schema = %s AND table_name = 'people'",
        (world.name,),
    )
    return {name for (name,) in rows}


def test_a_new_column_is_followed_with_a_warning_in_the_first_run(world: World):
    table = people(world)
    world.load_days(table, FIRST)
    add_column(world)
    warning = f"WARNING {table}: new columns are replicated (on_new_column: follow): iban"
    assert load(world, table, SECOND).count(warning) == 1
    assert warning not in load(world, table, THIRD)
    assert world.loaded("people", "id, iban") == [(1, None), (2, "DE"), (3, "DE")]


def test_a_dropped_column_is_logged(world: World):
    table = people(world)
    world.load_days(table, FIRST)
    world.sql("ALTER TABLE people DROP COLUMN name")
    out = load(world, table, SECOND)
    assert f"WARNING {table}: dropped columns keep their values in the warehouse" in out
    assert world.loaded("people", "id, name") == [(1, "a"), (2, None)]


def test_a_new_column_is_refused_until_the_definition_names_it(world: World):
    table = people(world, on_new_column="refuse")
    world.load_days(table, FIRST)
    add_column(world)
    error = world.failure(DailyLoad(SECOND, table=table))
    assert type(error) is DataError
    assert error.what == f"{table} has new columns: iban"
    world.define("people", cursor="at", on_new_column="refuse", exclude="iban")
    world.load_days(table, SECOND)
    assert columns(world) == {"id", "name", "at"}
    world.define("people", cursor="at", on_new_column="follow")
    world.load_days(table, THIRD)
    assert world.loaded("people", "id, iban") == [(1, None), (2, None), (3, "DE")]


@pytest.mark.parametrize("chunks", [1, 2])
def test_a_new_column_is_left_out_of_the_lake_too(world: World, chunks: int):
    table = people(world, on_new_column="exclude", chunks=chunks)
    world.load_days(table, FIRST)
    add_column(world)
    out = load(world, table, SECOND)
    assert out.count(f"{table}: new columns are left out (on_new_column: exclude): iban") == 1
    world.load_days(table, THIRD)
    assert columns(world) == {"id", "name", "at"}
    marker = world.marker(world.keys("people").lake_marker(Window.day(THIRD)))
    assert [column["name"] for column in marker["columns"]] == ["id", "name", "at"]


def test_a_new_column_of_the_key_is_not_left_out(world: World):
    table = people(world, on_new_column="exclude")
    world.load_days(table, FIRST)
    world.sql(
        "ALTER TABLE people ADD COLUMN part INT NOT NULL DEFAULT 0, DROP PRIMARY KEY,"
        " ADD PRIMARY KEY (id, part)"
    )
    error = world.failure(DailyLoad(SECOND, table=table))
    assert error.what == f"{table} has new columns: part"


@pytest.mark.parametrize("policy", ["follow", "refuse", "exclude"])
def test_a_column_that_changes_its_case_or_its_place_is_not_new(world: World, policy: str):
    table = people(world, on_new_column=policy)
    world.load_days(table, FIRST)
    world.sql("ALTER TABLE people CHANGE name Name VARCHAR(20) FIRST")
    world.load_days(table, SECOND)
    assert world.loaded("people", "id, name") == [(1, "a"), (2, "b")]
