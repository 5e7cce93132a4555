"""What `python -m pipeline check`, `verify` and `status` answer is what a run would meet."""

import json
from datetime import date, datetime, timezone

import pytest

from pipeline import DailyBackup, DailyLoad, RefreshViews
from pipeline.cli.main import main
from tests.support.world import World, day


def answer(world: World, capsys: pytest.CaptureFixture[str], command: str, table: str) -> str:
    """What the command says of a table, with its exit status before it."""
    world.forget()
    capsys.readouterr()
    status = main([command, "--table", table])
    return f"{status}\n{capsys.readouterr().out}"


def test_check_takes_the_zone_that_is_said_for_the_servers(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """A run with DB_TIMEZONE, or with a zone of the table's own, does not ask whether it is UTC."""
    own = world.create(
        "things",
        "id INT PRIMARY KEY, at DATETIME NOT NULL, INDEX (at)",
        cursor="at",
        source_timezone="Asia/Tokyo",
    )
    told = answer(world, capsys, "check", own)
    assert f"ok      {own}" in told
    monkeypatch.setenv("DB_TIMEZONE", "Europe/Berlin")
    told = answer(world, capsys, "check", world.define("things", cursor="at"))
    assert told.startswith("0\n")
    assert "FAILED" not in told


def test_check_refuses_the_type_that_a_run_would_refuse(
    world: World, capsys: pytest.CaptureFixture[str]
):
    table = world.create(
        "things",
        "id INT PRIMARY KEY, n INT, at DATETIME NOT NULL, INDEX (at)",
        cursor="at",
        booleans=["n"],
    )
    assert "only TINYINT and BIT(1)" in str(world.failure(DailyLoad(date(2025, 8, 1), table=table)))
    told = answer(world, capsys, "check", table)
    assert told.startswith("41\n")
    assert "only TINYINT and BIT(1)" in told


def test_check_and_a_run_say_that_the_schema_is_missing(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    table = world.create("things", "id INT PRIMARY KEY", cursor_type="full")
    monkeypatch.setenv("REDSHIFT_SCHEMA", "nowhere")
    told = answer(world, capsys, "check", table)
    assert told.startswith("44\n")
    assert "no schema nowhere to load into" in told
    for text in (told, str(world.failure(DailyLoad(date(2025, 8, 1), table=table)))):
        assert 'CREATE SCHEMA "nowhere", or correct REDSHIFT_SCHEMA' in text


def test_verify_counts_by_the_cursors_name_in_the_warehouse(
    world: World, capsys: pytest.CaptureFixture[str]
):
    table = world.create(
        "things",
        "id INT PRIMARY KEY, at DATETIME NOT NULL, INDEX (at)",
        "VALUES (1, '2025-08-01 10:00:00'), (2, '2025-08-01 11:00:00')",
        cursor="at",
        rename={"at": "changed_at"},
    )
    world.build(DailyLoad(date(2025, 8, 1), table=table))
    told = answer(world, capsys, "verify", table)
    assert told.startswith("0\n")
    assert told.endswith("1 table: 1 equal\n")
    world.query("DELETE FROM {schema}.things WHERE id = 1")
    told = answer(world, capsys, "verify", table)
    assert told.startswith("1\n")
    assert told.endswith("1 table: 1 differs\n")


def test_verify_counts_what_is_loaded_into_the_target_there_is_now(
    world: World, capsys: pytest.CaptureFixture[str]
):
    table = world.create(
        "things",
        "id INT PRIMARY KEY, at DATETIME NOT NULL, INDEX (at)",
        "VALUES (1, '2025-08-01 10:00:00'), (2, '2025-08-02 11:00:00')",
        cursor="at",
    )
    world.build(DailyLoad(date(2025, 8, 1), table=table))
    world.define("things", cursor="at", target="others")
    told = answer(world, capsys, "verify", table)
    assert told.startswith("1\n")
    assert "no window is loaded" in told
    world.build(DailyLoad(date(2025, 8, 2), table=table))
    told = answer(world, capsys, "verify", table)
    assert told.startswith("0\n")
    assert "not covered  2025-08-03 00:00" in told
    assert "1 row before 2025-08-02 00:00" in told


def test_status_shows_what_is_refused_until_it_is_loaded(
    world: World, capsys: pytest.CaptureFixture[str]
):
    table = world.create(
        "things",
        "id INT PRIMARY KEY, note LONGTEXT, at DATETIME NOT NULL, INDEX (at)",
        "VALUES (1, REPEAT('x', 70000), '2025-08-01 10:00:00')",
        cursor="at",
    )
    load = DailyLoad(date(2025, 8, 1), table=table)
    for tries in ("1", "2"):
        world.failure(load)
        (line,) = [each for each in asked(world, capsys, table) if "ConvertCSV" in each]
        assert line.split()[:4] == [table, "2025-08-01", "ConvertCSV", tries]
        assert line.endswith("values of column note cannot be replicated (oversize_text)")
    world.define("things", cursor="at", on_oversize_text="truncate")
    world.succeed(load)
    assert world.lake_keys("quarantine/") == []
    assert not [each for each in asked(world, capsys, table) if "ConvertCSV" in each]


def test_status_says_from_when_until_when_how_far_behind_and_where_the_gaps_are(
    world: World, capsys: pytest.CaptureFixture[str]
):
    """An older day, loaded later, moves the start; the end stays, and what lies between is a gap."""
    table = world.create(
        "things",
        "id INT PRIMARY KEY, at DATETIME NOT NULL, INDEX (at)",
        "VALUES (1, '2025-08-01 10:00:00'), (2, '2025-08-04 11:00:00')",
        cursor="at",
    )
    world.load_days(table, 4, 1)
    world.build(DailyBackup(date(2025, 8, 5), table=table))
    rows = {line.split("  ")[1]: line for line in asked(world, capsys, table) if " d " in line}
    assert set(rows) == {"backed up", "loaded"}
    for cells in ("2025-08-01 00:00", "2025-08-05 00:00", "1  20250802T000000Z_20250804T000000Z"):
        assert cells in rows["loaded"]
    answer(world, capsys, "status", table)
    assert main(["status", "--table", table, "--json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)["tables"]
    loaded = entry["loaded"]
    assert (loaded["from"], loaded["until"]) == (
        "2025-08-01T00:00:00+00:00",
        "2025-08-05T00:00:00+00:00",
    )
    assert loaded["gaps"] == ["20250802T000000Z_20250804T000000Z"]
    assert entry["backed_up"]["windows"] == 3
    end = datetime(2025, 8, 5, tzinfo=timezone.utc)
    assert abs(loaded["lag_seconds"] - (datetime.now(timezone.utc) - end).total_seconds()) < 60


def test_a_snapshot_clears_the_refusals_of_earlier_ones(world: World):
    table = world.create(
        "things",
        "id INT PRIMARY KEY, note VARBINARY(20)",
        "VALUES (1, 'x')",
        cursor_type="full",
        on_empty_bytes="error",
    )
    world.sql("UPDATE things SET note = ''")
    for number in (1, 2):
        world.build(RefreshViews(table=table, window=day(f"2025-08-0{number}")))
    keys = world.keys("things")
    assert world.lake_keys("quarantine/") == [
        keys.quarantine(day("2025-08-02"))
    ]  # the latest says it all
    world.sql("UPDATE things SET note = 'fixed'")
    world.build(RefreshViews(table=table, window=day("2025-08-03")))
    assert world.lake_keys("quarantine/") == []


def asked(world: World, capsys: pytest.CaptureFixture[str], table: str) -> list[str]:
    return answer(world, capsys, "status", table).splitlines()
