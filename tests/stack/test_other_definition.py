"""Windows that were read when key, cursor or columns were others: they fit, or are refused before harm."""

import re
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest

from pipeline import ConvertCSV, CopyToRedshift, DailyBackup, DailyLoad, HourlyLoad, RefreshViews
from pipeline.errors import DataError
from pipeline.lake import id_ranges
from pipeline.lake.id_ranges import IdRanges
from tests import promises
from tests.support.truths import assert_same, assert_tidy
from tests.support.world import World, day

FIRST, SECOND, THIRD = (date(2025, 8, number) for number in (1, 2, 3))


def refused(world: World, table: str, on: date) -> DataError:
    error = world.failure(DailyLoad(on, table=table))
    assert type(error) is DataError
    return error


def delete_what_it_says(world: World, error: DataError) -> None:
    """The markers that the message names."""
    start = world.lake.url("")
    urls = re.findall(rf"{re.escape(start)}\S+\.json", error.todo)
    assert len(urls) == 2, error.todo
    world.lake.delete([url.removeprefix(start) for url in urls])


# The key


def tenants(world: World, **definition: Any) -> str:
    """Rows of one tenant, by an id that is the key; the second day's row is backed up by that key."""
    table = world.create(
        "rows_",
        "tenant INT NOT NULL, id INT NOT NULL, n INT, at DATETIME NOT NULL,"
        " PRIMARY KEY (id), INDEX (at)",
        "VALUES (1, 1, 1, '2025-08-01 10:00'), (1, 2, 2, '2025-08-02 10:00')",
        **{"cursor": "at", **definition},
    )
    world.load_days(table, FIRST)
    assert world.build(DailyBackup(SECOND, table=table)).scheduling_succeeded
    return table


def test_a_key_that_grew_is_refused_and_neither_tenants_row_is_lost(world: World):
    table = tenants(world)
    world.sql(
        "ALTER TABLE rows_ DROP PRIMARY KEY, ADD PRIMARY KEY (tenant, id)",
        "INSERT INTO rows_ VALUES (9, 2, 5, '2025-08-03 10:00')",
    )
    error = refused(world, table, THIRD)
    assert "has the primary key id" in str(error)
    assert world.loaded("rows_", "tenant, id") == [(1, 1)]
    world.follow(error)
    world.load_days(table, THIRD)
    # the window of the old key would take the other tenant's row for an older version of its own
    delete_what_it_says(world, refused(world, table, SECOND))
    world.load_days(table, SECOND)
    assert_same(world, "rows_")
    assert_tidy(world, "rows_")


def test_a_key_of_the_definition_that_changed_is_refused(world: World):
    table = tenants(world)
    world.define("rows_", cursor="at", key="tenant")
    world.sql("INSERT INTO rows_ VALUES (7, 3, 3, '2025-08-03 10:00')")
    assert "has the primary key id" in str(refused(world, table, THIRD))
    assert world.loaded("rows_", "tenant, id") == [(1, 1)]


def test_a_key_by_a_new_column_asks_for_another_target(world: World):
    table = tenants(world)
    world.sql(
        "ALTER TABLE rows_ DROP PRIMARY KEY, ADD uid INT NOT NULL AUTO_INCREMENT PRIMARY KEY",
        "INSERT INTO rows_ (tenant, id, n, at) VALUES (1, 3, 3, '2025-08-03 10:00')",
    )
    assert "give the table another `target:`" in refused(world, table, THIRD).todo
    assert world.loaded("rows_", "id") == [(1,)]
    world.define("rows_", cursor="at", target="other")
    world.load_days(table, THIRD)


def test_a_key_column_that_was_renamed_keeps_its_name_as_the_message_says(world: World):
    table = tenants(world)
    world.sql(
        "ALTER TABLE rows_ CHANGE id number INT NOT NULL",
        "INSERT INTO rows_ VALUES (1, 3, 3, '2025-08-03 10:00')",
    )
    assert "`rename: {number: <its former name>}`" in refused(world, table, THIRD).todo
    world.define("rows_", cursor="at", rename={"number": "id"})
    world.load_days(table, FIRST, SECOND, THIRD)
    assert world.loaded("rows_", "id, n") == [(1, 1), (2, 2), (3, 3)]


