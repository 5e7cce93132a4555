"""MySQL's own driver, on libmysqlclient, with tuples of the bytes that came: nothing is converted.

It stands for mysqlclient, which does the same in the same library but is no wheel: its installation would
need a compiler and headers.
"""

from __future__ import annotations

import os

import mysql.connector

from benchmarks import inside
from benchmarks.inside import Job, Outcome, Work

_ROWS = 10_000


def prepare(job: Job) -> Work:
    """https://dev.mysql.com/doc/connector-python/en/connector-python-cext.html"""
    env = os.environ

    def work() -> Outcome:
        with mysql.connector.connect(
            host=env["DB_HOST"],
            port=int(env["DB_PORT"]),
            user=env["DB_USER"],
            password=env["DB_PASSWORD"],
            database=job.database,
            use_pure=False,
        ) as connection:
            cursor = connection.cursor(raw=True, buffered=False)
            cursor.execute(f"SELECT * FROM {job.table}")
            count = 0
            while rows := cursor.fetchmany(_ROWS):
                count += len(rows)
            cursor.close()
        return {"rows": count}

    return work


if __name__ == "__main__":
    inside.run(prepare)
