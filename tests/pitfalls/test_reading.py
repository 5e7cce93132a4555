"""Pitfalls of reading from MySQL: each has bitten users of another tool, and is named where it did."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline import DailyLoad
from pipeline.config.settings import settings
from pipeline.config.yaml_loader import table_named
from pipeline.model.cursors import Bounds, TimeCursor
from pipeline.model.markers import ChunkFigures
from pipeline.model.span import Span
from pipeline.model.window import Window
from pipeline.source import (
    connection as mysql,
)
from pipeline.source import (
    row_batches,
)
from pipeline.source import (
    sql as mysql_sql,
)
from pipeline.source import (
    table as source_table,
)
from pipeline.steps import extract, plan, window_closed
from tests import promises
from tests.support.truths import assert_same
from tests.support.waiting import until
from tests.support.world import World, day

Load = Callable[..., None]


def visits(world: World, *moments: str, kind: str = "DATETIME(6)", **definition: Any) -> str:
    """A table of visits at those moments, loaded so that a row read twice is there twice."""
    world.sql(
        f"CREATE TABLE visits (id INT PRIMARY KEY AUTO_INCREMENT, at {kind} NULL, INDEX (at))",
        *(f"INSERT INTO visits (at) VALUES ('{moment}')" for moment in moments),
    )
    return world.define("visits", **{"cursor": "at", "load": "append", **definition})


@promises.ONE_WINDOW
def test_pitfall_01_ties_on_a_boundary_are_read_once(world: World, loaded_days: Load):
    """A strict > on the remembered maximum loses rows that share it: airbyte#85918."""
    last, first = "2025-08-01 23:59:59.999999", "2025-08-02 00:00:00"
    visits(world, last, last, first, first)
    loaded_days("visits", 1)
    assert world.loaded("visits", "id") == [(1,), (2,)]
    world.sql(f"INSERT INTO visits (at) VALUES ('{first}')")  # a tie with rows already there
    loaded_days("visits", 2)
    assert world.loaded("visits", "id") == [(1,), (2,), (3,), (4,), (5,)]


@promises.LATE_COMMIT
def test_pitfall_02_a_late_commit_is_in_its_window(world: World):
    """A transaction that commits later with an older cursor is missed: dlt#2269, airbyte#80152."""
    visits(world)
    with closing(world.source()) as writer, mysql.connected(settings().source) as reader:
        writer.cursor().execute("INSERT INTO visits (at) VALUES (UTC_TIMESTAMP(6))")
        end = mysql.clock(reader).replace(microsecond=0) + timedelta(seconds=2)
        window = Window(end - timedelta(hours=1), end)

        def is_closed() -> bool:
            # InnoDB refreshes what it shows when nobody has looked for a tenth of a second
            mysql.scalar(reader, "SELECT SLEEP(0.2)")
            world.forget()
            return window_closed.is_closed(window, settings().source, None)

        def clock_has_passed_end() -> bool:
            assert not is_closed()
            return mysql.clock(reader) >= end + timedelta(seconds=1)

        until(clock_has_passed_end, "the server's clock does not reach the end")
        writer.commit()
        until(is_closed, "the window does not close after the commit")
        assert mysql.scalar(reader, mysql_sql.count_rows(_name(world), _span(window))) == 1


@promises.ONE_SNAPSHOT
def test_pitfall_03_bounds_count_and_rows_are_of_one_snapshot(
    world: World, loaded_days: Load, monkeypatch: pytest.MonkeyPatch
):
    """MAX() and rows read at different moments do not belong together: airbyte#85918."""
    visits(world, *(f"2025-08-01 {hour:02d}:00:00" for hour in range(10)))

    def meddled(connection: Any, query: str, columns: Any) -> Iterator[Any]:
        # the count is taken, the rows are not read yet
        world.sql(
            "DELETE FROM visits WHERE id <= 3",
            "UPDATE visits SET at = '2025-08-03' WHERE id = 4",
            "INSERT INTO visits (at) VALUES ('2025-08-01 12:00:00')",
        )
        return row_batches.read_batches(connection, query, columns)

    monkeypatch.setattr(extract, "read_batches", meddled)
    loaded_days("visits", 1)
    assert world.loaded("visits", "id") == [(number,) for number in range(1, 11)]
    marker = world.marker(world.keys("visits").lake_marker(day("2025-08-01")))
    assert (marker["rows"], marker["cursor_max"][:19]) == (10, "2025-08-01T09:00:00")


