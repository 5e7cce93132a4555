"""The exit status of a `luigi` command line says whose fault a failure was.

Luigi knows one status for all failed tasks (`[retcode] task_failed`). This module puts the status of
the error class in its place. Tasks fail in child processes, hence the shared value, which is made
before Luigi forks; Luigi asks for the status at the very end of a run.
"""

from __future__ import annotations

import functools
import multiprocessing
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

import luigi
import luigi.execution_summary
import luigi.retcodes
from luigi.tools.range import RangeBase

from pipeline.errors import PipelineError
from pipeline.run import limits, report

TaskT = TypeVar("TaskT", bound=luigi.Task)
_worst = multiprocessing.get_context("fork").Value("i", 0)


def note(error: BaseException) -> None:
    """Remember the status of a failure; of several the highest is kept."""
    status = error.exit_status if isinstance(error, PipelineError) else 0
    with _worst.get_lock():
        _worst.value = max(_worst.value, status)


def noted(complete: Callable[[TaskT], bool]) -> Callable[[TaskT], bool]:
    """Decorate a task's `complete`: what it raises Luigi turns into text before any event."""

    @functools.wraps(complete)
    def wrapper(task: TaskT) -> bool:
        try:
            return complete(task)
        except PipelineError as error:
            note(error)
            raise

    return wrapper


def worst() -> int:
    """The highest status noted so far in this run, 0 for none."""
    return int(_worst.value)


def _told(name: str) -> property:
    configured = getattr(luigi.retcodes.retcode, name)

    def read(_self: Any) -> int:
        return worst() or int(configured.task_value("retcode", name))

    return property(read)


def _unless_limited(name: str) -> property:
    configured = getattr(luigi.retcodes.retcode, name)

    def read(_self: Any) -> int:
        return 0 if limits.are_reached() else int(configured.task_value("retcode", name))

    return property(read)


class retcode(luigi.retcodes.retcode):  # noqa: N801 - Luigi finds its configuration classes by this name
    """Luigi's return codes, with the status of the error class where one was noted.

    A run that did as much as its limits allowed did what it was asked: what it left is no fault.
    """

    ignore_unconsumed: ClassVar[set[str]] = {
        "task_failed",
        "scheduling_error",
        "unhandled_exception",
        "missing_data",
        "not_run",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        report.report_at_exit()  # made once, by a command line's run

    task_failed = _told("task_failed")
    scheduling_error = _told("scheduling_error")
    unhandled_exception = _told("unhandled_exception")
    missing_data = _unless_limited("missing_data")
    not_run = _unless_limited("not_run")


def _summary_of(worker: Any) -> dict[str, set[luigi.Task]]:
    """Luigi's summary of a run, where a range that waits for missing data is told as that.

    Luigi looks for reasons in what a task requires. A range asks for its windows while it runs: it would be
    told as one that was not granted permission, with the status of that.
    """
    summary: dict[str, set[luigi.Task]] = _luigis_summary_of(worker)
    waiting = summary["not_run"]
    if summary["still_pending_ext"] and all(isinstance(each, RangeBase) for each in waiting):
        summary["upstream_missing_dependency"] |= waiting
        summary["not_run"] = set()
    return summary


_luigis_summary_of: Any = luigi.execution_summary._summary_dict
vars(luigi.execution_summary)["_summary_dict"] = _summary_of

# run_with_retcodes() takes the class from its own module, after it has imported ours; a plain
# assignment to a class is what type checkers take for a mistake.
vars(luigi.retcodes)["retcode"] = retcode


def _note_of(_task: luigi.Task, error: BaseException) -> None:
    note(error)


for _event in (luigi.Event.FAILURE, luigi.Event.BROKEN_TASK):
    luigi.Task.event_handler(_event)(_note_of)
