"""What Luigi makes of a run's outcome, where the pipeline knows better.

Luigi knows one status for all failed tasks (`[retcode] task_failed`). Here the status of the error class
takes its place, which Luigi asks for at the very end of a run. `tasks.luigi_hooks` puts both in Luigi.
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
    """Luigi's return codes, with the status of the error class where one was recorded.

    A run that did as much as its limits allowed succeeded: what it left is no fault. `configured` has the
    codes of `[retcode]`.
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
        """The code of data that is not there yet."""
        return 0 if limits.are_reached() else int(self._configured.missing_data)

    @property
    def not_run(self) -> int:
        """The code of tasks that the scheduler did not let run."""
        return 0 if limits.are_reached() else int(self._configured.not_run)


def summary_with_waiting_ranges(summarise: Callable[[Any], Summary]) -> Callable[[Any], Summary]:
    """Luigi's summary, in which a range that waits for missing data is reported as that.

    Luigi looks for reasons in what a task requires. A range asks for its windows while it runs: it would be
    reported as one that was not granted permission, with the status of that.
    """

    def summary_of(worker: Any) -> Summary:
        summary = summarise(worker)
        waiting = summary["not_run"]
        are_ranges = all(isinstance(task, luigi.tools.range.RangeBase) for task in waiting)
        if summary["still_pending_ext"] and are_ranges:
            summary["upstream_missing_dependency"] |= waiting
            summary["not_run"] = set()
        return summary

    return summary_of
