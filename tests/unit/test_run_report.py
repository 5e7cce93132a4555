"""The end of a run: what can still run, and the table of what became of its windows."""

from __future__ import annotations

import logging
from collections import defaultdict
from typing import Any

import luigi
import pytest

from pipeline.errors import DataError, SourceError
from pipeline.model.window import Window
from pipeline.run import outcomes, state
from pipeline.tasks import failures
from pipeline.tasks.run_report import report
from pipeline.tasks.task_graph import TaskGraph

FIRST, SECOND = "20250801T000000Z_20250802T000000Z", "20250802T000000Z_20250803T000000Z"


class Stage(luigi.Task):
    table = luigi.Parameter()
    window = luigi.Parameter()


class Waits(Stage, luigi.ExternalTask):
    pass


class Period(luigi.WrapperTask):
    table = luigi.Parameter()
    window = luigi.Parameter()


@pytest.fixture(autouse=True)
def run() -> None:
    state.reset()


def graph(*reports: dict[str, Any]) -> TaskGraph:
    made = TaskGraph()
    for one in reports:
        made.add(one)
    return made


def pending(name: str, *deps: str, **more: Any) -> dict[str, Any]:
    return {"task_id": name, "status": "PENDING", "deps": list(deps), "runnable": True, **more}


FAILED = {"task_id": "a", "status": "FAILED", "runnable": None}


@pytest.mark.parametrize(
    "status", [FAILED, {**FAILED, "status": "UNKNOWN"}, pending("a", runnable=False)]
)
def test_nothing_can_run_below_a_task_that_failed_or_waits_for_data(status: dict[str, Any]):
    assert not graph(status, pending("b", "a"), pending("c", "b")).can_any_run()


def test_a_task_without_a_failure_below_it_can_run():
    assert graph(FAILED, pending("b", "a"), pending("c")).can_any_run()
    assert graph(pending("c", "elsewhere")).can_any_run()


def test_a_dependency_that_a_task_asked_for_while_it_ran_counts():
    running = pending("c", deps=None, new_deps=["a"])
    assert not graph(pending("c"), FAILED, running).can_any_run()


def test_a_failure_that_was_put_right_no_longer_counts():
    assert graph(FAILED, pending("b", "a"), pending("a")).can_any_run()
    done = {"task_id": "a", "status": "DONE", "runnable": False}
    assert graph(FAILED, pending("b", "a"), done).can_any_run()
    assert not graph(done).can_any_run()


def test_a_circle_of_tasks_ends():
    assert graph(pending("a", "b"), pending("b", "a")).can_any_run()


def summary(**tasks: set[luigi.Task]) -> dict[str, set[luigi.Task]]:
    return defaultdict(set, tasks)


def test_a_window_is_done_when_all_its_stages_are():
    first, second = Stage("s.t", FIRST), Stage("s.t", SECOND)
    found = report(summary(completed={first}, not_run={second}), {})
    assert [line.windows for line in found] == [{"windows": 1, "not run": 1}]


def test_a_window_with_a_failure_is_failed_whatever_else_is_done_in_it():
    tasks = {"completed": {Stage("s.t", FIRST)}, "failed": {Waits("s.t", FIRST)}}
    assert report(summary(**tasks), {})[0].windows == {"failed": 1}
    refused = {"s.t": outcomes.Outcome(refused=frozenset({FIRST}))}
    assert report(summary(**tasks), refused)[0].windows == {"refused": 1}


def test_a_window_whose_source_is_not_ready_waits():
    tasks = {"still_pending_ext": {Waits("s.t", FIRST)}}
    assert report(summary(**tasks), {})[0].windows == {"waiting": 1}


def test_what_was_done_before_and_the_periods_of_a_range_are_no_windows():
    tasks = {"already_done": {Stage("s.t", FIRST)}, "completed": {Period("s.t", SECOND)}}
    assert report(summary(**tasks), {}) == []


def test_figures_add_up_by_table():
    outcomes.read("s.t", 3, 100)
    outcomes.read("s.t", 4, 50)
    outcomes.loaded("s.t", 7)
    outcomes.worked("s.t", 0.25)
    outcomes.refused("s.u", FIRST)
    assert outcomes.by_table() == {
        "s.t": outcomes.Outcome(7, 7, 150, 0.25),
        "s.u": outcomes.Outcome(refused=frozenset({FIRST})),
    }


def test_a_failure_is_logged_once_and_its_cure_once_for_all_windows(
    caplog: pytest.LogCaptureFixture,
):
    for window in (FIRST, SECOND, SECOND):
        failures.log_failure(Stage("s.t", window), SourceError("no login", todo="check DB_USER"))
    assert [(r.levelno, r.getMessage()) for r in caplog.records] == [
        (logging.ERROR, f"Stage s.t {FIRST}: no login\nTry: check DB_USER"),
        (logging.ERROR, f"Stage s.t {SECOND}: no login"),
    ]
    assert outcomes.by_table() == {}


def test_a_refused_window_is_counted_as_refused():
    failures.log_failure(Stage("s.t", FIRST), DataError("no such date"))
    assert outcomes.by_table() == {"s.t": outcomes.Outcome(refused=frozenset({FIRST}))}


def test_a_defect_is_logged_with_its_traceback(caplog: pytest.LogCaptureFixture):
    try:
        raise ZeroDivisionError("oops")
    except ZeroDivisionError as error:
        failures.log_failure(Stage("s.t", FIRST), error)
    assert "Traceback" in caplog.text
    assert "ZeroDivisionError: oops" in caplog.text


def test_a_killed_process_is_named_by_its_window(caplog: pytest.LogCaptureFixture):
    window = str(Window.parse(FIRST))
    message = f"Task Stage_x died unexpectedly with exit code {-9}"
    failures.log_dead_process(Stage("s.t", window), message)
    assert f"Stage s.t {FIRST}: its process died unexpectedly, exit status -9" in caplog.text
    assert "memory" in caplog.text