def test_versions_are_not_kept_in_a_table_whose_key_is_believed(world: World):
    """Redshift's planner trusts PRIMARY KEY: DISTINCT would leave versions in, a join drop them."""
    table = tenants(world)
    world.define("rows_", cursor="at", load="append")
    error = refused(world, table, SECOND)
    assert "planner" in str(error)
    world.follow(error)
    world.load_days(table, SECOND)
    declared = (
        "SELECT table_name, constraint_type FROM information_schema.table_constraints"
        " WHERE table_schema = %s"
    )
    assert ("rows_", "PRIMARY KEY") not in world.query(declared, (world.name,))
    assert_same(world, "rows_")


def test_an_empty_window_asks_for_nothing(world: World):
    table = tenants(world)
    world.sql("ALTER TABLE rows_ DROP PRIMARY KEY, DROP COLUMN n, ADD PRIMARY KEY (tenant, id)")
    world.load_days(table, THIRD)
    assert world.loaded("rows_", "id") == [(1,)]
    assert_tidy(world, "rows_")


def lines(world: World, **definition: Any) -> str:
    """Two lines of one order; the second key is that of the table."""
    return world.create(
        "order_lines",
        "order_no INT NOT NULL, line INT NOT NULL, note INT,"
        " at DATETIME NOT NULL, PRIMARY KEY (order_no, line), INDEX (at)",
        "VALUES (1, 1, 1, '2025-08-01 10:00'), (1, 2, 2, '2025-08-01 11:00')",
        **{"cursor": "at", **definition},
    )


@promises.CURRENT_DEFINITION
def test_a_key_that_was_corrected_before_the_load_loses_no_row(world: World):
    """The lake was read when `key:` named too little; rows are merged by what it names now."""
    table = lines(world, key="order_no")
    world.build(DailyBackup(FIRST, table=table))
    world.define("order_lines", cursor="at", key=["order_no", "line"])
    world.load_days(table, FIRST)
    assert world.loaded("order_lines", "order_no, line", "2") == [(1, 1), (1, 2)]


def test_rows_that_a_key_of_too_little_took_for_one_are_loaded_again(world: World):
    """The ledger has the window's rows already, but not as those of this key."""
    table = lines(world, key="order_no")
    world.load_days(table, FIRST)
    assert world.loaded("order_lines", "order_no, line") == [(1, 2)]
    world.define("order_lines", cursor="at", key=["order_no", "line"])
    world.unmark("order_lines", day("2025-08-01"), "load", "views")
    world.follow(refused(world, table, FIRST))
    world.load_days(table, FIRST)
    assert world.loaded("order_lines", "order_no, line", "2") == [(1, 1), (1, 2)]
    assert_tidy(world, "order_lines")


def test_a_key_that_was_given_up_before_the_load_is_not_merged_by(world: World):
    """Which columns are the primary key, a window does not know that was read by others."""
    table = lines(world, key="order_no")
    world.build(DailyBackup(FIRST, table=table))
    world.define("order_lines", cursor="at")
    error = refused(world, table, FIRST)
    assert "no key to merge by" in str(error)
    assert "when `key:` named order_no" in str(error)
    world.unmark("order_lines", day("2025-08-01"), "lake", "csv")
    world.load_days(table, FIRST)
    assert world.loaded("order_lines", "order_no, line", "2") == [(1, 1), (1, 2)]


@pytest.mark.parametrize(("key", "says"), [("note", "note may be NULL"), (None, "no primary key")])
def test_what_was_read_to_be_appended_is_merged_by_a_key_alone(
    world: World, key: str | None, says: str
):
    table = lines(world, load="append")
    world.sql("ALTER TABLE order_lines DROP PRIMARY KEY")
    world.build(DailyBackup(FIRST, table=table))
    world.define("order_lines", cursor="at", **({"key": key} if key else {}))
    assert says in str(refused(world, table, FIRST))


# The cursor


def logs(world: World, **definition: Any) -> str:
    world.sql(
        "CREATE TABLE logs (id BIGINT PRIMARY KEY AUTO_INCREMENT, n INT, at DATETIME NOT NULL, INDEX (at))",
        "INSERT INTO logs (n, at) VALUES (1, '2025-08-01 10:00'), (2, '2025-08-02 10:00')",
    )
    return world.define("logs", **{"cursor": "at", **definition})


