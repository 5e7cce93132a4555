"""A load is there as a whole or not at all: to its readers, to other loads, to whoever kills it."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from devstack import lifecycle
from devstack.warehouse import RedshiftStandIn
from pipeline import ConvertCSV, CopyToRedshift, DailyLoad
from pipeline.config.settings import settings
from pipeline.warehouse import connection as redshift
from pipeline.warehouse import staging
from pipeline.warehouse.ledger import Ledger
from tests import promises
from tests.support.truths import assert_same, assert_tidy, stages
from tests.support.waiting import until
from tests.support.world import World, day

FIRST = day("2025-08-01")
MODES = {
    "merge": {"cursor": "at"},
    "append": {"cursor": "at", "load": "append"},
    "replace": {"cursor_type": "full"},
}


def orders(world: World, name: str = "orders", **definition: Any) -> str:
    return world.create(
        name,
        "id INT PRIMARY KEY, state INT, at DATETIME NOT NULL, INDEX (at)",
        "SELECT seq, 1, '2025-08-01' + INTERVAL seq MINUTE FROM seq_1_to_500",
        **{"cursor": "at", **definition},
    )


def daily(table: str) -> DailyLoad:
    return DailyLoad(date(2025, 8, 1), table=table)


def forget(world: World, name: str) -> None:
    """Delete the table's markers, so that it is read and loaded again."""
    keys = world.keys(name)
    world.lake.delete([key for key in world.lake_keys() if key.endswith(".json")])
    assert world.lake_keys(keys.loads) == []


@promises.READERS
@pytest.mark.parametrize("mode", MODES)
def test_readers_see_the_rows_of_before_or_those_of_after(
    world: World, monkeypatch: pytest.MonkeyPatch, mode: str
):
    table = orders(world, **MODES[mode], **({"cursor": None} if mode == "replace" else {}))
    world.build(daily(table))
    forget(world, "orders")
    world.sql(
        "UPDATE orders SET state = 2",
        "INSERT INTO orders SELECT seq, 2, '2025-08-01 12:00:00' FROM seq_501_to_600",
    )
    seen: list[tuple[int, int]] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            seen.extend(world.query("SELECT COUNT(*), SUM(state) FROM {schema}.orders"))

    def meanwhile(*arguments: Any) -> None:
        before = len(seen)
        until(
            lambda: len(seen) > before + 1 or world.waits_for_lock(),
            "the reader neither reads nor waits",
        )
        record(*arguments)

    record = Ledger.record
    monkeypatch.setattr(
        Ledger, "record", meanwhile
    )  # all is deleted and inserted, nothing committed
    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit(read)
        try:
            until(lambda: seen, "the reader reads nothing")
            world.succeed(daily(table))
            before = len(seen)
            until(lambda: len(seen) > before + 1, "the reader reads no more")
        finally:
            stop.set()
        reader.result(timeout=60)
    assert set(seen) == {(500, 500), (600, 1200)}


# Beside those of test_resume, which are of append: what has just happened when the process dies.
POINTS = {
    "deleted, not inserted": ("pipeline.warehouse.modes.{mode}:insert_all:before", False),
    "inserted, no ledger row": ("pipeline.warehouse.ledger:Ledger.record:before", False),
    "ledger row, not committed": ("pipeline.warehouse.ledger:Ledger.record:after", False),
    "committed, nobody was told": ("pipeline.warehouse.connection:in_transaction:after", True),
    "no load marker": ("pipeline.lake.window:LakeWindow.write_while:before:of=load", True),
    "no watermark": ("pipeline.lake.watermark:publish:before", True),
    "watermark": ("pipeline.lake.watermark:publish:after", True),
}


@promises.CONFLICTS
@pytest.mark.parametrize(
    ("happened", "mode"),
    [
        (happened, mode)
        for happened in POINTS
        for mode in MODES
        if (happened, mode) != ("deleted, not inserted", "merge")  # which has no such point
    ],
)
def test_a_load_that_dies_has_loaded_all_or_nothing_and_leaves_no_stage(
    world: World, happened: str, mode: str
):
    point, committed = POINTS[happened]
    table = orders(world, **MODES[mode], **({"cursor": None} if mode == "replace" else {}))
    run = world.start(
        "DailyLoad", "--table", table, "--date", "2025-08-01", killed=point.format(mode=mode)
    )
    run.communicate(timeout=60)
    until(
        lambda: not stages(world), "a staging table is left"
    )  # a session's temporary tables go with it
    assert world.query("SELECT COUNT(*) FROM {schema}.orders") == [(500 if committed else 0,)]
    entries = world.ledger("orders")
    assert len(entries) == committed
    world.succeed(daily(table))
    assert_same(world, "orders")
    assert_tidy(world, "orders")
    if committed:
        assert world.ledger("orders") == entries  # it was not loaded once more


