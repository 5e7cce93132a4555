"""The Parquet files: what is in them, and how it is kept."""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.codec.parquet import dictionary_columns, open_writer

ROWS = 20_000


@pytest.fixture(scope="module")
def batch() -> pa.RecordBatch:
    random = np.random.default_rng(1)
    return pa.record_batch(
        {
            "id": pa.array(np.arange(ROWS)),
            "status": pa.array(random.integers(0, 9, ROWS), pa.int16()),
            "city": pa.array(random.choice(["Oslo", "深圳", "Bonn"], ROWS)),
            "number": pa.array([f"BN-{n:012d}" for n in random.integers(0, 10**12, ROWS)]),
            "at": pa.array(random.integers(0, 10**15, ROWS), pa.timestamp("us", tz="UTC")),
            "price": pa.array(random.integers(0, 10**6, ROWS)).cast(pa.decimal128(23, 2)),
            "nothing": pa.nulls(ROWS, pa.string()),
        }
    )


def test_what_is_written_is_read_back_with_its_metadata(batch: pa.RecordBatch) -> None:
    sink = io.BytesIO()
    with open_writer(
        sink, batch.schema, pa.Table.from_batches([batch]), {"pipeline.figures": "{}"}
    ) as writer:
        writer.write_batch(batch)
        writer.write_batch(batch.slice(5, 10))
    file = pq.ParquetFile(sink)
    assert file.read().equals(pa.Table.from_batches([batch, batch.slice(5, 10)]))
    assert file.schema_arrow == batch.schema
    assert file.metadata.metadata[b"pipeline.figures"] == b"{}"
    assert file.num_row_groups == 2


def test_a_file_without_rows(batch: pa.RecordBatch) -> None:
    sink = io.BytesIO()
    open_writer(sink, batch.schema).close()
    assert pq.read_table(sink).schema == batch.schema


def test_encodings_and_bounds_are_those_that_pay(batch: pa.RecordBatch) -> None:
    assert dictionary_columns(pa.Table.from_batches([batch])) == ["status", "city", "nothing"]
    sink = io.BytesIO()
    with open_writer(sink, batch.schema, pa.Table.from_batches([batch])) as writer:
        writer.write_batch(batch)
    chunks = pq.ParquetFile(sink).metadata.row_group(0)
    for place, name in enumerate(batch.schema.names):
        chunk = chunks.column(place)
        assert chunk.compression == "ZSTD"
        assert chunk.is_stats_set == (name in ("id", "status", "at")), name
        assert set(chunk.encodings) <= {"PLAIN", "RLE", "RLE_DICTIONARY"}


def test_what_lies_between_is_tried() -> None:
    """Each value three times: neighbours compress by themselves, far apart only a dictionary helps."""
    values = [f"{n * 7919 % 10**9:09d}-{n * 104729 % 10**9:09d}" for n in range(ROWS // 3)]
    near = [value for value in values for _ in range(3)]
    apart = [
        values[place] for place in np.random.default_rng(1).permutation(len(near)) % len(values)
    ]
    sample = pa.table({"near": near, "apart": apart})
    assert "apart" in dictionary_columns(sample)


def test_what_repeats_thirty_thousand_rows_apart_is_found() -> None:
    """A page ends with its row group or at 4 MB: zstd looks no further back than its page."""
    once = np.random.default_rng(1).random(30_000)
    table = pa.table({"latitude": np.concatenate([once, once])})
    sink = io.BytesIO()
    with open_writer(sink, table.schema, table.slice(0, 1000)) as writer:
        writer.write_table(table)
    assert sink.tell() < 0.75 * table.nbytes
