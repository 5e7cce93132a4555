"""The source is a replica: a real one, of a real primary, with its threads running, waiting or stopped."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

import pytest

from devstack import lifecycle
from devstack.mariadb import MariaDB
from devstack.ports import HOST
from pipeline.config.settings import Source
from pipeline.errors import SourceError
from pipeline.model.window import Window
from pipeline.source import connection as mysql
from pipeline.source import window_closing
from tests import promises
from tests.support.waiting import until
from tests.support.world import World


@dataclass(frozen=True)
class Replicating(MariaDB):
    """A server that can be either side of a replication."""

    number: ClassVar[int]

    def command(self) -> list[str]:
        options = [
            f"--server-id={self.number}",
            "--log-bin=binlog",
            "--innodb-buffer-pool-size=64M",
        ]
        return [*super().command(), *options]

    def run(self, *statements: str, database: str | None = None) -> list[tuple[Any, ...]]:
        with (
            closing(self.connect(root=True, database=database)) as connection,
            connection.cursor() as cursor,
        ):
            for statement in statements:
                cursor.execute(statement)
            connection.commit()
            return list(cursor.fetchall())

    @property
    def settings(self) -> Source:
        environment = self.environment()
        return Source(
            host=HOST, port=self.port, user=environment["DB_USER"], password=self.password, lag=0
        )


class Primary(Replicating):
    kind: ClassVar[str] = "primary"
    number: ClassVar[int] = 1


class Replica(Replicating):
    kind: ClassVar[str] = "replica"
    number: ClassVar[int] = 2


@dataclass(frozen=True)
class Pair:
    primary: Replicating
    replica: Replicating

    def catch_up(self) -> None:
        """Return when the replica has what the primary has."""
        ((file, position, *_),) = self.primary.run("SHOW MASTER STATUS")
        ((waited,),) = self.replica.run(f"SELECT MASTER_POS_WAIT('{file}', {position}, 30)")
        assert waited is not None
        assert waited >= 0


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("replication")
    pair = Pair(Primary.new(folder / "primary"), Replica.new(folder / "replica"))
    try:
        lifecycle.start(pair.primary)
        lifecycle.start(pair.replica)
        password = pair.primary.password
        pair.primary.run(
            f"CREATE USER 'copy'@'127.0.0.1' IDENTIFIED BY '{password}'",
            "GRANT REPLICATION SLAVE ON *.* TO 'copy'@'127.0.0.1'",
        )
        ((file, position, *_),) = pair.primary.run("SHOW MASTER STATUS")
        pair.replica.run(
            f"CHANGE MASTER TO MASTER_HOST='{HOST}', MASTER_PORT={pair.primary.port}, "
            f"MASTER_USER='copy', MASTER_PASSWORD='{password}', MASTER_LOG_FILE='{file}', "
            f"MASTER_LOG_POS={position}, MASTER_USE_GTID=no"
        )
        yield pair
    finally:
        lifecycle.stop(pair.replica.directory)
        lifecycle.stop(pair.primary.directory)


@pytest.fixture
def pair(servers: Pair, world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    """Both servers, replicating; the pipeline's source is the replica."""
    servers.replica.run("START SLAVE")
    servers.primary.run(
        f"CREATE DATABASE {world.name}",
        f"CREATE TABLE {world.name}.visits (id INT PRIMARY KEY AUTO_INCREMENT, "
        "at TIMESTAMP(6) DEFAULT CURRENT_TIMESTAMP(6), KEY (at))",
    )
    servers.catch_up()
    yield servers
    servers.replica.run("START SLAVE")
    servers.primary.run(f"DROP DATABASE {world.name}")


def insert(pair: Pair, world: World) -> datetime:
    """Add a row on the primary and return its instant."""
    table = f"{world.name}.visits"
    ((at,),) = pair.primary.run(
        f"INSERT INTO {table} (id) VALUES (NULL)", f"SELECT MAX(at) FROM {table}"
    )
    return at


def window_over(pair: Pair, moment: datetime) -> Window:
    """The hour up to the second after a moment, once the primary's clock is past it."""
    end = moment.replace(microsecond=0) + timedelta(seconds=1)
    until(
        lambda: pair.primary.run("SELECT UTC_TIMESTAMP(6)")[0][0] >= end,
        "the primary's clock does not reach the window's end",
    )
    start = Window.hour(end - timedelta(hours=1)).start
    return Window(start, end.replace(tzinfo=start.tzinfo))


def take(world: World, pair: Pair, window: Window, status: int, **environment: str) -> str:
    """Load the window from the replica with that exit status, and return what was said."""
    source = pair.replica.environment()
    table = world.define("visits", cursor="at")
    arguments = ("RefreshViews", "--table", table, "--window", window.name)
    variables = {**source, "DB_DATABASE": world.name, **environment}
    return world.luigi(*arguments, check=status, **variables).stdout


def test_a_replica_that_has_caught_up_is_read_and_the_log_says_what_it_cannot_show(
    pair: Pair, world: World
):
    at = insert(pair, world)
    window = window_over(pair, at)
    pair.catch_up()
    out = take(world, pair, window, 0)
    assert "the source is a replica" in out
    assert "set DB_CLOSING_LAG above the longest transaction" in out
    assert world.loaded("visits", "id") == [(1,)]


