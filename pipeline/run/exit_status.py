"""Exit status of a run: the highest of its failures.

Tasks fail in child processes and the parent exits, so the number is part of the run's state.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TypeVar

from pipeline.errors import PipelineError
from pipeline.run import state

TaskT = TypeVar("TaskT")


def record(error: BaseException) -> None:
    """Record the status of a failure; only a PipelineError has one."""
    status = error.exit_status if isinstance(error, PipelineError) else 0
    with state.current().locked() as block:
        block.worst = max(block.worst, status)


def recorded(complete: Callable[[TaskT], bool]) -> Callable[[TaskT], bool]:
    """Decorate a task's `complete` to record its errors: Luigi reduces them to text before any event.

    Luigi calls `complete` before its first fork, so every process shares the state created here.
    """

    @functools.wraps(complete)
    def wrapper(task: TaskT) -> bool:
        state.current()
        try:
            return complete(task)
        except PipelineError as error:
            record(error)
            raise

    return wrapper


def worst() -> int:
    """The highest status recorded so far in this run, 0 for none."""
    with state.current().locked() as block:
        return block.worst
