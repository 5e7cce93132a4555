"""A table that is loaded by one cursor takes no rows of another: which is newer, nothing would tell."""

from datetime import date
from typing import Any

import pytest

from pipeline import DailyLoad
from tests import promises
from tests.support.truths import assert_same
from tests.support.world import World, day

BY_ZONE = ({"cursor": "at"}, {"cursor": "at", "source_timezone": "Asia/Tokyo"})
BY_COLUMN = ({"cursor": "at"}, {"cursor": "changed"})
TICKS = {"cursor": "tick", "cursor_type": "epoch"}
BY_UNIT = (TICKS, {**TICKS, "epoch_unit": "microseconds"})


@pytest.fixture
def events(world: World) -> str:
    """Two rows of the first of August by every cursor that it has, and two of the second."""
    world.sql(
        "CREATE TABLE events (id INT PRIMARY KEY, at DATETIME NOT NULL, changed DATETIME NOT NULL, "
        "tick BIGINT NOT NULL)",
        "INSERT INTO events SELECT seq, TIMESTAMPADD(HOUR, 8 * seq, '2025-08-01'), "
        "TIMESTAMPADD(HOUR, 8 * seq, '2025-08-01 01:00'), 1754006400 + 28800 * seq FROM seq_1_to_4",
    )
    return "events"


def read_again(world: World, text: str) -> None:
    world.unmark("events", day(text))


@promises.ID_RANGES_LOST
@pytest.mark.parametrize(("before", "after"), [BY_ZONE, BY_COLUMN, BY_UNIT])
@pytest.mark.parametrize("mode", ["merge", "append"])
def test_another_cursor_is_refused_until_the_table_is_reloaded(
    world: World, events: str, before: dict[str, Any], after: dict[str, Any], mode: str
):
    table = world.define(events, **before, load=mode)
    world.load_days(table, 1)
    rows, ledger = world.loaded(events), world.ledger(events)
    assert rows

    world.define(events, **after, load=mode)
    out = world.luigi("DailyLoad", "--date", "2025-08-02", "--table", table, check=45).stdout
    assert "is loaded by another cursor than this window" in out
    assert "docs/redo.md" in out
    assert "Traceback" not in out
    assert (world.loaded(events), world.ledger(events)) == (rows, ledger)

    world.query("DELETE FROM {schema}.events")
    world.query("DELETE FROM {schema}.pipeline_ledger WHERE table_name = %s", (table,))
    keys = world.keys(events)
    for folder in (keys.views, keys.loads, f"csv/{keys.table.path}/", keys.lake):
        world.lake.delete(world.lake_keys(folder))
    for text in ("2025-07-31", "2025-08-01", "2025-08-02"):
        world.load_days(table, date.fromisoformat(text))
    assert world.marker(keys.loaded_cursor)["cursor"]["cursor"] == after["cursor"]
    if after is BY_COLUMN[1]:
        assert_same(world, events)


def test_a_window_that_was_loaded_under_another_zone_is_not_replaced_either(
    world: World, events: str
):
    """The one loaded window is read again: its old versions would look newer, and stay."""
    table = world.define(events, cursor="at")
    world.load_days(table, 1)
    read_again(world, "2025-08-01")
    world.define(events, cursor="at", source_timezone="Asia/Tokyo")
    error = world.failure(DailyLoad(date(2025, 8, 1), table=table))
    assert "local time of Asia/Tokyo" in str(error)
    world.define(events, cursor="at")
    read_again(world, "2025-08-01")
    world.load_days(table, 1)
    assert [row[0] for row in world.loaded(events)] == [1, 2]


def test_another_target_and_a_dropped_target_are_loaded_from_the_beginning(
    world: World, events: str
):
    table = world.define(events, cursor="at")
    world.load_days(table, 1)
    world.define(events, cursor="changed", target="events_changed")
    world.load_days(table, 2)
    assert world.query("SELECT COUNT(*) FROM {schema}.events_changed") == [(2,)]
    world.query("DROP TABLE {schema}.events_changed")
    read_again(world, "2025-08-02")
    world.define(events, cursor="at", target="events_changed")
    world.load_days(table, 2)
    assert world.query("SELECT COUNT(*) FROM {schema}.events_changed") == [(2,)]


def test_the_zone_that_changes_no_cursor_changes_nothing_for_the_load(world: World, events: str):
    table = world.define(events, **TICKS)
    world.load_days(table, 1)
    world.define(events, **TICKS, source_timezone="Asia/Tokyo")
    world.load_days(table, 2)
    assert [row[0] for row in world.loaded(events)] == [1, 2, 3, 4]