@promises.CHANNELS
def test_what_a_replica_has_not_applied_yet_is_missing_data(pair: Pair, world: World):
    """The row waits for a lock on the replica, while the clock says that the window is over."""
    insert(pair, world)
    pair.catch_up()
    with closing(pair.replica.connect(root=True, database=world.name)) as locker:
        cursor = locker.cursor()
        cursor.execute("LOCK TABLES visits READ")
        at = insert(pair, world)
        window = window_over(pair, at + timedelta(seconds=1))
        with mysql.connected(pair.replica.settings) as connection:
            assert window_closing.closed_until(connection, 0) < window.end
        out = take(world, pair, window, 20)
        assert "is not closed yet; a later run takes it" in out
        assert world.lake_keys() == []
        cursor.execute("UNLOCK TABLES")
    pair.catch_up()
    take(world, pair, window, 0)
    assert world.loaded("visits", "id") == [(1,), (2,)]


def test_a_stopped_thread_of_a_replica_closes_no_window(pair: Pair, world: World):
    insert(pair, world)
    pair.catch_up()
    pair.replica.run("STOP SLAVE SQL_THREAD")
    window = window_over(pair, insert(pair, world))
    out = take(world, pair, window, 42)
    assert "does not replicate" in out
    assert "start replication" in out
    assert world.lake_keys("lake/") == []
    pair.replica.run("START SLAVE SQL_THREAD")
    pair.catch_up()
    take(world, pair, window, 0)
    assert world.loaded("visits", "id") == [(1,), (2,)]


@promises.CHANNELS
def test_of_several_channels_the_slowest_counts(pair: Pair, world: World):
    window = window_over(pair, insert(pair, world))
    pair.catch_up()
    pair.replica.run(f"CHANGE MASTER 'second' TO MASTER_HOST='{HOST}', MASTER_PORT=1")
    try:
        assert "does not replicate" in take(world, pair, window, 42)
    finally:
        pair.replica.run("RESET SLAVE 'second' ALL")
    take(world, pair, window, 0)
    assert world.loaded("visits", "id") == [(1,)]


@pytest.fixture
def reader(pair: Pair) -> Iterator[Source]:
    """A user of the replica who may see its transactions, and not its status."""
    pair.replica.run(
        "CREATE USER 'reader'@'127.0.0.1' IDENTIFIED BY 'local'",
        "GRANT SELECT, PROCESS ON *.* TO 'reader'@'127.0.0.1'",
    )
    yield Source(host=HOST, port=pair.replica.port, user="reader", password="local", lag=0)
    pair.replica.run("SET GLOBAL read_only = 0", "DROP USER 'reader'@'127.0.0.1'")


@promises.UNREADABLE_REPLICA
def test_a_replica_that_may_not_be_asked_is_refused_with_the_grant_to_run(
    pair: Pair, world: World, reader: Source
):
    insert(pair, world)
    pair.catch_up()
    pair.replica.run("SET GLOBAL read_only = 1", "STOP SLAVE")
    window = window_over(pair, insert(pair, world))
    user = {"DB_USER": "reader", "DB_PASSWORD": "local"}
    out = take(world, pair, window, 42, **user)
    assert "it is a replica (read_only is set), and this user may not read its status" in out
    grant = "GRANT SLAVE MONITOR ON *.* TO 'reader'@'127.0.0.1'"
    assert grant in out
    assert world.lake_keys() == []
    pair.replica.run(grant, "START SLAVE")
    pair.catch_up()
    take(world, pair, window, 0, **user)
    assert world.loaded("visits", "id") == [(1,), (2,)]


def test_a_replica_that_is_seen_by_its_threads_is_refused_too(pair: Pair, reader: Source):
    pair.replica.run("STOP SLAVE SQL_THREAD")
    with mysql.connected(reader) as connection:
        for look in (window_closing.closed_until, window_closing.ended_until):
            with pytest.raises(SourceError, match="its threads run"):
                look(connection, 0)


@promises.UNREADABLE_REPLICA
def test_what_may_be_a_replica_is_waited_for_as_one_and_the_log_says_so(
    pair: Pair, reader: Source, caplog: pytest.LogCaptureFixture
):
    """Its status may not be read, and nothing else tells: of a primary that is so too."""
    pair.replica.run("STOP SLAVE")
    with mysql.connected(reader) as connection, caplog.at_level("WARNING", logger="pipeline"):
        now = mysql.clock(connection)
        assert window_closing.ended_until(connection, 3600) < now - timedelta(minutes=59)
        assert window_closing.closed_until(connection, 0) > now - timedelta(minutes=1)
    assert "may not see whether the source is a replica" in caplog.text
    assert "GRANT SLAVE MONITOR ON *.* TO 'reader'@'127.0.0.1'" in caplog.text


def test_a_server_that_takes_no_writes_of_its_own_may_not_show_who_writes(pair: Pair):
    with mysql.connected(pair.primary.settings) as connection:
        now = mysql.clock(connection)
        assert window_closing.ended_until(connection, 3600) > now - timedelta(minutes=1)
        pair.primary.run("SET GLOBAL read_only = 1")
        try:
            assert window_closing.ended_until(connection, 3600) < now - timedelta(minutes=59)
        finally:
            pair.primary.run("SET GLOBAL read_only = 0")
