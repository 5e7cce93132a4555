"""Sling, the program itself, to CSV on S3."""

from __future__ import annotations

import json
import os
import subprocess

import sling_linux_amd64

from benchmarks import inside
from benchmarks.inside import Job, Outcome, Work


def prepare(job: Job) -> Work:
    """https://docs.slingdata.io/sling-cli/run/examples/database-to-file"""
    s3 = inside.s3_environment()
    target = {
        "type": "s3",
        "bucket": s3["bucket"],
        "endpoint": s3["endpoint"],
        "region": s3["region"],
        "access_key_id": s3["key"],
        "secret_access_key": s3["secret"],
    }
    environment = {
        **{k: v for k, v in os.environ.items() if k not in ("AWS_ENDPOINT_URL_S3",)},
        "SOURCE": inside.mysql_url(job),
        "TARGET": json.dumps(target),
        "SLING_HOME_DIR": job.folder,
        "SLING_DISABLE_TELEMETRY": "TRUE",
    }
    command = [
        *(sling_linux_amd64.SLING_BIN, "run"),
        *("--src-conn", "SOURCE", "--src-stream", f"{job.database}.{job.table}"),
        *("--tgt-conn", "TARGET", "--tgt-object", f"s3://{s3['bucket']}/{job.prefix}/out.csv"),
    ]

    def work() -> Outcome:
        subprocess.run(command, env=environment, check=True)
        return {}

    return work


if __name__ == "__main__":
    inside.run(prepare)
