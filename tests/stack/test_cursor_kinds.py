"""Cursors of every kind: which rows a window has, on both sides."""

from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from pipeline import DailyLoad, HourlyLoad
from pipeline.cli.main import main
from pipeline.model.cursors import TimeCursor
from tests import promises
from tests.support.truths import assert_marked, assert_same, assert_tidy
from tests.support.world import World, day

UTC = timezone.utc
ZONE = ZoneInfo("America/New_York")
HOUR, TEN_MINUTES = timedelta(hours=1), timedelta(minutes=10)


def load_hour(world: World, table: str, text: str) -> None:
    world.succeed(HourlyLoad(datetime.fromisoformat(text), table=table))


def verify(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """The loaded windows are equal on both sides, by the operator's command."""
    world.forget()
    capsys.readouterr()
    status = main(["verify"])
    assert status == 0, capsys.readouterr().out


# DATETIME in local time


@pytest.fixture
def events(world: World) -> str:
    world.sql(
        "CREATE TABLE events (id INT PRIMARY KEY, at DATETIME(6) NOT NULL, due DATETIME NULL, "
        "sent DATETIME NULL, stamp TIMESTAMP NULL, KEY (at))"
    )
    return "events"


NEW_YORK = {"cursor": "at", "source_timezone": "America/New_York", "datetimes_as_is": "sent"}


@promises.LOCAL_TIME
@pytest.mark.parametrize("mode", ["merge", "append"])
@pytest.mark.parametrize("chunks", [1, 3])
def test_local_times_are_utc_in_lake_and_warehouse(
    world: World, events: str, mode: str, chunks: int, capsys: pytest.CaptureFixture[str]
):
    """2025-08-01 in UTC is 20:00 to 20:00 in New York; a second run takes nothing twice."""
    world.sql(
        "INSERT INTO events VALUES "
        "(1, '2025-07-31 19:59:59.999999', NULL, NULL, NULL), "
        "(2, '2025-07-31 20:00:00', '2025-01-01 12:00:00', '2025-01-01 12:00:00', '2025-01-01 12:00:00'), "
        "(3, '2025-08-01 12:00:00.5', '2025-07-01 12:00:00', NULL, NULL), "
        "(4, '2025-08-01 19:59:59.999999', NULL, NULL, NULL), "
        "(5, '2025-08-01 20:00:00', NULL, NULL, NULL)"
    )
    table = world.define(events, load=mode, chunks=chunks, **NEW_YORK)
    world.load_days(table, 1)
    expected = [
        (2, datetime(2025, 8, 1), datetime(2025, 1, 1, 17), *2 * [datetime(2025, 1, 1, 12)]),
        (3, datetime(2025, 8, 1, 16, 0, 0, 500_000), datetime(2025, 7, 1, 16), None, None),
        (4, datetime(2025, 8, 1, 23, 59, 59, 999_999), None, None, None),
    ]
    assert world.loaded(events) == expected
    marker = world.marker(world.keys(events).lake_marker(day("2025-08-01")))
    assert marker["cursor_min"] == "2025-08-01T00:00:00+00:00"
    assert marker["cursor_max"] == "2025-08-01T23:59:59.999999+00:00"
    for key in (world.keys(events).lake_marker, world.keys(events).csv_marker):
        world.lake.delete([key(day("2025-08-01"))])
    world.unmark(events, day("2025-08-01"), "load")
    world.unmark(events, day("2025-08-01"), "views")
    world.sql("UPDATE events SET due = '2025-07-01 00:00:00' WHERE id = 4")
    world.load_days(table, 1)
    assert world.loaded(events, "id, due") == [
        (2, datetime(2025, 1, 1, 17)),
        (3, datetime(2025, 7, 1, 16)),
        (4, datetime(2025, 7, 1, 4)),
    ]
    assert_tidy(world, events)
    verify(world, capsys)


@promises.LOCAL_TIME
def test_hours_around_both_changes_of_the_clock_have_every_row_once(
    world: World, events: str, capsys: pytest.CaptureFixture[str]
):
    """One row every ten minutes of an application's local time, as its clock shows them."""
    moments = [("2025-03-09 04", "2025-03-09 10"), ("2025-11-02 03", "2025-11-02 09")]
    number = 0
    for start, end in moments:
        at = datetime.fromisoformat(f"{start}:00").replace(tzinfo=UTC)
        until = datetime.fromisoformat(f"{end}:00").replace(tzinfo=UTC)
        values = []
        while at < until:
            number += 1
            local = at.astimezone(ZONE).replace(tzinfo=None)
            values.append(
                f"({number}, '{local:%Y-%m-%d %H:%M:%S.%f}', NULL, NULL, '{at:%Y-%m-%d %H:%M:%S}')"
            )
            at += TEN_MINUTES
        world.sql(f"INSERT INTO events VALUES {', '.join(values)}")
    table = world.define(events, load="append", **NEW_YORK)
    counts = []
    for date_, hours in (("2025-03-09", range(4, 10)), ("2025-11-02", range(3, 9))):
        for hour in reversed(hours):
            load_hour(world, table, f"{date_}T{hour:02d}:00")
            counts.append(world.query("SELECT COUNT(*) FROM {schema}.events")[0][0])
    added = [after - before for before, after in zip([0, *counts], counts, strict=False)]
    assert added == [
        6,
        6,
        6,
        6,
        6,
        6,
        6,
        6,
        12,
        0,
        6,
        6,
    ]  # the doubled hour is whole in its second UTC hour
    rows = world.loaded(events, "id, at, stamp")
    assert [row[0] for row in rows] == list(range(1, number + 1))
    first_pass = [row for row in rows if row[1] != row[2]]
    assert [row[2].hour for row in first_pass] == [5] * 6, (
        "only the first of the doubled hours is moved"
    )
    assert all(row[1] - row[2] == HOUR for row in first_pass)
    verify(world, capsys)


def test_a_local_time_that_stands_for_no_instant_is_refused_unless_accepted(
    world: World, events: str
):
    world.sql(
        "INSERT INTO events VALUES (1, '2025-08-01 12:00:00', '2025-03-09 02:30:00', NULL, NULL)"
    )
    arguments = ["DailyLoad", "--date", "2025-08-01", "--table", world.define(events, **NEW_YORK)]
    out = world.luigi(*arguments, check=45).stdout
    assert "1 values of column due cannot be replicated (nonexistent_time)" in out
    assert "2025-03-09 02:30:00" in out
    assert "id=1" in out
    assert "columns: {due: {on_nonexistent_time: shift}}" in out
    world.define(events, **NEW_YORK, on_nonexistent_time="shift")
    world.luigi(*arguments)
    assert world.loaded(events, "due") == [(datetime(2025, 3, 9, 7),)]
    marker = world.marker(world.keys(events).lake_marker(day("2025-08-01")))
    assert [each["kind"] for each in marker["coerced"]] == ["nonexistent_time"]


def test_the_end_of_all_days_west_of_greenwich(world: World, events: str):
    world.sql(
        "INSERT INTO events VALUES (1, '2025-08-01 12:00', '9999-12-31 23:59:59', '9999-12-31', NULL)"
    )
    table = world.define(events, **NEW_YORK)
    error = world.failure(DailyLoad(date=day("2025-08-01").start.date(), table=table))
    assert "(date_overflow)" in str(error)
    world.load_days(world.define(events, **NEW_YORK, on_date_overflow="clamp"), 1)
    assert world.loaded(events, "due, sent") == [
        (datetime.max, datetime(9999, 12, 31)),
    ]


def test_the_zone_may_be_set_for_all_tables_and_for_one(
    world: World, events: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("DB_TIMEZONE", "+05:30")
    world.sql("INSERT INTO events VALUES (1, '2025-08-01 05:30:00', NULL, NULL, NULL)")
    world.load_days(world.define(events, cursor="at"), 1)
    assert world.loaded(events, "at") == [(datetime(2025, 8, 1),)]
    world.sql("CREATE TABLE others SELECT * FROM events", "ALTER TABLE others ADD PRIMARY KEY (id)")
    world.load_days(world.define("others", cursor="at", source_timezone="UTC"), 1)
    assert world.loaded("others", "at") == [(datetime(2025, 8, 1, 5, 30),)]
    world.forget()
    assert main(["check"]) == 0, capsys.readouterr().out


@pytest.mark.parametrize("zone", ["Mars/Olympus", "CEST5", "+25:00"])
def test_an_unknown_zone_is_reported(world: World, events: str, zone: str):
    arguments = ["DailyLoad", "--date", "2025-08-01", "--table", world.define(events, cursor="at")]
    out = world.luigi(*arguments, check=41, DB_TIMEZONE=zone).stdout
    assert f"{zone} is not a time zone" in out
    assert "DB_TIMEZONE" in out
    assert "Traceback" not in out


# DATE


@promises.DAYS_AND_EPOCHS
def test_a_date_has_daily_windows(world: World, capsys: pytest.CaptureFixture[str]):
    table = world.create(
        "days",
        "id INT PRIMARY KEY, day DATE NOT NULL, KEY (day)",
        "VALUES (1, '2025-07-31'), (2, '2025-08-01'), (3, '2025-08-01'), (4, '2025-08-02')",
        cursor="day",
        cursor_type="date",
        load="append",
        chunks=2,
    )
    for text in ("2025-08-02", "2025-08-01", "2025-07-31"):
        world.load_days(table, date.fromisoformat(text))
    assert_same(world, "days")
    assert_marked(world, "days", day("2025-08-01"))
    marker = world.marker(world.keys("days").lake_marker(day("2025-08-01")))
    assert (marker["rows"], marker["cursor_min"], marker["cursor_max"]) == (
        2,
        "2025-08-01",
        "2025-08-01",
    )
    verify(world, capsys)
    out = world.luigi("HourlyLoad", "--hour", "2025-08-01T13", "--table", table, check=41).stdout
    assert "whole days" in out
    assert "DailyLoad" in out
    assert "Traceback" not in out


@pytest.mark.parametrize(
    ("kind", "definition", "says"),
    [
        ("DATE", {}, "use cursor_type: date or cursor_type: full"),
        ("BIGINT", {}, "use cursor_type: epoch or cursor_type: id or cursor_type: full"),
        ("DATETIME", {"cursor_type": "date"}, "use cursor_type: timestamp or cursor_type: full"),
        ("DATETIME", {"cursor_type": "epoch"}, "name an integer column"),
        ("VARCHAR(20)", {"cursor_type": "id"}, "name the AUTO_INCREMENT column"),
    ],
)
def test_a_cursor_of_another_kind_is_reported_with_the_kind_to_use(
    world: World, kind: str, definition: dict[str, str], says: str
):
    table = world.create("t", f"id INT PRIMARY KEY, at {kind} NOT NULL", cursor="at", **definition)
    out = world.luigi("DailyLoad", "--date", "2025-08-01", "--table", table, check=41).stdout
    assert says in out
    assert "Traceback" not in out


# Epoch


@promises.DAYS_AND_EPOCHS
@pytest.mark.parametrize(
    ("unit", "kind", "factor"),
    [
        ("seconds", "INT UNSIGNED", 1),
        ("milliseconds", "BIGINT", 1000),
        ("microseconds", "BIGINT UNSIGNED", 10**6),
    ],
)
@pytest.mark.parametrize("mode", ["merge", "append"])
def test_an_integer_that_counts_from_1970(
    world: World, unit: str, kind: str, factor: int, mode: str, capsys: pytest.CaptureFixture[str]
):
    start = int(datetime(2025, 8, 1, tzinfo=UTC).timestamp()) * factor
    end = start + 86_400 * factor
    values = [start - 1, start, start + 1, end - 1, end]
    table = world.create(
        "ticks",
        f"id INT PRIMARY KEY, at {kind} NOT NULL, KEY (at)",
        f"VALUES {', '.join(f'({i}, {v})' for i, v in enumerate(values))}",
        cursor="at",
        cursor_type="epoch",
        epoch_unit=unit,
        load=mode,
        chunks=2,
    )
    world.load_days(table, 1)
    assert [int(at) for _, at in world.loaded("ticks")] == values[1:4]
    marker = world.marker(world.keys("ticks").lake_marker(day("2025-08-01")))
    assert (marker["cursor_min"], marker["cursor_max"]) == (str(start), str(end - 1))
    for text in ("2025-08-02", "2025-07-31"):
        world.load_days(table, date.fromisoformat(text))
    assert_same(world, "ticks")
    verify(world, capsys)


def test_an_epoch_of_zero_is_no_time_and_refused(world: World):
    table = world.create(
        "ticks",
        "id INT PRIMARY KEY, at INT NULL",
        "VALUES (1, 0), (2, NULL)",
        cursor="at",
        cursor_type="epoch",
    )
    error = world.failure(DailyLoad(date=day("2025-08-01").start.date(), table=table))
    assert "2 rows have no at" in str(error)


OUT_OF_REACH = [
    ("BIGINT", "epoch", ["-5", "0"], ["253402214400", "1754006400000"]),
    ("INT", "epoch", ["-5"], []),
    ("BIGINT UNSIGNED", "epoch", ["0"], ["18446744073709551615"]),
    ("DATETIME", "timestamp", ["'0000-05-05'"], ["'9999-12-31'"]),
    ("DATETIME(6)", "timestamp", [], ["'9999-12-31 23:59:59.999999'"]),
    ("DATE", "date", ["'0000-05-05'"], ["'9999-12-31'"]),
]


@pytest.mark.parametrize(("kind", "cursor_type", "below", "above"), OUT_OF_REACH)
def test_a_value_before_or_after_all_windows_is_counted_as_one_without_a_cursor(
    world: World, kind: str, cursor_type: str, below: list[str], above: list[str]
):
    """A row of no window is never loaded: it stops the load, or is left out and counted."""
    start = "1754006400" if cursor_type == "epoch" else "'2025-08-01'"
    outside = ["NULL", *below, *above]
    world.sql(
        "SET sql_mode = ''",
        f"CREATE TABLE ticks (id INT PRIMARY KEY, at {kind} NULL, KEY (at))",
        *(f"INSERT INTO ticks VALUES ({i}, {v})" for i, v in enumerate([start, *outside])),
    )
    table = world.define("ticks", cursor="at", cursor_type=cursor_type)
    error = str(world.failure(DailyLoad(date=date(2025, 8, 1), table=table)))
    assert f"{len(outside)} rows have no at and belong to no window" in error
    reach = TimeCursor(cursor_type).reach
    assert f"below {reach.lower}, or {reach.upper} or later" in error
    world.define("ticks", cursor="at", cursor_type=cursor_type, on_null_cursor="ignore")
    world.load_days(table, 1)
    marker = world.marker(world.keys("ticks").lake_marker(day("2025-08-01")))
    assert marker["rows_without_cursor"] == len(outside)
    assert world.loaded("ticks", "id") == [(0,)]
    for on in (date(1969, 12, 31), date(1970, 1, 1)):
        world.load_days(table, on)
    assert world.loaded("ticks", "id") == [(0,)]


def test_local_times_at_the_ends_of_the_calendar_are_in_no_window(world: World):
    """9999-12-31 of New York is in the year 10000 of UTC, which no window has; so is 0001 of Tokyo in 0."""
    for zone, at in (("America/New_York", "9999-12-30 20:00"), ("Asia/Tokyo", "0001-01-01 03:00")):
        name = world.create(
            zone.split("/")[1],
            "id INT PRIMARY KEY, at DATETIME NOT NULL",
            f"VALUES (1, '{at}'), (2, '2025-08-01 12:00')",
            cursor="at",
            source_timezone=zone,
        )
        assert "1 rows have no at" in str(world.failure(DailyLoad(date(2025, 8, 1), table=name)))


# The server's own zone


@pytest.mark.parametrize("zone", ["+05:30", "America/New_York"])
def test_a_server_in_another_zone_changes_no_bounds(world: World, events: str, zone: str):
    """The session is in UTC whatever the server's default is; a TIMESTAMP is an instant."""
    ((before,),) = world.sql("SELECT @@global.time_zone")
    ((named,),) = world.sql("SELECT COUNT(*) FROM mysql.time_zone_name")
    if "/" in zone and not named:
        world.sql(*(zone_rows(zone)))
    world.sql(f"SET GLOBAL time_zone = '{zone}'")
    try:
        world.sql(
            "SET time_zone = '+00:00'",
            "INSERT INTO events VALUES (1, '2025-07-31 20:00', NULL, NULL, '2025-08-01 00:00:00'), "
            "(2, '2025-08-01 19:59:59.999999', NULL, NULL, '2025-08-01 23:59:59'), "
            "(3, '2025-08-01 20:00', NULL, NULL, '2025-08-02 00:00:00')",
        )
        stamped = world.define(events, cursor="stamp")
        world.load_days(stamped, 1)
        assert world.loaded(events, "id") == [(1,), (2,)]
        arguments = [
            "DailyLoad",
            "--date",
            "2025-08-02",
            "--table",
            world.define(events, cursor="at"),
        ]
        out = world.luigi(*arguments, check=41).stdout
        assert f"the server's zone is {zone}" in out
        assert "set DB_TIMEZONE" in out
        local = world.define(
            events, cursor="at", source_timezone="America/New_York", target="other"
        )
        world.load_days(local, 2)
        assert world.loaded("other", "id, at")[-1] == (3, datetime(2025, 8, 2))
    finally:
        world.sql(f"SET GLOBAL time_zone = '{before}'")


def zone_rows(zone: str) -> list[str]:
    """What mysql_tzinfo_to_sql would write of a zone, enough for the server to accept its name."""
    return [
        "INSERT INTO mysql.time_zone VALUES (7001, 'N')",
        f"INSERT INTO mysql.time_zone_name VALUES ('{zone}', 7001)",
        "INSERT INTO mysql.time_zone_transition_type VALUES (7001, 0, -18000, 0, 'EST')",
    ]
