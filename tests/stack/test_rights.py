"""What the account may not read in the source is not taken for absent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import psycopg2
import psycopg2.errors
import pytest

from pipeline import DailyBackup, DailyLoad
from pipeline.cli.main import main
from pipeline.config.settings import settings
from pipeline.errors import ConfigurationError, DataError, SourceError
from pipeline.model.table_name import TableName
from pipeline.source import connection as mysql
from pipeline.source import table as source_table
from pipeline.source.table import SourceTable
from pipeline.warehouse import catalog
from pipeline.warehouse import connection as redshift
from tests.support.truths import assert_same, assert_tidy
from tests.support.world import World

FIRST, SECOND, THIRD = (date(2025, 8, number) for number in (1, 2, 3))


class Account:
    """A login of its own, with the rights that a test gives it."""

    def __init__(self, world: World) -> None:
        self.world, self.name = world, f"u{world.name[2:]}"

    def may(self, *rights: str) -> None:
        self.world.sql(*(f"GRANT {right} TO '{self.name}'@'127.0.0.1'" for right in rights))

    def may_not(self, *rights: str) -> None:
        self.world.sql(*(f"REVOKE {right} FROM '{self.name}'@'127.0.0.1'" for right in rights))


@pytest.fixture
def account(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """The account that the pipeline logs in with, without any right as yet."""
    made = Account(world)
    world.sql(f"CREATE USER '{made.name}'@'127.0.0.1' IDENTIFIED BY 'secret'")
    monkeypatch.setenv("DB_USER", made.name)
    monkeypatch.setenv("DB_PASSWORD", "secret")
    yield made
    world.sql(f"DROP USER '{made.name}'@'127.0.0.1'")


@pytest.fixture
def people(world: World, account: Account) -> str:
    """Four columns, of which the account may read three."""
    world.sql(
        "CREATE TABLE people (id INT PRIMARY KEY, name TEXT, at DATETIME NOT NULL, iban TEXT, INDEX (at))",
        "INSERT INTO people VALUES (1, 'a', '2025-08-01', 'DE1'), (2, 'b', '2025-08-02', 'DE2')",
    )
    account.may("SELECT (id, name, at) ON people")
    return world.define("people", cursor="at")


def load(world: World, table: str, day: date = FIRST) -> None:
    assert world.build(DailyLoad(day, table=table)).status.name == "SUCCESS"


def checked(world: World, capsys: pytest.CaptureFixture[str], status: int = 0) -> str:
    world.forget()
    capsys.readouterr()
    assert main(["check"]) == status
    return capsys.readouterr().out


def seen(world: World, table: str) -> SourceTable:
    with mysql.connected(settings().source) as connection:
        return source_table.describe(connection, TableName(world.name, table))


def test_a_column_that_may_not_be_read_is_named_in_log_and_check(
    world: World, account: Account, people: str, capsys: pytest.CaptureFixture[str]
):
    login = {"DB_USER": account.name, "DB_PASSWORD": "secret"}
    out = world.luigi("DailyLoad", "--date", "2025-08-01", "--table", people, **login).stdout
    assert world.loaded("people", "id, name") == [(1, "a")]
    assert (
        out.count("columns left out, as the account may not read them: 1 or more, whose names") == 1
    )
    assert "left out, as the account may not read them" in checked(world, capsys)
    account.may("PROCESS ON *.*")
    assert re.search(r"people .*the account may not read them: iban$", checked(world, capsys), re.M)


def test_a_column_that_is_left_out_on_purpose_is_not_spoken_of(
    world: World, account: Account, people: str, capsys: pytest.CaptureFixture[str]
):
    account.may("PROCESS ON *.*")
    world.define("people", cursor="at", exclude="iban")
    assert "may not read" not in checked(world, capsys)
    load(world, people)


def test_a_loaded_column_whose_select_is_revoked_is_refused(
    world: World, account: Account, people: str
):
    load(world, people)
    account.may_not("SELECT (name) ON people")
    error = world.failure(DailyLoad(SECOND, table=people))
    assert type(error) is DataError
    assert "columns of" in error.what
    assert error.what.endswith("are no longer visible: name")
    assert "GRANT SELECT on the whole table, or on name" in error.todo
    account.may("SELECT (name) ON people")
    load(world, people, SECOND)
    assert world.loaded("people", "id, name") == [(1, "a"), (2, "b")]
    assert_tidy(world, "people")


def test_a_column_of_an_older_window_that_is_loaded_later_is_not_lost_either(
    world: World, account: Account, people: str, capsys: pytest.CaptureFixture[str]
):
    """The newest window never had it; the warehouse has its values."""
    account.may_not("SELECT (name) ON people")
    load(world, people, SECOND)
    account.may("SELECT (name) ON people")
    load(world, people)
    account.may_not("SELECT (name) ON people")
    world.pipeline("redo", "-t", people, "--since", "2025-08-01", "--yes")
    assert "no longer visible: name" in world.failure(DailyLoad(FIRST, table=people)).what
    assert "no longer visible: name" in checked(world, capsys, status=45)
    assert world.loaded("people", "id, name") == [(1, "a"), (2, None)]


@pytest.mark.parametrize("otherwise", [{"on_lost_column": "follow"}, {"exclude": "name"}])
def test_a_column_that_is_seen_no_more_can_be_let_go(
    world: World,
    account: Account,
    people: str,
    otherwise: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
):
    load(world, people)
    account.may_not("SELECT (name) ON people")
    world.define("people", cursor="at", **otherwise)
    load(world, people, SECOND)
    assert world.loaded("people", "id, name") == [(1, "a"), (2, None)]
    followed = "missing columns are treated as dropped: name" in caplog.text
    assert followed is ("on_lost_column" in otherwise)


def test_a_backup_is_refused_as_a_load_is(world: World, account: Account, people: str):
    assert world.build(DailyBackup(FIRST, table=people)).scheduling_succeeded
    account.may_not("SELECT (name) ON people")
    error = world.failure(DailyBackup(SECOND, table=people))
    assert "are no longer visible: name" in error.what


def test_a_dropped_column_is_followed_where_the_whole_table_may_be_read(
    world: World, account: Account, people: str
):
    account.may("SELECT ON people")
    load(world, people)
    world.sql("ALTER TABLE people DROP COLUMN name")
    load(world, people, SECOND)
    assert world.loaded("people", "id, name, iban") == [(1, "a", "DE1"), (2, None, "DE2")]


def test_a_dropped_column_is_followed_where_innodb_shows_that_it_is_gone(
    world: World, account: Account, people: str
):
    account.may("PROCESS ON *.*")
    load(world, people)
    world.sql("ALTER TABLE people DROP COLUMN name")
    load(world, people, SECOND)
    assert world.loaded("people", "id, name") == [(1, "a"), (2, None)]


def test_a_column_dropped_where_nobody_can_tell_is_refused(
    world: World, account: Account, people: str
):
    load(world, people)
    world.sql("ALTER TABLE people DROP COLUMN name")
    assert "no longer visible: name" in world.failure(DailyLoad(SECOND, table=people)).what
    account.may("SELECT ON people")
    load(world, people, SECOND)


def test_a_right_to_every_single_column_is_one_to_the_table(world: World, account: Account):
    world.sql("CREATE TABLE t (id INT PRIMARY KEY, a INT)")
    account.may("SELECT (id, a) ON t")
    assert seen(world, "t").hidden is None


KEYS = {
    "whole": ("PRIMARY KEY (a)", "a, n", ("a",)),
    "part": ("PRIMARY KEY (a, b)", "a, n", ()),
    "first part": ("PRIMARY KEY (b, a)", "a, n", ()),
    "none": ("PRIMARY KEY (b)", "a, n", ()),
    "of text": ("PRIMARY KEY (c)", "a, c", ("c",)),
}


@pytest.mark.parametrize("case", KEYS)
@pytest.mark.parametrize("rows", [0, 1, 50])
def test_a_key_that_may_be_read_in_part_is_none(
    world: World, account: Account, case: str, rows: int
):
    key, readable, wanted = KEYS[case]
    world.sql(
        f"CREATE TABLE keyed (a INT, b INT, c VARCHAR(9), n INT, d INT, INDEX (n), {key})",
        *(f"INSERT INTO keyed VALUES ({i}, {i}, 'c{i}', 0, 0)" for i in range(rows)),
    )
    account.may(f"SELECT ({readable}) ON keyed")
    source = seen(world, "keyed")
    assert source.primary_key == wanted
    assert source.hidden
    assert bool(source.hidden.key) is not bool(wanted)


def test_a_hidden_key_is_named_as_hidden(
    world: World, account: Account, capsys: pytest.CaptureFixture[str]
):
    world.sql("CREATE TABLE keyed (a INT, b INT, at DATETIME, PRIMARY KEY (a, b), INDEX (at))")
    account.may("SELECT (a, at) ON keyed")
    table = world.define("keyed", cursor="at")
    error = world.failure(DailyLoad(FIRST, table=table))
    assert type(error) is ConfigurationError
    assert error.what == f"the primary key of {table} is hidden from the account"
    assert "is hidden from the account" in checked(world, capsys, status=41)
    world.define("keyed", cursor="at", key="a")
    load(world, table)


def test_a_column_that_may_be_written_alone_is_left_out_by_its_name(
    world: World, account: Account, people: str, capsys: pytest.CaptureFixture[str]
):
    account.may("INSERT ON people")
    assert re.search(
        r"may not read them: iban \(there may be more\)$", checked(world, capsys), re.M
    )
    load(world, people)
    assert world.loaded("people", "id, name") == [(1, "a")]


def test_a_setting_that_names_a_hidden_column_says_that_it_may_be_hidden(
    world: World, account: Account, people: str
):
    world.define("people", cursor="at", sortkey="iban")
    error = world.failure(DailyLoad(FIRST, table=people))
    assert "as far as the account may read them" in error.why
    world.define("people", cursor="at", rename={"iban": "account"})
    assert "or that the account may not read" in world.failure(DailyLoad(FIRST, table=people)).what


def test_discover_says_what_the_account_may_not_read(
    world: World, account: Account, people: str, capsys: pytest.CaptureFixture[str]
):
    world.sql("CREATE TABLE written (id INT)", "CREATE TABLE unseen (id INT)")
    account.may("INSERT ON written")
    world.definitions.clear()
    (world.folder / "configs" / "tables.yml").unlink()
    world.forget()
    assert main(["discover", world.name]) == 0
    printed = capsys.readouterr().out
    assert f"  {people}: {{" in printed
    assert "# left out, as the account may not read them: 1 or more" in printed
    assert (
        f"# {world.name}.written, left out: no column of {world.name}.written may be read"
        in printed
    )
    assert f"# tables of {world.name} that the account may not read are not listed" in printed
    account.may(f"SELECT ON {world.name}.*")
    assert main(["discover", world.name]) == 0
    assert "account may not" not in capsys.readouterr().out


def test_a_view_shows_the_columns_that_may_be_read(world: World, account: Account):
    world.sql("CREATE TABLE t (id INT, a INT)", "CREATE VIEW v AS SELECT id, a FROM t")
    account.may("SELECT (id) ON v")
    source = seen(world, "v")
    assert [column.name for column in source.columns] == ["id"]
    assert source.hidden
    account.may("SELECT ON v")
    assert seen(world, "v").hidden is None


def test_a_view_that_is_broken_is_refused_with_the_servers_words(
    world: World, account: Account, capsys: pytest.CaptureFixture[str]
):
    world.sql("CREATE TABLE t (id INT)", "CREATE VIEW v AS SELECT id FROM t", "DROP TABLE t")
    account.may("SELECT ON v")
    table = world.define("v", cursor_type="full")
    error = world.failure(DailyLoad(FIRST, table=table))
    assert type(error) is SourceError
    assert error.what == f"{table} cannot be read"
    assert "references invalid table(s)" in error.why
    assert "references invalid table(s)" in checked(world, capsys, status=42)


def test_a_table_without_any_right_is_not_there(world: World, account: Account):
    world.sql("CREATE TABLE t (id INT PRIMARY KEY)")
    with pytest.raises(ConfigurationError, match="does not show it to this user"):
        seen(world, "t")


def test_all_is_as_before_where_everything_may_be_read(world: World, account: Account, people: str):
    account.may("SELECT ON people")
    load(world, people)
    load(world, people, SECOND)
    assert_same(world, "people")


def test_a_window_needs_no_right_to_create_where_the_tables_exist(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    """CREATE TABLE IF NOT EXISTS needs CREATE on the schema even for a table that exists."""
    table = world.create(
        "orders",
        "id INT PRIMARY KEY, at DATETIME NOT NULL, INDEX (at)",
        "VALUES (1, '2025-08-01'), (2, '2025-08-02')",
        cursor="at",
        business_key="id",
    )
    world.load_days(table, 1)

    def refused(connection: object, statement: str, what: str) -> None:
        raise psycopg2.errors.InsufficientPrivilege(f"permission denied for schema: {statement}")

    monkeypatch.setattr(redshift, "ensure", refused)
    monkeypatch.setattr(catalog, "ensure", refused)
    world.load_days(table, 2)
    assert_same(world, "orders")
