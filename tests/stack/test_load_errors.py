"""What COPY refused is told by whichever view of load errors the warehouse has."""

from datetime import date

import pytest

from pipeline import DailyLoad
from pipeline.warehouse import copy
from tests.support.world import World, day


def refusal(world: World) -> str:
    """Of a window whose document is no JSON."""
    table = world.create(
        "docs",
        "id INT PRIMARY KEY, doc LONGTEXT, at DATETIME NOT NULL, INDEX (at)",
        "VALUES (1, '{no json', '2025-08-01 10:00')",
        cursor="at",
        super="doc",
    )
    return str(world.failure(DailyLoad(date(2025, 8, 1), table=table)))


def test_a_workgroup_tells_file_line_and_column(world: World, monkeypatch: pytest.MonkeyPatch):
    """It has no stl_load_errors; what it has instead does not show the value."""
    refused = copy._LOAD_ERRORS[0].replace("stl_load_errors", "stl_load_errors_of_no_workgroup")
    monkeypatch.setattr(copy, "_LOAD_ERRORS", (refused, *copy._LOAD_ERRORS[1:]))
    told = refusal(world)
    assert "COPY refused line 1 of s3://" in told
    assert "column doc (" in told
    assert "value" not in told.partition("Try:")[0].partition("column doc")[2].partition(":")[0]


def test_a_refusal_of_another_session_with_that_number_is_not_reported(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    """Sessions' numbers come again, and the errors of a week are kept."""
    other = "SELECT 's3://bucket/csv/other/part-00000.csv', 7, 'other', 'int4', 'x', 1207, 'digit'"
    monkeypatch.setattr(copy, "_LOAD_ERRORS", (other,))
    told = refusal(world)
    assert "COPY refused s3://" in told
    assert "line 7" not in told
    assert "other" not in told


def test_once_it_is_fixed_the_window_is_read_again_as_the_message_says(world: World):
    told = refusal(world)
    keys, window = world.keys("docs"), day("2025-08-01")
    markers = [keys.lake_marker(window), keys.csv_marker(window)]
    assert all(world.lake.url(key) in told for key in markers)
    world.sql("UPDATE docs SET doc = '{}'")
    world.lake.delete(markers)
    world.load_days(f"{world.name}.docs", 1)
