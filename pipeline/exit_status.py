"""The exit status of a `luigi` command line says whose fault a failure was.

Luigi knows one status for all failed tasks (`[retcode] task_failed`). This module puts the status of
the error class in its place. Tasks fail in child processes, hence the shared value, which is made
before Luigi forks; Luigi asks for the status at the very end of a run.
"""

from __future__ import annotations

import multiprocessing
from typing import Any, ClassVar

import luigi
import luigi.retcodes

from pipeline.errors import PipelineError

_worst = multiprocessing.get_context("fork").Value("i", 0)


def note(error: BaseException) -> None:
    """Remember the status of a failure; of several the highest is kept."""
    status = error.exit_status if isinstance(error, PipelineError) else 0
    with _worst.get_lock():
        _worst.value = max(_worst.value, status)


def worst() -> int:
    """The highest status noted so far in this run, 0 for none."""
    return int(_worst.value)


def _told(name: str) -> property:
    configured = getattr(luigi.retcodes.retcode, name)

    def read(_self: Any) -> int:
        return worst() or int(configured.task_value("retcode", name))

    return property(read)


class retcode(luigi.retcodes.retcode):  # noqa: N801 - Luigi finds its configuration classes by this name
    """Luigi's return codes, with the status of the error class where one was noted."""

    ignore_unconsumed: ClassVar[set[str]] = {"task_failed", "scheduling_error"}
    task_failed = _told("task_failed")
    scheduling_error = _told("scheduling_error")


# run_with_retcodes() takes the class from its own module, after it has imported ours.
luigi.retcodes.retcode = retcode


@luigi.Task.event_handler(luigi.Event.FAILURE)
def _task_failed(_task: luigi.Task, error: BaseException) -> None:
    note(error)


@luigi.Task.event_handler(luigi.Event.BROKEN_TASK)
def _task_broken(_task: luigi.Task, error: BaseException) -> None:
    note(error)
