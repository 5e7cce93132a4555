"""A connection that is lost in the middle of a chunk."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.config.settings import settings
from pipeline.errors import SourceError
from pipeline.model.span import Span
from pipeline.model.table_name import TableName
from pipeline.source import connection as mysql
from pipeline.source import table as source_table
from pipeline.steps.extract import MAX_LOSSES, Chunk, extract_chunk
from tests import promises
from tests.support.world import World

ROWS = 300_000
BOUNDS = ("2025-08-01 00:00:00", "2025-08-02 00:00:00")


@pytest.fixture
def table(world: World) -> str:
    """A primary key of two columns, text first, and many rows for each cursor value."""
    world.sql(
        """CREATE TABLE events (
        place VARCHAR(20) COLLATE utf8mb4_general_ci, number INT UNSIGNED, note CHAR(200),
        changed DATETIME NOT NULL, PRIMARY KEY (place, number), INDEX (changed))""",
        f"""INSERT INTO events
        SELECT CONCAT('O''Hare \\\\ ', seq MOD 7), seq, REPEAT('x', 200),
               '2025-08-01 00:00:00' + INTERVAL (seq DIV 1000) SECOND
        FROM seq_1_to_{ROWS}""",
    )
    return "events"


def chunk_of(world: World, table: str) -> Chunk:
    with connect() as connection:
        source = source_table.describe(connection, TableName(world.name, table))
    return Chunk(source, source.primary_key, Span("changed", *BOUNDS))


def connect():
    return mysql.connected(settings().source)


def killer(world: World, times: int) -> Callable[[str, float | None], None]:
    """A progress that ends the reading connection `times` times, each after some rows."""
    killed: set[int] = set()

    def kill(message: str, _share: float | None) -> None:
        if len(killed) == times:
            return
        found = world.sql(
            "SELECT id FROM information_schema.processlist WHERE info LIKE 'SELECT `place`%'"
        )
        # what a connection had sent before it was ended still arrives, and is told as progress
        for connection in {number for (number,) in found} - killed:
            world.sql(f"KILL CONNECTION {connection}")
            killed.add(connection)

    return kill


@promises.CONNECTIONS
@pytest.mark.parametrize("times", [1, 3])
def test_the_read_goes_on_after_the_last_row_written(
    world: World, table: str, tmp_path: Path, times: int, caplog: pytest.LogCaptureFixture
):
    path = tmp_path / "chunk.parquet"
    figures = extract_chunk(connect, chunk_of(world, table), path, killer(world, times))
    assert figures.rows == ROWS
    numbers = pq.read_table(path, columns=["number"])["number"].to_pylist()
    assert sorted(numbers) == list(range(1, ROWS + 1))
    checksum = world.sql("SELECT SUM(CRC32(CONCAT_WS('|', place, number))) FROM events")[0][0]
    assert figures.key_checksum == checksum % 2**63
    lost = [record.message for record in caplog.records if "resuming" in record.message]
    assert len(lost) == times
    assert any("after 0 rows:" not in message for message in lost)


def test_a_table_without_a_key_is_read_again_from_the_start(
    world: World, table: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    world.sql("ALTER TABLE events DROP PRIMARY KEY")
    path = tmp_path / "chunk.parquet"
    chunk = chunk_of(world, table)
    assert extract_chunk(connect, chunk, path, killer(world, 1)).rows == ROWS
    numbers = pq.read_table(path, columns=["number"])["number"].to_pylist()
    assert sorted(numbers) == list(range(1, ROWS + 1))


@promises.MOVING_ROWS
def test_rows_that_leave_the_window_meanwhile_are_no_error(
    world: World, table: str, tmp_path: Path
):
    kill = killer(world, 1)

    def kill_and_move(message: str, share: float | None) -> None:
        kill(message, share)
        world.sql(f"UPDATE events SET changed = '2025-08-05' WHERE number IN (7, {ROWS - 2})")

    path = tmp_path / "chunk.parquet"
    figures = extract_chunk(connect, chunk_of(world, table), path, kill_and_move)
    # in the key's order, one was read before it moved, the other left before it was read
    assert figures.rows == ROWS - 1


def test_a_source_that_stays_away_is_an_error_in_the_end(world: World, table: str, tmp_path: Path):
    chunk, tries = chunk_of(world, table), []

    @contextmanager
    def away() -> Iterator[mysql.Connection]:
        tries.append(1)
        with connect() as connection:
            world.sql(f"KILL CONNECTION {connection.thread_id()}")
            yield connection

    path = tmp_path / "chunk.parquet"
    with pytest.raises(SourceError, match="Try: check DB_HOST"):
        extract_chunk(away, chunk, path)
    assert len(tries) == MAX_LOSSES
    assert not list(tmp_path.glob("**/*.parquet*"))


@promises.CONNECTIONS
def test_a_read_that_starts_again_each_time_ends_with_an_error(
    world: World, table: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    """Rows that are thrown away are no progress, however many they are."""
    world.sql("ALTER TABLE events DROP PRIMARY KEY")
    path = tmp_path / "chunk.parquet"
    with pytest.raises(SourceError, match="Try: check DB_HOST"):
        extract_chunk(connect, chunk_of(world, table), path, killer(world, MAX_LOSSES + 3))
    again = [record.message for record in caplog.records if "restarting" in record.message]
    assert len(again) == MAX_LOSSES - 1
    assert not list(tmp_path.glob("**/*.parquet*"))
