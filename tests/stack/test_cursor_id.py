"""Append-only tables: each window has a range of ids, fixed once nothing in it can still come."""

import random
import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest

from pipeline import DailyLoad, RefreshViews
from pipeline.cli.main import main
from pipeline.config.settings import settings
from pipeline.lake import id_ranges
from pipeline.model.cursors import Bounds
from pipeline.model.table_name import TableName
from pipeline.model.window import Window
from pipeline.source import connection as mysql
from pipeline.source import table as source_table
from pipeline.source import window_closing
from pipeline.steps import assign_id_ranges
from tests import promises
from tests.support.truths import assert_same, assert_tidy
from tests.support.waiting import until
from tests.support.world import World, day

UTC = timezone.utc


@pytest.fixture
def logs(world: World) -> str:
    """A table to which rows are only added."""
    return world.create(
        "logs",
        "id BIGINT PRIMARY KEY AUTO_INCREMENT, who INT NOT NULL",
        cursor="id",
        cursor_type="id",
    )


@pytest.fixture
def writer(world: World) -> Iterator[Any]:
    """A connection of an application, in whose transactions the test inserts."""
    with closing(world.source()) as connection:
        yield connection


def add(world: World, *who: int) -> None:
    world.sql(f"INSERT INTO logs (who) VALUES {', '.join(f'({n})' for n in who)}")


def window_until_now(world: World, start: Window | None = None) -> Window:
    """The window from the end of another to a moment that is just over: rows there are belong to it."""
    with mysql.connected(settings().source) as connection:
        now = mysql.clock(connection)
        end = now.replace(microsecond=0) + timedelta(seconds=1)
        until(lambda: mysql.clock(connection) >= end, "the server's clock does not reach the end")
        window = Window(start.end if start else end - timedelta(hours=1), end)
        until(
            lambda: window_closing.closed_until(connection, 0) >= end,
            "a transaction keeps the window open",
        )
    world.forget()
    return window


def loaded(world: World) -> list[int]:
    return [who for (who,) in world.loaded("logs", "who")]


def ranges(world: World) -> id_ranges.IdRanges:
    return id_ranges.read(world.lake, TableName(world.name, "logs"))[0]


def has_ids(world: World, window: Window) -> bool:
    def described(connection: mysql.Connection) -> tuple[source_table.SourceTable, str]:
        return source_table.describe(connection, TableName(world.name, "logs")), "id"

    def connect() -> Any:
        return mysql.connected(settings().source)

    return assign_id_ranges.assign(world.lake_window("logs", window), connect, described, 0)


def test_each_window_takes_what_came_since_the_one_before(
    world: World, logs: str, capsys: pytest.CaptureFixture[str]
):
    window = None
    for number in range(3):
        add(world, 10 * number, 10 * number + 1)
        window = window_until_now(world, window)
        world.load_windows(logs, window)
        assert loaded(world)[-2:] == [10 * number, 10 * number + 1]
    marker = world.marker(world.keys("logs").lake_marker(window))
    assert (marker["cursor_min"], marker["cursor_max"]) == ("5", "6")
    window = window_until_now(world, window)
    world.load_windows(logs, window)
    assert world.marker(world.keys("logs").lake_marker(window))["rows"] == 0
    assert_same(world, "logs")
    assert_tidy(world, "logs")
    world.forget()
    assert main(["verify"]) == 0, capsys.readouterr().out


@pytest.mark.parametrize("partitioned", [False, True])
def test_ids_that_begin_again_are_refused_with_the_statement_to_run(
    world: World, logs: str, partitioned: bool
):
    """TRUNCATE puts the counter back: new rows would get ids of windows that are done."""
    world.sql("ALTER TABLE logs COMMENT = ') ENGINE=x AUTO_INCREMENT=99'")
    if partitioned:
        world.sql("ALTER TABLE logs PARTITION BY HASH (id) PARTITIONS 2")
    add(world, 1, 2, 3)
    window = window_until_now(world)
    world.load_windows(logs, window)
    world.sql("DELETE FROM logs WHERE who > 1")  # which leaves the counter alone
    window = window_until_now(world, window)
    world.load_windows(logs, window)

    world.sql("TRUNCATE logs")
    window = window_until_now(world, window)
    line = ("RefreshViews", "--table", logs, "--window", window.name)
    out = world.luigi(*line, check=45).stdout
    assert "the next id of" in out
    statement = re.search(r"run in the source: (ALTER TABLE \S+ AUTO_INCREMENT = 4)", out)
    assert statement
    world.sql(statement[1])
    add(world, 7)
    window = window_until_now(world, window)
    world.load_windows(logs, window)
    assert world.loaded("logs", "id, who")[-1] == (4, 7)
    assert loaded(world) == [1, 2, 3, 7]


def test_days_that_are_caught_up_are_read_once_and_in_whatever_order(world: World, logs: str):
    """What has come meanwhile belongs to windows that end later."""
    add(world, 1, 2)
    world.load_windows(logs, day("2025-08-03"))
    add(world, 3)
    for text in ("2025-08-01", "2025-08-02", "2025-08-04"):
        world.load_windows(logs, day(text))
    assert [row[2] for row in world.ledger("logs")] == [0, 0, 2, 0]
    world.load_windows(logs, window_until_now(world))
    assert loaded(world) == [1, 2, 3]


