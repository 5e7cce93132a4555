"""A window is taken when nothing can commit into it any more, and not before."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import date, datetime, timedelta, timezone
from threading import Event, Thread
from time import monotonic
from typing import Any

import pymysql
import pytest

from pipeline import DailyLoad
from pipeline.config.settings import settings
from pipeline.errors import SourceError
from pipeline.model.window import Window
from pipeline.source import connection as mysql
from pipeline.source import window_closing
from pipeline.steps import window_closed
from tests import promises
from tests.support.truths import assert_same
from tests.support.waiting import until
from tests.support.world import World, day

REPLICATION = {
    "mariadb": ("CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = 1", "RESET SLAVE ALL"),
    "mysql": (
        "CHANGE REPLICATION SOURCE TO SOURCE_HOST = '127.0.0.1', SOURCE_PORT = 1",
        "RESET REPLICA ALL",
    ),
}
NOW = datetime.now(timezone.utc).replace(microsecond=0)


@pytest.fixture
def visits(world: World) -> str:
    world.sql(
        "CREATE TABLE visits (id INT PRIMARY KEY AUTO_INCREMENT, who INT, at DATETIME(6) NULL)",
        "INSERT INTO visits (who, at) VALUES (1, '2025-08-01 10:00:00')",
    )
    return world.define("visits", cursor="at")


@pytest.fixture
def writer(world: World) -> Iterator[Any]:
    """A connection of an application, in whose transactions the test inserts."""
    with closing(world.source()) as connection:
        yield connection


def is_closed(world: World, end: datetime) -> bool:
    """Whether a window that ends then is closed, without what the process remembers."""
    world.forget()
    window = Window(end - timedelta(hours=1), end)
    return window_closed.is_closed(window, settings().source, None)


def seconds(count: int) -> timedelta:
    return timedelta(seconds=count)


def clock(world: World) -> datetime:
    with mysql.connected(settings().source) as connection:
        return mysql.clock(connection).replace(microsecond=0)


def two_seconds_ago(world: World) -> datetime:
    """The server's clock at the call; two seconds more have passed at the return."""
    begun = clock(world)
    until(lambda: clock(world) >= begun + seconds(2), "the server's clock does not go on")
    return begun


@promises.LATE_COMMIT
def test_a_transaction_older_than_the_windows_end_keeps_it_waiting(
    world: World, visits: str, writer: Any
):
    """The window of an hour that ends now: the row is not there yet, the clock says it is over."""
    cursor = writer.cursor()
    cursor.execute("INSERT INTO visits (who, at) VALUES (2, UTC_TIMESTAMP(6))")
    cursor.execute("SELECT at FROM visits WHERE who = 2")
    moment = cursor.fetchone()[0].replace(tzinfo=timezone.utc)
    end = moment.replace(microsecond=0) + seconds(2)
    window = Window(end - timedelta(hours=1), end)

    def clock_has_reached_end() -> bool:
        assert not is_closed(world, end)
        return clock(world) >= end  # the clock alone would close the window then

    until(clock_has_reached_end, "the server's clock does not reach the end")

    arguments = ["RefreshViews", "--table", visits, "--window", window.name]
    out = world.luigi(*arguments, check=20).stdout
    assert f"window {window} is not closed yet; a later run takes it" in out
    assert "ERROR" not in out
    assert world.lake_keys() == []
    assert not (world.folder / "spool").exists()

    writer.commit()
    world.luigi(*arguments)
    assert world.loaded("visits", "who") == [(2,)]


def test_a_session_that_holds_windows_back_for_long_is_reported(
    world: World,
    visits: str,
    writer: Any,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
):
    """Else a connection that somebody forgot would keep every window waiting, and nobody would know why."""
    cursor = writer.cursor()
    cursor.execute("UPDATE visits SET who = 5")
    begun = two_seconds_ago(world)
    assert not is_closed(world, begun + seconds(1))
    assert "held open" not in caplog.text
    monkeypatch.setattr(window_closing, "WARN_AFTER", 0)
    assert not is_closed(world, begun + seconds(1))
    assert f"held open by a transaction of connection {writer.thread_id()} (root@" in caplog.text
    assert f"KILL {writer.thread_id()} in the source" in caplog.text


