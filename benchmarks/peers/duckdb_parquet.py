"""DuckDB's MySQL scanner to one Parquet file; the extension comes as a package, not by INSTALL."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import duckdb_extension_mysql_scanner

from benchmarks import inside
from benchmarks.inside import Job, Outcome, Work


def prepare(job: Job) -> Work:
    """https://duckdb.org/docs/stable/core_extensions/mysql"""
    package = Path(duckdb_extension_mysql_scanner.__file__).parent
    extension = next(package.rglob("*.duckdb_extension"))
    env = os.environ
    login = (
        f"host={env['DB_HOST']} port={env['DB_PORT']} user={env['DB_USER']} "
        f"password={env['DB_PASSWORD']} database={job.database}"
    )

    def work() -> Outcome:
        with duckdb.connect() as connection:
            connection.execute(f"LOAD '{extension}'")
            connection.execute(f"ATTACH '{login}' AS source (TYPE mysql, READ_ONLY)")
            connection.execute(
                f"COPY (SELECT * FROM source.{job.database}.{job.table}) "
                f"TO '{job.path / 'all.parquet'}' (FORMAT parquet, COMPRESSION zstd)"
            )
        return {}

    return work


if __name__ == "__main__":
    inside.run(prepare)
