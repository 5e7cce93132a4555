"""Ranges that cannot or may not take everything: what they take, and with which status they end."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import luigi
import pytest

from pipeline import DailyLoad, RangeDaily
from pipeline.lake.stages import LAKE
from pipeline.run import limits
from tests import promises
from tests.support.truths import assert_same
from tests.support.world import World, day

UNCLOSED = {"DB_CLOSING_LAG": "1000000000"}  # seconds: no window of this century is closed


@pytest.fixture
def events(world: World) -> str:
    """Four days of ten rows each."""
    return world.create(
        "events",
        "id INT PRIMARY KEY, note LONGTEXT, at DATETIME NOT NULL, INDEX (at)",
        "SELECT seq, CONCAT('n', seq), TIMESTAMPADD(HOUR, seq, '2025-08-01') FROM seq_0_to_95",
        cursor="at",
        load="append",
    )


def line(table: str, *more: str, of: str = "DailyLoad", stop: int = 5) -> list[str]:
    span = ["--start", "2025-08-01", "--stop", f"{date(2025, 8, stop)}"]
    return ["RangeDaily", "--of", of, f"--{of}-table", table, *span, *more]


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("task_limit", ["2", "30"])
def test_a_range_of_windows_that_are_not_closed_ends_as_missing_data(
    world: World, events: str, workers: str, task_limit: str
):
    more = ["--workers", workers, "--task-limit", task_limit]
    out = world.luigi(*line(events, *more), check=20, **UNCLOSED).stdout
    assert "is not closed yet; a later run takes it" in out
    assert out.count("is not closed yet") == 1
    world.luigi(*line(events, *more))
    assert_same(world, "events")


def loaded_days(world: World) -> list[str]:
    return [f"{row[0]:%d}" for row in world.ledger("events")]


@promises.TIME_LIMIT
def test_a_day_that_fails_is_not_taken_again_before_the_days_behind_it(world: World, events: str):
    world.sql("UPDATE events SET note = REPEAT('x', 70000) WHERE id = 3")
    one = line(events, "--limit", "1", stop=4)
    world.luigi(*one, check=45)
    world.luigi(*one)
    world.luigi(*one)
    assert loaded_days(world) == ["02", "03"]
    world.luigi(*one, check=45)  # nothing else is left
    world.sql("UPDATE events SET note = 'fixed' WHERE id = 3")
    world.unmark("events", day("2025-08-01"), "lake")
    world.luigi(*one)
    assert_same(world, "events", "at < '2025-08-04'")


def test_a_snapshot_that_fails_holds_back_no_day_of_the_other_tables(world: World, events: str):
    world.create(
        "places",
        "id INT PRIMARY KEY, note LONGTEXT",
        "VALUES (1, REPEAT('x', 70000))",
        cursor_type="full",
    )
    one = ["RangeDaily", "--of", "DailyLoadAll", "--start", "2025-08-01", "--stop", "2025-08-05"]
    for number in range(1, 4):
        world.luigi(*one, "--limit", "1", check=45)
        assert len(loaded_days(world)) == number


@contextmanager
def time_up_after(family: str) -> Iterator[None]:
    """The time of a run is up as soon as it has done one task of that kind."""
    handlers = luigi.Task._event_callbacks.setdefault(luigi.Task, {})

    def expire(task: luigi.Task) -> None:
        if task.task_family == family:
            limits.begin(minutes=0, chunks=None)

    handlers.setdefault(luigi.Event.SUCCESS, set()).add(expire)
    try:
        yield
    finally:
        handlers[luigi.Event.SUCCESS].discard(expire)


@promises.TIME_LIMIT
@pytest.mark.parametrize(
    ("last", "csv", "loads"),
    [("UploadParquet", 0, 0), ("ConvertCSV", 1, 0), ("CopyToRedshift", 1, 1)],
)
def test_when_the_time_is_up_no_further_stage_is_begun(
    world: World, events: str, last: str, csv: int, loads: int
):
    """With one worker, windows go one after the other, each as far as it comes."""
    of: dict[str, Any] = {"of": DailyLoad, "of_params": {"table": events}}
    span = {"start": date(2025, 8, 1), "stop": date(2025, 8, 5)}
    with time_up_after(last):
        world.build(RangeDaily(**of, **span, minutes=100_000))
    keys = world.keys("events")
    markers = [key for key in world.lake_keys("csv/") if key.endswith("_manifest.json")]
    assert (len(markers), len(world.lake_keys(keys.loads))) == (csv, loads)
    assert len([key for key in world.lake_keys(keys.lake) if LAKE.is_marker(key)]) == 1
    world.build(RangeDaily(**of, **span))
    assert_same(world, "events")


def test_what_is_backed_up_is_not_begun_to_be_loaded_when_the_time_is_up(world: World, events: str):
    world.luigi(*line(events, of="DailyBackup"))
    span = {"start": date(2025, 8, 1), "stop": date(2025, 8, 5)}
    with time_up_after("CopyToRedshift"):
        world.build(RangeDaily(of=DailyLoad, of_params={"table": events}, **span, minutes=100_000))
    assert len(world.lake_keys(world.keys("events").loads)) == 1
    world.luigi(*line(events))
    assert_same(world, "events")
