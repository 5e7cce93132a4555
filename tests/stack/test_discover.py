"""`python -m pipeline discover` prints definitions with which a whole database can be loaded as it is."""

from datetime import date

import pytest
import yaml

from pipeline import DailyLoadAll
from pipeline.cli.main import main
from pipeline.model.table_name import TableName
from pipeline.source import sql as mysql_sql
from pipeline.steps import discover
from tests.support.world import World

SERVER_SETS = "TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP"


def discovered(world: World, capsys: pytest.CaptureFixture[str], *databases: str) -> str:
    world.forget()
    capsys.readouterr()
    assert main(["discover", *databases]) == 0
    return capsys.readouterr().out


def definitions(world: World, printed: str) -> dict[str, dict[str, object]]:
    """The definitions by table, without the database."""
    tables = yaml.safe_load(printed)["tables"]
    return {name.removeprefix(f"{world.name}."): each for name, each in tables.items()}


def test_a_cursor_is_what_the_server_sets_at_every_change(
    world: World, capsys: pytest.CaptureFixture[str]
):
    world.sql(
        f"CREATE TABLE followed (id INT PRIMARY KEY, at {SERVER_SETS}, KEY (at))",
        "INSERT INTO followed VALUES (1, '2006-02-15 04:34:33'), (2, '2025-08-01')",
        f"CREATE TABLE scanned (id INT PRIMARY KEY, at {SERVER_SETS})",
        f"CREATE TABLE two (id INT PRIMARY KEY, a {SERVER_SETS}, b {SERVER_SETS}, KEY (b))",
        "CREATE TABLE may_be_null (id INT PRIMARY KEY, at DATETIME ON UPDATE CURRENT_TIMESTAMP)",
        f"CREATE TABLE no_key (id INT, at {SERVER_SETS})",
        "CREATE TABLE by_its_name (id INT PRIMARY KEY, updated_at DATETIME NOT NULL)",
        "CREATE VIEW a_view AS SELECT 1 AS one",
    )
    printed = discovered(world, capsys)
    assert definitions(world, printed) == {
        "followed": {"cursor": "at"},
        "scanned": {"cursor": "at"},
        "two": {"cursor": "b"},
        "may_be_null": {"cursor_type": "full"},
        "no_key": {"cursor_type": "full"},
        "by_its_name": {"cursor_type": "full"},
    }
    for remark in (
        "# its oldest row is of 2006-02-15: --start 2006-02-15 loads all rows",
        f"# without an index: ALTER TABLE `{world.name}`.`scanned` ADD INDEX (`at`, `id`)",
        "# no primary key to merge by: at",
        "# if every change sets it, and it is never NULL: cursor: updated_at",
        f"# views of {world.name}, left out: a_view",
    ):
        assert f"  {remark}\n" in printed


def test_odd_names_are_printed_so_that_the_whole_database_loads(
    world: World, capsys: pytest.CaptureFixture[str]
):
    long = "顺" * 64
    world.sql(
        'CREATE TABLE `it\'s: {a} #"table"` (id INT PRIMARY KEY)',
        'INSERT INTO `it\'s: {a} #"table"` VALUES (1)',
        f"CREATE TABLE system_columns (oid INT PRIMARY KEY, `Ƚ` INT, `ƚ` INT, `{long}` INT)",
        "INSERT INTO system_columns VALUES (1, 2, 3, 4)",
        "CREATE TABLE pipeline_ledger (id INT PRIMARY KEY)",
        "CREATE TABLE hidden (id INT PRIMARY KEY INVISIBLE DEFAULT 5, v INT)",
        "INSERT INTO hidden (v) VALUES (7)",
        f"CREATE TABLE `new\nline` (id INT PRIMARY KEY, at {SERVER_SETS}, KEY (at))",
        "INSERT INTO `new\nline` VALUES (1, '2025-08-01')",
    )
    file = world.folder / "configs" / "discovered.yml"
    file.touch()  # as `discover > configs/discovered.yml` does before it asks
    printed = discovered(world, capsys)
    file.write_text(printed)
    found = definitions(world, printed)
    assert found["pipeline_ledger"]["target"] == f"{world.name}_pipeline_ledger"
    assert found["system_columns"]["rename"] == {"oid": "oid_2", "ƚ": "ƚ_2", long: f"{'顺' * 39}_2"}
    assert "  # left out, as they are invisible: id\n" in printed
    world.forget()
    world.succeed(DailyLoadAll(date=date(2025, 8, 1)))
    assert world.loaded('"it\'s: {a} #""table"""') == [(1,)]
    assert world.loaded("system_columns") == [(1, 2, 3, 4)]
    assert world.loaded("hidden") == [(7,)]
    assert world.loaded('"new\nline"', "id") == [(1,)]


