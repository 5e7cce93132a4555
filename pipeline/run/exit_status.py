"""The exit status of a run says whose fault a failure was; of several the highest counts.

Tasks fail in child processes, the status is that of the parent: the number is part of the run's state.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TypeVar

from pipeline.errors import PipelineError
from pipeline.run import state

TaskT = TypeVar("TaskT")


def record(error: BaseException) -> None:
    """Record the status of a failure; any other exception than a PipelineError has none."""
    status = error.exit_status if isinstance(error, PipelineError) else 0
    with state.current().locked() as block:
        block.worst = max(block.worst, status)


def recorded(complete: Callable[[TaskT], bool]) -> Callable[[TaskT], bool]:
    """Decorate a task's `complete`: Luigi turns what it raises into text before any event.

    Luigi calls it before it forks for the first time, so that every process shares the run's state.
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
