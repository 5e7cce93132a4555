"""Which servers the tests run on.

The source is MariaDB, or MySQL where ``--source mysql`` or TEST_SOURCE says so; a test marked ``source`` has
the one that it names. Lake and warehouse are local too, but for ``pytest -m redshift``: then they are the
bucket and the cluster that the variables of ``.env.example`` name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import boto3
import psycopg2
import pytest
from psycopg2 import extensions

from devstack import lifecycle, mysql
from devstack.mariadb import MariaDB
from devstack.mysql import MySQL
from devstack.stack import SOURCES, Stack, running_stack

NEEDED = (
    "REDSHIFT_HOST",
    "REDSHIFT_USER",
    "REDSHIFT_PASSWORD",
    "REDSHIFT_DATABASE",
    "S3_BUCKET_NAME",
)
TAKEN_OVER = ("REDSHIFT_", "S3_", "AWS_")


@dataclass(frozen=True)
class Cluster:
    """A real warehouse and a real bucket, by the variables that point the pipeline at them."""

    variables: dict[str, str] = field(repr=False)

    @property
    def role(self) -> str:
        """COPY's clause for reading the bucket."""
        role = self.variables.get("REDSHIFT_IAM_ROLE", "default")
        return "IAM_ROLE default" if role == "default" else f"IAM_ROLE '{role}'"

    def connect(self, **options: Any) -> extensions.connection:
        """A session of the cluster's user."""
        found = self.variables
        login = {
            "host": found["REDSHIFT_HOST"],
            "port": found.get("REDSHIFT_PORT", "5439"),
            "user": found["REDSHIFT_USER"],
            "password": found["REDSHIFT_PASSWORD"],
            "dbname": found["REDSHIFT_DATABASE"],
            "sslmode": found.get("REDSHIFT_SSLMODE", "require"),
        }
        return psycopg2.connect(**{**login, **options})

    def put(self, key: str, content: bytes) -> str:
        """Store an object in the bucket; its URL."""
        bucket = self.variables["S3_BUCKET_NAME"]
        _s3(self).put_object(Bucket=bucket, Key=key, Body=content)
        return f"s3://{bucket}/{key}"

    def sweep(self, schema: str, prefix: str) -> None:
        """Take away what a test has made: its schema and everything below its prefix."""
        connection = self.connect()
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
        connection.close()
        bucket = self.variables["S3_BUCKET_NAME"]
        pages = (
            _s3(self).get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{prefix}/")
        )
        for page in pages:
            if found := [{"Key": each["Key"]} for each in page.get("Contents", [])]:
                _s3(self).delete_objects(Bucket=bucket, Delete={"Objects": found})


def _s3(cluster: Cluster):  # type: ignore[no-untyped-def] # boto3 has no type of its own for it
    return boto3.client("s3", region_name=cluster.variables.get("S3_REGION", "us-east-1"))


@dataclass(frozen=True)
class Servers(Stack):
    """A stack whose lake and warehouse a cluster may stand in for."""

    cluster: Cluster | None = None

    def environment(self) -> dict[str, str]:
        """The variables that point the pipeline at these servers."""
        if self.cluster is None:
            return super().environment()
        return {**self.source.environment(), **self.cluster.variables}


class Sources:
    """The source servers of a session, each started when it is first asked for."""

    def __init__(self, stack: Servers, folder: Path, kept: ExitStack) -> None:
        self._stacks = {stack.source.kind: stack}
        self._stack, self._folder, self._kept = stack, folder, kept

    def of(self, kind: str) -> Servers:
        """The stack with a source of this kind; skips the test where there is no such server."""
        if kind not in self._stacks:
            if kind == MySQL.kind and not mysql.is_available():
                pytest.skip("no MySQL at hand; `make mysql` fetches one")
            server = SOURCES[kind].new(self._folder / kind)
            lifecycle.start(server)
            self._kept.callback(lifecycle.stop, server.directory)
            self._stacks[kind] = replace(self._stack, source=server)
        return self._stacks[kind]


@contextmanager
def running_sources(folder: Path, kind: str, cluster: Cluster | None) -> Iterator[Sources]:
    """The servers of a session, beginning with a source of `kind`."""
    with ExitStack() as kept:
        stack = kept.enter_context(
            running_stack(folder, server=kind, luigid=True, redshift=cluster is None)
        )
        parts = {name: getattr(stack, name) for name in stack.__dataclass_fields__}
        yield Sources(Servers(**parts, cluster=cluster), folder, kept)


def default_source() -> str:
    """TEST_SOURCE, or else MariaDB."""
    return os.environ.get("TEST_SOURCE") or MariaDB.kind


def wants_cluster(config: pytest.Config) -> bool:
    """Whether `-m` selects the tests for a real cluster."""
    return bool(re.fullmatch(r"(?!not\b).*\bredshift\b.*", config.getoption("markexpr") or ""))


def cluster_of_environment() -> Cluster:
    """The cluster that the environment names; skips the test where it names none."""
    missing = [name for name in NEEDED if not os.environ.get(name)]
    if missing:
        pytest.skip(f"no cluster to run on: {', '.join(missing)} not set (CONTRIBUTING.md)")
    return Cluster({k: v for k, v in os.environ.items() if k.startswith(TAKEN_OVER)})
