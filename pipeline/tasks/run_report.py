"""The report at the end of a run: changed values, then one table for people."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import luigi
import luigi.execution_summary

from pipeline.model.text_table import aligned
from pipeline.run import notes, outcomes
from pipeline.run.outcomes import Outcome
from pipeline.tasks.places import place_of
from pipeline.tasks.return_codes import Summary

log = logging.getLogger(__name__)

HEADINGS = (
    *("table", "windows", "rows read", "rows loaded", "bytes", "seconds"),
    *("refused", "waiting", "failed", "not run"),
)
_DONE, _REFUSED, _WAITING, _FAILED, _NOT_RUN = "windows", "refused", "waiting", "failed", "not run"


@dataclass(frozen=True)
class Line:
    """One table of the report: its windows by outcome, and its figures."""

    table: str
    windows: Counter[str]
    figures: Outcome

    def cells(self) -> tuple[object, ...]:
        """The values under HEADINGS."""
        figures = self.figures
        return (
            *(self.table, self.windows[_DONE], figures.rows_read, figures.rows_loaded),
            *(figures.bytes, round(figures.seconds, 1)),
            *(self.windows[name] for name in (_REFUSED, _WAITING, _FAILED, _NOT_RUN)),
        )


def log_report(worker: Any) -> None:
    """Log the notes of the run, and what became of its windows."""
    notes.log_lines()
    if not worker._add_task_history:
        return
    summary: Summary = luigi.execution_summary._summary_dict(worker)
    if lines := report(summary, outcomes.by_table()):
        rows = [line.cells() for line in lines]
        tables = [dict(zip(HEADINGS, row, strict=True)) for row in rows]
        log.info("this run, by table\n%s", aligned(HEADINGS, rows), extra={"tables": tables})
    elif luigi.execution_summary._root_task(worker) in summary["already_done"]:
        log.info("nothing to do: everything requested is done")


def report(summary: Summary, figures: dict[str, Outcome]) -> list[Line]:
    """One line for each table with a window that this run worked on, in alphabetical order."""
    windows: dict[str, Counter[str]] = {}
    refused = {(table, name) for table, one in figures.items() for name in one.refused}
    for (table, window), tasks in _by_window(summary).items():
        outcome = _outcome((table, window) in refused, tasks, summary)
        windows.setdefault(table, Counter())[outcome] += 1
    tables = sorted(windows.keys() | figures.keys())
    lines = [Line(t, windows.get(t, Counter()), figures.get(t, Outcome())) for t in tables]
    return [line for line in lines if any(line.cells()[1:])]


def _by_window(summary: Summary) -> dict[tuple[str, str], set[luigi.Task]]:
    """The tasks of every window that was not done before the run, by table and window."""
    windows: dict[tuple[str, str], set[luigi.Task]] = {}
    tasks = {task for tasks in summary.values() for task in tasks}
    for task in tasks - summary["already_done"]:
        if place := place_of(task):
            windows.setdefault(place, set()).add(task)
    return windows


def _outcome(refused: bool, tasks: Iterable[luigi.Task], summary: Summary) -> str:
    """What became of a window with these tasks."""
    tasks = set(tasks)
    if refused:
        return _REFUSED
    if tasks & (summary["failed"] | summary["scheduling_error"]):
        return _FAILED
    if any(isinstance(task, luigi.ExternalTask) for task in tasks & summary["still_pending_ext"]):
        return _WAITING
    return _DONE if tasks <= summary["completed"] | summary["already_done"] else _NOT_RUN
