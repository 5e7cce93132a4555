"""What the tests of the pitfalls have in common."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from pipeline.model.window import Window
from tests.support.world import World


@pytest.fixture
def loaded_days(world: World) -> Callable[..., None]:
    """Load days of August 2025 of a table, one after the other, a snapshot of each if it is one."""

    def load(table: str, *days: int) -> None:
        windows = (Window.day(date(2025, 8, each)) for each in days)
        world.load_windows(f"{world.name}.{table}", *windows)

    return load
