"""Parquet to CSV with pyarrow's own writer and a zstd stream."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from benchmarks import inside
from benchmarks.inside import Job, Outcome, Work


def prepare(job: Job) -> Work:
    """The files stand in the folder `in` of the job's."""
    options = csv.WriteOptions(delimiter="|")

    def work() -> Outcome:
        for number, path in enumerate(sorted(job.path.glob("in/*.parquet"))):
            file = pq.ParquetFile(path)
            target = job.path / f"part-{number:05d}.csv.zst"
            with (
                pa.CompressedOutputStream(str(target), "zstd") as stream,
                csv.CSVWriter(stream, file.schema_arrow, write_options=options) as writer,
            ):
                for batch in file.iter_batches(batch_size=32_768):
                    writer.write_batch(batch)
        return {}

    return work


if __name__ == "__main__":
    inside.run(prepare)
