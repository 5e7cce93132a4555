"""Parquet to CSV with pandas: read_parquet, to_csv with gzip."""

from __future__ import annotations

import pandas as pd

from benchmarks import inside
from benchmarks.inside import Job, Outcome, Work


def prepare(job: Job) -> Work:
    """The files stand in the folder `in` of the job's."""

    def work() -> Outcome:
        for number, file in enumerate(sorted(job.path.glob("in/*.parquet"))):
            rows = pd.read_parquet(file)
            rows.to_csv(
                job.path / f"part-{number:05d}.csv.gz", sep="|", index=False, compression="gzip"
            )
        return {}

    return work


if __name__ == "__main__":
    inside.run(prepare)