def test_what_is_defined_already_is_left_out_and_its_names_are_taken(
    world: World, capsys: pytest.CaptureFixture[str]
):
    world.sql("CREATE TABLE known (id INT PRIMARY KEY)", "CREATE TABLE other (id INT PRIMARY KEY)")
    world.define("known", cursor_type="full", target="other")
    named = definitions(world, discovered(world, capsys, world.name))
    assert named == {"other": {"cursor_type": "full", "target": f"{world.name}_other"}}


def test_a_database_without_a_table_to_see_is_refused(
    world: World, capsys: pytest.CaptureFixture[str]
):
    world.forget()
    assert main(["discover", "no_such_database"]) == 41
    assert "no table in a database no_such_database" in capsys.readouterr().err


def test_a_database_with_a_dot_in_its_name_stands_in_backticks(
    world: World, capsys: pytest.CaptureFixture[str]
):
    database = f"{world.name}.dotted"
    world.sql(
        f"CREATE DATABASE `{database}`",
        f"CREATE TABLE `{database}`.`a.b` (id INT PRIMARY KEY)",
        f"INSERT INTO `{database}`.`a.b` VALUES (3)",
    )
    try:
        printed = discovered(world, capsys, database)
        (world.folder / "configs" / "dotted.yml").write_text(printed)
        assert f"`{database}`.a.b" in printed
        world.forget()
        world.succeed(DailyLoadAll(date=date(2025, 8, 1)))
        assert world.loaded('"a.b"') == [(3,)]
    finally:
        world.sql(f"DROP DATABASE `{database}`")


def test_tables_of_a_schema_change_are_named_and_not_proposed(
    world: World, capsys: pytest.CaptureFixture[str]
):
    left = ["_t_gho", "_t_ghc", "_t_del", "_t_20250801120000_del", "_t_new", "__t_new", "_t_old"]
    kept = ["t", "t_old", "_other_new"]
    world.sql(*(f"CREATE TABLE {name} (id INT PRIMARY KEY)" for name in [*left, *kept]))
    printed = discovered(world, capsys)
    assert set(definitions(world, printed)) == set(kept)
    remark = next(line for line in printed.splitlines() if "schema change" in line)
    assert all(name in remark for name in left)


def test_a_table_that_cannot_be_read_is_named_and_the_others_are_proposed(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    world.sql(
        f"CREATE TABLE denied (id INT PRIMARY KEY, at {SERVER_SETS}, KEY (at))",
        "CREATE TABLE fine (id INT PRIMARY KEY)",
    )
    lowest = mysql_sql.lowest

    def of_no_table(name: TableName, column: str) -> str:
        return lowest(TableName(name.database, "dropped_meanwhile"), column)

    monkeypatch.setattr(mysql_sql, "lowest", of_no_table)
    printed = discovered(world, capsys)
    assert list(definitions(world, printed)) == ["fine"]
    assert f"  # {world.name}.denied, left out: MySQL at " in printed
    assert "dropped_meanwhile' doesn't exist" in printed


def test_ids_are_offered_with_their_conditions_where_a_snapshot_is_large(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(discover, "_LARGE", 100)
    world.sql(
        "CREATE TABLE visits (id BIGINT PRIMARY KEY AUTO_INCREMENT, who INT)",
        "CREATE TABLE few (id INT PRIMARY KEY AUTO_INCREMENT, who INT)",
        "CREATE TABLE changed (id INT PRIMARY KEY AUTO_INCREMENT, updated_at DATETIME)",
        "INSERT INTO visits (who) SELECT seq FROM seq_1_to_1000",
        "INSERT INTO changed (updated_at) SELECT NOW() FROM seq_1_to_1000",
        "ANALYZE TABLE visits, changed",
    )
    printed = discovered(world, capsys)
    assert definitions(world, printed)["visits"] == {"cursor_type": "full"}
    offered = [line for line in printed.splitlines() if "cursor_type: id" in line]
    assert offered == [
        "  # if rows are only added, never changed or deleted, and ids are never set by hand: "
        "cursor: id, cursor_type: id"
    ]
