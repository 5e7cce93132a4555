"""ConnectorX to an Arrow table in memory: nothing is written."""

from __future__ import annotations

import connectorx

from benchmarks import fingerprint, inside
from benchmarks.inside import Job, Outcome, Work


def prepare(job: Job) -> Work:
    """https://sfu-db.github.io/connector-x/api.html"""

    def work() -> Outcome:
        table = connectorx.read_sql(
            inside.mysql_url(job), f"SELECT * FROM {job.table}", return_type="arrow"
        )

        def after() -> Outcome:
            return {"fingerprint": vars(fingerprint.of_batches(table.to_batches()))}

        return {"after": after, "bytes": table.nbytes}

    return work


if __name__ == "__main__":
    inside.run(prepare)
