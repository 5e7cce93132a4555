"""A chunk's file: small batches in, large row groups out."""

import gc
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.codec.arrow import arrow_type
from pipeline.model.columns import Column
from pipeline.model.window import UTC
from pipeline.spool import chunk_file
from pipeline.spool.chunk_file import ChunkFile

NOON = datetime(2025, 8, 1, 12, tzinfo=UTC)
COLUMNS = (
    Column("id", "int", nullable=False, arrow="int32", redshift="INTEGER", target="id"),
    Column(
        "at",
        "datetime",
        nullable=False,
        arrow="timestamp[us, tz=UTC]",
        redshift="TIMESTAMP",
        target="at",
    ),
)


def batch(*numbers: int) -> pa.RecordBatch:
    times = [NOON + timedelta(microseconds=number) for number in numbers]
    schema = pa.schema([(column.name, arrow_type(column)) for column in COLUMNS])
    return pa.record_batch([list(numbers), times], schema)


def test_batches_are_gathered_into_row_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunk_file, "GROUP_BYTES", batch(1, 2, 3).nbytes)
    path = tmp_path / "chunk.parquet"
    file = ChunkFile(path, COLUMNS, ["id"], "at")
    for numbers in ([1], [2, 3], [], [4, 5, 6, 7], [8]):
        file.write(batch(*numbers))
        assert file.last_row(["id"]) == (max([*numbers, file.rows]),)
    figures = file.finish(NOON, 1.0)
    parquet = pq.ParquetFile(path)
    groups = [parquet.read_row_group(n)["id"].to_pylist() for n in range(parquet.num_row_groups)]
    assert groups == [[1, 2, 3], [4, 5, 6, 7], [8]]
    assert figures.rows == 8
    assert figures.cursor_min == (NOON + timedelta(microseconds=1)).isoformat()
    assert figures.cursor_max == (NOON + timedelta(microseconds=8)).isoformat()


def test_the_last_row_is_as_python_has_it(tmp_path: Path) -> None:
    file = ChunkFile(tmp_path / "chunk.parquet", COLUMNS, ["id"], "at")
    assert file.last_row(["at", "id"]) is None
    file.write(batch(1, 1_999_999))
    assert file.last_row(["at", "id"]) == (NOON + timedelta(microseconds=1_999_999), 1_999_999)


def test_an_abandoned_file_leaves_its_path_to_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever becomes of the first writer, it writes no footer into the second one's file."""
    monkeypatch.setattr(chunk_file, "GROUP_BYTES", batch(1, 2, 3).nbytes)
    path = tmp_path / "chunk.parquet"
    first = ChunkFile(path, COLUMNS, ["id"], "at")
    first.write(batch(*range(1000)))
    first.abandon()
    second = ChunkFile(path, COLUMNS, ["id"], "at")
    second.write(batch(1, 2, 3))
    second.write(batch(4))
    del first
    gc.collect()
    assert second.finish(NOON, 1.0).rows == 4
    assert pq.read_table(path)["id"].to_pylist() == [1, 2, 3, 4]