@promises.MOVING_ROWS
def test_pitfall_04_rows_that_move_between_chunks_push_no_other_row_out(
    world: World, loaded_days: Load, monkeypatch: pytest.MonkeyPatch
):
    """With OFFSET, or pages by key alone, a deleted row makes the next page skip one: airbyte#21500."""
    visits(world, *(f"2025-08-01 {hour:02d}:00:00" for hour in range(24)), chunks=4)
    extract_chunk = extract.extract_chunk

    def meddled(connect: Any, chunk: Any, path: Path, *more: Any) -> ChunkFigures:
        figures = extract_chunk(connect, chunk, path, *more)
        # what was read first is gone by the time the next chunk is read
        world.sql("DELETE FROM visits ORDER BY at LIMIT 5")
        return figures

    monkeypatch.setattr(extract, "extract_chunk", meddled)
    loaded_days("visits", 1)
    kept = [number for (number,) in world.loaded("visits", "id")]
    assert set(range(21, 25)) <= set(kept)  # never deleted before the last chunk was read
    assert len(kept) == len(set(kept)) == 24


@promises.CURSOR_DIGITS
@pytest.mark.parametrize("digits", [0, 3, 6])
def test_pitfall_05_the_cursor_keeps_the_digits_it_has(
    world: World, loaded_days: Load, digits: int
):
    """A cursor rounded to milliseconds puts rows into the wrong window: airbyte#84400, sling#471."""
    unit = f".{10 ** (6 - digits):06d}"[: digits + 1] if digits else ""
    last = "2025-08-01 23:59:59" + f".{999_999:06d}"[: digits + 1] * bool(digits)
    visits(world, last, f"2025-08-02 00:00:00{unit}", kind=f"DATETIME({digits})", chunks=2)
    loaded_days("visits", 1)
    assert world.loaded("visits", "id") == [(1,)]
    loaded_days("visits", 2)
    assert world.loaded("visits", "id") == [(1,), (2,)]
    assert_same(world, "visits")


@promises.NULL_CURSOR
def test_pitfall_06_rows_without_a_cursor_are_refused_or_counted(world: World, loaded_days: Load):
    """Rows whose cursor is NULL are never copied, and nobody says so: sling#380, dlt#1935."""
    table = visits(world, "2025-08-01 10:00:00")
    world.sql("INSERT INTO visits (at) VALUES (NULL), (NULL)")
    error = str(world.failure(DailyLoad(date(2025, 8, 1), table=table)))
    assert "2 rows have no at" in error
    world.define("visits", cursor="at", load="append", on_null_cursor="ignore")
    loaded_days("visits", 1)
    assert world.loaded("visits", "id") == [(1,)]
    marker = world.marker(world.keys("visits").lake_marker(day("2025-08-01")))
    assert marker["rows_without_cursor"] == 2


@pytest.fixture
def elsewhere(world: World) -> Iterator[None]:
    """The server's sessions begin half an hour and five hours off UTC."""
    (before,) = world.sql("SELECT @@global.time_zone")[0]
    world.sql("SET GLOBAL time_zone = '+05:30'")
    yield
    world.sql(f"SET GLOBAL time_zone = '{before}'")


