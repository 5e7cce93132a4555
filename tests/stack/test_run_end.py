"""The end of a run: as soon as nothing is left to wait for, each failure logged once, then one table."""

import re
import signal
import time
from typing import Any

import pytest

from tests.support.truths import assert_same
from tests.support.waiting import until
from tests.support.world import World

OVERSIZE = "id INT PRIMARY KEY, note LONGTEXT, at DATETIME NOT NULL, INDEX (at)"
PATIENT = ["--worker-max-keep-alive-idle-duration", "3600"]
"""A run that waits for what cannot happen does not end within a test."""


def days(world: World, name: str, rows: str = "seq_0_to_47", **definition: Any) -> str:
    """A table with two days of rows, one an hour."""
    values = f"SELECT seq, CONCAT('n', seq), TIMESTAMPADD(HOUR, seq, '2025-08-01') FROM {rows}"
    return world.create(name, OVERSIZE, values, cursor="at", **definition)


def range_of_all(*more: str) -> list[str]:
    return [
        *("RangeDaily", "--of", "DailyLoadAll", "--start", "2025-08-01", "--stop", "2025-08-03"),
        *more,
    ]


def spoil(world: World, table: str) -> None:
    world.sql(f"UPDATE {table} SET note = REPEAT('x', 70000) WHERE id = 3")


def errors(out: str) -> list[str]:
    return [line for line in out.splitlines() if re.match(r"\S+Z ERROR ", line)]


def closing_table(out: str) -> dict[str, dict[str, str]]:
    """The cells of the table at the end, by table and heading."""
    _, _, table = out.partition("this run, by table\n")
    assert table, out
    headings, _, *lines = table.splitlines()
    names = re.split(r"  +", headings)
    cells = [re.split(r"  +", line) for line in lines if not line.startswith("20")]
    return {row[0]: dict(zip(names, row, strict=True)) for row in cells if len(row) == len(names)}


@pytest.fixture(params=["local", "central"])
def scheduler(request: pytest.FixtureRequest, world: World) -> list[str]:
    """The options of a run with a scheduler of its own, and with luigid."""
    central = world.stack.scheduler
    assert central is not None
    named = ["--scheduler-host", "127.0.0.1", "--scheduler-port", str(central.port)]
    return named if request.param == "central" else ["--local-scheduler"]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_run_with_a_failure_ends_as_soon_as_nothing_else_can_run(
    world: World, scheduler: list[str], workers: str
):
    good, bad = days(world, "good"), days(world, "bad")
    spoil(world, "bad")
    line = range_of_all("--workers", workers, *scheduler, *PATIENT)
    out = world.luigi(*line, check=45).stdout
    assert_same(world, "good")
    assert len(errors(out)) == 1, out
    (line,) = errors(out)
    assert f"{bad} 20250801T000000Z_20250802T000000Z: " in line
    assert "Execution Summary" not in out
    assert "missing external dependencies" not in out
    table = closing_table(out)
    assert (table[good]["windows"], table[good]["rows read"]) == ("2", "48")
    assert (table[bad]["windows"], table[bad]["refused"], table[bad]["failed"]) == ("1", "1", "0")
    assert table[good]["rows loaded"] == "48"
    assert out.rstrip().splitlines()[-1].startswith(good)


def test_after_a_fix_the_same_command_runs_at_once_however_often_it_failed(
    world: World, scheduler: list[str]
):
    days(world, "bad")
    spoil(world, "bad")
    for _ in range(3):
        out = world.luigi(*range_of_all(*scheduler), check=45).stdout
        assert len(errors(out)) == 1, out
    world.define("bad", cursor="at", columns={"note": {"on_oversize_text": "truncate"}})
    world.luigi(*range_of_all(*scheduler))
    assert world.loaded("bad", "COUNT(*)") == [(48,)]


def test_a_window_that_is_not_closed_is_named_once_and_nothing_waits_for_it(
    world: World, scheduler: list[str]
):
    tables = [days(world, name) for name in ("first", "second")]
    lag = {"DB_CLOSING_LAG": "1000000000"}
    line = range_of_all("--workers", "2", *scheduler, *PATIENT)
    out = world.luigi(*line, check=20, **lag).stdout
    for table in tables:
        assert len(re.findall(rf"{table}: window \S+ is not closed yet", out)) == 1
        assert closing_table(out)[table]["waiting"] == "2"
    assert out.count("are closed until") == 1
    assert "does not exist (yet?)" not in out


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("workers", ["1", "2"])
def test_after_a_signal_the_same_command_runs_at_once_under_luigid(
    world: World, number: signal.Signals, workers: str
):
    days(world, "events", load="append", chunks=1)
    world.sql(
        "INSERT INTO events SELECT seq, REPEAT(MD5(seq), 60), '2025-08-01 10:00:00'"
        " FROM seq_100_to_60000"
    )
    central = world.stack.scheduler
    assert central is not None
    named = ["--scheduler-host", "127.0.0.1", "--scheduler-port", str(central.port)]
    line = range_of_all("--workers", workers, *named)
    process = world.start(*line)
    spool = world.folder / "spool"
    until(
        lambda: any(path.stat().st_size for path in spool.rglob(".chunk*")),
        "no row is in the spool",
        process=process,
    )
    process.send_signal(number)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 128 + number, out
    world.luigi(*line)
    assert_same(world, "events")


def test_a_failure_to_schedule_is_an_error_with_its_table(world: World, scheduler: list[str]):
    tables = [days(world, name) for name in ("first", "second")]
    wrong = {"DB_PASSWORD": "wrong"}
    out = world.luigi(*range_of_all("--workers", "2", *scheduler), check=42, **wrong).stdout
    lines = errors(out)
    assert len(lines) == len(set(lines)) == 4, out
    for table in tables:
        assert sum(f"SourceReady {table} " in line for line in lines) == 2
        assert closing_table(out)[table]["failed"] == "2"
    assert "Traceback" not in out
    assert out.count("check DB_USER and DB_PASSWORD") == 1


def test_an_empty_window_takes_no_line_of_its_own(world: World):
    table = days(world, "events", rows="seq_100_to_101")
    out = world.luigi(*range_of_all()).stdout
    assert not re.search(rf"{table} 2025-08", out), out
    assert closing_table(out)[table]["windows"] == "2"


def test_a_run_with_nothing_to_do_says_so(world: World):
    days(world, "events")
    world.luigi(*range_of_all())
    assert "nothing to do" in world.luigi(*range_of_all()).stdout


def test_what_the_account_may_not_see_is_said_once_in_a_run(world: World):
    for name in ("first", "second", "third"):
        days(world, name)
    world.sql(
        "CREATE USER IF NOT EXISTS reader@'%' IDENTIFIED BY 'secret'",
        f"GRANT SELECT ON {world.name}.* TO reader@'%'",
    )
    account = {"DB_USER": "reader", "DB_PASSWORD": "secret"}
    out = world.luigi(*range_of_all("--workers", "2"), **account).stdout
    assert out.count("GRANT PROCESS") == 1


def test_without_luigid_a_run_ends_in_seconds_with_one_line_and_a_status_of_its_own(world: World):
    days(world, "events")
    began = time.monotonic()
    out = world.luigi(*range_of_all("--scheduler-port", "1"), check=47).stdout
    assert time.monotonic() - began < 60  # Luigi's own attempts take longer
    assert len(errors(out)) == 1
    assert re.search(r"luigid does not answer at http://\S+:1:", out)
    assert "Traceback" not in out
