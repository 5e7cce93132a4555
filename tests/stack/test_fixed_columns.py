"""The cursor is never changed, a key counts only as a whole, and a name means the column spelled so."""

from datetime import date
from typing import Any

import pytest

from pipeline import DailyBackup, DailyLoad
from pipeline.errors import ConfigurationError, DataError
from tests.support.truths import assert_tidy
from tests.support.world import World, day

LAST_OF_JULY, FIRST = date(2025, 7, 31), date(2025, 8, 1)
NOT_STRICT = "SET SESSION sql_mode = ''"


def visits(world: World, kind: str = "DATETIME", **definition: Any) -> str:
    """One visit on the last of July, and one on no day between it and the first of August."""
    world.sql(
        NOT_STRICT,
        f"CREATE TABLE visits (id INT PRIMARY KEY, at {kind} NOT NULL, INDEX (at))",
        "INSERT INTO visits VALUES (1, '2025-07-31'), (2, '2025-08-00'), (3, '2025-08-01')",
    )
    return world.define("visits", **{"cursor": "at", **definition})


@pytest.mark.parametrize("kind", ["DATETIME", "DATE"])
@pytest.mark.parametrize("policy", ["null", "sentinel"])
def test_a_cursor_on_no_calendar_is_not_given_another_value(world: World, kind: str, policy: str):
    """With another cursor the row would be added again whenever its window is read."""
    cursor_type = "date" if kind == "DATE" else "timestamp"
    table = visits(world, kind, load="append", on_zero_date=policy, cursor_type=cursor_type)
    error = world.failure(DailyLoad(LAST_OF_JULY, table=table))
    assert type(error) is DataError
    assert "1 rows have no at and belong to no window" in str(error)
    world.succeed(DailyLoad(FIRST, table=table))
    assert world.loaded("visits", "id") == [(3,)]


@pytest.mark.parametrize("chunks", [1, 3])
def test_such_rows_are_left_out_where_that_is_accepted(world: World, chunks: int):
    table = visits(world, on_null_cursor="ignore", chunks=chunks)
    world.succeed(DailyLoad(LAST_OF_JULY, table=table), DailyLoad(FIRST, table=table))
    assert world.loaded("visits", "id") == [(1,), (3,)]
    markers = [
        world.marker(world.keys("visits").lake_marker(day(d))) for d in ("2025-07-31", "2025-08-01")
    ]
    assert [marker["rows_without_cursor"] for marker in markers] == [1, 0]


@pytest.mark.parametrize("policy", ["null", "sentinel"])
def test_an_invalid_day_of_the_cursor_stops_its_window(world: World, policy: str):
    """To the source the 30th of February comes after the 28th, and before March."""
    world.sql(
        "SET SESSION sql_mode = 'ALLOW_INVALID_DATES'",
        "CREATE TABLE visits (id INT PRIMARY KEY, at DATETIME NOT NULL, INDEX (at))",
        "INSERT INTO visits VALUES (1, '2025-02-30 10:00')",
    )
    table = world.define("visits", cursor="at", load="append", on_zero_date=policy)
    error = world.failure(DailyBackup(date(2025, 2, 28), table=table))
    assert "values of column at cannot be replicated (zero_date)" in str(error)
    assert "the values of a cursor are never changed" in str(error)


def test_a_policy_of_the_cursor_itself_is_refused(world: World):
    table = visits(world, columns={"at": {"on_zero_date": "null"}})
    error = world.failure(DailyLoad(FIRST, table=table))
    assert type(error) is ConfigurationError
    assert "on_zero_date would change the cursor at" in str(error)


def test_columns_that_only_python_takes_for_one_are_two(world: World):
    """Python's lower() folds Ƚ to ƚ; the server's names distinguish them."""
    table = world.create(
        "things",
        "`Ƚ` INT PRIMARY KEY, `ƚ` INT NOT NULL, at DATETIME NOT NULL, INDEX (at)",
        "VALUES (1, 7, '2025-08-01'), (2, 8, '2025-08-01'), (3, 7, '2025-08-02')",
        cursor="at",
        rename={"Ƚ": "big"},
        business_key="ƚ",
    )
    days = [DailyLoad(date(2025, 8, number), table=table) for number in (1, 2)]
    world.succeed(*days)
    assert world.loaded("things", '"big", "ƚ"') == [(1, 7), (2, 8), (3, 7)]
    assert world.query('SELECT "big" FROM {schema}.things_latest ORDER BY 1') == [(2,), (3,)]
    assert_tidy(world, "things")


HIDDEN = [
    {"cursor_type": "full"},
    {"cursor": "at", "load": "append"},
    {"cursor": "at", "load": "append", "business_key": ["v"]},
]


@pytest.mark.parametrize("definition", HIDDEN)
def test_a_hidden_key_is_needed_by_a_merge_alone(world: World, definition: dict[str, Any]):
    world.sql(
        NOT_STRICT,
        "CREATE TABLE things (v INT, id INT AUTO_INCREMENT PRIMARY KEY INVISIBLE, due DATE,"
        " at DATETIME NOT NULL, INDEX (at))",
        "INSERT INTO things (v, due, at) VALUES (5, '0000-00-00', '2025-08-01 10:00')",
    )
    table = world.define("things", on_zero_date="null", **definition)
    world.succeed(DailyLoad(FIRST, table=table))
    assert world.loaded("things", "v, due") == [(5, None)]
    table = world.define("things", cursor="at", on_zero_date="null")
    if "cursor" in definition:
        world.lake.delete([key for key in world.lake_keys() if key.endswith(".json")])
        error = world.failure(DailyLoad(FIRST, table=table))
        assert "the key column id" in str(error)
        assert "is left out" in str(error)
