"""dlt's sql_database source to Parquet on S3; the backend is the first argument."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import dlt
import sqlalchemy
from dlt.destinations import filesystem
from dlt.sources.sql_database import sql_table
from sqlalchemy.dialects import mysql

from benchmarks import inside
from benchmarks.inside import Job, Outcome, Work


def prepare(backend: str) -> Callable[[Job], Work]:
    """https://dlthub.com/docs/dlt-ecosystem/verified-sources/sql_database/configuration"""

    def prepared(job: Job) -> Work:
        s3 = inside.s3_environment()
        destination = filesystem(
            bucket_url=f"s3://{s3['bucket']}/{job.prefix}",
            credentials={
                "aws_access_key_id": s3["key"],
                "aws_secret_access_key": s3["secret"],
                "endpoint_url": s3["endpoint"],
                "region_name": s3["region"],
            },
        )
        options = {"conn": inside.mysql_url(job)} if backend == "connectorx" else {}
        pipeline = dlt.pipeline(
            "bench", pipelines_dir=job.folder, destination=destination, dataset_name="out"
        )

        def work() -> Outcome:
            rows = sql_table(
                inside.mysql_url(job, "mysql+pymysql"),
                table=job.table,
                backend=backend,  # type: ignore[arg-type]
                backend_kwargs=options,
                chunk_size=100_000,
                reflection_level="full" if options else "full_with_precision",
                type_adapter_callback=None if options else _adapted,
            )
            pipeline.run(rows, loader_file_format="parquet").raise_on_failed_jobs()
            return {}

        return work

    return prepared


def _adapted(kind: Any) -> Any:
    """Two types that the pyarrow backend takes for others and then fails on.

    BIGINT UNSIGNED counts as an int64, which large ones do not fit; DOUBLE as a decimal of nine places.
    """
    if isinstance(kind, mysql.BIGINT) and kind.unsigned:
        return sqlalchemy.Numeric(20, 0)
    return sqlalchemy.Float() if isinstance(kind, mysql.DOUBLE) else kind


if __name__ == "__main__":
    inside.run(prepare(sys.argv[1]))
