"""Table and window of a task, without the imports of the tasks' own classes."""

from __future__ import annotations

import luigi


def place_of(task: luigi.Task) -> tuple[str, str] | None:
    """Table and window name of a stage's task; None for entries, ranges and tasks without them."""
    if isinstance(task, luigi.WrapperTask) or not (
        hasattr(task, "table") and hasattr(task, "window")
    ):
        return None
    return str(task.table), str(task.window)