@promises.CONFLICTS
def test_a_conflict_repeats_the_whole_transaction(world: World, monkeypatch: pytest.MonkeyPatch):
    table = orders(world, load="append")
    record, tries = Ledger.record, []

    def conflicting(*arguments: Any) -> None:
        record(*arguments)
        tries.append(arguments)
        if len(tries) == 1:
            raise psycopg2.InternalError(
                "ERROR:  1023 DETAIL:  Serializable isolation violation on table - 100100"
            )

    monkeypatch.setattr(Ledger, "record", conflicting)
    world.succeed(daily(table))
    assert len(tries) == 2
    assert_same(world, "orders")
    assert_tidy(world, "orders")


def test_a_table_that_is_locked_for_longer_than_a_statement_may_take(world: World):
    table = orders(world)
    world.build(daily(table))
    forget(world, "orders")
    world.sql("UPDATE orders SET state = 3")
    line = ("DailyLoad", "--table", table, "--date", "2025-08-01")
    with redshift.connected(settings().warehouse) as other, redshift.transaction(other) as cursor:
        cursor.execute(f'LOCK TABLE "{world.name}"."orders"')
        told = world.luigi(*line, check=44, REDSHIFT_STATEMENT_TIMEOUT="5").stdout
    assert "cancelled on user's request" in told  # Redshift says so of a timeout too
    assert "raise REDSHIFT_STATEMENT_TIMEOUT" in told
    assert world.query("SELECT COUNT(*), SUM(state) FROM {schema}.orders") == [(500, 500)]
    world.luigi(*line)
    assert_same(world, "orders")
    assert_tidy(world, "orders")


@dataclass(frozen=True)
class SerializableStandIn(RedshiftStandIn):
    """A database of the older kind."""

    def command(self) -> list[str]:
        return [*super().command(), "--isolation", "serializable"]


@pytest.fixture
def serializable(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The same world, whose warehouse isolates transactions as older clusters do."""
    server = SerializableStandIn.new(tmp_path / "serializable").reading(world.stack.lake)
    lifecycle.start(server)
    try:
        other = replace(world, stack=replace(world.stack, warehouse=server))
        for name, value in other.environment.items():
            monkeypatch.setenv(name, value)
        other.forget()
        other.query("CREATE SCHEMA {schema}")
        yield other
    finally:
        lifecycle.stop(server.directory)


def test_loads_of_two_tables_that_meet_in_the_ledger_both_succeed(
    serializable: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    """Both read the ledger and write into it: an older cluster lets one of them commit."""
    world = serializable
    names = ("ones", "twos")
    tables = [orders(world, name) for name in names]
    for table in tables:
        world.build(ConvertCSV(table=table, window=FIRST))
    with redshift.connected(settings().warehouse) as connection:
        Ledger(world.name, tables[0]).ensure(connection)
    barrier, met = threading.Barrier(2, timeout=60), []
    record = Ledger.record

    def meeting(*arguments: Any) -> None:
        met.append(arguments)
        if len(met) <= 2:  # the one that is repeated comes alone
            barrier.wait()
        record(*arguments)

    monkeypatch.setattr(Ledger, "record", meeting)
    with ThreadPoolExecutor(2) as pool:
        markers = list(pool.map(lambda name: world.load(name, FIRST), names))
    assert [marker.rows_loaded for marker in markers] == [500, 500]
    assert len(met) == 3
    assert "Serializable isolation violation" in caplog.text
    for name in names:
        assert_same(world, name)
        assert len(world.ledger(name)) == 1


@promises.EXACTLY_ONCE
@pytest.mark.parametrize("mode", MODES)
def test_a_slow_run_does_not_restore_rows_of_before_a_redo(
    world: World, monkeypatch: pytest.MonkeyPatch, mode: str
):
    table = orders(world, **MODES[mode], **({"cursor": None} if mode == "replace" else {}))
    world.build(ConvertCSV(table=table, window=FIRST))
    fill = staging.fill

    def overtaken(*arguments: Any) -> None:
        fill(*arguments)
        monkeypatch.setattr(staging, "fill", fill)
        forget(world, "orders")
        world.sql("UPDATE orders SET state = 2")
        line = ("CopyToRedshift", "--table", table, "--window", FIRST.name)
        world.luigi(*line, "--no-lock")

    monkeypatch.setattr(staging, "fill", overtaken)
    error = str(world.failure(CopyToRedshift(table=table, window=FIRST)))
    assert "read again during its load" in error
    assert_same(world, "orders")
    assert_tidy(world, "orders")
    assert CopyToRedshift(table=table, window=FIRST).complete()


def test_a_lost_load_marker_is_rewritten_from_the_ledger(world: World):
    table = orders(world, load="append")
    world.build(daily(table))
    key = world.keys("orders").load_marker(FIRST)
    before = world.marker(key)
    world.lake.delete([key])
    world.build(CopyToRedshift(table=table, window=FIRST))
    after = world.marker(key)
    told = ("rows_staged", "rows_loaded", "rows_replaced", "committed_at", "lake_digest")
    assert [before[field] for field in told] == [after[field] for field in told]
