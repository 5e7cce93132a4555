"""The order of a chunk's rows: whatever costs the server nothing, as long as a read can go on by it."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.model.span import Span
from pipeline.model.table_name import TableName
from pipeline.source import connection as mysql
from pipeline.source import sql as mysql_sql
from pipeline.source import table as source_table
from pipeline.source.scan_order import free_order
from pipeline.steps.extract import Chunk, extract_chunk
from tests.stack.test_lost_connection import connect, killer
from tests.support.world import World

ROWS = 300_000
DAY = ("2025-08-01 00:00:00", "2025-08-02 00:00:00")
MINUTE = ("2025-08-01 00:00:00", "2025-08-01 00:01:00")


def events(world: World, keys: str, rows: int = 20_000, **columns: str) -> str:
    """A table whose primary key runs against its cursor, spread over one day."""
    kinds = {"at": "DATETIME NOT NULL", "kind": "INT NOT NULL", **columns}
    world.sql(
        f"""CREATE TABLE events (place INT NOT NULL, at {kinds["at"]}, kind {kinds["kind"]},
        note CHAR(200) NOT NULL, {keys})""",
        f"""INSERT INTO events SELECT {rows} - seq, '2025-08-01' + INTERVAL seq * 86400 DIV {rows + 1}
        SECOND, seq MOD 3 + 1, REPEAT('x', 200) FROM seq_1_to_{rows}""",
        "ANALYZE TABLE events",
    )
    return "events"


def order_of(world: World, *bounds: str) -> tuple[str, ...]:
    with connect() as connection:
        source = source_table.describe(connection, TableName(world.name, "events"))
        span = Span("at", *bounds) if bounds else Span()
        order = free_order(connection, source, span)
        query = mysql_sql.select_rows(source.name, source.columns, span, order)
        plan = mysql.rows_of(connection, mysql_sql.explain(query))
    assert "filesort" not in str(plan)
    return order


def test_a_narrow_window_is_read_in_the_order_of_its_index(world: World):
    events(world, "PRIMARY KEY (place), INDEX (at)")
    assert order_of(world, *MINUTE) == ("at", "place")


def test_a_wide_window_is_read_in_the_order_of_the_table(world: World):
    events(world, "PRIMARY KEY (place), INDEX (at)")
    assert order_of(world, *DAY) == ("place",)


def test_the_cursor_of_a_window_is_never_null(world: World):
    events(world, "PRIMARY KEY (place), INDEX (at)", at="DATETIME NULL")
    assert order_of(world, *MINUTE) == ("at", "place")


def test_what_stands_between_cursor_and_key_in_an_index_is_part_of_the_order(world: World):
    events(world, "PRIMARY KEY (place), INDEX (at, kind)")
    assert order_of(world, *MINUTE) == ("at", "kind", "place")


def test_a_table_without_an_index_on_its_cursor_is_read_in_its_own_order(world: World):
    events(world, "PRIMARY KEY (place, at)")
    assert order_of(world, *MINUTE) == ("place", "at")


@pytest.mark.parametrize(
    ("keys", "columns"),
    [
        ("INDEX (at)", {}),
        ("PRIMARY KEY (place), INDEX (at, kind)", {"kind": "INT NULL"}),
        ("PRIMARY KEY (place), INDEX (at, kind)", {"kind": "ENUM('c', 'b', 'a') NOT NULL"}),
    ],
    ids=["no key", "it may be NULL", "no literal to go on from"],
)
def test_without_a_free_order_there_is_none(world: World, keys: str, columns: dict[str, str]):
    events(world, keys, **columns)
    assert order_of(world, *MINUTE) == ()


def test_a_snapshot_of_a_table_is_of_one_moment(world: World):
    events(world, "PRIMARY KEY (place), INDEX (at)")
    assert order_of(world) == ()


def test_a_read_in_the_order_of_the_table_goes_on_after_the_last_row(
    world: World, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    """Rows before and behind the position leave the window in between: neither is lost or doubled."""
    events(world, "PRIMARY KEY (place), INDEX (at)", ROWS)
    with connect() as connection:
        source = source_table.describe(connection, TableName(world.name, "events"))
    kill = killer(world, 1)

    def kill_and_move(message: str, share: float | None) -> None:
        kill(message, share)
        world.sql(f"UPDATE events SET at = '2025-08-05' WHERE place IN (1, {ROWS - 2})")

    path = tmp_path / "chunk.parquet"
    chunk = Chunk(source, source.primary_key, Span("at", *DAY))
    figures = extract_chunk(connect, chunk, path, kill_and_move)
    places = pq.read_table(path, columns=["place"])["place"].to_pylist()
    assert places == [place for place in range(ROWS) if place != ROWS - 2]
    assert figures.rows == ROWS - 1
    lost = [record.message for record in caplog.records if "resuming" in record.message]
    assert len(lost) == 1
    assert "after 0 rows:" not in lost[0]
