"""One table from MySQL to the warehouse, and what running it again does."""

from datetime import date

import pytest

from pipeline import CopyToRedshift, DailyBackup, DailyLoad, RefreshViews
from tests import promises
from tests.support.world import World, day

EVENTS = """
CREATE TABLE events (
  id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, parcel VARCHAR(20) NOT NULL,
  status TINYINT(1), price DECIMAL(10,4), note TEXT,
  changed DATETIME(6) NOT NULL, INDEX (changed, id))
"""


@pytest.fixture
def events(world: World) -> str:
    world.sql(
        EVENTS,
        """INSERT INTO events (parcel, status, price, note, changed) VALUES
        ('a', 2, 1.2345, 'first', '2025-08-01 00:00:00'),
        ('a', 3, NULL, '', '2025-08-01 23:59:59.999999'),
        ('b', NULL, -0.0001, NULL, '2025-08-02 00:00:00'),
        ('c', 0, 999999.9999, 'pipe | quote " back\\\\slash\nnew line 顺丰 🚚', '2025-08-02 12:00:00')""",
    )
    return world.define("events", cursor="changed", business_key="parcel")


def test_a_day_reaches_the_warehouse_with_every_value(world: World, events: str):
    assert world.build(DailyLoad(date(2025, 8, 2), table=events)).scheduling_succeeded
    rows = world.loaded("events", "id, parcel, status, price, note, changed")
    assert [tuple(map(str, row)) for row in rows] == [
        ("3", "b", "None", "-0.0001", "None", "2025-08-02 00:00:00"),
        (
            *("4", "c", "0", "999999.9999"),
            'pipe | quote " back\\slash\nnew line 顺丰 🚚',
            "2025-08-02 12:00:00",
        ),
    ]


@promises.ONE_WINDOW
def test_a_row_on_a_boundary_belongs_to_the_window_it_starts(world: World, events: str):
    for number in (1, 2):
        world.build(DailyLoad(date(2025, 8, number), table=events))
    staged = [row[2] for row in world.ledger("events")]
    assert staged == [2, 2]
    assert world.query("SELECT COUNT(*) FROM {schema}.events") == [(4,)]
    assert world.query("SELECT status FROM {schema}.events WHERE id = 1") == [(2,)]


def test_the_latest_view_shows_one_row_per_business_key(world: World, events: str):
    for number in (1, 2):
        world.build(DailyLoad(date(2025, 8, number), table=events))
    rows = world.query("SELECT parcel, id FROM {schema}.events_latest ORDER BY parcel")
    assert rows == [("a", 2), ("b", 3), ("c", 4)]


def test_a_backup_stops_at_the_lake(world: World, events: str):
    world.build(DailyBackup(date(2025, 8, 1), table=events))
    marker = world.marker(world.keys("events").lake_marker(day("2025-08-01")))
    assert (marker["rows"], marker["cursor_max"]) == (2, "2025-08-01T23:59:59.999999+00:00")
    assert not world.lake_keys("csv/")
    assert not world.lake_keys("loads/")


def test_an_empty_window_is_loaded_as_such(world: World, events: str):
    world.succeed(DailyLoad(date(2025, 8, 9), table=events))
    assert [row[2:4] for row in world.ledger("events")] == [(0, 0)]
    assert world.loaded("events") == []


@pytest.mark.parametrize("mode", ["merge", "append"])
def test_rows_changed_between_windows_are_loaded_again(world: World, events: str, mode: str):
    world.define("events", cursor="changed", business_key="parcel", load=mode)
    world.build(DailyLoad(date(2025, 8, 1), table=events))
    world.sql("UPDATE events SET status = 9, changed = '2025-08-03 10:00:00' WHERE id = 1")
    for number in (2, 3):
        world.build(DailyLoad(date(2025, 8, number), table=events))
    rows = world.query("SELECT id, status FROM {schema}.events WHERE id = 1 ORDER BY changed")
    assert rows == ([(1, 9)] if mode == "merge" else [(1, 2), (1, 9)])
    assert world.query("SELECT status FROM {schema}.events_latest WHERE parcel = 'a'") == [(9,)]


def test_a_rerun_does_nothing_and_says_so(world: World, events: str):
    line = ["RangeDaily", "--of", "DailyLoad", "--DailyLoad-table", events]
    line += ["--start", "2025-08-01", "--stop", "2025-08-04"]
    world.luigi(*line)
    before = world.ledger("events")
    again = world.luigi(*line)
    assert "nothing to do: everything requested is done" in again.stdout
    assert world.ledger("events") == before


def test_a_deleted_views_marker_redoes_the_views_alone(world: World, events: str):
    load = DailyLoad(date(2025, 8, 1), table=events)
    world.build(load)
    keys, window = world.keys("events"), day("2025-08-01")
    before = {key: world.lake.get(key) for key in world.lake_keys()}
    world.unmark("events", window, "views")
    world.build(DailyLoad(date(2025, 8, 1), table=events))
    after = {key: world.lake.get(key) for key in world.lake_keys()}
    assert after.keys() == before.keys()
    assert {key for key in after if after[key] != before[key]} == {keys.views_marker(window)}


@promises.EXACTLY_ONCE
def test_a_deleted_load_marker_does_not_load_again(world: World, events: str):
    world.build(DailyLoad(date(2025, 8, 1), table=events))
    keys, window = world.keys("events"), day("2025-08-01")
    ledger = world.ledger("events")
    # a row that only a second load would put right
    world.query("UPDATE {schema}.events SET status = 77 WHERE id = 1")
    world.unmark("events", window, "load", "views")
    world.succeed(RefreshViews(table=events, window=window))
    assert world.lake.exists(keys.load_marker(window))
    assert world.ledger("events") == ledger
    assert world.query("SELECT status FROM {schema}.events WHERE id = 1") == [(77,)]


def test_a_lost_ledger_row_loads_the_window_once_more(world: World, events: str):
    world.build(DailyLoad(date(2025, 8, 1), table=events))
    window = day("2025-08-01")
    world.query("DELETE FROM {schema}.pipeline_ledger")
    world.unmark("events", window, "load")
    world.build(CopyToRedshift(table=events, window=window))
    assert world.query("SELECT COUNT(*) FROM {schema}.events") == [(2,)]
    assert len(world.ledger("events")) == 1
