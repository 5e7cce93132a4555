"""A table too large for one run is brought over in pieces, and every piece counts."""

import json
import urllib.request
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests import promises
from tests.support.truths import assert_same, assert_tidy
from tests.support.waiting import until
from tests.support.world import World, day

WINDOW = day("2025-08-01")
DAYS = 4


@pytest.fixture
def events(world: World) -> str:
    """Four days of 1,200 rows each, a day in six chunks."""
    return world.create(
        "events",
        "id INT PRIMARY KEY, note VARCHAR(40), at DATETIME NOT NULL, INDEX (at, id)",
        "SELECT seq, CONCAT('n', seq), TIMESTAMPADD(SECOND, seq * 72, '2025-08-01')"
        f" FROM seq_0_to_{DAYS * 1200 - 1}",
        cursor="at",
        load="append",
        chunks=6,
    )


def line(table: str, *more: str, of: str = "DailyLoad", stop: int = 2) -> list[str]:
    span = ["--start", "2025-08-01", "--stop", f"{date(2025, 8, stop)}"]
    return ["RangeDaily", "--of", of, f"--{of}-table", table, *span, *more]


def chunks(world: World) -> dict[Path, int]:
    """The chunks in the spool, and when each was written."""
    found = (world.folder / "spool").rglob("chunk-*.parquet")
    return {path: path.stat().st_mtime_ns for path in found}


@promises.BOUNDED_RUN
def test_a_window_is_read_in_as_many_runs_as_its_chunks_need(world: World, events: str):
    first = world.luigi(*line(events, "--max-chunks", "2")).stdout
    assert "2 of 6 chunks are in the spool" in first
    kept = chunks(world)
    assert len(kept) == 2
    assert world.lake_keys() == []
    world.luigi(*line(events, "--max-chunks", "3"))
    assert len(chunks(world)) == 5
    assert kept.items() <= chunks(world).items()  # none is read again
    world.luigi(*line(events, "--max-chunks", "3"))
    assert len(world.marker(world.keys("events").lake_marker(WINDOW))["parts"]) == 6
    assert_same(world, "events", "at < '2025-08-02'")
    assert_tidy(world, "events")


def test_the_limit_holds_for_all_windows_and_workers_of_a_run_together(world: World, events: str):
    world.luigi(*line(events, "--max-chunks", "8", "--workers", "3", stop=5))
    assert len(chunks(world)) + 6 * len(world.lake_keys(world.keys("events").views)) == 8
    world.luigi(*line(events, "--workers", "3", stop=5))
    assert_same(world, "events")
    assert_tidy(world, "events")


def test_when_time_is_up_nothing_new_is_begun(world: World, events: str):
    world.luigi(*line(events, "--minutes", "0"))
    assert chunks(world) == {}
    world.luigi(*line(events, "--minutes", "60"))
    assert_same(world, "events", "at < '2025-08-02'")


def test_a_number_of_periods_is_taken_and_the_next_run_takes_the_next(world: World, events: str):
    world.luigi(*line(events, "--limit", "3", stop=5))
    assert [f"{row[0]:%d}" for row in world.ledger("events")] == ["01", "02", "03"]
    world.luigi(*line(events, "--limit", "3", stop=5))
    assert_same(world, "events")


@promises.BOUNDED_RUN
def test_backed_up_first_and_loaded_later_the_source_is_read_once(world: World, events: str):
    world.luigi(*line(events, of="DailyBackup", stop=5), REDSHIFT_HOST="")
    world.sql("RENAME TABLE events TO away")
    world.luigi(*line(events, stop=5))
    world.sql("RENAME TABLE away TO events")
    assert_same(world, "events")
    assert_tidy(world, "events")


def test_history_is_filled_in_while_current_days_are_loaded(world: World, events: str):
    history = world.start(*line(events, stop=4))
    current = world.start(
        *("RangeDaily", "--of", "DailyLoad", "--DailyLoad-table", events),
        *("--start", "2025-08-04", "--stop", "2025-08-05"),
    )
    for process in (current, history):
        out, _ = process.communicate(timeout=120)
        assert process.returncode == 0, out
    assert_same(world, "events")
    assert_tidy(world, "events")
    assert len(world.ledger("events")) == DAYS


def asked(port: int, method: str, **arguments: Any) -> dict[str, Any]:
    """What luigid's API answers; the visualiser asks the same."""
    url = f"http://127.0.0.1:{port}/api/{method}?data={urllib.request.quote(json.dumps(arguments))}"  # type: ignore[attr-defined]
    with urllib.request.urlopen(url, timeout=10) as answer:
        return dict(json.load(answer)["response"])


def test_the_visualiser_shows_rows_rate_and_what_is_left(world: World):
    scheduler = world.stack.scheduler
    assert scheduler is not None
    table = world.create(
        "wide",
        "id INT PRIMARY KEY, filler TEXT, at DATETIME NOT NULL",
        "SELECT seq, REPEAT(MD5(seq), 60), '2025-08-01 10:00:00' FROM seq_1_to_200000",
        cursor="at",
    )
    central = ["--scheduler-host", "127.0.0.1", "--scheduler-port", str(scheduler.port)]
    process = world.start("DailyBackup", "--date", "2025-08-01", "--table", table, *central)

    def progress() -> dict[str, Any]:
        """What is shown of the chunk; empty before anything is."""
        running = asked(scheduler.port, "task_list", status="RUNNING", upstream_status="")
        for name in running:
            if name.startswith("ExtractChunk") and world.name in str(running[name]["params"]):
                status = asked(scheduler.port, "get_task_status_message", task_id=name)
                share = asked(scheduler.port, "get_task_progress_percentage", task_id=name)
                return status | share if share.get("progressPercentage") else {}
        return {}

    shown = until(progress, "the visualiser shows no progress", process=process)
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0, out
    done, _, rest = shown["statusMessage"].partition(" of 200,000 rows, ")
    assert 0 < int(done.replace(",", "")) <= 200_000
    rate, left = rest.split(", ")[:1][0], rest
    assert rate.endswith("rows/s")
    assert left.endswith("s left")
    assert 0 < shown["progressPercentage"] <= 100
