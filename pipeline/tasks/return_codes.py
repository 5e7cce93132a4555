"""Replacements for Luigi's return codes and its summary, which `tasks.luigi_hooks` installs.

Luigi has one status for all failed tasks (`[retcode] task_failed`), read at the end of a run. The pipeline
returns the status of the error class instead.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import luigi
import luigi.tools.range

from pipeline.run import exit_status, limits

Summary = dict[str, set[luigi.Task]]
"""Luigi's summary of a run: its tasks by outcome."""


class ReturnCodes:
    """The return codes of `[retcode]` (`configured`), or the recorded status of an error class.

    A run that has reached its limits succeeded, whatever is left.
    """

    def __init__(self, configured: Any) -> None:
        self._configured = configured

    def __getattr__(self, name: str) -> Any:
        return getattr(self._configured, name)

    @property
    def task_failed(self) -> int:
        """The code of a failed task."""
        return exit_status.worst() or int(self._configured.task_failed)

    @property
    def scheduling_error(self) -> int:
        """The code of a task whose `complete` or `requires` failed."""
        return exit_status.worst() or int(self._configured.scheduling_error)

    @property
    def unhandled_exception(self) -> int:
        """The code of an error outside any task."""
        return exit_status.worst() or int(self._configured.unhandled_exception)

    @property
    def missing_data(self) -> int:
        """The code of missing data."""
        return 0 if limits.are_reached() else int(self._configured.missing_data)

    @property
    def not_run(self) -> int:
        """The code of tasks that the scheduler did not grant."""
        return 0 if limits.are_reached() else int(self._configured.not_run)


def summary_of_outcomes(summarise: Callable[[Any], Summary]) -> Callable[[Any], Summary]:
    """Luigi's summary by the final outcome of each task.

    Luigi derives the reason of a wait from `requires`. A range yields its windows in `run`, and would be
    reported as not granted, with that status. A task that another worker had, and this one has done, would
    be reported as running there.
    """

    def summary_of(worker: Any) -> Summary:
        summary = summarise(worker)
        summary["run_by_other_worker"] -= summary["completed"] | summary["already_done"]
        waiting = summary["not_run"]
        are_ranges = all(isinstance(task, luigi.tools.range.RangeBase) for task in waiting)
        if summary["still_pending_ext"] and are_ranges:
            summary["upstream_missing_dependency"] |= waiting
            summary["not_run"] = set()
        return summary

    return summary_of
