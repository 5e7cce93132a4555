"""DuckDB's MySQL scanner to Arrow record batches, each dropped as the next one comes."""

from __future__ import annotations

import duckdb

from benchmarks import inside
from benchmarks.inside import Job, Outcome, Work
from benchmarks.peers.duckdb_parquet import attach

_BATCH_ROWS = 65_536


def prepare(job: Job) -> Work:
    """https://duckdb.org/docs/stable/guides/python/export_arrow"""

    def work() -> Outcome:
        with duckdb.connect() as connection:
            attach(connection, job)
            rows = connection.execute(f"SELECT * FROM source.{job.database}.{job.table}")
            batches = rows.to_arrow_reader(_BATCH_ROWS)
            return {"rows": sum(batch.num_rows for batch in batches)}

    return work


if __name__ == "__main__":
    inside.run(prepare)
