"""Limits of the source: waited for where they pass by themselves, else named with the cure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import date
from threading import Thread

import pymysql
import pytest
from pymysql.constants import ER

from pipeline import DailyLoad
from pipeline.config.settings import settings
from pipeline.errors import SourceError
from pipeline.source import connection as mysql
from tests.support.waiting import until
from tests.support.world import World


@pytest.fixture
def long(world: World) -> str:
    """A statement that takes minutes, from FROM on."""
    world.sql("CREATE TABLE digits (id INT PRIMARY KEY)")
    world.sql("INSERT INTO digits VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)")
    return " JOIN ".join(f"{world.name}.digits AS t{number}" for number in range(12))


@pytest.fixture
def account(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The pipeline's account, with a single connection."""
    name = f"u{world.name[2:]}"
    world.sql(
        f"CREATE USER '{name}'@'127.0.0.1' IDENTIFIED BY 'Geheim-1' WITH MAX_USER_CONNECTIONS 1",
        f"GRANT SELECT, PROCESS ON *.* TO '{name}'@'127.0.0.1'",
    )
    monkeypatch.setenv("DB_USER", name)
    monkeypatch.setenv("DB_PASSWORD", "Geheim-1")
    world.forget()
    yield name
    world.sql(f"DROP USER '{name}'@'127.0.0.1'")


def take_all_connections(world: World, kept: ExitStack) -> None:
    """Open connections until the server refuses one."""
    try:
        while True:
            kept.enter_context(closing(world.stack.source.connect()))
    except pymysql.err.OperationalError as error:
        if error.args[0] != ER.CON_COUNT_ERROR:
            raise


@contextmanager
def server_wide(world: World, name: str, value: int) -> Iterator[None]:
    ((before,),) = world.sql(f"SELECT @@GLOBAL.{name}")
    world.sql(f"SET GLOBAL {name} = {value}")
    try:
        yield
    finally:
        world.sql(f"SET GLOBAL {name} = {before}")


def test_a_connection_that_another_one_makes_room_for_is_made(
    world: World, account: str, caplog: pytest.LogCaptureFixture
):
    with mysql.connected(settings().source) as holder, ExitStack() as thread_ended:

        def make_room() -> None:
            until(lambda: "attempt 1 failed" in caplog.text, "no attempt failed")
            holder.close()

        thread = Thread(target=make_room)
        thread.start()
        thread_ended.callback(thread.join)
        with mysql.connected(settings().source) as connection:
            assert mysql.scalar(connection, "SELECT 1") == 1


def test_the_limit_of_an_account_is_named_with_the_cure(
    world: World, account: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(mysql, "_TRIES_AT_LIMIT", 2)
    with (
        mysql.connected(settings().source),
        pytest.raises(SourceError) as caught,
        mysql.connected(settings().source),
    ):
        pass
    assert "the account has reached a limit of the source" in str(caught.value)
    assert "MAX_USER_CONNECTIONS" in caught.value.todo
    assert "DB_PASSWORD" not in str(caught.value)


def test_an_hourly_limit_of_an_account_is_not_waited_for(
    world: World, account: str, caplog: pytest.LogCaptureFixture
):
    world.sql(
        f"ALTER USER '{account}'@'127.0.0.1' WITH MAX_USER_CONNECTIONS 0 MAX_CONNECTIONS_PER_HOUR 1"
    )
    with mysql.connected(settings().source):
        pass
    with pytest.raises(SourceError, match="reached an hourly"), mysql.connected(settings().source):
        pass
    assert "attempt" not in caplog.text


def test_a_server_without_a_free_connection_is_named_with_the_cure(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(mysql, "_TRIES_AT_LIMIT", 2)
    with server_wide(world, "max_connections", 10), ExitStack() as open_connections:
        take_all_connections(world, open_connections)
        with pytest.raises(SourceError) as caught, mysql.connected(settings().source):
            pass
    assert "the source has no free connection: Too many connections" in str(caught.value)
    assert "max_connections" in caught.value.todo
    assert "[resources]" in caught.value.todo


def test_a_statement_that_the_server_does_not_accept_is_named_with_the_cure(world: World):
    long = f"SELECT LENGTH('{'a' * 100_000}')"
    with (
        server_wide(world, "max_allowed_packet", 1024),
        pytest.raises(SourceError) as caught,
        mysql.connected(settings().source) as connection,
    ):
        mysql.scalar(connection, long)
    assert "a statement is longer than the source accepts" in str(caught.value)
    assert "max_allowed_packet" in caught.value.todo


def test_a_statement_ended_at_a_time_limit_is_named(world: World, long: str):
    limited = {
        "mariadb": f"SET STATEMENT max_statement_time = 0.1 FOR SELECT SUM(t0.id + t11.id) FROM {long}",
        "mysql": f"SELECT /*+ MAX_EXECUTION_TIME(100) */ SUM(t0.id + t11.id) FROM {long}",
    }
    with pytest.raises(SourceError) as caught, mysql.connected(settings().source) as connection:
        mysql.scalar(connection, limited[world.stack.source.kind])
    assert "ended a statement at a time limit" in str(caught.value)
    assert "proxy" in caught.value.todo


def test_a_statement_ended_by_an_administrator_is_not_tried_again(
    world: World, long: str, monkeypatch: pytest.MonkeyPatch
):
    visits = world.create(
        "visits",
        "id INT PRIMARY KEY, at DATETIME NOT NULL",
        "VALUES (1, '2025-08-01 10:00:00')",
        cursor="at",
    )
    ended = []
    count = mysql.scalar

    def counted(connection: mysql.Connection, query: str) -> object:
        if "COUNT(*)" not in query or "visits" not in query:
            return count(connection, query)
        ended.append(query)
        seen = "SELECT ID FROM information_schema.processlist WHERE INFO LIKE 'SELECT SUM%'"

        def kill() -> None:
            (row,) = until(lambda: world.sql(seen), "the statement does not run")
            world.sql(f"KILL QUERY {row[0]}")

        thread = Thread(target=kill)
        thread.start()
        try:
            return count(connection, f"SELECT SUM(t0.id + t11.id) FROM {long}")
        finally:
            thread.join()

    monkeypatch.setattr(mysql, "scalar", counted)
    error = world.failure(DailyLoad(date=date(2025, 8, 1), table=visits))
    assert len(ended) == 1
    assert "a statement was ended in the source, as by KILL QUERY" in str(error)
    assert visits in error.where
    monkeypatch.setattr(mysql, "scalar", count)
    world.load_days(visits, 1)
    assert world.loaded("visits", "id") == [(1,)]
