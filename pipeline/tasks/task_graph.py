"""What a worker has reported of its tasks, and which of them can still run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_PENDING, _DONE = "PENDING", "DONE"


class TaskGraph:
    """The last reported status and the dependencies of each task, by task id."""

    def __init__(self) -> None:
        self._status: dict[str, str] = {}
        self._depends_on: dict[str, set[str]] = {}
        self._missing: set[str] = set()

    def add(self, report: Mapping[str, Any]) -> None:
        """Take a report to the scheduler, the arguments of its `add_task`."""
        task_id, status = report["task_id"], report["status"]
        self._status[task_id] = status
        if report.get("deps") is not None:
            self._depends_on[task_id] = set(report["deps"])
        self._depends_on.setdefault(task_id, set()).update(report.get("new_deps") or ())
        if report.get("runnable") is False and status == _PENDING:  # missing external data
            self._missing.add(task_id)
        else:
            self._missing.discard(task_id)

    def can_any_run(self) -> bool:
        """Whether a pending task depends on no task that failed, or that waits for external data."""
        blocked: dict[str, bool] = {}
        pending = [task_id for task_id, status in self._status.items() if status == _PENDING]
        return not all(self._is_blocked(task_id, blocked) for task_id in pending)

    def _is_blocked(self, task_id: str, known: dict[str, bool]) -> bool:
        if task_id not in known:
            known[task_id] = False  # ends a cycle
            status = self._status.get(task_id, _PENDING)
            known[task_id] = status not in (_PENDING, _DONE) or task_id in self._missing
            if status == _PENDING and not known[task_id]:
                depends_on = self._depends_on.get(task_id, ())
                known[task_id] = any(self._is_blocked(other, known) for other in depends_on)
        return known[task_id]