@promises.SERVER_ZONE
@pytest.mark.usefixtures("elsewhere")
def test_pitfall_07_the_zone_of_the_server_moves_no_row(world: World, loaded_days: Load):
    """The session's zone shifts bounds and values: airbyte#48491, dlt#3735."""
    table = visits(world, "2025-08-01 23:59:59", "2025-08-02 00:00:00", kind="TIMESTAMP")
    loaded_days("visits", 1)
    assert world.loaded("visits") == [(1, datetime(2025, 8, 1, 23, 59, 59))]
    # a DATETIME holds whatever zone the application had in mind: that must be said
    world.sql("ALTER TABLE visits MODIFY at DATETIME")
    assert "+05:30" in str(world.failure(DailyLoad(date(2025, 8, 2), table=table)))


@promises.INDEX_ADVICE
def test_pitfall_08_a_cursor_without_an_index_is_reported_with_the_statement_to_run(
    world: World, loaded_days: Load, caplog: pytest.LogCaptureFixture
):
    """A full scan and a filesort for each window end in error 2013: airbyte#25368."""
    visits(world, "2025-08-01 10:00:00")
    with caplog.at_level(logging.WARNING):
        loaded_days("visits", 1)
    assert "ADD INDEX" not in caplog.text
    world.sql("ALTER TABLE visits DROP INDEX at")
    with caplog.at_level(logging.WARNING):
        loaded_days("visits", 2)
    assert "no index" in caplog.text
    assert "ADD INDEX (" in caplog.text


@promises.STREAMED
def test_pitfall_09_rows_are_taken_from_the_server_as_they_are_sent(world: World):
    """A buffered cursor holds the whole table in memory: airbyte#8890."""
    world.sql(
        "CREATE TABLE wide (id INT PRIMARY KEY AUTO_INCREMENT, note TEXT)",
        "INSERT INTO wide (note) VALUES (REPEAT('x', 10000))",
        *["INSERT INTO wide (note) SELECT note FROM wide"] * 13,
    )
    with mysql.connected(settings().source) as connection:
        source = source_table.describe(connection, _name(world, "wide"))
        (thread,) = {mysql.scalar(connection, "SELECT CONNECTION_ID()")}
        query = mysql_sql.select_rows(source.name, source.columns, Span())
        batches = row_batches.read_batches(connection, query, source.columns)
        first = next(batches).batch.num_rows
        state = world.sql(f"SELECT COMMAND FROM information_schema.processlist WHERE ID = {thread}")
        rows = first + sum(decoded.batch.num_rows for decoded in batches)
    assert (first < rows, rows) == (True, 2**13)
    assert state == [("Query",)]  # 80 MB are still to be sent


@promises.CHUNKS
def test_pitfall_10_chunks_have_no_gap_and_an_empty_one_ends_nothing(
    world: World, loaded_days: Load
):
    """Gaps between chunks, or a stop at an empty one, lose what comes behind: mydumper#1249."""
    early = [f"2025-08-01 00:00:0{second}" for second in range(5)]
    late = [f"2025-08-01 23:59:59.{fraction:06d}" for fraction in range(0, 60, 2)]
    table = visits(world, *early, *late, *[late[-1]] * 10, chunks=7)
    with mysql.connected(settings().source) as connection:
        source = source_table.describe(connection, _name(world))
        definition = table_named(settings().run.configs, table)
        cut = plan.plan_chunks(connection, definition, source, _bounds(day("2025-08-01")), 10**9)
    assert len(cut.spans) > 3
    assert [span.lower for span in cut.spans[1:]] == [span.upper for span in cut.spans[:-1]]
    world.sql(
        "DELETE FROM visits WHERE at BETWEEN '2025-08-01 23:59:59.000010' AND '2025-08-01 23:59:59.000040'"
    )
    loaded_days("visits", 1)
    assert_same(world, "visits")


def _name(world: World, table: str = "visits") -> Any:
    return world.keys(table).table


def _bounds(window: Window) -> Bounds:
    return TimeCursor("timestamp").bounds(window)


def _span(window: Window) -> Span:
    bounds = _bounds(window)
    return Span("at", bounds.lower, bounds.upper)
