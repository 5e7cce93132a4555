"""Which values of a cursor a window holds."""

import re
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config.tables import TableDefinition
from pipeline.errors import ConfigurationError
from pipeline.lake.id_ranges import LOWEST_ID, NO_IDS, IdRanges, Reading
from pipeline.model.cursors import Bounds, IdCursor, Snapshot, TimeCursor, bound_of
from pipeline.model.window import Window
from pipeline.source import sql as mysql_sql

UTC = timezone.utc
DAY = Window.day(date(2025, 8, 1))
HOUR = Window.hour(datetime(2025, 8, 1, 13))


def test_bounds_of_each_kind():
    assert TimeCursor("timestamp").bounds(DAY) == Bounds(
        "2025-08-01 00:00:00.000000", "2025-08-02 00:00:00.000000"
    )
    assert TimeCursor("timestamp", timezone="Asia/Tokyo").bounds(DAY) == Bounds(
        "2025-08-01 09:00:00.000000", "2025-08-02 09:00:00.000000"
    )
    assert TimeCursor("date").bounds(DAY) == Bounds("2025-08-01", "2025-08-02")
    assert TimeCursor("epoch").bounds(HOUR) == Bounds("1754053200", "1754056800")
    assert TimeCursor("epoch", "milliseconds").bounds(HOUR).lower == "1754053200000"
    assert TimeCursor("epoch", "microseconds").bounds(HOUR).upper == "1754056800000000"


def test_the_warehouse_has_datetimes_in_utc():
    definition = TableDefinition(cursor="at", source_timezone="Asia/Tokyo")
    assert definition.warehouse_cursor == TimeCursor("timestamp")
    assert TableDefinition(cursor_type="full").warehouse_cursor == Snapshot()


def test_a_date_has_no_hours():
    with pytest.raises(ConfigurationError, match="whole days") as raised:
        TimeCursor("date").bounds(HOUR)
    assert "DailyLoad" in str(raised.value)


@pytest.mark.parametrize(
    ("zone", "hour"), [(None, 0), ("America/New_York", 4), ("Asia/Tokyo", 0), ("-10:00", 10)]
)
def test_the_day_of_a_date_is_over_when_it_is_over_there(zone: str | None, hour: int):
    over = TimeCursor("date", timezone=zone).over(DAY)
    assert over == DAY.end + timedelta(hours=hour)
    assert TimeCursor("timestamp", timezone=zone).over(DAY) == DAY.end