def test_a_window_of_another_cursor_is_not_appended_to_what_it_overlaps(world: World):
    table = logs(world, load="append")
    world.build(DailyBackup(FIRST, table=table))
    marker = world.marker(world.keys("logs").lake_marker(day("2025-08-01")))["extent"]
    assert (marker["cursor"], marker["cursor_type"]) == ("at", "timestamp")
    assert (marker["lower"][:10], marker["upper"][:10]) == ("2025-08-01", "2025-08-02")
    world.sql("ALTER TABLE logs ADD seen DATETIME NOT NULL DEFAULT '2025-08-02 05:00:00'")
    world.define("logs", cursor="seen", load="append")
    world.load_days(table, SECOND)
    assert world.loaded("logs", "id") == [(1,), (2,)]
    error = refused(world, table, FIRST)
    assert "the window has no column seen to load, which cursor names" in str(error)
    assert world.loaded("logs", "id") == [(1,), (2,)]


@promises.CURRENT_DEFINITION
@pytest.mark.parametrize("load_mode", ["merge", "append"])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"cursor": "at"}, {"cursor": "seen"}),
        ({"cursor": "tick", "cursor_type": "epoch"}, {"cursor": "tick", "cursor_type": "id"}),
        (
            {"cursor": "tick", "cursor_type": "epoch"},
            {"cursor": "tick", "cursor_type": "epoch", "epoch_unit": "milliseconds"},
        ),
        ({"cursor_type": "full"}, {"cursor": "at"}),
    ],
)
def test_a_window_that_was_read_otherwise_is_not_loaded(
    world: World, load_mode: str, before: dict[str, Any], after: dict[str, Any]
):
    """Not into an empty table either: which version of a row is newer, its own cursor tells."""
    table = logs(world)
    world.sql(
        "ALTER TABLE logs ADD seen DATETIME NOT NULL DEFAULT '2025-08-01 05:00', ADD tick BIGINT NOT NULL"
        " DEFAULT 1754042400"
    )
    window = day("2025-08-01")
    world.define("logs", **before, **({} if "cursor" not in before else {"load": load_mode}))
    world.build(ConvertCSV(table=table, window=window))
    if after.get("cursor_type") == "id":
        after = {**after, "ids_ascend": True}
        ranges = IdRanges(table=table).with_window(window, 10)
        assert id_ranges.replace(world.lake, ranges, None)
    world.define("logs", **after, load=load_mode)
    error = world.failure(CopyToRedshift(table=table, window=window))
    assert "the window was read by" in str(error)
    assert not world.query("SELECT * FROM svv_columns WHERE table_schema = %s", (world.name,))


def test_a_day_is_no_snapshot(world: World):
    table = logs(world)
    world.build(DailyBackup(FIRST, table=table))
    world.define("logs", cursor_type="full")
    world.build(RefreshViews(table=table, window=day("2025-08-02")))
    assert_same(world, "logs")
    error = world.failure(RefreshViews(table=table, window=day("2025-08-01")))
    assert "was read by at (timestamp)" in str(error)
    assert_same(world, "logs")


def test_what_was_loaded_by_a_cursor_does_not_stand_for_a_snapshot(world: World):
    now = datetime.now(timezone.utc)
    hour = (now - timedelta(hours=1)).replace(minute=0, second=0, microsecond=0, tzinfo=None)
    table = logs(world)
    world.sql(f"UPDATE logs SET at = '{hour + timedelta(minutes=30)}' WHERE id = 2")
    world.succeed(HourlyLoad(hour, table=table))
    world.define("logs", cursor_type="full")
    yesterday = DailyLoad((now - timedelta(days=1)).date(), table=table)
    assert not yesterday.complete()
    world.succeed(yesterday)
    assert_same(world, "logs")
    assert yesterday.complete()


def test_a_snapshot_in_another_target_does_not_stand_for_this_one(world: World):
    table = logs(world, cursor=None, cursor_type="full")
    for text in ("2025-08-01", "2025-08-02"):
        world.build(RefreshViews(table=table, window=day(text)))
    world.define("logs", cursor_type="full", target="others")
    world.unmark("logs", day("2025-08-01"), "load", "views")
    world.build(RefreshViews(table=table, window=day("2025-08-01")))
    assert world.query("SELECT COUNT(*) FROM {schema}.others") == [(2,)]


