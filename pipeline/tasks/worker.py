"""The worker of a run, and its connection to the scheduler.

Luigi's own worker waits for `max_keep_alive_idle_duration` seconds whenever a task is pending, even one that
nothing can make runnable. This one waits only for what another worker can still change.
"""

from __future__ import annotations

import json
import logging
import sys
from types import TracebackType
from typing import Any, NoReturn

import luigi
import luigi.interface
import luigi.rpc
import luigi.scheduler
import luigi.worker

from pipeline.errors import SchedulerError
from pipeline.run import exit_status
from pipeline.tasks import failures, run_report
from pipeline.tasks.task_graph import TaskGraph

log = logging.getLogger(__name__)

# At the start luigid gets a few seconds, such as those of its restart; during a run Luigi's settings apply.
_AT_THE_START = {"_rpc_retry_attempts": 3, "_rpc_retry_wait": 1}


class RunWorker(luigi.worker.Worker):
    """A worker that ends when none of its tasks can run any more, and logs each failure once."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._graph = TaskGraph()
        self._elsewhere: set[str] = set()

    def add(self, task: luigi.Task, *arguments: Any, **named: Any) -> bool:
        """Schedule a task; exits where luigid does not answer."""
        try:
            return bool(super().add(task, *arguments, **named))
        except luigi.rpc.RPCError as error:
            _exit(self._scheduler, error)

    def run(self) -> bool:
        """Run the tasks; exits where luigid does not answer any more."""
        try:
            return bool(super().run())
        except luigi.rpc.RPCError as error:
            _exit(self._scheduler, error)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        interrupted = list(self._running_tasks) if kind and not self._is_local else []
        super().__exit__(kind, error, trace)
        if interrupted:
            self._release(interrupted)
        run_report.log_report(self)

    @property
    def _is_local(self) -> bool:
        return isinstance(self._scheduler, luigi.scheduler.Scheduler)

    def _add_task(self, *arguments: Any, **named: Any) -> None:
        super()._add_task(*arguments, **named)
        self._graph.add(named)

    def _get_work(self) -> Any:
        """Ask for work; announce again what another worker ran and no longer runs.

        luigid ignores what this worker reports of a task that it believes to be running elsewhere: that it
        is done, and after that worker's death that it is pending.
        """
        response = super()._get_work()
        running = {task["task_id"] for task in response.running_tasks} - self._running_tasks.keys()
        ended = self._elsewhere - running - {response.task_id}
        self._elsewhere = running
        for task_id in ended & self._scheduled_tasks.keys():
            self.add(self._scheduled_tasks[task_id])
        return super()._get_work() if ended and response.task_id is None else response

    def _keep_alive(self, get_work_response: Any) -> bool:
        """Whether to wait: for a task that another worker runs, or one that waits for a resource."""
        if not super()._keep_alive(get_work_response):
            return False
        if self._assistant:
            return True
        if self._is_local:  # nothing runs, and there is no other worker
            return False
        return bool(get_work_response.running_tasks) or self._graph.can_any_run()

    def _release(self, interrupted: list[str]) -> None:
        """Report the running tasks of an interrupted run as failed: the next run gets them at once."""
        scheduler: Any = self._scheduler
        scheduler._rpc_retry_attempts = 1
        try:
            for task_id in interrupted:
                self._scheduler.add_task(
                    worker=self._id,
                    task_id=task_id,
                    status="FAILED",
                    expl=json.dumps("the run was interrupted; the same command continues"),
                    runnable=False,
                )
        except luigi.rpc.RPCError:
            log.warning("luigid does not answer: a run within the next seconds waits for this one")

    def _log_complete_error(self, task: luigi.Task, tb: str) -> None:
        failures.log_text(task, tb)

    def _log_dependency_error(self, task: luigi.Task, tb: str) -> None:
        failures.log_text(task, tb)

    def _log_unexpected_error(self, task: luigi.Task) -> None:
        if not isinstance(sys.exc_info()[1], luigi.rpc.RPCError):
            super()._log_unexpected_error(task)


class RunFactory(luigi.interface._WorkerSchedulerFactory):
    """Makes the workers of a command line, also of `luigi.build(worker_scheduler_factory=RunFactory())`."""

    def create_remote_scheduler(self, url: str) -> Any:
        """The connection to luigid; exits where it does not answer."""
        scheduler: Any = super().create_remote_scheduler(url)
        scheduler._rpc_log_retries = False  # the traceback of each attempt
        later = {name: getattr(scheduler, name) for name in _AT_THE_START}
        vars(scheduler).update(_AT_THE_START)
        try:
            scheduler.is_pause_enabled()
        except (luigi.rpc.RPCError, ValueError, KeyError) as error:
            _exit(scheduler, error)
        vars(scheduler).update(later)
        return scheduler

    def create_worker(
        self, scheduler: Any, worker_processes: int, assistant: bool = False
    ) -> RunWorker:
        """The worker of a run."""
        return RunWorker(
            scheduler=scheduler, worker_processes=worker_processes, assistant=assistant
        )


def _exit(scheduler: Any, error: Exception) -> NoReturn:
    """End the command line: Luigi would print the traceback of each attempt."""
    cause = getattr(error, "sub_exception", None) or error
    fault = SchedulerError(
        f"luigid does not answer at {scheduler._url}",
        why=" ".join(str(cause).split()),
        todo="start it as README.md shows, or add --local-scheduler; the same command continues",
    )
    exit_status.record(fault)
    log.error("%s", fault)
    raise SystemExit(fault.exit_status)
