"""What a run costs besides its rows, in requests and in work done twice."""

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta

import pytest

from pipeline import DailyBackup, DailyLoad, DailyLoadAll, RangeDaily
from pipeline.cli import status
from pipeline.config.settings import Settings, settings
from pipeline.config.yaml_loader import table_named
from pipeline.errors import WarehouseError
from pipeline.lake.s3 import store
from pipeline.model.window import UTC, Window
from pipeline.net import circuit_breaker
from pipeline.tasks.targets import lake
from pipeline.warehouse import connection as redshift
from tests.stack.test_ranges import days, requests
from tests.support.world import World, day

FIRST = date(2022, 9, 1)
YEARS = 1096


@pytest.fixture
def marked(world: World) -> str:
    """A table of which three years are loaded, as far as markers can tell."""
    table = world.create(
        "old", "id INT PRIMARY KEY, at DATETIME NOT NULL, INDEX (at, id)", cursor="at"
    )
    keys, store_ = world.keys("old"), world.lake
    windows = [Window.day(FIRST + timedelta(n)) for n in range(YEARS)]
    places = [
        of(w) for w in windows for of in (keys.lake_marker, keys.load_marker, keys.views_marker)
    ]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: store_.put(key, b"{}"), places))
    return table


def test_a_range_lists_its_own_part_of_the_windows_alone(world: World, marked: str):
    for of in (DailyLoad, DailyBackup):
        year = days(of, marked, date(2023, 9, 1), date(2024, 9, 1))
        with requests() as asked:
            assert year.complete()
        assert asked == {"LIST": 1}
        one = days(of, marked, date(2025, 8, 31), date(2025, 9, 2))
        assert [f"{when:%m-%d}" for when in one.missing()] == ["09-01"]
    # the first and the last of the years too
    whole = days(DailyBackup, marked, FIRST - timedelta(1), FIRST + timedelta(YEARS + 1))
    found = [when.date() for when in whole.missing()]
    assert found == [FIRST - timedelta(1), FIRST + timedelta(YEARS)]


def test_status_over_years_lists_every_window_once(world: World, marked: str):
    with requests() as asked:
        (found,) = status.read_reaches(lake(), [table_named(settings().run.configs, marked)])
    assert asked == {"LIST": 4}  # of a thousand keys each
    for leg in status.legs(found):
        assert (leg.windows, leg.until, leg.gaps) == (1096, datetime(2025, 9, 1, tzinfo=UTC), [])


def test_a_forked_process_uses_the_same_client_on_connections_of_its_own(world: World):
    there, absent = world.keys("t").load_marker(day("2025-08-01")), "loads/none"
    lake().put(there, b"{}")
    children = []
    for _ in range(4):
        if not (pid := os.fork()):
            mine = store(lake().settings)
            right = all(mine.exists(there) and not mine.exists(absent) for _ in range(40))
            os._exit(0 if right else 1)
        children.append(pid)
    # meanwhile, on the connection that the children were born with
    assert all(lake().exists(there) and not lake().exists(absent) for _ in range(40))
    assert [os.waitpid(pid, 0)[1] for pid in children] == [0] * 4


def test_many_tables_make_short_ranges_shorter(world: World):
    for number in range(40):
        world.define(f"t{number}", cursor="at")
    task = days(DailyLoadAll, "", FIRST, FIRST + timedelta(30))
    parts = task.requires()
    assert len(parts) == 10  # of three days: 120 windows live
    assert {part.stop - part.start for part in parts} == {timedelta(3)}
    assert all(part.requires() == [] for part in parts)


def test_a_warehouse_that_stays_away_is_left_alone_after_a_few_tries(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    table = world.create(
        "few",
        "id INT PRIMARY KEY, at DATETIME NOT NULL, INDEX (at, id)",
        "SELECT seq, TIMESTAMPADD(DAY, seq, '2025-08-01') FROM seq_0_to_7",
        cursor="at",
    )
    line = ["RangeDaily", "--of", "DailyLoad", "--DailyLoad-table", table]
    line += ["--start", "2025-08-01", "--stop", "2025-08-09"]
    out = world.luigi(*line, "--workers", "2", check=44, REDSHIFT_PORT="1").stdout
    tried = out.count("connect to Redshift at 127.0.0.1:1: attempt 1 failed")
    assert (
        circuit_breaker.PATIENCE <= tried <= circuit_breaker.PATIENCE + 1
    )  # two workers may be at it at once
    assert out.count("not connecting to Redshift at") == 8 - tried
    world.luigi(*line)
    assert len(world.ledger("few")) == 8


def test_a_cursor_without_an_index_is_reported_once_a_run(world: World):
    table = world.create(
        "bare",
        "id INT PRIMARY KEY, at DATETIME NOT NULL",
        "SELECT seq, TIMESTAMPADD(DAY, seq, '2025-08-01') FROM seq_0_to_2",
        cursor="at",
    )
    line = ["RangeDaily", "--of", "DailyBackup", "--DailyBackup-table", table, "--workers", "2"]
    out = world.luigi(*line, "--start", "2025-08-01", "--stop", "2025-08-04").stdout
    assert out.count("has no index on its cursor") == 1
    assert f"ALTER TABLE `{world.name}`.`bare` ADD INDEX (`at`, `id`)" in out


def test_check_looks_at_the_tables_too(world: World):
    world.sql(
        "CREATE TABLE good (id INT PRIMARY KEY, at DATETIME NOT NULL, INDEX (at))",
        "CREATE TABLE slow (id INT PRIMARY KEY, at DATETIME NOT NULL)",
    )
    world.define("good", cursor="at")
    world.define("slow", cursor="at")
    done = world.pipeline("check")
    assert f"{world.name}.good 2 columns, key id, cursor at" in done.stdout
    assert f"ALTER TABLE `{world.name}`.`slow` ADD INDEX (`at`, `id`)" in done.stdout
    world.define("slow", cursor="changed")
    done = world.pipeline("check", check=41)
    assert "cursor names the column changed" in done.stdout


def test_a_range_of_one_tables_windows_asks_again_for_nothing(world: World, marked: str):
    """What is done is seen at the first look; nothing is listed a second time."""
    with requests() as asked:
        world.build(
            RangeDaily(
                of=DailyLoad, of_params={"table": marked}, start=FIRST, stop=FIRST + timedelta(365)
            )
        )
    assert asked == {"LIST": 1}


def test_a_refused_login_is_no_reason_to_leave_a_warehouse_alone(world: World):
    wrong = Settings({**world.environment, "REDSHIFT_PASSWORD": "wrong"}, {}).warehouse
    for _ in range(circuit_breaker.PATIENCE + 1):
        with pytest.raises(WarehouseError, match="cannot log in"), redshift.connected(wrong):
            pass