def test_a_transaction_that_was_prepared_and_left_holds_all_windows_back(
    world: World, visits: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    """After a restart it is as young as that in innodb_trx, but the rows that it may commit are not."""
    monkeypatch.setattr(window_closing, "PREPARED_AFTER", 1)
    with closing(world.source()) as left:
        for statement in ("XA START '{0}'", "INSERT INTO visits (who) VALUES (2)", "XA END '{0}'"):
            left.cursor().execute(statement.format(world.name))
        left.cursor().execute(f"XA PREPARE '{world.name}'")
    long_ago = NOW - timedelta(days=300)
    try:
        # the server shows it as young at first
        until(lambda: not is_closed(world, long_ago), "the prepared transaction holds nothing back")
        assert "XA RECOVER in the source lists it" in caplog.text
    finally:
        world.sql("SET autocommit = 1", f"XA ROLLBACK '{world.name}'")
    assert is_closed(world, long_ago)


def test_a_transaction_that_only_reads_holds_nothing_back(world: World, visits: str, writer: Any):
    cursor = writer.cursor()
    cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
    cursor.execute("SELECT COUNT(*) FROM visits")
    begun = two_seconds_ago(world)
    assert is_closed(world, begun + seconds(1))
    # the same transaction, had it been allowed to write, would
    writer.rollback()
    cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT")
    cursor.execute("UPDATE visits SET who = 5")
    begun = two_seconds_ago(world)
    assert not is_closed(world, begun + seconds(1))


@contextmanager
def running(world: World, statement: str) -> Iterator[None]:
    """A statement of another connection, for as long as the context."""
    with closing(world.source()) as other:
        other.autocommit(True)

        def run() -> None:
            with suppress(pymysql.err.Error):  # it is killed at the end
                other.cursor().execute(statement)

        thread = Thread(target=run)
        thread.start()
        shown = "SELECT COUNT(*) FROM information_schema.processlist WHERE ID = %s AND TIME >= 2"
        with closing(world.source()) as looker, looker.cursor() as cursor:

            def has_run() -> bool:
                cursor.execute(shown, (other.thread_id(),))
                return bool(cursor.fetchone() == (1,))

            try:
                until(has_run, f"{statement} does not run")
                yield
            finally:
                cursor.execute(f"KILL {other.thread_id()}")
                thread.join()


@pytest.mark.parametrize(
    "statement",
    [
        "/* report 7 */ SELECT SLEEP(40)",
        "-- report 7\nSELECT SLEEP(40)",
        "(SELECT SLEEP(40))",
        "WITH slow AS (SELECT SLEEP(40)) SELECT * FROM slow",
        "SELECT SLEEP(40) FROM visits",
    ],
)
def test_a_statement_that_only_reads_holds_nothing_back(
    world: World,
    visits: str,
    statement: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(window_closing, "WARN_AFTER", 0)
    with running(world, statement):
        begun = clock(world)
        assert is_closed(world, begun - seconds(1))
    assert "held open" not in caplog.text
    assert "KILL" not in caplog.text


@promises.LATE_COMMIT
@pytest.mark.parametrize(
    "statement",
    [
        "/* report 7 */ INSERT INTO visits (who) SELECT SLEEP(40)",
        "INSERT INTO visits (who) WITH slow AS (SELECT SLEEP(40)) SELECT * FROM slow",
    ],
)
def test_a_statement_that_may_write_holds_windows_back_whatever_it_begins_with(
    world: World,
    visits: str,
    statement: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(window_closing, "WARN_AFTER", 0)
    with running(world, statement):
        begun = clock(world)
        assert not is_closed(world, begun - seconds(1))
    assert "KILL" in caplog.text


def test_a_transaction_that_has_only_read_holds_windows_back_and_is_not_to_be_killed(
    world: World,
    visits: str,
    writer: Any,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
):
    """It may still write; its connection may be a report's."""
    monkeypatch.setattr(window_closing, "WARN_AFTER", 0)
    writer.cursor().execute("SELECT COUNT(*) FROM visits")
    begun = two_seconds_ago(world)
    assert not is_closed(world, begun + seconds(1))
    assert f"a transaction of connection {writer.thread_id()} (root@" in caplog.text
    assert "it has only read so far but may still write: COMMIT there" in caplog.text
    assert "KILL" not in caplog.text


@promises.CLOSING_LAG
def test_the_lag_is_honoured(world: World, visits: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DB_CLOSING_LAG", "3600")
    now = clock(world)
    assert not is_closed(world, now - timedelta(minutes=59))
    assert is_closed(world, now - timedelta(minutes=61))


def test_a_window_in_the_future_is_missing_data(world: World, visits: str):
    tomorrow = f"{NOW + timedelta(days=1):%Y-%m-%d}"
    world.luigi("DailyLoad", "--date", tomorrow, "--table", visits, check=20)


@promises.CLOSING_LAG
def test_without_the_right_to_see_transactions_the_lag_alone_counts_and_the_log_says_so(
    world: World,
    visits: str,
    writer: Any,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    user = f"u{world.name[2:]}"
    world.sql(
        f"CREATE USER '{user}'@'127.0.0.1' IDENTIFIED BY 'local'",
        f"GRANT SELECT ON {world.name}.* TO '{user}'@'127.0.0.1'",
    )
    monkeypatch.setenv("DB_USER", user)
    monkeypatch.setenv("DB_PASSWORD", "local")
    writer.cursor().execute("INSERT INTO visits (who, at) VALUES (3, UTC_TIMESTAMP())")
    begun = two_seconds_ago(world)
    with caplog.at_level("WARNING", logger="pipeline"):
        assert is_closed(world, begun + seconds(1))
    assert "GRANT PROCESS" in caplog.text
    assert "by lag alone, 0 s" in caplog.text
    world.succeed(DailyLoad(date(2025, 8, 1), table=visits))
    world.sql(f"DROP USER '{user}'@'127.0.0.1'")


def test_rows_without_a_cursor_are_refused_unless_they_are_left_out_knowingly(
    world: World, visits: str
):
    world.sql("INSERT INTO visits (who, at) VALUES (7, NULL), (8, NULL)")
    arguments = ["DailyLoad", "--date", "2025-08-01", "--table", visits]
    out = world.luigi(*arguments, check=45).stdout
    assert "2 rows have no at and belong to no window" in out
    assert "on_null_cursor: ignore" in out
    assert "Traceback" not in out
    assert not world.lake_keys("lake/")
    world.define("visits", cursor="at", on_null_cursor="ignore")
    world.luigi(*arguments)
    assert_same(world, "visits", where="at IS NOT NULL")
    assert world.marker(world.keys("visits").lake_marker(day("2025-08-01")))["rows"] == 1


@promises.STOPPED_REPLICA
def test_a_replica_that_does_not_replicate_closes_no_window(world: World, visits: str):
    change, reset = REPLICATION[world.stack.source.kind]
    world.sql(change)
    try:
        with pytest.raises(SourceError, match="does not replicate"):
            is_closed(world, NOW - timedelta(days=1))
    finally:
        world.sql(reset)
    assert is_closed(world, NOW - timedelta(days=1))


@promises.LATE_COMMIT
def test_a_statement_that_waits_for_a_lock_holds_windows_back(world: World):
    """Its NOW() is fixed already, and it is no transaction yet: FLUSH TABLES WITH READ LOCK does this."""
    world.sql(
        "CREATE TABLE waiting (id INT PRIMARY KEY, at DATETIME(6) DEFAULT CURRENT_TIMESTAMP(6))"
    )
    with closing(world.source()) as locker, closing(world.source()) as writer:
        locker.cursor().execute("FLUSH TABLES WITH READ LOCK")
        writer.autocommit(True)
        insert = "INSERT INTO waiting (id) VALUES (2)"
        thread = Thread(target=lambda: writer.cursor().execute(insert))
        thread.start()
        with mysql.connected(settings().source) as connection:
            seen = "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'INSERT%'"
            until(lambda: mysql.scalar(connection, seen) == 1, "the INSERT does not wait")
            closed = window_closing.closed_until(connection, 0)
        locker.cursor().execute("UNLOCK TABLES")
        thread.join()
    ((at,),) = world.sql("SELECT at FROM waiting")
    assert closed <= at.replace(tzinfo=timezone.utc)


def wait_for(connection: mysql.Connection, statement: str) -> str:
    """Return when a statement that begins so waits, with the command it is shown as."""
    seen = f"SELECT COMMAND FROM information_schema.processlist WHERE INFO LIKE '{statement}%'"
    return str(until(lambda: mysql.scalar(connection, seen), f"{statement} does not wait"))


@promises.LATE_COMMIT
def test_a_statement_that_ends_between_two_looks_has_left_its_transaction_to_be_seen(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    world.sql(
        "CREATE TABLE waiting (id INT PRIMARY KEY, at DATETIME(6) DEFAULT CURRENT_TIMESTAMP(6))"
    )
    with (
        closing(world.source()) as locker,
        closing(world.source()) as writer,
        mysql.connected(settings().source) as connection,
    ):
        locker.cursor().execute("FLUSH TABLES WITH READ LOCK")
        insert = "INSERT INTO waiting (id) VALUES (2)"
        thread = Thread(target=lambda: writer.cursor().execute(insert))
        thread.start()
        wait_for(connection, "INSERT INTO waiting")

        def ending(look: Callable[[mysql.Connection], int | None]) -> Any:
            def looked(connection: mysql.Connection) -> int | None:
                found = look(connection)
                locker.cursor().execute("UNLOCK TABLES")
                thread.join()
                return found

            return looked

        for look in ("_oldest_statement", "_oldest_writer"):
            monkeypatch.setattr(window_closing, look, ending(getattr(window_closing, look)))
        closed = window_closing.closed_until(connection, 0)
        writer.commit()
    ((at,),) = world.sql("SELECT at FROM waiting")
    assert closed <= at.replace(tzinfo=timezone.utc)


def test_a_statement_of_an_event_holds_windows_back_too(world: World):
    """It is shown as no query: commands that write have many names."""
    world.sql(
        "CREATE TABLE waiting (id INT PRIMARY KEY, at DATETIME(6) DEFAULT CURRENT_TIMESTAMP(6))"
    )
    ((before,),) = world.sql("SELECT @@global.event_scheduler")
    with closing(world.source()) as locker, mysql.connected(settings().source) as connection:
        locker.cursor().execute("LOCK TABLES waiting READ")
        event = "CREATE EVENT once ON SCHEDULE AT NOW() DO INSERT INTO waiting (id) VALUES (2)"
        world.sql("SET GLOBAL event_scheduler = ON", event)
        try:
            assert wait_for(connection, "INSERT INTO waiting") not in ("Query", "Execute")
            assert window_closing._oldest_statement(connection) is not None
            closed = window_closing.closed_until(connection, 0)
        finally:
            locker.cursor().execute("UNLOCK TABLES")
            world.sql(f"SET GLOBAL event_scheduler = {before}")
    rows = until(lambda: world.sql("SELECT at FROM waiting"), "the event has not written")
    assert closed <= rows[0][0].replace(tzinfo=timezone.utc)


def test_the_open_transactions_are_those_of_now_however_often_others_look(
    world: World, visits: str, writer: Any
):
    """The server does not refresh innodb_trx while a session reads it every few milliseconds."""
    look = "SELECT COUNT(*) FROM information_schema.innodb_trx"
    with closing(world.source()) as monitor, mysql.connected(settings().source) as connection:
        watching = monitor.cursor()
        ending = monotonic() + 0.5
        while monotonic() < ending:  # a read more than 0.1 s after the last one refreshes it
            watching.execute(look)
        writer.cursor().execute("INSERT INTO visits (who, at) VALUES (2, UTC_TIMESTAMP(6))")
        watching.execute(look)
        assert watching.fetchone() == (0,), "the view is to be out of date"
        begun = clock(world)
        until(
            lambda: watching.execute(look) and clock(world) >= begun + seconds(2),
            "the server's clock does not go on",
        )
        assert window_closing.closed_until(connection, 0) <= begun


def test_where_the_open_transactions_are_never_shown_as_they_are_no_window_closes(
    world: World, visits: str, monkeypatch: pytest.MonkeyPatch
):
    stop, looks = Event(), [0]

    def look() -> None:
        with closing(world.source()) as monitor, monitor.cursor() as cursor:
            while not stop.is_set():
                looks[0] += cursor.execute("SELECT COUNT(*) FROM information_schema.innodb_trx")

    monkeypatch.setattr(window_closing, "_TRIES", 3)
    watcher = Thread(target=look)
    watcher.start()
    try:
        with mysql.connected(settings().source) as connection:
            until(lambda: looks[0] > 100, "the monitor does not look")
            with pytest.raises(SourceError, match="does not show its open transactions"):
                window_closing.closed_until(connection, 0)
    finally:
        stop.set()
        watcher.join()
