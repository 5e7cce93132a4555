"""Every mistake is told in one message: what, where, why, what to do. Nothing is written."""

import re
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from devstack.ports import free_port
from pipeline import DailyLoad, PlanChunks
from pipeline.config.settings import settings
from pipeline.errors import (
    ConfigurationError,
    LakeError,
    PipelineError,
    SourceError,
    WarehouseError,
)
from pipeline.stores import mysql, redshift
from pipeline.stores.s3 import store
from tests.world import World, day


@pytest.fixture
def things(world: World) -> str:
    world.sql(
        "CREATE TABLE things (id INT PRIMARY KEY, n INT, name VARCHAR(20), maybe INT NULL,"
        " born DATE, at DATETIME NOT NULL)",
        "CREATE TABLE keyless (n INT NOT NULL, at DATETIME NOT NULL)",
        "INSERT INTO things VALUES (1, 1, 'a', 1, '2000-01-01', '2025-08-01 10:00:00')",
    )
    return world.define("things", cursor="at")


def assert_told(text: str, *words: str) -> None:
    """All the words, in one message that says what to do."""
    for word in (*words, "Try: "):
        assert word in text
    assert len(text.strip().splitlines()) <= 3, text


def assert_nothing_written(world: World) -> None:
    assert world.lake_keys() == []
    tables = "SELECT table_name FROM svv_tables WHERE table_schema = %s"
    assert world.query(tables, (world.name,)) == []


# On the command line: the status, one message, no traceback.


def told(out: str, *words: str) -> None:
    assert "Traceback" not in out
    for word in words:
        assert word in out
    assert "Try: " in out
    message = words[0]
    assert out.count(message) == 1, f"{message!r} is told {out.count(message)} times in\n{out}"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["DailyLoad", "--date", "2025-08-01", "--table", "no.such"],
            ["table no.such is not defined"],
        ),
        (
            ["DailyLoad", "--date", "2025-13-01", "--table", "{table}"],
            ["'2025-13-01'", "2025-08-01"],
        ),
        (["DailyLoad", "--date", "yesterday", "--table", "{table}"], ["'yesterday'", "2025-08-01"]),
        (
            ["HourlyLoad", "--hour", "2025-08-01", "--table", "{table}"],
            ["'2025-08-01'", "2025-08-01T13"],
        ),
        (
            ["RefreshViews", "--window", "2025-08-01", "--table", "{table}"],
            ["'2025-08-01'", "20250801T0"],
        ),
        (
            ["RefreshViews", "--window", "20250802T000000Z_20250801T000000Z", "--table", "{table}"],
            ["'20250802T000000Z_20250801T000000Z'"],
        ),
        (
            ["RangeDaily", "--of", "DailyLoad", "--DailyLoad-table", "{table}", "--start", "nie"],
            ["'nie'"],
        ),
        (
            ["RangeDaily", "--of", "DailyLoad", "--DailyLoad-table", "{table}"],
            ["does not know where to begin"],
        ),
        (
            [
                "RangeDaily",
                "--of",
                "DailyLoad",
                "--DailyLoad-table",
                "no.such",
                "--start",
                "2025-08-01",
            ],
            ["table no.such is not defined"],
        ),
    ],
)
def test_a_mistake_on_the_command_line(
    world: World, things: str, arguments: list[str], words: list[str]
):
    out = world.luigi(*(a.format(table=things) for a in arguments), check=41).stdout
    told(out, *words)
    assert_nothing_written(world)


@pytest.mark.parametrize(
    ("unset", "status", "words"),
    [
        ("DB_PASSWORD", 41, ["the settings of [source] are not complete", "set DB_PASSWORD"]),
        ("S3_BUCKET_NAME", 41, ["the settings of [lake] are not complete", "set S3_BUCKET_NAME"]),
        ("REDSHIFT_USER", 41, ["the settings of [warehouse] are not complete", "REDSHIFT_USER"]),
    ],
)
def test_a_missing_setting(world: World, things: str, unset: str, status: int, words: list[str]):
    arguments = ["DailyLoad", "--date", "2025-08-01", "--table", things]
    out = world.luigi(*arguments, check=status, **{unset: ""}).stdout
    told(out, *words)
    if unset != "REDSHIFT_USER":  # which only the last stages need
        assert_nothing_written(world)


CLOSED = str(free_port())
LOGIN = "cannot log in to Redshift"


