"""Hours and days of one table that is appended to: each version that a window saw stays, once."""

from datetime import date, datetime
from typing import Any

import pytest

from pipeline import CopyToRedshift, DailyLoad, HourlyLoad
from pipeline.model.window import Window
from tests import promises
from tests.support.world import World, day

TEN = datetime(2025, 8, 1, 10)
FIRST = DailyLoad.window_of(date(2025, 8, 1))


def states(world: World, index: str = "PRIMARY KEY (name)", **definition: Any) -> str:
    """Two things that are told apart by their names, trailing blanks and all; both changed at ten."""
    collation = "utf8mb4_nopad_bin" if world.stack.source.kind == "mariadb" else "utf8mb4_0900_bin"
    return world.create(
        "states",
        f"name VARCHAR(9) COLLATE {collation} NOT NULL, n INT,"
        f" at DATETIME(6) NOT NULL, {index}, INDEX (at)",
        "VALUES ('a', 1, '2025-08-01 10:00'), ('a ', 2, '2025-08-01 10:30')",
        cursor="at",
        load="append",
        **definition,
    )


def change(world: World) -> None:
    """A new version of one of them, two hours later."""
    world.sql("UPDATE states SET n = 3, at = '2025-08-01 12:00' WHERE n = 1")


def versions(world: World) -> list[tuple[Any, ...]]:
    return world.loaded("states", "n")


@promises.APPEND
def test_a_day_keeps_the_versions_that_its_hours_saw_and_doubles_none(world: World):
    table = states(world)
    world.succeed(HourlyLoad(TEN, table=table))
    change(world)
    for _ in range(2):
        world.succeed(DailyLoad(date(2025, 8, 1), table=table))
        assert versions(world) == [(1,), (2,), (3,)]
        world.unmark("states", FIRST)


@promises.APPEND
def test_an_hour_keeps_the_versions_that_its_day_saw_and_doubles_none(world: World):
    table = states(world)
    world.succeed(DailyLoad(date(2025, 8, 1), table=table))
    change(world)
    for hour in (12, 10, 11):
        world.succeed(HourlyLoad(TEN.replace(hour=hour), table=table))
    assert versions(world) == [(1,), (2,), (3,)]
    world.sql("UPDATE states SET n = 20 WHERE n = 2")  # which does not move the cursor
    world.unmark("states", Window.hour(TEN))
    world.succeed(HourlyLoad(TEN, table=table))
    assert versions(world) == [(1,), (3,), (20,)]


@promises.APPEND
@pytest.mark.parametrize("definition", [{}, {"key": "n"}])
def test_without_a_key_a_day_takes_the_place_of_its_hours_or_is_refused(
    world: World, definition: dict[str, str]
):
    """As with a key that may be NULL. Where the day has no fewer rows, nothing that an hour saw is gone."""
    table = states(world, "INDEX (name)", **definition)
    world.succeed(HourlyLoad(TEN, table=table))
    world.sql("INSERT INTO states VALUES ('b', 5, '2025-08-01 12:00')")
    world.succeed(DailyLoad(date(2025, 8, 1), table=table))
    assert versions(world) == [(1,), (2,), (5,)]
    world.sql("DELETE FROM states WHERE n < 3")
    world.unmark("states", FIRST)
    error = world.failure(CopyToRedshift(table=table, window=day("2025-08-01")))
    assert "overlapping windows have loaded 3" in str(error)
    assert versions(world) == [(1,), (2,), (5,)]
