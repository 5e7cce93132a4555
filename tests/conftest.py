"""Real servers for the tests that need them, one stack for each test process."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import luigi.configuration
import pytest

from devstack.stack import Stack, running_stack
from tests.world import ROOT, World

# What runs in this process obeys the overlay too, as World.start's command lines do.
luigi.configuration.add_config_path(str(ROOT / "tests" / "luigi.cfg"))


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """MariaDB, SeaweedFS, the Redshift stand-in and luigid, for the whole session."""
    with running_stack(tmp_path_factory.mktemp("stack"), luigid=True) as running:
        yield running


@pytest.fixture
def world(stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
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