@pytest.mark.parametrize(
    ("variable", "value", "status", "what", "todo"),
    [
        ("DB_PORT", CLOSED, 42, f"MySQL at 127.0.0.1:{CLOSED} failed", "check DB_HOST, DB_PORT"),
        ("DB_PASSWORD", "wrong", 42, "refused the login of pipeline", "check DB_USER and DB_PASS"),
        ("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{CLOSED}", 43, "cannot list s3://", "AWS_ENDPO"),
        ("AWS_SECRET_ACCESS_KEY", "wrong", 43, "cannot list s3://", "AWS_SECRET_ACCESS_KEY"),
        ("S3_BUCKET_NAME", "missing", 43, "there is no bucket missing", "create the bucket"),
        ("REDSHIFT_PORT", CLOSED, 44, f"{LOGIN} at 127.0.0.1:{CLOSED}", "check REDSHIFT_HOST"),
        ("REDSHIFT_PASSWORD", "wrong", 44, LOGIN, "check REDSHIFT_USER and REDSHIFT_PASSWORD"),
    ],
)
def test_a_server_that_is_away_or_refuses(
    world: World, things: str, variable: str, value: str, status: int, what: str, todo: str
):
    began = time.monotonic()
    arguments = ["DailyLoad", "--date", "2025-08-01", "--table", things]
    out = world.luigi(*arguments, check=status, **{variable: value}).stdout
    assert time.monotonic() - began < 30
    told(out, what, todo)
    assert "wrong" not in out
    if status != 44:
        assert_nothing_written(world)
    assert not world.lake_keys("loads/")
    world.luigi(*arguments)  # nothing stands in the way of the same command
    assert world.loaded("things", "id") == [(1,)]


def test_a_range_does_not_wait_for_a_source_that_is_away_day_by_day(world: World, things: str):
    line = ["RangeDaily", "--of", "DailyLoad", "--DailyLoad-table", things]
    line += ["--start", "2025-08-01", "--stop", "2025-08-25"]
    out = world.luigi(*line, check=42, DB_PORT=CLOSED).stdout
    assert out.count("try 1 failed") <= 4


# In this process: the error itself.


@pytest.mark.parametrize(
    ("table", "definition", "words"),
    [
        ("nowhere", {"cursor": "at"}, ["the source has no table", "GRANT SELECT"]),
        ("things", {"cursor": "when"}, ["cursor names the column when", "its columns are id, n"]),
        ("things", {"cursor": "n"}, ["the cursor n", "is no timestamp", "it is int"]),
        ("things", {"cursor": "name"}, ["the cursor name", "is no timestamp"]),
        ("things", {"cursor": "born"}, ["the cursor born", "is no timestamp"]),
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
        ("", ["defines no tables"]),
        ("tables: {a.b: {cursor: at}}\nmore: 1", ["unknown keys", "more"]),
        ("tables: {a.b: {cursor: at, sortkeys: x}}", ["a.b is not valid", "sortkeys"]),
        ("tables: {a.b: {}}", ["a.b is not valid", "cursor is missing"]),
        ("tables: {a.b: 5}", ["a.b"]),
        ("tables: {nodot: {cursor: at}}", ["'nodot' is not a table"]),
        ("tables: {a.b: {cursor: at, load: swap}}", ["a.b is not valid", "load"]),
        ("tables: {a.b: {cursor: at, load: replace}}", ["needs cursor_type: full"]),
        ("tables: {a.b: {cursor_type: full, cursor: at}}", ["takes no cursor"]),
        ("tables: {a.b: {cursor: at, chunks: 0}}", ["chunks"]),
        ("tables: {a.x: {cursor: at}, b.x: {cursor: at}}", ["would load into one table"]),
        (
            "tables: {a.x: {cursor: at}, b.y: {cursor: at, target: X}}",
            ["would load into one table"],
        ),
        ("tables: {a.x: {cursor: at, target: " + "x" * 128 + "}}", ["128 bytes; Redshift holds"]),
        ("tables: {a." + "包" * 43 + ": {cursor: at}}", ["129 bytes; Redshift holds"]),
        ("defaults: 5\ntables: {a.b: {cursor: at}}", ["`defaults:` is no mapping"]),
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


def test_no_secret_stands_in_any_output(world: World, things: str):
    """Not in the log of a failing COPY, whose text holds the keys, nor in what luigi prints."""
    world.sql("ALTER TABLE things ADD note LONGTEXT", "UPDATE things SET note = REPEAT('x', 70000)")
    secrets = [
        value
        for name, value in world.environment.items()
        if re.search("PASSWORD|SECRET", name) and value
    ]
    assert len(secrets) == 3
    arguments = ["DailyLoad", "--date", "2025-08-01", "--table", things]
    out = world.luigi(*arguments, check=44, REDSHIFT_IAM_ROLE="").stdout
    assert "COPY refused" in out
    written = [world.lake.get(key) for key in world.lake_keys() if key.endswith(".json")]
    for secret in secrets:
        assert secret not in out
        assert not any(secret.encode() in content for content in written)
    assert secrets[0] not in repr(settings())
