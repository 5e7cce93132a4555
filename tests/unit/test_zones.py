"""Local times and instants: in one order, without a gap and without a row in two windows, in every zone."""

from bisect import bisect_right
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.codec.decoder import DecodedBatch
from pipeline.codec.zoned import in_utc
from pipeline.model.columns import Column
from pipeline.model.timezones import zone_named
from tests import promises

UTC = timezone.utc
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR = 3600
NAMES = sorted(n for n in available_timezones() if not n.startswith(("posix", "right")))[::12]
# Those whose clocks did odd things: half an hour, a day left out, back and forth for Ramadan, twice.
ODD = [
    *(
        "America/New_York",
        "Europe/Berlin",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "Africa/Casablanca",
    ),
    *(
        "America/Caracas",
        "Asia/Kathmandu",
        "Asia/Pyongyang",
        "Antarctica/Troll",
        "Pacific/Kwajalein",
    ),
]
zones = st.one_of(st.sampled_from(ODD), st.sampled_from(NAMES))
moments = st.integers(0, 4_102_444_800 - 86400)


@st.composite
def zone_and_moment(draw: st.DrawFn) -> tuple[str, int]:
    """A zone, and an instant that is mostly near a change of its clock."""
    name = draw(zones)
    changes = [change for change in zone_named(name).changes if change > 0]
    if changes and draw(st.integers(0, 9)):
        near = draw(st.sampled_from(changes))
        return name, near + draw(st.one_of(st.integers(-3, 3), st.integers(-2 * HOUR, 2 * HOUR)))
    return name, draw(moments)


def shown(name: str, instant: int) -> int:
    """What a clock of the zone shows, as the standard library knows it."""
    local = (EPOCH + timedelta(seconds=instant)).astimezone(ZoneInfo(name)).replace(tzinfo=UTC)
    return int((local - EPOCH).total_seconds())


@given(zone_and_moment())
@settings(max_examples=500, deadline=None)
def test_the_offsets_are_those_of_the_standard_library(drawn: tuple[str, int]):
    name, instant = drawn
    zone = zone_named(name)
    assert instant + zone.offsets[bisect_right(zone.changes, instant)] == shown(name, instant)


@given(zone_and_moment(), st.integers(-86400, 86400))
@settings(max_examples=500, deadline=None)
def test_a_local_time_is_in_the_window_that_its_instant_is_in(drawn: tuple[str, int], away: int):
    """Which is why bounds in the source and in the warehouse hold the same rows."""
    zone, instant = zone_named(drawn[0]), drawn[1]
    local = instant + zone.offsets[bisect_right(zone.changes, instant)] + away
    assert (local >= zone.local_bound(instant)) == (zone.instant_of(local) >= instant)


@promises.LOCAL_TIME
@given(zone_and_moment(), st.lists(st.integers(1, 3 * HOUR), min_size=1, max_size=12))
@settings(max_examples=500, deadline=None)
def test_windows_part_local_time(drawn: tuple[str, int], lengths: list[int]):
    zone, instant = zone_named(drawn[0]), drawn[1]
    bounds = [zone.local_bound(instant)]
    for length in lengths:
        instant += length
        bounds.append(zone.local_bound(instant))
    assert bounds == sorted(bounds)


@given(zone_and_moment(), st.integers(-7200, 7200))
@settings(max_examples=500, deadline=None)
def test_what_is_written_later_is_in_no_window_that_is_over(drawn: tuple[str, int], later: int):
    """A row written at `instant` with its local time belongs to that instant or to a later one."""
    name, instant = drawn
    zone = zone_named(name)
    assert zone.instant_of(shown(name, instant)) >= instant
    end = instant - abs(later)
    assert shown(name, instant) >= zone.local_bound(end)


@given(zone_and_moment())
@settings(max_examples=300, deadline=None)
def test_an_instant_has_its_local_time_back(drawn: tuple[str, int]):
    name, instant = drawn
    zone = zone_named(name)
    local = shown(name, instant)
    there = EPOCH.replace(tzinfo=None) + timedelta(seconds=zone.instant_of(local), microseconds=7)
    back = zone.local_of(there)
    assert back == EPOCH.replace(tzinfo=None) + timedelta(seconds=local, microseconds=7)