@given(st.datetimes(datetime(1970, 1, 1, 0, 0, 1), datetime(2100, 1, 1)), st.integers(1, 10**6))
def test_epochs_are_exact(start: datetime, length: int):
    start = start.replace(microsecond=0, tzinfo=UTC)
    window = Window(start, start + timedelta(seconds=length))
    bounds = TimeCursor("epoch", "microseconds").bounds(window)
    assert datetime.fromtimestamp(int(bounds.lower or "") // 10**6, UTC) == window.start
    assert int(bounds.upper or "") - int(bounds.lower or "") == length * 10**6


def test_an_epoch_below_1_is_in_no_window():
    """0 and -1 are placeholders; the instants before 1970 have no other numbers."""
    first, before = Window.day(date(1970, 1, 1)), Window.day(date(1969, 12, 31))
    for unit in ("seconds", "milliseconds", "microseconds"):
        cursor = TimeCursor("epoch", unit)
        assert cursor.bounds(first).lower == cursor.reach.lower == "1"
        assert cursor.bounds(before) == Bounds("1", "1")


@pytest.mark.parametrize("zone", [None, "America/New_York", "Asia/Tokyo", "-14:00", "+14:00"])
def test_the_reach_of_a_cursor_has_the_bounds_of_every_window(zone: str | None):
    first, last = Window.day(date(1, 1, 1)), Window.day(date(9999, 12, 30))
    for cursor in (TimeCursor("timestamp", timezone=zone), TimeCursor("date", timezone=zone)):
        assert cursor.reach == Bounds(cursor.bounds(first).lower, cursor.bounds(last).upper)
        assert re.match("0001-01-0[12]", cursor.reach.lower or "")
        assert re.match("9999-12-3[01]", cursor.reach.upper or "")
    assert IdCursor().reach == Snapshot().reach == Bounds(None, None)


def test_a_year_has_four_digits():
    """MySQL takes 1-01-01 for the year 2001."""
    assert bound_of(datetime(1, 1, 1)) == "0001-01-01 00:00:00.000000"
    assert bound_of(date(999, 12, 31)) == "0999-12-31"
    assert mysql_sql.value_literal(datetime(1, 1, 1)) == "'0001-01-01 00:00:00.000000'"
    assert mysql_sql.value_literal(date(1, 1, 1)) == "'0001-01-01'"


def test_a_value_of_the_source_as_a_bound():
    assert bound_of(datetime(2025, 8, 1, 2, 3, 4, 5)) == "2025-08-01 02:03:04.000005"
    assert bound_of(date(2025, 8, 1)) == "2025-08-01"
    assert bound_of(2**64 - 1) == "18446744073709551615"
    assert bound_of(Decimal("17")) == "17"
    with pytest.raises(TypeError):
        bound_of("x")


def test_an_integer_is_compared_as_an_integer():
    """As text MySQL would compare floating point numbers, which do not tell large integers apart."""
    assert mysql_sql.literal("9007199254740993") == "9007199254740993"
    assert mysql_sql.literal("-5") == "-5"
    assert mysql_sql.literal("2025-08-01") == "'2025-08-01'"


@pytest.mark.parametrize(
    ("definition", "says"),
    [
        ({"cursor": "at", "epoch_unit": "seconds"}, "requires cursor_type: epoch"),
        ({"cursor": "at", "cursor_type": "epoch", "epoch_unit": "days"}, "microseconds"),
        ({"cursor": "at", "source_timezone": "Mars/Olympus"}, "is not a time zone"),
        ({"cursor_type": "id"}, "cursor is missing"),
        ({"cursor": "at", "ids_ascend": True}, "requires cursor_type: id"),
        ({"cursor": "at", "cursor_type": "date", "load": "replace"}, "requires cursor_type: full"),
    ],
)
def test_what_makes_no_sense_is_refused(definition: dict[str, str], says: str):
    with pytest.raises(ValueError, match=says):
        TableDefinition.model_validate(definition)


def test_rows_that_never_change_are_appended():
    assert TableDefinition(cursor="id", cursor_type="id").load_mode == "append"
    assert TableDefinition(cursor="id", cursor_type="id", load="merge").load_mode == "merge"


# Ids


def windows(count: int) -> list[Window]:
    return [Window.day(date(2025, 8, day + 1)) for day in range(count)]


@given(st.permutations(range(6)), st.lists(st.integers(-5, 50), min_size=6, max_size=6))
def test_ids_are_parted_in_whatever_order_windows_are_planned(order: list[int], highest: list[int]):
    ranges, days = IdRanges(table="s.t"), windows(6)
    seen: dict[str, Bounds] = {}
    for day, behind in zip(order, highest, strict=True):
        if ranges.bounds(days[day]) is None:
            ranges = ranges.with_window(days[day], behind)
        seen[days[day].name] = ranges.bounds(days[day]) or NO_IDS
    assert {day.name: ranges.bounds(day) for day in days} == seen, "a range changed"
    top = ranges.upper
    for number in range(-8, 60):
        holders = [b for b in seen.values() if holds(b, number)]
        assert len(holders) == (number < top), number


def holds(bounds: Bounds, number: int) -> bool:
    low = bounds.lower is None or number >= int(bounds.lower)
    return low and number < int(bounds.upper or "")


def test_a_window_within_one_that_is_planned_has_nothing():
    ranges = IdRanges(table="s.t").with_window(DAY, 10)
    assert ranges.bounds(HOUR) == NO_IDS
    assert ranges.bounds(Window(DAY.start, DAY.end + timedelta(days=1))) is None


def test_the_first_window_takes_all_there_is_and_an_empty_table_leaves_all_to_come():
    first, second = windows(2)
    ranges = IdRanges(table="s.t").with_window(first, LOWEST_ID)
    assert ranges.bounds(first) == Bounds(None, str(LOWEST_ID))
    assert ranges.with_window(second, 8).bounds(second) == Bounds(str(LOWEST_ID), "8")


def test_assigned_ranges_adjoin():
    one, two, three, four = windows(4)
    ranges = IdRanges(table="s.t")
    for window, behind in ((one, 10), (two, 20), (three, 20), (four, 40)):
        ranges = ranges.with_window(window, behind)
    assert list(ranges.assigned()) == [
        (one.name, Bounds(None, "10")),
        (two.name, Bounds("10", "20")),
        (three.name, Bounds("20", "20")),
        (four.name, Bounds("20", "40")),
    ]


def test_ids_survive_json():
    now = datetime(2025, 8, 1, tzinfo=UTC)
    ranges = (
        IdRanges(table="s.t")
        .with_window(DAY, 2**64)
        .with_reading(Reading(behind=1, asked=now, answered=now))
    )
    assert IdRanges.model_validate_json(ranges.model_dump_json()) == ranges
