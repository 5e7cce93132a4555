"""A target has the rows of one source: a table as one lake names it. Another one's load is refused."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

import psycopg2.extensions
import pytest

from pipeline import ConvertCSV, CopyToRedshift, DailyLoad
from pipeline.cli.main import main
from pipeline.errors import ConfigurationError
from pipeline.warehouse import connection as redshift
from pipeline.warehouse import staging
from tests import promises
from tests.support.truths import assert_tidy
from tests.support.world import World, day

pytestmark = promises.ONE_OWNER
FIRST, SECOND, THIRD = (date(2025, 8, number) for number in (1, 2, 3))
COLUMNS = "id INT PRIMARY KEY, n INT, at DATETIME NOT NULL, INDEX (at)"
ROWS = "VALUES ({0}1, {0}, '2025-08-01 10:00'), ({0}2, {0}, '2025-08-02 10:00')"
MODES: dict[str, dict[str, Any]] = {
    "merge": {"cursor": "at"},
    "append": {"cursor": "at", "load": "append"},
    "replace": {"cursor_type": "full"},
}


def create(world: World, name: str, number: int, **definition: Any) -> str:
    """A table with a row on each of two days, and its only definition."""
    world.sql(f"CREATE TABLE {name} ({COLUMNS})", f"INSERT INTO {name} {ROWS.format(number)}")
    return define(world, name, **definition)


def define(world: World, name: str, **definition: Any) -> str:
    world.definitions.clear()
    return world.define(name, **{"cursor": "at", **definition})


def refused(world: World, table: str, on: date = FIRST) -> ConfigurationError:
    error = world.failure(DailyLoad(on, table=table))
    assert type(error) is ConfigurationError, error
    return error


def comment(world: World, target: str = "t") -> str | None:
    query = "SELECT obj_description(c.oid, 'pg_class') FROM pg_class c JOIN pg_namespace n"
    query += " ON n.oid = c.relnamespace WHERE n.nspname = %s AND c.relname = %s"
    return world.query(query, (world.name, target))[0][0]


def mark(world: World, table: str) -> str:
    return f"[pipeline: rows of {world.name}.{table} from s3://{world.lake.settings.bucket}/{world.name}/]"


def owners(world: World) -> set[str]:
    """The tables that the ledger has windows of."""
    rows = world.query("SELECT DISTINCT table_name FROM {schema}.pipeline_ledger")
    return {name.removeprefix(f"{world.name}.") for (name,) in rows}


def checked(world: World, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """The status and the output of `check`."""
    world.forget()
    capsys.readouterr()
    return main(["check"]), capsys.readouterr().out


@pytest.mark.parametrize("mode", MODES)
def test_another_table_is_refused_and_the_target_stays_as_it_was(
    world: World, capsys: pytest.CaptureFixture[str], mode: str
):
    definition = {"cursor": None, **MODES[mode]} if mode == "replace" else MODES[mode]
    create(world, "a", 1, target="t", **definition)
    world.load_days(f"{world.name}.a", FIRST, SECOND)
    before = world.loaded("t", "id, n")
    world.sql(f"CREATE TABLE b ({COLUMNS}, more INT)")
    world.sql("INSERT INTO b VALUES (11, 2, '2025-08-01 10:00', 7)")
    table = define(world, "b", target="T", **definition)
    error = refused(world, table)
    assert error.what == f'"{world.name}"."t" holds rows of {world.name}.a'
    assert f"pipeline_ledger has windows of {world.name}.a in it" in error.why
    assert f"give {table} another `target:`" in error.todo
    assert world.loaded("t", "*", "1")[0][2:] == world.loaded("t", "at", "id")[0]
    assert world.loaded("t", "id, n") == before
    assert owners(world) == {"a"}
    status, out = checked(world, capsys)
    assert status == 41
    assert f"FAILED  {table}" in out
    assert error.what in out
    define(world, "a", target="t", **definition)
    world.load_days(f"{world.name}.a", THIRD)
    assert checked(world, capsys)[0] == 0


def test_the_same_table_of_another_lake_is_refused_and_another_host_is_not(world: World):
    table = create(world, "a", 1, target="t")
    line = ("DailyLoad", "--table", table, "--date")
    world.luigi(*line, "2025-08-01")
    out = world.luigi(*line, "2025-08-02", check=41, S3_PREFIX=f"{world.name}-2").stdout
    assert f'"{world.name}"."t" holds rows of {table} from another lake' in out
    assert world.loaded("t", "id") == [(11,)]
    world.luigi(*line, "2025-08-02", DB_HOST="localhost")
    assert world.loaded("t", "id") == [(11,), (12,)]


def test_a_lake_that_moved_goes_on_after_the_statement_of_the_message(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    table = create(world, "a", 1, target="t")
    world.load_days(table, FIRST)
    monkeypatch.setenv("S3_PREFIX", f"{world.name}/new home [2]")
    world.forget()
    error = refused(world, table, SECOND)
    assert "UPDATE" not in error.todo
    world.follow(error)
    world.load_days(table, SECOND)
    assert world.loaded("t", "id") == [(11,), (12,)]
    assert (comment(world) or "").endswith(f"/{world.name}/new%20home%20%5B2%5D/]")


@pytest.mark.parametrize("removal", ["DROP TABLE {schema}.t", "DELETE FROM {schema}.t"])
def test_a_trial_whose_rows_are_gone_makes_room(world: World, removal: str):
    world.load_days(create(world, "a", 1, target="t"), FIRST, SECOND)
    world.query(removal)
    table = create(world, "b", 2, target="t")
    world.load_days(table, FIRST)
    assert world.loaded("t", "id") == [(21,)]
    assert owners(world) == {"b"}
    assert comment(world) == mark(world, "b")
    assert f"holds rows of {table}" in str(refused(world, define(world, "a", target="t"), THIRD))


def test_a_table_made_by_hand_is_loaded_into_while_it_is_empty(
    world: World, capsys: pytest.CaptureFixture[str]
):
    table = create(world, "a", 1, target="t")
    world.query("CREATE TABLE {schema}.t (id INT NOT NULL PRIMARY KEY, n INT, at TIMESTAMP)")
    assert checked(world, capsys)[0] == 0
    world.load_days(table, FIRST)
    assert comment(world) == mark(world, "a")


@pytest.mark.parametrize("mode", MODES)
def test_rows_of_an_unknown_table_are_refused_until_they_are_said_to_be_the_tables(
    world: World, capsys: pytest.CaptureFixture[str], mode: str
):
    definition = {"cursor": None, **MODES[mode]} if mode == "replace" else MODES[mode]
    table = create(world, "a", 1, target="t", **definition)
    key = " NOT NULL PRIMARY KEY" if mode == "merge" else ""
    world.query(f"CREATE TABLE {{schema}}.t (id INT{key}, n INT, at TIMESTAMP)")
    world.query("INSERT INTO {schema}.t VALUES (5, 5, '2020-01-01')")
    error = refused(world, table)
    assert "has rows of an unknown table" in error.what
    assert world.loaded("t", "id") == [(5,)]
    status, out = checked(world, capsys)
    assert (status, error.what in out) == (41, True)
    world.follow(error)
    world.load_days(table, FIRST)
    assert world.loaded("t", "id") == [(11,), (12,)] if mode == "replace" else [(5,), (11,)]


def test_a_target_from_before_comments_is_taken_over(world: World):
    table = create(world, "a", 1, target="t")
    world.load_days(table, FIRST)
    world.query("COMMENT ON TABLE {schema}.t IS NULL")
    world.load_days(table, SECOND)
    assert comment(world) == mark(world, "a")


def test_a_target_that_two_tables_have_loaded_before_is_refused_to_both(
    world: World, capsys: pytest.CaptureFixture[str]
):
    first = create(world, "a", 1, target="t")
    world.load_days(first, FIRST)
    world.query("COMMENT ON TABLE {schema}.t IS NULL")
    world.query(
        "INSERT INTO {schema}.pipeline_ledger SELECT %s, window_start, window_end, lake_digest, target, mode,"
        " rows_staged, rows_loaded, rows_replaced, committed_at, code_version FROM {schema}.pipeline_ledger",
        (f"{world.name}.b",),
    )
    what = f'"{world.name}"."t" holds rows of {world.name}.a and {world.name}.b'
    assert refused(world, first, SECOND).what == what
    error = refused(world, create(world, "b", 2, target="t"), SECOND)
    assert error.what == what
    assert checked(world, capsys)[0] == 41
    world.follow(error)
    assert owners(world) == {"b"}
    world.load_days(f"{world.name}.b", SECOND)
    assert world.loaded("t", "id") == [(11,), (22,)]


def test_the_comment_names_the_owner_where_the_ledger_is_lost(world: World):
    first = create(world, "a", 1, target="t")
    world.load_days(first, FIRST)
    world.query("DROP TABLE {schema}.pipeline_ledger")
    table = create(world, "b", 2, target="t")
    error = refused(world, table)
    assert error.what == f'"{world.name}"."t" holds rows of {first}'
    assert f"its comment names {first} from s3://" in error.why
    world.load_days(define(world, "a", target="t"), SECOND)
    assert world.loaded("t", "id") == [(11,), (12,)]


def test_neither_comment_nor_ledger_is_left(world: World):
    table = create(world, "a", 1, target="t")
    world.load_days(table, FIRST)
    world.query("COMMENT ON TABLE {schema}.t IS NULL")
    world.query("DELETE FROM {schema}.pipeline_ledger")
    world.follow(refused(world, table, SECOND))
    world.load_days(table, SECOND)
    assert world.loaded("t", "id") == [(11,), (12,)]


WRITTEN = ["Orders; it's 100 %s", 'a\\b "c" [d]', "größe\tand weight"]


@pytest.mark.parametrize("text", WRITTEN)
def test_a_comment_that_a_person_wrote_is_kept(world: World, text: str):
    table = create(world, "a", 1, target="t")
    world.query("CREATE TABLE {schema}.t (id INT NOT NULL PRIMARY KEY, n INT, at TIMESTAMP)")
    world.query("COMMENT ON TABLE {schema}.t IS %s", (text,))
    world.load_days(table, FIRST)
    ours = mark(world, "a")
    assert comment(world) == f"{text} {ours}"
    world.query("COMMENT ON TABLE {schema}.t IS %s", (f"{ours} {text}",))
    world.load_days(table, SECOND)
    assert comment(world) == f"{ours} {text}"
    other = create(world, "b", 2, target="t")
    world.follow(refused(world, other))
    world.load_days(other, FIRST)
    assert comment(world) == f"{text} {mark(world, 'b')}"


def test_a_source_table_that_was_renamed_keeps_its_target(world: World):
    world.load_days(create(world, "a", 1, target="t"), FIRST, SECOND)
    world.sql("RENAME TABLE a TO b", "INSERT INTO b VALUES (13, 3, '2025-08-03 10:00')")
    table = define(world, "b", target="t")
    error = refused(world, table, THIRD)
    assert "as after a RENAME TABLE" in error.todo
    world.follow(error)
    world.load_days(table, THIRD)
    assert world.loaded("t", "id") == [(11,), (12,), (13,)]
    assert len(world.ledger("b")) == 3
    assert comment(world) == mark(world, "b")
    # the ledger has the windows of the former name, so nothing is doubled if they are loaded again
    world.load_days(table, FIRST, SECOND)
    assert world.loaded("t", "id") == [(11,), (12,), (13,)]
    assert_tidy(world, "b")


def test_a_target_that_was_replaced_by_hand_keeps_its_owner(world: World):
    """As the statements of other messages do, which cannot copy the comment."""
    table = create(world, "a", 1, target="t")
    world.load_days(table, FIRST)
    for statement in (
        "CREATE TABLE {schema}.t_new (id INT NOT NULL PRIMARY KEY, n INT, at TIMESTAMP)",
        "INSERT INTO {schema}.t_new SELECT id, n, at FROM {schema}.t",
        "ALTER TABLE {schema}.t RENAME TO t_old",
        "ALTER TABLE {schema}.t_new RENAME TO t",
    ):
        world.query(statement)
    assert comment(world) is None
    error = refused(world, create(world, "b", 2, target="t"))
    assert f"holds rows of {table}" in error.what
    world.load_days(define(world, "a", target="t"), SECOND)
    assert comment(world) == mark(world, "a")
    assert world.loaded("t", "id") == [(11,), (12,)]
    # the old table still names the rows that it has
    assert f"holds rows of {table}" in refused(world, define(world, "b", target="t_old")).what


def test_of_two_first_loads_into_one_target_the_second_is_refused_under_the_lock(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    first = create(world, "a", 1, target="t")
    second = create(world, "b", 2, target="t")
    window = day("2025-08-01")
    world.succeed(ConvertCSV(table=second, window=window))
    fill = staging.fill

    def overtaken(*arguments: Any) -> None:
        fill(*arguments)
        monkeypatch.setattr(staging, "fill", fill)
        define(world, "a", target="t")
        world.luigi("DailyLoad", "--table", first, "--date", "2025-08-01", "--no-lock")
        define(world, "b", target="t")

    monkeypatch.setattr(staging, "fill", overtaken)
    error = world.failure(CopyToRedshift(table=second, window=window))
    assert type(error) is ConfigurationError
    assert f"holds rows of {first}" in error.what
    assert world.loaded("t", "id") == [(11,)]
    assert owners(world) == {"a"}


@pytest.mark.parametrize("target", ["x" * 120, "we ird% näme"])
def test_a_target_of_any_name_has_its_owner(
    world: World, capsys: pytest.CaptureFixture[str], target: str
):
    world.load_days(create(world, "a", 1, target=target), FIRST)
    assert comment(world, target) == mark(world, "a")
    world.query("DROP TABLE {schema}.pipeline_ledger")
    error = refused(world, create(world, "b", 2, target=target.upper()))
    assert error.what.endswith(f"holds rows of {world.name}.a")
    assert checked(world, capsys)[0] == 41


def test_an_account_that_does_not_own_the_target_loads_and_says_so_once(world: World):
    table = create(world, "a", 1, target="t")
    world.query("CREATE TABLE {schema}.t (id INT NOT NULL PRIMARY KEY, n INT, at TIMESTAMP)")
    user = f"u{world.name[2:]}"
    world.query(f"CREATE USER {user} PASSWORD 'Secret-1'")
    try:
        world.query(f"GRANT ALL ON SCHEMA {{schema}} TO {user}")
        world.query(f"GRANT ALL ON {{schema}}.t TO {user}")
        line = ["RangeDaily", "--of", "DailyLoad", "--DailyLoad-table", table]
        line += ["--start", "2025-08-01", "--stop", "2025-08-03", "--workers", "2"]
        out = world.luigi(*line, REDSHIFT_USER=user, REDSHIFT_PASSWORD="Secret-1").stdout
        assert out.count("its owner may run: COMMENT ON TABLE") == 1
        assert world.loaded("t", "id") == [(11,), (12,)]
        assert comment(world) is None
        other = create(world, "b", 2, target="t")
        assert f"holds rows of {table}" in refused(world, other).what
    finally:
        for table in ("t", "pipeline_ledger", "pipeline_views"):
            world.query(f"DROP TABLE IF EXISTS {{schema}}.{table}")
        world.query(f"REVOKE ALL ON SCHEMA {{schema}} FROM {user}")
        world.query(f"DROP USER {user}")


class Noted(psycopg2.extensions.cursor):
    """A cursor that keeps what it executes; one execute is one round trip."""

    statements: ClassVar[list[str]] = []

    def execute(self, query: Any, arguments: Any = None) -> None:
        self.statements.append(str(query))
        super().execute(query, arguments)


def test_the_owner_costs_a_load_one_query_and_the_first_load_two_statements(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    """The comment is read with the lock, the ledger's tables with the window's row."""
    create(world, "a", 1, target="t")
    connect = redshift._connect

    def noting(*arguments: Any) -> redshift.Connection:
        connection = connect(*arguments)
        connection.cursor_factory = Noted
        return connection

    monkeypatch.setattr(redshift, "_connect", noting)
    words = ("obj_description", "LOCK", "UNION ALL", "LIMIT 1", "COMMENT ON")
    parts = []
    for on in ("2025-08-01", "2025-08-02"):
        world.succeed(ConvertCSV(table=f"{world.name}.a", window=day(on)))
        Noted.statements.clear()
        world.load("a", day(on))
        parts.append([sum(word in each for each in Noted.statements) for word in words])
    assert parts == [[1, 1, 1, 1, 1], [2, 1, 2, 0, 0]]


def test_a_view_of_the_targets_name_is_refused(world: World, capsys: pytest.CaptureFixture[str]):
    world.query("CREATE TABLE {schema}.base (id INTEGER, n INTEGER, at TIMESTAMP)")
    world.query("CREATE VIEW {schema}.t AS SELECT * FROM {schema}.base")
    table = create(world, "a", 1, target="t")
    status, out = checked(world, capsys)
    assert status == 41
    assert "is a view, which cannot be loaded" in out
    assert "is a view" in refused(world, table).what