def test_a_window_that_is_read_again_has_the_ids_it_had(world: World, logs: str):
    add(world, 1, 2)
    world.load_windows(logs, day("2025-08-01"))
    add(world, 3, 4)
    window = window_until_now(world)
    world.load_windows(logs, window)
    add(world, 5)
    keys = world.keys("logs")
    world.unmark("logs", window)
    world.sql("UPDATE logs SET who = 40 WHERE who = 4", "DELETE FROM logs WHERE who = 3")
    world.load_windows(logs, window)
    assert loaded(world) == [1, 2, 40]
    assert world.marker(keys.load_marker(window))["rows_replaced"] == 2


@promises.ID_RANGES
def test_a_lower_id_that_commits_later_is_waited_for(
    world: World, logs: str, writer: Any, monkeypatch: pytest.MonkeyPatch
):
    """An id is handed out before its row commits: MAX(id) alone would lose it."""
    monkeypatch.setattr(assign_id_ranges, "PATIENCE", 0.0)
    writer.cursor().execute("INSERT INTO logs (who) VALUES (1)")
    add(world, 2)
    with closing(world.source()) as seen:
        cursor = seen.cursor()
        cursor.execute("SELECT MAX(id) FROM logs")
        assert cursor.fetchone() == (2,)
    now = datetime.now(UTC).replace(microsecond=0)
    window = Window(now - timedelta(days=1), now - timedelta(hours=1))
    assert not has_ids(world, window)
    kept = ranges(world)
    assert kept.bounds(window) is None
    assert kept.reading is not None
    assert kept.reading.behind == 3
    add(world, 3)  # came after the reading: it belongs to a later window
    assert not has_ids(world, window)
    writer.commit()
    world.forget()
    monkeypatch.setattr(assign_id_ranges, "PATIENCE", 30.0)
    assert has_ids(world, window)
    assert ranges(world).bounds(window) == Bounds(None, "3")


def test_a_window_without_ids_yet_is_missing_data(world: World, logs: str, writer: Any):
    """The transaction is younger than the window's end, so the window is closed; its ids are not known."""
    add(world, 1)
    writer.cursor().execute("INSERT INTO logs (who) VALUES (2)")
    add(world, 3)
    arguments = ["DailyLoad", "--date", "2025-08-01", "--table", logs]
    out = world.luigi(*arguments, check=20).stdout
    assert "has no ids yet" in out
    assert "a later run takes it" in out
    assert world.lake_keys("lake/") == []
    writer.commit()
    world.luigi(*arguments)
    assert loaded(world) == [1, 2, 3]


def test_an_open_transaction_that_only_reads_keeps_nothing_waiting(
    world: World, logs: str, writer: Any
):
    add(world, 1)
    cursor = writer.cursor()
    cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
    cursor.execute("SELECT * FROM logs")
    world.load_windows(logs, day("2025-08-01"))
    assert loaded(world) == [1]


@promises.ID_RANGES
def test_two_processes_that_fix_windows_at_once_part_the_ids(world: World, logs: str):
    add(world, *range(50))
    windows = [day(f"2025-08-{number:02d}") for number in range(1, 9)]
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda window: has_ids(world, window), windows))
    found = ranges(world)
    holders = [
        [w for w in windows if number_in(found.bounds(w), number)] for number in range(1, 51)
    ]
    assert [len(each) for each in holders] == [1] * 50


def number_in(bounds: Bounds | None, number: int) -> bool:
    assert bounds is not None
    above = bounds.lower is None or number >= int(bounds.lower)
    return above and number < int(bounds.upper or "")


def load_when_closed(world: World, table: str, window: Window) -> None:
    """Load a window that an open transaction may keep waiting."""
    task = RefreshViews(table=table, window=window)
    until(lambda: world.build(task).status.name == "SUCCESS", f"{window} was not loaded")


@promises.ID_RANGES
def test_rows_keep_coming_while_windows_are_taken(world: World, logs: str):
    """Eight writers whose transactions overlap, and hand out ids in another order than they commit."""
    stop = threading.Event()

    def write(seed: int) -> int:
        chance, count = random.Random(seed), 0  # noqa: S311 - a test's chance
        with closing(world.source()) as connection:
            while not stop.is_set():
                cursor = connection.cursor()
                for _ in range(chance.randint(1, 4)):
                    cursor.execute(f"INSERT INTO logs (who) VALUES ({seed})")
                    cursor.execute(f"SELECT SLEEP({chance.random() / 50})")
                    count += 1
                connection.commit()
        return count

    with ThreadPoolExecutor(8) as pool:
        writers = [pool.submit(write, seed) for seed in range(8)]
        try:
            window = None
            for _ in range(3):
                window = window_until_now(world, window)
                load_when_closed(world, logs, window)
        finally:
            stop.set()
        written = sum(writer.result() for writer in writers)
    world.load_windows(logs, window_until_now(world, window))
    ends = [upper for _, upper in ranges(world).windows]
    assert len(set(ends)) == 4, "every window was to have rows"
    assert written > 50
    assert len(loaded(world)) == written
    assert_same(world, "logs")


