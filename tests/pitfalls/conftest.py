"""What the tests of the pitfalls have in common."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from pipeline.model.window import Window
from pipeline.tasks.chain import RefreshViews
from tests.support.world import World


@pytest.fixture
def loaded_days(world: World) -> Callable[..., None]:
    """Load days of August 2025 of a table, one after the other, a snapshot of each if it is one."""

    def load(table: str, *days: int) -> None:
        for day in days:
            window = Window.day(date(2025, 8, day))
            result = world.build(RefreshViews(table=f"{world.name}.{table}", window=window))
            assert result.status.name == "SUCCESS", (table, day, result.summary_text)

    return load
