"""Ranges of days and hours: which windows they take, in which order, and what they ask S3."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta, timezone
from typing import Any

import luigi
import pytest

from pipeline import (
    DailyBackup,
    DailyLoad,
    DailyLoadAll,
    HourlyLoad,
    RangeDaily,
    RangeHourly,
    RefreshViews,
)
from pipeline.lake import watermark
from pipeline.lake.keys import window_of_key
from pipeline.model.table_name import TableName
from pipeline.model.window import Window
from pipeline.tasks.targets import lake
from tests.support.truths import assert_same, assert_tidy
from tests.support.world import World, day

FIRST = date(2025, 8, 1)


@pytest.fixture
def hits(world: World) -> str:
    """Sixty days, every one with twelve rows."""
    return world.create(
        "hits",
        "id INT PRIMARY KEY, n INT, at DATETIME(6) NOT NULL, INDEX (at)",
        "SELECT seq, seq, TIMESTAMPADD(HOUR, seq * 2, '2025-08-01') FROM seq_0_to_719",
        cursor="at",
    )


def days(of: type[luigi.Task], table: str, start: date, stop: date, **more: Any) -> luigi.Task:
    of_params = {"table": table} if table else {}
    return RangeDaily(of=of, of_params=of_params, start=start, stop=stop, **more)


@contextmanager
def extracted() -> Iterator[list[str]]:
    """The windows that are extracted meanwhile, in order."""
    seen: list[str] = []
    handlers = luigi.Task._event_callbacks.setdefault(luigi.Task, {})

    def note(task: luigi.Task) -> None:
        if task.task_family == "ExtractChunk":
            seen.append(str(task.window))

    handlers.setdefault(luigi.Event.START, set()).add(note)
    try:
        yield seen
    finally:
        handlers[luigi.Event.START].discard(note)


@contextmanager
def requests() -> Iterator[Counter[str]]:
    """The S3 requests of this process meanwhile, by method."""
    seen: Counter[str] = Counter()

    def note(request: Any, **_: Any) -> None:
        seen["LIST" if "list-type=2" in request.url else request.method] += 1

    events = lake()._client.meta.events
    events.register("before-send.s3", note)
    try:
        yield seen
    finally:
        events.unregister("before-send.s3", note)


def names(start: date, count: int) -> list[str]:
    return [str(day(f"{start + timedelta(days=n)}")) for n in range(count)]


def test_sixty_days_are_loaded_by_one_run_oldest_first(world: World, hits: str):
    with extracted() as order:
        world.succeed(days(DailyLoad, hits, FIRST, date(2025, 9, 30)))
    assert order == names(FIRST, 60)
    assert_same(world, "hits")
    assert_tidy(world, "hits")
    assert len(world.ledger("hits")) == 60
    mark = watermark.read(world.lake, TableName.parse(hits))
    assert mark is not None
    assert mark.loaded_until == datetime(2025, 9, 30, tzinfo=timezone.utc)

    with requests() as asked:
        world.succeed(days(DailyLoad, hits, FIRST, date(2025, 9, 30)))
    assert asked == {"LIST": 1}


def test_more_days_than_the_task_limit_are_loaded_by_one_run(world: World, hits: str):
    line = ["RangeDaily", "--of", "DailyLoad", "--DailyLoad-table", hits, "--task-limit", "3"]
    world.luigi(*line, "--start", "2025-08-01", "--stop", "2025-08-09")
    assert len(world.ledger("hits")) == 8
    assert world.query("SELECT COUNT(*) FROM {schema}.hits") == [(8 * 12,)]


def test_nothing_to_do_is_said(world: World, hits: str):
    line = ["RangeDaily", "--of", "DailyLoad", "--of-params", f'{{"table": "{hits}"}}']
    line += ["--start", "2025-08-01", "--stop", "2025-08-03"]
    world.luigi(*line)
    again = world.luigi(*line).stdout
    assert "nothing to do: everything requested is done" in again


def test_two_days_of_hours_are_loaded_oldest_first(world: World, hits: str):
    task = RangeHourly(
        of=HourlyLoad,
        of_params={"table": hits},
        start=datetime(2025, 8, 1),
        stop=datetime(2025, 8, 3),
        task_limit=20,
    )
    with extracted() as order:
        world.succeed(task)
    assert len(order) == 48
    assert order == sorted(order)
    assert_same(world, "hits", "at < '2025-08-03'")
    staged = [row[2] for row in world.ledger("hits")]
    assert staged == [1, 0] * 24


def test_a_hole_is_filled_and_nothing_else(world: World, hits: str):
    world.build(days(DailyLoad, hits, FIRST, date(2025, 8, 3)))
    world.build(days(DailyLoad, hits, date(2025, 8, 5), date(2025, 8, 7)))
    mark = watermark.read(world.lake, TableName.parse(hits))
    assert mark is not None
    assert mark.loaded_until == datetime(2025, 8, 3, tzinfo=timezone.utc)  # not beyond the hole
    with extracted() as order:
        world.build(days(DailyLoad, hits, FIRST, date(2025, 8, 7)))
    assert order == names(date(2025, 8, 3), 2)
    mark = watermark.read(world.lake, TableName.parse(hits))
    assert mark is not None
    assert mark.loaded_until == datetime(2025, 8, 7, tzinfo=timezone.utc)


def test_a_range_of_all_tables_costs_one_list_a_table(world: World, hits: str):
    for name in ("one", "two"):
        world.create(name, "id INT PRIMARY KEY, at DATETIME NOT NULL", cursor="at")
    task = days(DailyLoadAll, "", FIRST, date(2025, 8, 4))
    world.succeed(task)
    with requests() as asked:
        world.build(days(DailyLoadAll, "", FIRST, date(2025, 8, 4)))
    assert asked == {"LIST": 3}


def test_a_backup_range_is_answered_by_one_list_too(world: World, hits: str):
    world.build(days(DailyBackup, hits, FIRST, date(2025, 8, 4)))
    with requests() as asked:
        world.succeed(days(DailyBackup, hits, FIRST, date(2025, 8, 4)))
    assert asked == {"LIST": 1}
    # it is no load
    assert not days(DailyLoad, hits, FIRST, date(2025, 8, 4)).complete()


def test_an_old_start_is_honoured(world: World, hits: str):
    world.sql("UPDATE hits SET at = '2015-03-02 08:00:00' WHERE id = 0")
    world.luigi(
        *("RangeDaily", "--of", "DailyLoad", "--DailyLoad-table", hits),
        *("--start", "2015-03-01", "--stop", "2015-03-04"),
    )
    assert world.loaded("hits", "id") == [(0,)]
    assert len(world.ledger("hits")) == 3


def test_the_running_day_and_hour_are_left_out(world: World, hits: str):
    moment = datetime(2025, 8, 5, 12, 30, tzinfo=timezone.utc)
    now = int(moment.timestamp())
    today = RangeDaily(of=DailyLoad, of_params={"table": hits}, start=date(2025, 8, 3), now=now)
    assert [f"{when:%m-%d}" for when in today.missing()] == ["08-03", "08-04"]
    hourly = RangeHourly(
        of=HourlyLoad, of_params={"table": hits}, start=datetime(2025, 8, 5, 10), now=now
    )
    assert [when.hour for when in hourly.missing()] == [10, 11]
    beyond = days(DailyLoad, hits, date(2025, 8, 4), date(2025, 9, 1), now=now)
    assert [f"{when:%m-%d}" for when in beyond.missing()] == ["08-04"]


def test_hours_and_days_of_one_table_double_nothing(world: World, hits: str):
    world.define("hits", cursor="at", load="append")
    hours = {"of": HourlyLoad, "of_params": {"table": hits}}
    first = RangeHourly(**hours, start=datetime(2025, 8, 1), stop=datetime(2025, 8, 1, 6))
    world.build(first)
    world.build(days(DailyLoad, hits, FIRST, date(2025, 8, 3)))
    world.build(RangeHourly(**hours, start=datetime(2025, 8, 2), stop=datetime(2025, 8, 2, 6)))
    assert_same(world, "hits", "at < '2025-08-03'")
    lengths = Counter(
        window.end - window.start
        for key in world.lake_keys(world.keys("hits").loads)
        if (window := window_of_key(key))
    )
    assert lengths == {timedelta(hours=1): 12, timedelta(days=1): 2}


def test_a_day_that_fails_does_not_keep_the_later_ones_from_loading(world: World, hits: str):
    world.sql(
        "ALTER TABLE hits ADD note LONGTEXT",
        "UPDATE hits SET note = REPEAT('x', 70000) WHERE id = 0",
    )
    line = ["RangeDaily", "--of", "DailyLoad", "--DailyLoad-table", hits]
    line += ["--start", "2025-08-01", "--stop", "2025-08-05"]
    world.luigi(*line, check=45)
    assert len(world.ledger("hits")) == 3
    assert_same(world, "hits", "at >= '2025-08-02' AND at < '2025-08-05'")
    # the watermark counts from the first window that is loaded
    assert world.lake_keys("quarantine/")


def test_a_snapshot_covers_all_earlier_days(world: World, hits: str):
    world.define("hits", cursor_type="full")
    world.build(days(DailyLoad, hits, FIRST, date(2025, 8, 31)))
    assert len(world.ledger("hits")) == 1
    assert_same(world, "hits")
    assert days(DailyLoad, hits, date(2020, 1, 1), date(2025, 8, 31)).complete()


def test_the_snapshot_of_a_day_is_newer_than_those_of_its_hours(world: World, hits: str):
    world.define("hits", cursor_type="full")
    world.build(RefreshViews(table=hits, window=Window.hour(datetime(2025, 8, 1, 22))))
    assert not days(DailyLoad, hits, FIRST, date(2025, 8, 2)).complete()
    world.sql("UPDATE hits SET n = n + 1")
    world.build(RefreshViews(table=hits, window=day("2025-08-01")))
    assert_same(world, "hits")
    assert days(DailyLoad, hits, FIRST, date(2025, 8, 2)).complete()
    # an older one that comes late changes nothing
    world.sql("UPDATE hits SET n = 0")
    world.build(RefreshViews(table=hits, window=Window.hour(datetime(2025, 8, 1, 3))))
    assert world.query("SELECT COUNT(*) FROM {schema}.hits WHERE n = 0") == [(0,)]