def test_an_empty_table_and_ids_below_zero(world: World, logs: str):
    world.load_windows(logs, day("2025-08-01"))
    world.sql("INSERT INTO logs VALUES (-7, 1), (5, 2)")
    world.load_windows(logs, window_until_now(world))
    assert loaded(world) == [1, 2]


def test_ids_that_were_assigned_and_lost_are_reported(world: World, logs: str):
    add(world, 1)
    world.load_windows(logs, day("2025-08-01"))
    keys, window = world.keys("logs"), day("2025-08-01")
    world.lake.delete([keys.id_ranges, keys.load_marker(window), keys.views_marker(window)])
    error = world.failure(DailyLoad(date=date(2025, 8, 1), table=logs))
    assert "is lost" in str(error)
    assert keys.id_ranges in str(error)


@promises.ID_RANGES_LOST
def test_lost_ranges_do_not_start_from_the_beginning(world: World, logs: str):
    """The first range has no lower bound: an append would put its rows in the place of all others."""
    add(world, 1, 2)
    world.load_windows(logs, day("2025-08-01"))
    keys = world.keys("logs")
    world.lake.delete([keys.id_ranges])
    add(world, 3)
    world.sql("DELETE FROM logs WHERE id = 1")
    arguments = ["DailyLoad", "--date", "2025-08-02", "--table", logs]
    for _ in range(2):
        out = world.luigi(*arguments, check=45).stdout
        assert f"the id ranges of {logs} are lost" in out
        assert keys.id_ranges in out
        assert "restore it" in out
        assert not world.lake.exists(keys.id_ranges)
        # the lake may be emptied by its age: what is loaded tells as well
        world.lake.delete(world.lake_keys(keys.lake))
    assert loaded(world) == [1, 2]


def test_ranges_that_are_damaged_are_to_be_restored_and_not_deleted(world: World, logs: str):
    add(world, 1)
    world.load_windows(logs, day("2025-08-01"))
    world.lake.put(world.keys("logs").id_ranges, b'{"table": ')
    out = world.luigi("DailyLoad", "--date", "2025-08-02", "--table", logs, check=43).stdout
    assert "restore it" in out
    assert "delete it" not in out


def test_ids_that_the_server_does_not_hand_out_are_refused_unless_they_are_said_to_ascend(
    world: World,
):
    world.sql(
        "CREATE TABLE logs (id BIGINT PRIMARY KEY, who INT NOT NULL)",
        "INSERT INTO logs VALUES (7, 1)",
    )
    definition = {"cursor": "id", "cursor_type": "id"}
    table = world.define("logs", **definition)
    out = world.luigi("DailyLoad", "--date", "2025-08-01", "--table", table, check=41).stdout
    assert "has no AUTO_INCREMENT" in out
    assert "ids_ascend: true" in out
    world.load_windows(world.define("logs", **definition, ids_ascend=True), day("2025-08-01"))
    assert loaded(world) == [1]


def test_ids_of_several_servers_are_warned_of(world: World, logs: str):
    add(world, 1)
    world.sql("SET GLOBAL auto_increment_increment = 3")
    try:
        out = world.luigi("DailyLoad", "--date", "2025-08-01", "--table", logs).stdout
    finally:
        world.sql("SET GLOBAL auto_increment_increment = 1")
    assert out.count("auto_increment_increment is 3") == 1


def test_of_many_windows_the_first_alone_is_waited_for(
    world: World, logs: str, writer: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(assign_id_ranges, "PATIENCE", 4.0)
    writer.cursor().execute("INSERT INTO logs (who) VALUES (1)")
    windows = [day(f"2025-08-0{number}") for number in range(1, 6)]
    begun = time.monotonic()
    assert [has_ids(world, window) for window in windows] == [False] * 5
    assert 4 <= time.monotonic() - begun < 12  # not five times four
    writer.commit()


@pytest.mark.parametrize(
    ("kind", "top"),
    [("SMALLINT", 2**15), ("INT", 2**31), ("BIGINT", 2**63), ("BIGINT UNSIGNED", 2**64)],
)
def test_ids_of_every_width_up_to_the_highest(
    world: World, kind: str, top: int, capsys: pytest.CaptureFixture[str]
):
    """The bound behind the highest is no value of the column's type, nor is that of an empty table."""
    table = world.create(
        "logs",
        f"id {kind} PRIMARY KEY AUTO_INCREMENT, who INT NOT NULL",
        cursor="id",
        cursor_type="id",
    )
    world.load_windows(table, day("2025-08-01"))
    world.sql(f"INSERT INTO logs VALUES (1, 1), ({top - 1}, 2)")
    window = window_until_now(world)
    world.load_windows(table, window)
    world.load_windows(table, window_until_now(world, window))
    assert [int(number) for (number,) in world.loaded("logs", "id")] == [1, top - 1]
    world.forget()
    assert main(["verify"]) == 0, capsys.readouterr().out
