"""Definitions that are wrong, or do not fit the table, and servers that are not what is named."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pipeline import DailyLoad, PlanChunks
from pipeline.config.settings import settings
from pipeline.errors import (
    ConfigurationError,
    LakeError,
    PipelineError,
    SourceError,
    WarehouseError,
)
from pipeline.lake.s3 import store
from pipeline.source import connection as mysql
from pipeline.warehouse import connection as redshift
from tests.support.truths import assert_nothing_written, assert_told
from tests.support.world import World, day


@pytest.fixture
def things(world: World) -> str:
    world.sql(
        "CREATE TABLE things (id INT PRIMARY KEY, n INT, name VARCHAR(20), maybe INT NULL,"
        " born DATE, at DATETIME NOT NULL)",
        "CREATE TABLE keyless (n INT NOT NULL, at DATETIME NOT NULL)",
    )
    return world.define("things", cursor="at")


@pytest.mark.parametrize(
    ("table", "definition", "words"),
    [
        ("nowhere", {"cursor": "at"}, ["the source has no table", "GRANT SELECT"]),
        ("things", {"cursor": "when"}, ["cursor names the column when", "its columns are id, n"]),
        ("things", {"cursor": "n"}, ["the cursor n", "is not of type timestamp", "it is int"]),
        ("things", {"cursor": "name"}, ["the cursor name", "is not of type timestamp"]),
        ("things", {"cursor": "born"}, ["the cursor born", "is not of type timestamp"]),
        ("keyless", {"cursor": "at"}, ["no primary key to merge by", "load: append"]),
        ("things", {"cursor": "at", "key": ["maybe"]}, ["key column maybe", "may be NULL"]),
        ("things", {"cursor": "at", "key": ["none"]}, ["key names the column none"]),
        ("things", {"cursor": "at", "business_key": "x"}, ["business_key names the column x"]),
        ("things", {"cursor": "at", "distkey": "x"}, ["distkey names the column x"]),
        ("things", {"cursor": "at", "sortkey": "x"}, ["sortkey names the column x"]),
    ],
)
def test_a_definition_that_does_not_fit_the_table(
    world: World, things: str, table: str, definition: dict[str, Any], words: list[str]
):
    name = world.define(table, **definition)
    error = world.failure(DailyLoad(date(2025, 8, 1), table=name))
    assert type(error) is ConfigurationError
    assert_told(str(error), f"PlanChunks {name} {day('2025-08-01')}", *words)
    assert_nothing_written(world)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("tables: [", ["is not YAML"]),
        (
            "tables:\n  a.b: {cursor: at}\n  a.b: {cursor_type: full}",
            ["duplicate key a.b", "line 3"],
        ),
        ("tables: {a.b: {cursor: at, cursor: on}}", ["duplicate key cursor"]),
        ("", ["defines no tables"]),
        ("tables: {a.b: {cursor: at}}\nmore: 1", ["unknown keys", "more"]),
        ("tables: {a.b: {cursor: at, sortkeys: x}}", ["a.b is invalid", "sortkeys"]),
        ("tables: {a.b: {}}", ["a.b is invalid", "cursor is missing"]),
        ("tables: {a.b: 5}", ["a.b"]),
        ("tables: {nodot: {cursor: at}}", ["'nodot' is not a table"]),
        ("tables: {a.b: {cursor: at, load: swap}}", ["a.b is invalid", "load"]),
        ("tables: {a.b: {cursor: at, load: replace}}", ["requires cursor_type: full"]),
        ("tables: {a.b: {cursor_type: full, cursor: at}}", ["takes no cursor"]),
        ("tables: {a.b: {cursor: at, chunks: 0}}", ["chunks"]),
        ("tables: {a.x: {cursor: at}, b.x: {cursor: at}}", ["would load into one table"]),
        (
            "tables: {a.x: {cursor: at}, b.y: {cursor: at, target: X}}",
            ["would load into one table"],
        ),
        ("tables: {a.x: {cursor: at, target: " + "x" * 128 + "}}", ["128 bytes; Redshift holds"]),
        ("tables: {a." + "包" * 43 + ": {cursor: at}}", ["129 bytes; Redshift holds"]),
        ("defaults: 5\ntables: {a.b: {cursor: at}}", ["`defaults:` is not a mapping"]),
    ],
)
def test_a_file_of_definitions_that_is_wrong(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, words: list[str]
):
    file = tmp_path / "configs" / "tables.yml"
    file.write_text(text)
    monkeypatch.delenv("DB_DATABASE")
    world.forget()
    with pytest.raises(ConfigurationError) as raised:
        DailyLoad(date(2025, 8, 1), table="a.b").complete()
    assert str(file) in str(raised.value)
    for word in words:
        assert word in str(raised.value)


def test_no_definitions_at_all(world: World):
    with pytest.raises(ConfigurationError, match="no table is defined") as raised:
        DailyLoad(date(2025, 8, 1), table="a.b").complete()
    assert_told(str(raised.value), "PIPELINE_CONFIGS")


def _ask_source() -> None:
    with mysql.connected(settings().source) as connection:
        mysql.clock(connection)


def _ask_warehouse() -> None:
    with redshift.connected(settings().warehouse):
        pass


@pytest.mark.local
@pytest.mark.parametrize(
    ("variables", "ask", "kind"),
    [
        ({"DB_HOST": "no-such-host.invalid"}, _ask_source, SourceError),
        ({"REDSHIFT_HOST": "no-such-host.invalid"}, _ask_warehouse, WarehouseError),
        ({"REDSHIFT_DATABASE": "nowhere"}, _ask_warehouse, WarehouseError),
        (
            {"AWS_ENDPOINT_URL_S3": "http://no-such-host.invalid"},
            lambda: store(settings().lake).check(),
            LakeError,
        ),
    ],
)
def test_a_name_that_is_none(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    ask: Callable[[], None],
    kind: type[PipelineError],
):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    world.forget()
    with pytest.raises(kind) as raised:
        ask()
    assert_told(str(raised.value), next(iter(variables)))


def test_a_user_who_may_not_read_the_table(
    world: World, things: str, monkeypatch: pytest.MonkeyPatch
):
    user = f"u{world.name[2:]}"
    world.sql(f"CREATE USER '{user}'@'127.0.0.1' IDENTIFIED BY 'local'")
    monkeypatch.setenv("DB_USER", user)
    monkeypatch.setenv("DB_PASSWORD", "local")
    try:
        error = world.failure(PlanChunks(table=things, window=day("2025-08-01")))
        assert_told(str(error), f"the source has no table {things}", "GRANT SELECT")
    finally:
        world.sql(f"DROP USER '{user}'@'127.0.0.1'")


def test_a_schema_that_is_not_there(world: World, things: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("REDSHIFT_SCHEMA", "no_such_schema")
    error = world.failure(DailyLoad(date(2025, 8, 1), table=things))
    assert type(error) is WarehouseError
    assert_told(str(error), "no_such_schema", "REDSHIFT_SCHEMA")
