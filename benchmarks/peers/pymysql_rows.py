"""PyMySQL's unbuffered cursor: tuples of Python values, each dropped as the next ones come."""

from __future__ import annotations

import os
from contextlib import closing

import pymysql
from pymysql.cursors import SSCursor

from benchmarks import inside
from benchmarks.inside import Job, Outcome, Work

_ROWS = 10_000


def prepare(job: Job) -> Work:
    """https://pymysql.readthedocs.io/en/latest/modules/cursors.html"""
    env = os.environ

    def work() -> Outcome:
        with (
            closing(
                pymysql.connect(
                    host=env["DB_HOST"],
                    port=int(env["DB_PORT"]),
                    user=env["DB_USER"],
                    password=env["DB_PASSWORD"],
                    database=job.database,
                )
            ) as connection,
            connection.cursor(SSCursor) as cursor,
        ):
            cursor.execute(f"SELECT * FROM {job.table}")
            count = 0
            while rows := cursor.fetchmany(_ROWS):
                count += len(rows)
        return {"rows": count}

    return work


if __name__ == "__main__":
    inside.run(prepare)
