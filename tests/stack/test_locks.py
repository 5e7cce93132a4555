"""A read that waits for a table's lock ends in time, and names the lock and the connection that holds it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import date
from threading import Thread
from typing import Any

import pytest

from devstack import lifecycle
from devstack.mariadb import MariaDB
from devstack.mysql import MySQL
from devstack.source import SourceServer
from pipeline import DailyLoad
from pipeline.config.settings import settings
from pipeline.errors import SourceError
from pipeline.source import connection as mysql
from tests.support.servers import Servers, Sources
from tests.support.waiting import until
from tests.support.world import World

SHOWN = "SELECT COUNT(*) FROM information_schema.processlist WHERE STATE LIKE 'Waiting for table%'"


class InstrumentedMariaDB(MariaDB):
    """A server whose performance_schema shows metadata locks."""

    def command(self) -> list[str]:
        return [
            *super().command(),
            "--performance-schema=ON",
            "--performance-schema-instrument=wait/lock/metadata/sql/mdl=ON",
            "--performance-schema-consumer-events-statements-current=ON",
        ]


class InstrumentedMySQL(MySQL):
    """A server with MySQL's default, a performance_schema that shows metadata locks."""

    def command(self) -> list[str]:
        return [*super().command(), "--performance-schema=ON"]


INSTRUMENTED: dict[str, type[SourceServer]] = {
    "mariadb": InstrumentedMariaDB,
    "mysql": InstrumentedMySQL,
}


@pytest.fixture(scope="module")
def instrumented(
    request: pytest.FixtureRequest, sources: Sources, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SourceServer]:
    """A source of the session's kind with a performance_schema."""
    kind = sources.of(request.config.getoption("--source")).source.kind
    server = INSTRUMENTED[kind].new(tmp_path_factory.mktemp("instrumented") / kind)
    lifecycle.start(server)
    yield server
    lifecycle.stop(server.directory)


@pytest.fixture(params=["processlist", "performance_schema"])
def stack(request: pytest.FixtureRequest, stack: Servers) -> Servers:
    """The servers, with a source that shows its locks, or only its connections."""
    if request.param == "processlist":
        return stack
    return replace(stack, source=request.getfixturevalue("instrumented"))


@pytest.fixture
def visits(world: World, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("DB_LOCK_WAIT", "1")
    return world.create(
        "visits",
        "id INT PRIMARY KEY, at DATETIME NOT NULL",
        "VALUES (1, '2025-08-01 10:00:00')",
        cursor="at",
    )


def shows_locks(world: World) -> bool:
    return bool(world.sql("SELECT @@performance_schema")[0][0])


@contextmanager
def waiting_alter(world: World) -> Iterator[tuple[Any, int]]:
    """An ALTER of visits that waits for an open transaction; its connection's id."""
    with closing(world.source()) as user, closing(world.source()) as owner:
        user.cursor().execute("SELECT * FROM visits")
        alter = "ALTER TABLE visits ADD COLUMN note INT"
        thread = Thread(target=lambda: owner.cursor().execute(alter))
        thread.start()
        try:
            until(lambda: world.sql(SHOWN)[0][0], "the ALTER does not wait")
            yield user, owner.thread_id()
        finally:
            user.rollback()
            thread.join()


def test_a_waiting_alter_is_named_with_the_transaction_that_it_waits_for(world: World, visits: str):
    with waiting_alter(world) as (user, altering):
        error = world.failure(DailyLoad(date=date(2025, 8, 1), table=visits))
    assert isinstance(error, SourceError)
    text = str(error)
    assert f"{visits} is locked in the source: a read waited 1 s" in text
    assert f"connection {altering} (root@127.0.0.1" in text
    assert "ALTER TABLE visits ADD COLUMN note INT" in text
    assert f"connection {user.thread_id()} (root@127.0.0.1" in text
    assert "Lost connection" not in text
    assert "DB_HOST" not in text
    assert "KILL" not in text
    assert f"{visits} 2025-08-01" in text or f"{visits} 20250801" in text
    world.load_days(visits, 1)
    assert world.loaded("visits", "id") == [(1,)]


def test_lock_tables_is_named_where_locks_are_visible(world: World, visits: str):
    with closing(world.source()) as other:
        other.cursor().execute("LOCK TABLES visits WRITE")
        error = world.failure(DailyLoad(date=date(2025, 8, 1), table=visits))
        text = str(error)
        assert f"{visits} is locked in the source" in text
        if shows_locks(world):
            assert f"connection {other.thread_id()} (root@127.0.0.1" in text
            assert f"holds the lock SHARED_NO_READ_WRITE of {visits}: LOCK TABLES" in text
        else:
            assert "the account does not see which connection holds it" in text
            assert "performance_schema" in text
        other.cursor().execute("UNLOCK TABLES")
    world.load_days(visits, 1)


def test_a_lock_on_the_table_of_a_view_is_named(world: World, visits: str):
    world.sql("CREATE VIEW visited AS SELECT id, at FROM visits")
    with closing(world.source()) as other:
        other.cursor().execute("LOCK TABLES visits WRITE")
        with (
            pytest.raises(SourceError) as caught,
            mysql.connected(settings().source) as connection,
        ):
            mysql.scalar(connection, f"SELECT COUNT(*) FROM `{world.name}`.`visited`")
        assert f"{world.name}.visited is locked" in str(caught.value)
        if shows_locks(world):
            assert f"SHARED_NO_READ_WRITE of {visits}" in str(caught.value)


def test_the_wait_for_a_lock_ends_before_the_connection_is_given_up(
    world: World, visits: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("DB_LOCK_WAIT", "600")
    monkeypatch.setenv("DB_TIMEOUT", "5")
    with waiting_alter(world):
        error = world.failure(DailyLoad(date=date(2025, 8, 1), table=visits))
    assert "a read waited 2 s" in str(error)


def test_check_names_the_lock_too(world: World, visits: str):
    with waiting_alter(world) as (_, altering):
        out = world.pipeline("check", check=42, DB_LOCK_WAIT="1").stdout
    assert f"{visits} is locked in the source" in out
    assert f"connection {altering} " in out


def test_an_alter_during_a_read_is_followed_by_another_read(
    world: World, visits: str, monkeypatch: pytest.MonkeyPatch
):
    """The snapshot has begun when the ALTER rewrites the table: error 1412 for each read of it."""
    before, altered = mysql.snapshot, []

    @contextmanager
    def altering(connection: mysql.Connection) -> Iterator[None]:
        with before(connection):
            if not altered:
                altered.append(True)
                world.sql("ALTER TABLE visits ADD INDEX (at), ALGORITHM = COPY")
            yield

    monkeypatch.setattr(mysql, "snapshot", altering)
    world.load_days(visits, 1)
    assert altered
    assert world.loaded("visits", "id") == [(1,)]
