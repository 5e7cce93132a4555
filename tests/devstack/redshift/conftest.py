"""A lake and a stand-in for all tests of this folder, and a session with a schema of its own.

What a test states of Redshift is checked on a real cluster by ``pytest -m redshift``; what is the stand-in's
own business (its processes, its settings, what its README does not vouch for) is marked ``local``.
"""

import itertools
import json
import subprocess
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from devstack import lifecycle
from devstack.seaweed import BUCKET, SeaweedFS
from tests.support.programs import start_python
from tests.support.servers import Cluster
from tests.support.waiting import until

PASSWORD = "Secret-1"
_numbers = itertools.count()


@dataclass
class Lake:
    """Objects below a prefix that only one test uses."""

    server: SeaweedFS | Cluster
    prefix: str

    @property
    def bucket(self) -> str:
        """The bucket that they are in."""
        if isinstance(self.server, Cluster):
            return self.server.variables["S3_BUCKET_NAME"]
        return BUCKET

    def put(self, name: str, content: bytes) -> str:
        """Store an object; its URL."""
        key = f"{self.prefix}/{name}"
        if isinstance(self.server, Cluster):
            return self.server.put(key, content)
        self.server.client().put_object(Bucket=BUCKET, Key=key, Body=content)
        return f"s3://{BUCKET}/{key}"

    def url(self, name: str) -> str:
        """The URL of an object that may or may not exist."""
        return f"s3://{self.bucket}/{self.prefix}/{name}"

    def manifest(self, *entries: dict[str, Any]) -> str:
        """Store a manifest of these entries; its URL."""
        return self.put("copy.manifest", json.dumps({"entries": list(entries)}).encode())


@dataclass
class Warehouse:
    """A session, with few words for what most tests do."""

    connection: Any
    lake: Lake

    def run(self, sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        """Run a statement; its rows, or none. A cluster's role takes the place of IAM_ROLE default."""
        if isinstance(self.lake.server, Cluster):
            sql = sql.replace("IAM_ROLE default", self.lake.server.role)
        with self.connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return cursor.fetchall() if cursor.description else []

    def copy(self, table: str, content: bytes, options: str = "CSV DELIMITER '|'") -> None:
        """Put one file into the lake and COPY it."""
        url = self.lake.put("part.csv", content)
        self.run(f"COPY {table} FROM '{url}' IAM_ROLE default {options}")

    def errors(self) -> list[dict[str, Any]]:
        """This session's rows of stl_load_errors, oldest first."""
        with self.connection.cursor() as cursor:
            cursor.execute(
                "SELECT * FROM stl_load_errors WHERE session = pg_backend_pid() ORDER BY query"
            )
            names = [column.name for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def refused(self, sql: str) -> psycopg2.Error:
        """The error that a statement is refused with."""
        with pytest.raises(psycopg2.Error) as raised:
            self.run(sql)
        if not self.connection.autocommit:
            self.connection.rollback()
        return raised.value


@pytest.fixture(scope="session")
def seaweed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeaweedFS]:
    server = SeaweedFS.new(tmp_path_factory.mktemp("lake"))
    lifecycle.start(server)
    yield server
    lifecycle.stop(server.directory)


@dataclass
class Standalone:
    """A stand-in that runs as a process of its own."""

    process: subprocess.Popen[str]
    port: int

    def connect(self, **options: Any) -> Any:
        """A new session."""
        wanted = {"user": "awsuser", "password": PASSWORD, "dbname": "dev", **options}
        return psycopg2.connect(host="127.0.0.1", port=self.port, **wanted)


def start_standin(directory: Path, *options: str) -> Standalone:
    """Start a stand-in as a user would, and return when it accepts connections."""
    port_file = directory / "port"
    port_file.unlink(missing_ok=True)
    process = start_python(
        *("-m", "devstack.redshift", "--data", str(directory / "data")),
        *("--port-file", str(port_file), "--password", PASSWORD, *options),
        output=subprocess.DEVNULL,
    )
    until(port_file.exists, "the stand-in does not accept connections", process=process)
    return Standalone(process, int(port_file.read_text()))


@pytest.fixture(scope="session")
def standin(
    cluster: Cluster | None,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Standalone | Cluster]:
    """A process of its own, since psycopg2 keeps the interpreter's lock while it cancels.

    Under `-m redshift` it is the cluster that is to be compared with it.
    """
    if cluster:
        yield cluster
        return
    seaweed = request.getfixturevalue("seaweed")
    server = start_standin(
        tmp_path_factory.mktemp("standin"),
        *("--s3-endpoint", seaweed.endpoint),
        *("--s3-access-key", seaweed.access_key),
        *("--s3-secret-key", seaweed.secret_key),
    )
    yield server
    server.process.terminate()
    assert server.process.wait(60) == 0


@pytest.fixture
def lake(standin: Standalone | Cluster, request: pytest.FixtureRequest) -> Iterator[Lake]:
    if isinstance(standin, Cluster):
        name = f"t_{uuid.uuid4().hex[:10]}"
        yield Lake(standin, name)
        standin.sweep(schema=name, prefix=name)
    else:
        yield Lake(request.getfixturevalue("seaweed"), f"test_{next(_numbers)}")


@pytest.fixture
def connect(standin: Standalone | Cluster) -> Iterator[Callable[..., Any]]:
    """Opens sessions that are closed after the test; in autocommit unless set otherwise."""
    opened = []

    def opener(autocommit: bool = True, **options: Any) -> Any:
        connection = standin.connect(**options)
        connection.autocommit = autocommit
        opened.append(connection)
        return connection

    yield opener
    for connection in opened:
        connection.close()


@pytest.fixture
def schema(connect: Callable[..., Any], lake: Lake) -> str:
    """A schema that is made for the test; it has the name of its prefix."""
    with connect().cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {lake.prefix}")
    return lake.prefix


@pytest.fixture
def warehouse(connect: Callable[..., Any], schema: str, lake: Lake) -> Warehouse:
    """A session in autocommit whose search path is a schema of its own."""
    return another(connect, schema, lake, autocommit=True)


@pytest.fixture
def transaction(connect: Callable[..., Any], schema: str, lake: Lake) -> Warehouse:
    """A session as psycopg2 opens it: a transaction from the first statement to the commit."""
    return another(connect, schema, lake, autocommit=False)


def another(
    connect: Callable[..., Any], schema: str, lake: Lake, autocommit: bool = False
) -> Warehouse:
    """One more session in a schema."""
    connection = connect(autocommit=True)
    session = Warehouse(connection, lake)
    session.run(f"SET search_path TO {schema}")
    connection.autocommit = autocommit
    return session
