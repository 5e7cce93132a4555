"""What changes between two runs, or goes wrong in one: the next run comes to the truth."""

from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from pipeline import DailyBackup, DailyLoad, RefreshViews
from pipeline.config.settings import settings
from pipeline.model.span import Span
from pipeline.model.table_name import TableName
from pipeline.model.window import Window
from pipeline.source import connection as mysql
from pipeline.source import table as source_table
from pipeline.source.scan_order import free_order
from tests import promises
from tests.support.truths import assert_same
from tests.support.world import World, day

FIRST = day("2025-08-01")


@pytest.fixture
def orders(world: World) -> str:
    return world.create(
        "orders",
        "id INT PRIMARY KEY, state INT, at DATETIME(6) NOT NULL, INDEX (at)",
        """SELECT seq, seq % 7, TIMESTAMPADD(SECOND, seq * 216, '2025-08-01') FROM seq_0_to_99""",
        cursor="at",
    )


def test_a_deleted_lake_marker_extracts_the_window_again(world: World, orders: str):
    world.build(DailyBackup(date(2025, 8, 1), table=orders))
    world.sql("INSERT INTO orders VALUES (1000, 1, '2025-08-01 12:00:00')")
    world.unmark("orders", FIRST, "lake")
    world.load_days(orders, 1)
    assert_same(world, "orders")


def test_a_table_altered_between_two_chunks_is_read_again(world: World, orders: str):
    world.define("orders", cursor="at", chunks=2)
    run = world.start(
        *("DailyBackup", "--table", orders, "--date", "2025-08-01"),
        killed="pipeline.steps.extract:extract_chunk:after",
    )
    run.communicate(timeout=60)
    world.sql("ALTER TABLE orders ADD COLUMN extra INT DEFAULT 7")
    world.failure(DailyLoad(date(2025, 8, 1), table=orders))
    world.load_days(orders, 1)
    assert_same(world, "orders")


def test_what_was_spooled_by_another_definition_is_not_used(world: World, orders: str):
    world.sql(
        "ALTER TABLE orders ADD COLUMN changed DATETIME NOT NULL DEFAULT '2025-08-01', ADD INDEX (changed)",
        "UPDATE orders SET at = '2025-07-01' WHERE id < 50",
    )
    run = world.start(
        *("DailyBackup", "--table", orders, "--date", "2025-08-01"),
        killed="pipeline.spool.folder:Spool.keep_plan:after",
    )
    run.communicate(timeout=60)
    world.define("orders", cursor="changed")
    world.load_days(orders, 1)
    assert_same(world, "orders")


def test_csv_of_an_earlier_extraction_is_converted_again(world: World, orders: str):
    world.load_days(orders, 1)
    world.sql("INSERT INTO orders VALUES (1000, 1, '2025-08-01 12:00:00')")
    world.unmark("orders", FIRST, "lake", "load", "views")
    world.build(DailyBackup(date(2025, 8, 1), table=orders))
    world.load_days(orders, 1)
    assert_same(world, "orders")


@pytest.mark.parametrize("target", ["orders", "orders_v2"])
def test_a_target_that_is_new_or_was_dropped_gets_the_window(
    world: World, orders: str, target: str
):
    world.load_days(orders, 1)
    world.query("DROP TABLE {schema}.orders")
    world.define("orders", cursor="at", target=target)
    world.unmark("orders", FIRST, "load", "views")
    world.load_days(orders, 1)
    assert world.query(f"SELECT COUNT(*) FROM {{schema}}.{target}") == [(100,)]


def test_one_bad_table_does_not_hold_back_the_others(world: World):
    for table in ("good", "bad"):
        world.create(
            table,
            "id INT PRIMARY KEY, at DATETIME NULL, INDEX (at)",
            "SELECT seq, '2025-08-01' + INTERVAL seq HOUR FROM seq_0_to_95",
            cursor="at",
        )
    world.sql("INSERT INTO bad VALUES (999, NULL)")
    line = "RangeDaily --of DailyLoadAll --start 2025-08-01 --stop 2025-08-05 --task-limit 2"
    world.luigi(*line.split(), check=45)
    assert world.query("SELECT COUNT(*) FROM {schema}.good") == [(96,)]


