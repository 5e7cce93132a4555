"""Pitfalls of loading into Redshift, and of the ways there: each has bitten users of another tool."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from pipeline.tasks.chain import ConvertCSV, RefreshViews
from pipeline.warehouse import sql as redshift_sql
from pipeline.warehouse.ledger import Ledger
from tests import promises
from tests.support.truths import assert_same, assert_tidy, stages
from tests.support.waiting import until
from tests.support.world import World, day

Load = Callable[..., None]
FIRST = day("2025-08-01")


def orders(world: World, **definition: object) -> str:
    """Two orders of the first of August, one of the second."""
    return world.create(
        "orders",
        "id INT PRIMARY KEY, state VARCHAR(20), at DATETIME(6) NOT NULL, INDEX (at)",
        "VALUES (1, 'new', '2025-08-01 10:00:00'), (2, 'new', '2025-08-01 11:00:00'),"
        " (3, 'new', '2025-08-02 10:00:00')",
        **definition or {"cursor": "at"},
    )


@promises.COLUMN_PLACES
@pytest.mark.parametrize("mode", ["merge", "append", "replace"])
def test_pitfall_19_values_stay_in_their_columns_when_the_table_changes(
    world: World, loaded_days: Load, mode: str
):
    """COPY by position shifts values when a column is put in the middle or columns change places."""
    full = mode == "replace"
    orders(world, **({"cursor_type": "full"} if full else {"cursor": "at", "load": mode}))
    loaded_days("orders", 1)
    world.sql(
        "ALTER TABLE orders ADD COLUMN note VARCHAR(20) AFTER id",
        "ALTER TABLE orders MODIFY COLUMN state VARCHAR(20) FIRST",
        "UPDATE orders SET note = 'a note' WHERE id = 3",
    )
    loaded_days("orders", 2)
    found = world.loaded("orders", "id, state, note")
    assert found == [(1, "new", None), (2, "new", None), (3, "new", "a note")]


@promises.EXACTLY_ONCE
@pytest.mark.parametrize("mode", ["merge", "append"])
def test_pitfall_20_what_is_committed_is_not_loaded_again(
    world: World, loaded_days: Load, mode: str
):
    """The retry of a COPY that had committed doubles its rows: airbyte#8832."""
    table = orders(world, cursor="at", load=mode)
    line = ["DailyLoad", "--date", "2025-08-01", "--table", table]
    process = world.start(*line, killed="pipeline.steps.load:load_window:after")
    process.communicate(timeout=120)
    assert not world.lake.exists(world.keys("orders").load_marker(FIRST))
    (committed,) = world.ledger("orders")
    loaded_days("orders", 1)
    assert world.lake.exists(world.keys("orders").load_marker(FIRST))
    assert world.ledger("orders") == [committed]
    assert world.loaded("orders", "id") == [(1,), (2,)]


@promises.SNAPSHOT
def test_pitfall_21_a_snapshot_that_fails_leaves_the_last_one(
    world: World, loaded_days: Load, monkeypatch: pytest.MonkeyPatch
):
    """TRUNCATE commits: what fails after it leaves an empty table: airflow#14888."""
    table = orders(world, cursor_type="full")
    loaded_days("orders", 1)
    before = world.loaded("orders")
    world.sql("DELETE FROM orders WHERE id = 1")
    insert = redshift_sql.insert_staged
    monkeypatch.setattr(
        redshift_sql, "insert_staged", lambda *what: f"{insert(*what)} WHERE 1 / (id - id) = 1"
    )
    world.failure(RefreshViews(table=table, window=day("2025-08-02")))
    assert world.loaded("orders") == before
    monkeypatch.undo()
    world.forget()


@promises.NEWEST_ROW
def test_pitfall_22_of_duplicates_the_newest_stays_whatever_order_they_come_in(
    world: World, loaded_days: Load
):
    """Duplicates inside the stage are both inserted, or an older one wins: parsons#355."""
    world.create(
        "states",
        "id INT PRIMARY KEY, parcel INT NOT NULL, state TEXT, at DATETIME NOT NULL",
        "VALUES (1, 7, 'new', '2025-08-01 10:00'), (2, 7, 'sent', '2025-08-01 11:00'),"
        " (3, 8, 'new', '2025-08-01 12:00'), (4, 8, 'lost', '2025-08-02 09:00')",
        cursor="at",
        key="parcel",
    )
    loaded_days("states", 2)  # the newer window first
    loaded_days("states", 1)
    assert world.loaded("states", "parcel, state") == [(7, "sent"), (8, "lost")]


