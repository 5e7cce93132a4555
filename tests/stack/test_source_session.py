"""Server-wide settings of the source do not reach what the pipeline reads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest

from pipeline import DailyLoad
from pipeline.config.settings import settings
from pipeline.errors import SourceError
from pipeline.model.table_name import TableName
from pipeline.source import connection as mysql
from pipeline.source import session, session_sql
from pipeline.source import table as source_table
from pipeline.source.session_sql import Variable
from tests import promises
from tests.support.truths import assert_same, assert_tidy
from tests.support.world import World

FIRST, SECOND = date(2025, 8, 1), date(2025, 8, 2)


@contextmanager
def server_wide(world: World, name: str, value: object) -> Iterator[None]:
    """A setting of all sessions that begin now; as it was, afterwards."""
    ((before,),) = world.sql(f"SELECT @@GLOBAL.{name}")
    shown = value if isinstance(value, int | float) else f"'{value}'"
    world.sql(f"SET GLOBAL {name} = {shown}")
    try:
        yield
    finally:
        with world.stack.source.connect(root=True) as connection, connection.cursor() as cursor:
            cursor.execute("SET SESSION sql_mode = ''")
            cursor.execute(f"SET GLOBAL {name} = %s", (before,))


@pytest.fixture
def wide(world: World) -> str:
    """Six columns and as many rows, more than the limit of four that follows."""
    world.sql(
        "CREATE TABLE wide (id INT AUTO_INCREMENT PRIMARY KEY, a INT, b INT, c CHAR(6), d TEXT,"
        " at DATETIME NOT NULL, INDEX (at))",
        "INSERT INTO wide SELECT seq, seq, -seq, 'ab', 'text', '2025-08-01' FROM seq_1_to_6",
    )
    return world.define("wide", cursor="at")


def load(world: World, table: str, day: date = FIRST) -> None:
    assert world.build(DailyLoad(day, table=table)).status.name == "SUCCESS"


def test_a_limit_of_rows_cuts_neither_columns_nor_rows(world: World, wide: str):
    with server_wide(world, "sql_select_limit", 4):
        load(world, wide)
    assert_same(world, "wide")
    assert_tidy(world, "wide")


@promises.SESSION
def test_char_values_that_are_padded_server_wide_stay_one_key(world: World):
    world.sql(
        "CREATE TABLE padded (k CHAR(6) PRIMARY KEY, c CHAR(6), at DATETIME NOT NULL)",
        "INSERT INTO padded VALUES ('ab', 'cd', '2025-08-01')",
    )
    table = world.define("padded", cursor="at")
    load(world, table)
    world.sql("UPDATE padded SET at = '2025-08-02'")
    with server_wide(world, "sql_mode", "PAD_CHAR_TO_FULL_LENGTH"):
        load(world, table, SECOND)
    assert world.loaded("padded", "k, c") == [("ab", "cd")]
    assert_tidy(world, "padded")


MODES = (
    "ANSI_QUOTES",
    "NO_BACKSLASH_ESCAPES",
    "PIPES_AS_CONCAT",
    "HIGH_NOT_PRECEDENCE",
    "STRICT_TRANS_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE",
)


@pytest.mark.parametrize("mode", MODES)
def test_a_mode_of_the_server_changes_no_value(world: World, wide: str, mode: str):
    with server_wide(world, "sql_mode", mode):
        load(world, wide)
    assert_same(world, "wide")


@pytest.mark.source("mariadb")
@pytest.mark.parametrize("mode", ["ORACLE", "NO_TABLE_OPTIONS", "MSSQL"])
def test_the_next_id_is_read_where_table_options_are_not_shown(world: World, wide: str, mode: str):
    name = TableName.parse(wide)
    with server_wide(world, "sql_mode", mode), mysql.connected(settings().source) as connection:
        assert source_table.next_id(connection, name) == 7


@pytest.mark.source("mariadb")
def test_a_read_may_take_longer_than_statements_may_server_wide(world: World, wide: str):
    with server_wide(world, "max_statement_time", 0.1):
        assert slept(world) == 0


@pytest.mark.source("mysql")
def test_a_read_may_take_longer_than_mysql_lets_statements_take(world: World, wide: str):
    with server_wide(world, "max_execution_time", 100):
        assert slept(world) == 0


def slept(world: World) -> int:
    """What SLEEP gives: 0 unless it was cut short."""
    with mysql.connected(settings().source) as connection:
        return int(mysql.scalar(connection, f"SELECT SLEEP(0.5) FROM {world.name}.wide LIMIT 1"))


@pytest.mark.parametrize("charset", ["latin1", "cp1251", "binary"])
def test_the_character_set_of_results_is_the_pipelines(world: World, charset: str):
    world.sql(
        "CREATE TABLE words (id INT PRIMARY KEY, w TEXT, at DATETIME NOT NULL)",
        "INSERT INTO words VALUES (1, '顺丰 é Я', '2025-08-01')",
    )
    table = world.define("words", cursor="at")
    with (
        server_wide(world, "character_set_results", charset),
        server_wide(world, "character_set_client", "latin1"),
        server_wide(world, "character_set_connection", "latin1"),
    ):
        load(world, table)
    assert_same(world, "words")


def test_what_runs_when_a_session_begins_has_no_say(world: World, wide: str):
    script = "SET sql_select_limit = 4, time_zone = \\'+05:00\\', autocommit = 0"
    with server_wide(world, "init_connect", script):
        load(world, wide)
    assert_same(world, "wide")


def test_the_clock_of_a_session_is_the_servers(world: World, wide: str):
    """Windows close by it."""
    with server_wide(world, "init_connect", "SET timestamp = 1000000000"):
        load(world, wide)
    assert_same(world, "wide")


def test_a_login_that_init_connect_ends_is_named(world: World, wide: str):
    with server_wide(world, "init_connect", "SELECT * FROM no.such_table"):
        out = world.pipeline("check", "--table", wide, check=42).stdout
    assert "correct the variable init_connect" in out


def prepared_with(monkeypatch: pytest.MonkeyPatch, *wanted: Variable) -> None:
    known = session_sql.variables(600, 120)
    monkeypatch.setattr(session.session_sql, "variables", lambda *_: (*known, *wanted))


@pytest.mark.parametrize(
    ("variable", "why"),
    [
        (Variable("max_allowed_packet", 1 << 20), "read-only"),
        (Variable("time_zone", "Nowhere/Else"), "Nowhere/Else"),
        (Variable("group_concat_max_len", 1), "the session still has"),
    ],
)
def test_a_value_that_a_session_does_not_get_is_refused_by_its_name(
    world: World, monkeypatch: pytest.MonkeyPatch, variable: Variable, why: str
):
    prepared_with(monkeypatch, variable)
    with pytest.raises(SourceError) as caught, mysql.connected(settings().source):
        pass
    assert variable.assignment in caught.value.what
    assert why in caught.value.why
    assert caught.value.exit_status == 42


def test_a_variable_that_the_server_does_not_have_is_passed_over(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    prepared_with(monkeypatch, Variable("of_another_server", 1), Variable("of_a_third", "x"))
    with mysql.connected(settings().source) as connection:
        assert mysql.scalar(connection, "SELECT @@SESSION.time_zone") == "+00:00"


def test_a_session_is_prepared_in_two_round_trips(world: World):
    with mysql.connected(settings().source) as connection:
        before = statements(connection)
        session.prepare(connection, 600, 120)
        assert statements(connection) - before == 2 + 1  # the second count is one itself


def statements(connection: mysql.Connection) -> int:
    """How many statements the session has run."""
    ((_, count),) = fetched(connection, "SHOW SESSION STATUS LIKE 'Questions'")
    return int(count)


def fetched(connection: mysql.Connection, statement: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()
