"""Windows: half-open, named, sortable, and without a gap or an overlap between neighbours."""

import random
from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.model.window import Window, unbroken_end

UTC = timezone.utc
DAYS = st.dates(date(1000, 1, 1), date(9998, 12, 30))
INSTANTS = st.datetimes(datetime(1000, 1, 1), datetime(9998, 12, 30)).map(
    lambda naive: naive.replace(tzinfo=UTC)
)
WINDOWS = st.builds(
    lambda start, seconds: Window(start, start + timedelta(seconds=seconds)),
    INSTANTS.map(lambda instant: instant.replace(microsecond=0)),
    st.integers(1, 10**7),
)


def holds(window: Window, instant: datetime) -> bool:
    return window.start <= instant < window.end


@given(first=DAYS, instant=st.timedeltas(timedelta(0), timedelta(days=5)))
def test_every_instant_of_a_range_of_days_is_in_exactly_one_window(first: date, instant: timedelta):
    windows = [Window.day(first + timedelta(days=n)) for n in range(7)]
    moment = windows[0].start + instant
    assert sum(holds(window, moment) for window in windows) == 1


@given(day=DAYS, instant=st.timedeltas(timedelta(0), timedelta(days=1)))
def test_the_hours_of_a_day_share_it_without_gap_or_overlap(day: date, instant: timedelta):
    whole = Window.day(day)
    hours = [Window.hour(whole.start + timedelta(hours=n)) for n in range(24)]
    moment = whole.start + instant
    assert sum(holds(window, moment) for window in hours) == holds(whole, moment)


@given(WINDOWS)
def test_a_name_gives_the_window_back(window: Window):
    assert Window.parse(window.name) == window
    assert Window.parse(str(window)) == window


@given(st.lists(WINDOWS))
def test_names_sort_as_windows_do(windows: list[Window]):
    assert [w.name for w in sorted(windows)] == sorted(w.name for w in windows)


@pytest.mark.parametrize(
    "name",
    [
        *("", "_", "20250801", "20250801T000000Z", "20250801T000000Z_", "nonsense_nonsense"),
        "20250801T000000Z_20250802T000000Z_20250803T000000Z",
        "20250802T000000Z_20250801T000000Z",
        "20250801T000000Z_20250801T000000Z",
        "20250801T000000_20250802T000000",
        "20251301T000000Z_20260101T000000Z",
    ],
)
def test_what_is_no_name_is_refused(name: str):
    with pytest.raises(ValueError, match="window"):
        Window.parse(name)


def test_instants_are_whole_seconds_in_utc():
    start, end = datetime(2025, 8, 1, tzinfo=UTC), datetime(2025, 8, 2, tzinfo=UTC)
    cet = timezone(timedelta(hours=1))
    for wrong in (
        (start.replace(tzinfo=None), end),
        (start, end.replace(tzinfo=None)),
        (start.astimezone(cet), end),
        (start, end.replace(microsecond=1)),
        (end, start),
        (start, start),
    ):
        with pytest.raises(ValueError, match="window"):
            Window(*wrong)


def test_a_naive_hour_is_in_utc_and_minutes_do_not_count():
    assert Window.hour(datetime(2025, 8, 1, 13, 59, 59, 9)).name == (
        "20250801T130000Z_20250801T140000Z"
    )


def day(number: int) -> Window:
    return Window.day(date(2025, 8, number))


def test_nothing_loaded_has_no_end():
    assert unbroken_end([]) is None


@given(st.lists(st.integers(1, 31), min_size=1), st.randoms(use_true_random=False))
def test_the_unbroken_end_is_before_the_first_hole(numbers: list[int], chance: random.Random):
    windows = [day(number) for number in numbers]
    chance.shuffle(windows)
    reached = min(numbers)
    while reached in numbers:
        reached += 1
    assert unbroken_end(windows) == day(reached - 1).end


def test_windows_of_different_lengths_join_and_overlap():
    hours = [Window.hour(datetime(2025, 8, 2, n)) for n in range(24)]
    assert unbroken_end([day(1), *hours, day(3)]) == day(3).end
    assert unbroken_end([day(1), *hours[:5], *hours[6:], day(3)]) == hours[4].end
    assert unbroken_end([day(1), hours[3], day(2)]) == day(2).end