@promises.PARALLEL_LOADS
def test_pitfall_23_loads_at_once_conflict_with_nobody_and_leave_no_stage(world: World):
    """Error 1023, left-over locks, stages of one name: aws-sdk-pandas#665."""
    table = orders(world)
    world.sql("UPDATE orders SET state = 'done' WHERE id < 3")
    lines = [["DailyLoad", "--date", f"2025-08-0{n}", "--table", table] for n in (1, 2, 1)]
    processes = [world.start(*line) for line in lines]
    ended = [process.communicate(timeout=180)[0] for process in processes]
    # a run that finds the same task at work elsewhere says so; the next one completes it
    for line in lines:
        world.luigi(*line)
    assert_same(world, "orders")
    assert_tidy(world, "orders")
    assert stages(world) == []
    assert not any("Serializable isolation violation" in text for text in ended)


@promises.PARALLEL_LOADS
def test_pitfall_23_two_versions_of_a_row_that_are_merged_at_once_are_one_row(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    """Neither transaction sees the other's row: without a lock first, both insert theirs."""
    table = orders(world)
    world.build(ConvertCSV(table=table, window=FIRST))
    world.sql("UPDATE orders SET state = 'sent', at = '2025-08-02 12:00:00' WHERE id = 1")
    second = day("2025-08-02")
    world.build(ConvertCSV(table=table, window=second))
    record, merged = Ledger.record, []

    def meeting(*arguments: Any) -> None:
        merged.append(arguments)
        until(
            lambda: len(merged) == 2 or world.waits_for_lock(),
            "the other load neither merges nor waits for this one",
        )
        record(*arguments)

    monkeypatch.setattr(Ledger, "record", meeting)
    with ThreadPoolExecutor(2) as pool:
        loaded = pool.map(lambda window: world.load("orders", window), (FIRST, second))
        assert [marker.rows_staged for marker in loaded] == [2, 2]
    assert world.loaded("orders", "id, state") == [(1, "sent"), (2, "new"), (3, "new")]


@promises.NEVER_DROPPED
@pytest.mark.parametrize("definition", [{"cursor": "at"}, {"cursor_type": "full"}])
def test_pitfall_24_views_and_grants_on_the_table_stay(
    world: World, loaded_days: Load, definition: dict[str, object]
):
    """DROP and RENAME break the views on a table, and its grants: dataform#227."""
    orders(world, **definition)
    loaded_days("orders", 1)
    world.query("CREATE VIEW {schema}.open_orders AS SELECT id FROM {schema}.orders")
    world.query("GRANT SELECT ON {schema}.orders TO PUBLIC")
    which = f"SELECT '{world.name}.orders'::regclass::oid"
    before = world.query(which)
    loaded_days("orders", 2)
    assert world.query(which) == before
    assert world.query("SELECT COUNT(*) FROM {schema}.open_orders") == [(3,)]
    acl = "SELECT relacl::text LIKE '%%=r/%%' FROM pg_class WHERE oid = %s"
    assert world.query(acl, before[0]) == [(True,)]


@promises.MARKERS
def test_pitfall_25_a_marker_is_there_when_what_it_names_is(world: World, loaded_days: Load):
    """Markers that stand before their data, and tunnels that say nothing: luigi#2112, luigi#3273."""
    table = orders(world)
    line = ["DailyLoad", "--date", "2025-08-01", "--table", table]
    keys = world.keys("orders")
    world.start(*line, killed="pipeline.lake.s3:Store.upload:after").communicate(timeout=120)
    assert not world.lake.exists(keys.lake_marker(FIRST))  # a part is there, its marker is not
    process = world.start(*line, killed="pipeline.warehouse.ledger:Ledger.record:after")
    process.communicate(timeout=120)
    assert not world.lake.exists(keys.load_marker(FIRST))
    loaded_days("orders", 1)
    marker = world.marker(keys.lake_marker(FIRST))
    stored = {found.key: found.bytes for found in world.lake.list(keys.lake_folder(FIRST))}
    assert [stored[part["key"]] for part in marker["parts"]] == [
        part["bytes"] for part in marker["parts"]
    ]
    assert marker["rows"] == len(world.loaded("orders")) == 2
