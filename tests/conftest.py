"""Real servers for the tests that need them, one stack for each test process."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from devstack.stack import SOURCES
from tests.support.servers import (
    Cluster,
    Servers,
    Sources,
    cluster_of_environment,
    default_source,
    running_sources,
    wants_cluster,
)
from tests.support.world import World


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--source",
        choices=sorted(SOURCES),
        default=default_source(),
        help="the source server that tests run on (also TEST_SOURCE)",
    )


@pytest.hookimpl(tryfirst=True)  # before -m deselects
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What runs the pipeline, or states a rule of Redshift, is a test for a real cluster too."""
    for item in items:
        used = {"world", "warehouse", "transaction"} & set(getattr(item, "fixturenames", ()))
        if used and item.get_closest_marker("local") is None:
            item.add_marker("redshift")


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest) -> Cluster | None:
    """The real warehouse and bucket under `-m redshift`; otherwise none."""
    return cluster_of_environment() if wants_cluster(request.config) else None


@pytest.fixture(scope="session")
def sources(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    cluster: Cluster | None,
) -> Iterator[Sources]:
    """The source of --source, SeaweedFS, the Redshift stand-in and luigid, for the whole session."""
    kind = request.config.getoption("--source")
    with running_sources(tmp_path_factory.mktemp("stack"), kind, cluster) as running:
        yield running


@pytest.fixture
def stack(request: pytest.FixtureRequest, sources: Sources) -> Servers:
    """The servers of this test: the source is the one that its `source` mark names, if it has one."""
    mark = request.node.get_closest_marker("source")
    return sources.of(mark.args[0] if mark else request.config.getoption("--source"))


@pytest.fixture
def world(stack: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """An empty world of this test's own; the process's environment points at it."""
    world = World(stack, tmp_path, f"t_{uuid.uuid4().hex[:10]}")
    (tmp_path / "configs").mkdir()
    with stack.source.connect(root=True) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {world.name} CHARACTER SET utf8mb4")
    world.query("CREATE SCHEMA {schema}")
    for name, value in world.environment.items():
        monkeypatch.setenv(name, value)
    world.forget()
    yield world
    world.forget()
    with stack.source.connect(root=True) as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {world.name}")
    if stack.cluster:
        stack.cluster.sweep(schema=world.name, prefix=world.name)
