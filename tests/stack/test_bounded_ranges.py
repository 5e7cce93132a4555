"""Ranges that cannot or may not take everything: what they take, and with which status they end."""

from datetime import date

import pytest

from tests.truths import assert_same
from tests.world import World

UNCLOSED = {"DB_CLOSING_LAG": "1000000000"}  # seconds: no window of this century is closed


@pytest.fixture
def events(world: World) -> str:
    """Four days of ten rows each."""
    world.sql(
        "CREATE TABLE events (id INT PRIMARY KEY, note LONGTEXT, at DATETIME NOT NULL, INDEX (at))",
        "INSERT INTO events SELECT seq, CONCAT('n', seq), TIMESTAMPADD(HOUR, seq, '2025-08-01')"
        " FROM seq_0_to_95",
    )
    return world.define("events", cursor="at", load="append")


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
    assert "not granted run permission" not in out
    world.luigi(*line(events, *more))
    assert_same(world, "events")