def test_a_window_from_before_the_cursor_was_renamed(world: World):
    table = logs(world)
    world.build(DailyBackup(FIRST, table=table))
    world.sql("ALTER TABLE logs CHANGE at changed DATETIME NOT NULL")
    world.define("logs", cursor="changed")
    error = refused(world, table, FIRST)
    assert "the window has no column changed to load, which cursor names" in str(error)
    world.define("logs", cursor="changed", rename={"changed": "at"})
    world.load_days(table, FIRST, SECOND)
    assert world.loaded("logs", "id, n") == [(1, 1), (2, 2)]
    assert_tidy(world, "logs")


# Columns


@pytest.mark.parametrize("setting", ["sortkey", "distkey", "business_key"])
def test_a_window_from_before_there_was_a_column_that_the_definition_names(
    world: World, setting: str
):
    table = logs(world)
    world.build(DailyBackup(FIRST, table=table))
    world.sql("ALTER TABLE logs ADD region INT NOT NULL DEFAULT 7")
    world.define("logs", cursor="at", **{setting: "region"})
    world.load_days(table, FIRST)
    world.load_days(table, SECOND)
    assert world.loaded("logs", "id, region") == [(1, None), (2, 7)]
    if setting == "business_key":
        assert world.query("SELECT id FROM {schema}.logs_latest ORDER BY 1") == [(1,), (2,)]


@pytest.mark.parametrize("stage", [DailyBackup, ConvertCSV])
@pytest.mark.parametrize("copy_format", ["csv", "parquet"])
def test_what_is_excluded_after_the_backup_is_not_loaded(
    world: World, stage: type[Any], copy_format: str
):
    table = logs(world, copy_format=copy_format)
    world.sql("ALTER TABLE logs ADD secret VARBINARY(9) NOT NULL DEFAULT ''")
    if stage is DailyBackup:
        world.build(DailyBackup(FIRST, table=table))
    else:
        world.build(ConvertCSV(table=table, window=day("2025-08-01")))
    world.define("logs", cursor="at", exclude="secret", copy_format=copy_format)
    world.load_days(table, FIRST)
    columns = "SELECT column_name FROM svv_columns WHERE table_schema = %s AND table_name = 'logs'"
    assert sorted(world.query(columns, (world.name,))) == [("at",), ("id",), ("n",)]
    assert world.loaded("logs", "id, n") == [(1, 1)]


def test_a_window_with_two_columns_of_one_name_is_refused(world: World):
    table = logs(world)
    world.sql("ALTER TABLE logs ADD m INT")
    world.build(DailyBackup(FIRST, table=table))
    world.sql("ALTER TABLE logs DROP COLUMN m")
    world.define("logs", cursor="at", rename={"n": "m"})
    error = refused(world, table, FIRST)
    assert "have the same target, m" in str(error)


# The same rows, made otherwise


@pytest.mark.parametrize("mode", ["merge", "append"])
def test_a_policy_that_changed_holds_for_a_redo_without_the_source(world: World, mode: str):
    table = world.create(
        "raw",
        "id INT PRIMARY KEY, b VARBINARY(9), at DATETIME NOT NULL, INDEX (at)",
        "VALUES (1, '', '2025-08-01 10:00'), (2, 'x', '2025-08-01 10:00')",
        cursor="at",
        load=mode,
    )
    world.load_days(table, FIRST)
    world.sql("DROP TABLE raw")
    world.unmark("raw", day("2025-08-01"), "csv", "load", "views")
    world.define("raw", cursor="at", load=mode, on_empty_bytes="null")
    world.load_days(table, FIRST)
    assert world.loaded("raw", "id, b IS NULL") == [(1, True), (2, False)]
    assert_tidy(world, "raw")
    entry = world.ledger("raw")
    world.unmark("raw", day("2025-08-01"), "load", "views")
    world.load_days(table, FIRST)
    assert world.ledger("raw") == entry  # it was not loaded once more


def test_the_windows_of_a_dropped_table_are_loaded_again(
    world: World, caplog: pytest.LogCaptureFixture
):
    table = logs(world)
    world.load_days(table, FIRST)
    world.query("DROP TABLE {schema}.logs")
    world.load_days(table, SECOND)
    assert "the next run loads these windows" in caplog.text
    assert "2025-08-01" in caplog.text
    assert not DailyLoad(FIRST, table=table).complete()
    world.load_days(table, FIRST, SECOND)
    assert_same(world, "logs")
    assert_tidy(world, "logs")