def test_the_doubled_hour_and_the_hour_that_never_comes():
    zone = zone_named("America/New_York")

    def at(text: str) -> int:
        return int((datetime.fromisoformat(text).replace(tzinfo=UTC) - EPOCH).total_seconds())

    # 2025-11-02: 01:00 to 02:00 comes twice, from 05:00 and from 06:00 UTC; it is the second
    assert zone.instant_of(at("2025-11-02 00:59:59")) == at("2025-11-02 04:59:59")
    assert zone.instant_of(at("2025-11-02 01:00:00")) == at("2025-11-02 06:00:00")
    assert zone.instant_of(at("2025-11-02 02:00:00")) == at("2025-11-02 07:00:00")
    assert [zone.local_bound(at(f"2025-11-02 0{h}:00:00")) for h in (5, 6, 7)] == [
        at("2025-11-02 01:00:00"),
        at("2025-11-02 01:00:00"),
        at("2025-11-02 02:00:00"),
    ]
    # 2025-03-09: 02:00 to 03:00 never comes; 07:00 UTC is where it would have been
    for local in ("02:00:00", "02:30:00", "03:00:00"):
        assert zone.instant_of(at(f"2025-03-09 {local}")) == at("2025-03-09 07:00:00")
    assert zone.local_bound(at("2025-03-09 07:00:00")) == at("2025-03-09 02:00:00")
    assert zone.local_bound(at("2025-03-09 08:00:00")) == at("2025-03-09 04:00:00")


@pytest.mark.parametrize(
    ("name", "offset"),
    [("+05:30", 19800), ("-3:00", -10800), ("UTC", 0), ("utc", 0), ("+00:00", 0)],
)
def test_a_fixed_offset_is_a_zone(name: str, offset: int):
    zone = zone_named(name)
    assert zone.instant_of(offset) == 0
    assert zone.local_bound(0) == offset
    assert zone.is_utc == (offset == 0)


@pytest.mark.parametrize(
    "name", ["", "CEST5", "Europe", "../etc/passwd", "+15:00", "/etc", "local time"]
)
def test_what_is_no_zone_is_refused(name: str):
    with pytest.raises(ValueError, match="is not a time zone"):
        zone_named(name)


# Columns


def column(zone: str | None) -> Column:
    kind = "timestamp[us, tz=UTC]"
    return Column("at", "datetime(6)", True, kind, "TIMESTAMP", "at", timezone=zone)


def batch(values: list[datetime | None]) -> DecodedBatch:
    array = pa.array(values, pa.timestamp("us", tz="UTC"))
    return DecodedBatch(pa.RecordBatch.from_arrays([array], names=["at"]), (), 0)


@given(zone_and_moment(), st.lists(st.one_of(st.none(), st.integers(-(10**6), 10**6)), max_size=8))
@settings(max_examples=300, deadline=None)
def test_a_column_is_converted_as_single_values_are(drawn: tuple[str, int], away: list[int | None]):
    name, instant = drawn
    zone = zone_named(name)
    seconds = [None if a is None else instant + a for a in away]
    micro = timedelta(microseconds=999_999)
    locals_ = [None if s is None else EPOCH + timedelta(seconds=s) + micro for s in seconds]
    converted = in_utc(batch(locals_), [column(name)])
    for second, value in zip(seconds, converted.batch.column(0).to_pylist(), strict=True):
        if second is None:
            assert value is None
            continue
        expected = EPOCH + timedelta(seconds=zone.instant_of(second))
        is_left_out = zone.local_of(expected.replace(tzinfo=None)) != (
            EPOCH + timedelta(seconds=second)
        ).replace(tzinfo=None)
        assert value == (expected if is_left_out else expected + micro)
        assert is_left_out <= any(d.kind == "nonexistent_time" for d in converted.invalid)


def test_a_skipped_local_time_is_invalid_and_null_is_not():
    values = [datetime(2025, 3, 9, 2, 30, tzinfo=UTC), None, datetime(2025, 3, 9, 4, tzinfo=UTC)]
    (values,) = in_utc(batch(values), [column("America/New_York")]).invalid
    assert (values.kind, values.rows, values.example) == (
        "nonexistent_time",
        1,
        "2025-03-09 02:30:00",
    )
    assert in_utc(batch([None, None]), [column("America/New_York")]).invalid == ()


@pytest.mark.parametrize(
    ("zone", "value"),
    [("America/New_York", datetime.max), ("Asia/Tokyo", datetime.min), ("-01:00", datetime.max)],
)
def test_a_year_outside_the_calendar_is_invalid(zone: str, value: datetime):
    converted = in_utc(batch([value.replace(tzinfo=UTC)]), [column(zone)])
    (values,) = converted.invalid
    assert (values.kind, values.rows) == ("date_overflow", 1)
    assert converted.batch.column(0)[0].as_py() == value.replace(tzinfo=UTC), "the nearest there is"


def test_other_columns_are_left_alone_and_a_slice_is_converted_where_it_is():
    whole = batch([datetime(2025, 8, 1, hour, tzinfo=UTC) for hour in range(4)])
    assert in_utc(whole, [column(None)]).batch.equals(whole.batch)
    part = DecodedBatch(whole.batch.slice(2), (), 0)
    hours = in_utc(part, [column("+02:00")]).batch.column(0).to_pylist()
    assert [value.hour for value in hours] == [0, 1]
    assert np.array_equal(
        whole.batch.column(0).to_numpy(),
        batch(whole.batch.column(0).to_pylist()).batch.column(0).to_numpy(),
    )
