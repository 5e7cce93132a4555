"""Every mistake is told in one message: what, where, why, what to do. Nothing is written."""

import re
import time

import pytest

from pipeline.config.settings import settings
from tests.support.truths import assert_nothing_written
from tests.support.world import World


@pytest.fixture
def things(world: World) -> str:
    return world.create(
        "things",
        "id INT PRIMARY KEY, at DATETIME NOT NULL",
        "VALUES (1, '2025-08-01 10:00:00')",
        cursor="at",
    )


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
            ["--start is missing"],
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


@pytest.mark.local
@pytest.mark.parametrize(
    ("unset", "status", "words"),
    [
        (
            "DB_PASSWORD",
            41,
            ["the settings of [source] are incomplete or invalid", "set DB_PASSWORD"],
        ),
        (
            "S3_BUCKET_NAME",
            41,
            ["the settings of [lake] are incomplete or invalid", "set S3_BUCKET_NAME"],
        ),
        (
            "REDSHIFT_USER",
            41,
            ["the settings of [warehouse] are incomplete or invalid", "REDSHIFT_USER"],
        ),
    ],
)
def test_a_missing_setting(world: World, things: str, unset: str, status: int, words: list[str]):
    arguments = ["DailyLoad", "--date", "2025-08-01", "--table", things]
    out = world.luigi(*arguments, check=status, **{unset: ""}).stdout
    told(out, *words)
    if unset != "REDSHIFT_USER":  # which only the last stages need
        assert_nothing_written(world)


CLOSED = "1"  # tcpmux, which nothing has served for decades; the same in every test process
NOWHERE = f"http://127.0.0.1:{CLOSED}"
LOGIN = "cannot log in to Redshift"


@pytest.mark.local
@pytest.mark.parametrize(
    ("variable", "value", "status", "what", "todo"),
    [
        ("DB_PORT", CLOSED, 42, f"MySQL at 127.0.0.1:{CLOSED} failed", "check DB_HOST, DB_PORT"),
        ("DB_PASSWORD", "wrong", 42, "refused the login of pipeline", "check DB_USER and DB_PASS"),
        ("AWS_ENDPOINT_URL_S3", NOWHERE, 43, "Could not connect", "check AWS_ENDPOINT_URL_S3"),
        ("AWS_SECRET_ACCESS_KEY", "wrong", 43, "cannot ", "check AWS_ACCESS_KEY_ID and AWS_SEC"),
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
    assert out.count("attempt 1 failed") <= 4


@pytest.mark.local
def test_no_secret_stands_in_any_output(world: World, things: str):
    """Not in the log of a failing COPY, whose text holds the keys, nor in what luigi prints."""
    world.sql("ALTER TABLE things ADD note LONGTEXT", "UPDATE things SET note = REPEAT('x', 70000)")
    world.define("things", cursor="at", copy_format="parquet")
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
