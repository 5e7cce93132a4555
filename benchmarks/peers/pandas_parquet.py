"""PyMySQL and pandas, chunk by chunk, each chunk a Parquet file."""

from __future__ import annotations

import pandas as pd
import sqlalchemy

from benchmarks import inside
from benchmarks.inside import Job, Outcome, Work


def prepare(job: Job) -> Work:
    """https://pandas.pydata.org/docs/reference/api/pandas.read_sql.html"""
    engine = sqlalchemy.create_engine(inside.mysql_url(job, "mysql+pymysql"))

    def work() -> Outcome:
        with engine.connect().execution_options(stream_results=True) as connection:
            query = sqlalchemy.text(f"SELECT * FROM {job.table}")
            for number, rows in enumerate(pd.read_sql(query, connection, chunksize=50_000)):
                rows.to_parquet(job.path / f"part-{number:05d}.parquet", compression="zstd")
        return {}

    return work


if __name__ == "__main__":
    inside.run(prepare)
