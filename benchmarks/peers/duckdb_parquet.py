"""DuckDB's MySQL scanner to one Parquet file; the extension comes as a package, not by INSTALL."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import duckdb_extension_mysql_scanner

from benchmarks import inside
from benchmarks.inside import Job, Outcome, Work


def attach(connection: duckdb.DuckDBPyConnection, job: Job) -> None:
    """Make the source known as `source`: https://duckdb.org/docs/stable/core_extensions/mysql"""
    package = Path(duckdb_extension_mysql_scanner.__file__).parent
    extension = next(package.rglob("*.duckdb_extension"))
    env = os.environ
    login = (
        f"host={env['DB_HOST']} port={env['DB_PORT']} user={env['DB_USER']} "
        f"password={env['DB_PASSWORD']} database={job.database}"
    )
    connection.execute(f"LOAD '{extension}'")
    connection.execute(f"ATTACH '{login}' AS source (TYPE mysql, READ_ONLY)")


def prepare(job: Job) -> Work:
    """One COPY: https://duckdb.org/docs/stable/data/parquet/overview"""

    def work() -> Outcome:
        with duckdb.connect() as connection:
            attach(connection, job)
            connection.execute(
                f"COPY (SELECT * FROM source.{job.database}.{job.table}) "
                f"TO '{job.path / 'all.parquet'}' (FORMAT parquet, COMPRESSION zstd)"
            )
        return {}

    return work


if __name__ == "__main__":
    inside.run(prepare)