def test_enum_keys_are_not_resumed_by(world: World):
    world.sql(
        """CREATE TABLE events (id INT, kind ENUM('z', 'a'), at DATETIME NOT NULL,
        PRIMARY KEY (kind, id), INDEX (at))"""
    )
    with mysql.connected(settings().source) as connection:
        source = source_table.describe(connection, TableName(world.name, "events"))
        span = Span("at", "2025-08-01", "2025-08-02")
        assert free_order(connection, source, span) == ()


@promises.SERVER_ZONE
def test_a_datetime_cursor_on_a_server_in_another_zone_is_refused(world: World, orders: str):
    before = world.sql("SELECT @@global.time_zone")[0][0]
    world.sql("SET GLOBAL time_zone = '-05:00'")
    try:
        line = ("DailyLoad", "--table", orders, "--date", "2025-08-01")
        told = world.luigi(*line, check=41).stdout
        assert "the server's zone is -05:00" in told
        world.luigi(*line, DB_TIMEZONE="UTC")
    finally:
        world.sql(f"SET GLOBAL time_zone = '{before}'")
    assert_same(world, "orders")


def test_zero_cursors_are_refused(world: World):
    world.sql(
        "SET SESSION sql_mode = ''",
        "CREATE TABLE odd (id INT PRIMARY KEY, at DATETIME NOT NULL, INDEX (at))",
        "INSERT INTO odd VALUES (1, '2025-08-01 10:00:00'), (2, '0000-00-00 00:00:00')",
    )
    table = world.define("odd", cursor="at")
    told = world.luigi("DailyLoad", "--table", table, "--date", "2025-08-01", check=45).stdout
    assert "1 rows have no at" in told


def test_a_later_snapshot_of_the_same_day_replaces_the_earlier(world: World):
    table = world.create("small", "code INT PRIMARY KEY", "VALUES (1)", cursor_type="full")
    today = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
    world.build(RefreshViews(table=table, window=Window(today - timedelta(hours=1), today)))
    world.sql("INSERT INTO small VALUES (2)")
    world.build(RefreshViews(table=table, window=Window(today - timedelta(days=1), today)))
    assert world.query("SELECT COUNT(*) FROM {schema}.small") == [(2,)]


def test_a_view_keeps_a_column_when_an_older_window_is_refreshed(world: World, orders: str):
    world.define("orders", cursor="at", business_key="state")
    world.load_days(orders, 1)
    world.sql(
        "ALTER TABLE orders ADD COLUMN extra INT DEFAULT 7",
        "INSERT INTO orders VALUES (500, 1, '2025-08-02 01:00:00', 8)",
    )
    world.load_days(orders, 2)
    world.unmark("orders", FIRST, "views")
    world.load_days(orders, 1)
    assert world.query("SELECT extra FROM {schema}.orders_latest WHERE state = 1") == [(8,)]


def test_a_broken_view_is_reported_by_its_name(world: World, orders: str):
    folder: Path = world.folder / "configs" / "views"
    folder.mkdir()
    (folder / "broken.sql").write_text("SELECT nonsense FROM {schema}.orders")
    line = ("DailyLoad", "--table", orders, "--date", "2025-08-01")
    told = world.luigi(*line, check=41).stdout
    assert "broken.sql" in told
    assert "nonsense" in told
    (folder / "broken.sql").write_text("SELECT id FROM {schema}.orders")
    world.luigi(*line)
    assert world.query("SELECT COUNT(*) FROM {schema}.broken") == [(100,)]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("RangeDaily --of HourlyLoadAll --start 2025-08-01", "another period"),
        ("RangeDaily --of DailyLoadAll --start 2099-01-01", "in the future"),
        ("RangeDaily --of DailyLoadAll --start 2025-08-02 --stop 2025-08-01", "after --start"),
        ("RangeDaily --of DailyLoadAll", "--start is missing"),
        ("RangeDaily --of DailyLoad --start 2025-08-01 --stop 2025-08-02", "'table' parameter"),
    ],
)
def test_a_range_without_sense_is_refused(world: World, orders: str, line: str, why: str):
    told = world.luigi(*line.split(), check=41).stdout
    assert why in told
    assert "Traceback" not in told
