"""What the processes of a run share: limits, the worst exit status, notes, servers that stay away."""

import logging
import os
import signal
import time
from collections.abc import Callable, Iterator

import pytest

from pipeline.errors import DataError, LakeError, PipelineError
from pipeline.net import circuit_breaker
from pipeline.run import exit_status, limits, notes, state


@pytest.fixture(autouse=True)
def new_run() -> Iterator[None]:
    state.reset()
    yield
    state.reset()


def forked(work: Callable[[], None]) -> int:
    """A process of this run that does that work."""
    pid = os.fork()
    if not pid:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return pid


def done(*pids: int) -> None:
    assert [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids] == [0] * len(pids)


def test_processes_of_a_run_take_each_chunk_once():
    limits.begin(minutes=None, chunks=1000)

    def take_all() -> None:
        while granted := limits.take(3):
            state.current().append(b"%d" % granted)

    done(*[forked(take_all) for _ in range(4)])
    assert sum(map(int, state.current().lines())) == 1000
    assert limits.are_reached()


def test_a_process_that_is_killed_while_it_holds_the_state_holds_up_no_other():
    ready, written = os.pipe()

    def hold() -> None:
        with state.current().locked():
            os.write(written, b".")
            signal.pause()

    state.current()
    pid = forked(hold)
    os.read(ready, 1)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert limits.take(1) == 1


def test_a_run_without_limits_takes_what_it_wants():
    assert limits.take(7) == 7
    assert not limits.are_set()
    assert not limits.are_reached()
    assert not limits.is_time_up()


def test_minutes_count_from_the_beginning_of_the_run(monkeypatch: pytest.MonkeyPatch):
    began = state.current().began_monotonic
    limits.begin(minutes=2, chunks=None)
    monkeypatch.setattr(time, "monotonic", lambda: began + 119)
    assert limits.are_set()
    assert limits.take(1) == 1
    monkeypatch.setattr(time, "monotonic", lambda: began + 120)
    assert limits.is_time_up()
    assert limits.take(1) == 0


@pytest.mark.parametrize("errors", [(DataError, LakeError), (LakeError, DataError)])
def test_the_highest_status_of_several_processes_counts(errors: tuple[type[PipelineError], ...]):
    state.current()
    for kind in errors:
        done(forked(lambda kind=kind: exit_status.record(kind("failed"))))
    exit_status.record(ValueError("a defect"))
    assert exit_status.worst() == DataError.exit_status


def test_a_task_that_is_looked_at_before_the_fork_shares_the_state():
    @exit_status.recorded
    def complete(_task: object) -> bool:
        return False

    assert not complete(object())
    done(forked(lambda: exit_status.record(DataError("failed"))))
    assert exit_status.worst() == DataError.exit_status


def test_what_complete_raises_is_recorded():
    @exit_status.recorded
    def complete(_task: object) -> bool:
        raise LakeError("away")

    with pytest.raises(LakeError):
        complete(object())
    assert exit_status.worst() == LakeError.exit_status


def test_notes_add_up_values_and_take_the_largest_of_what_is_the_tables():
    state.current()
    done(forked(lambda: notes.note("r.t", "w2", "values", 2, " one")))
    notes.note("r.t", "w1", "values", 3, " two")
    notes.note("r.u", "w1", "rows", 3, whole=True)
    notes.note("r.u", "w2", "rows", 4, whole=True)
    assert notes.lines() == [
        "r.t: 5 values one; windows: 2, from w1",
        "r.u: 4 rows; windows: 2, from w1",
    ]


def test_a_warning_is_logged_by_one_process_of_a_run(caplog: pytest.LogCaptureFixture):
    log, text = logging.getLogger(__name__), 'a "text"\nof two lines'
    state.current()

    def warn_as_first() -> None:
        with caplog.at_level("WARNING"):
            notes.warn(log, text)
        assert caplog.messages == [text]

    done(forked(warn_as_first))
    notes.warn(log, text)
    assert caplog.messages == []
    notes.warn(log, "another text")
    assert caplog.messages == ["another text"]
    assert notes.lines() == []


def test_a_new_run_knows_nothing_of_the_one_before():
    known = state.PerProcess[dict[str, int]](dict)
    known()["here"] = 1
    limits.begin(minutes=0, chunks=0)
    exit_status.record(DataError("failed"))
    notes.note("r.t", "w1", "values", 1)
    for _ in range(circuit_breaker.PATIENCE):
        circuit_breaker.failed("here")
    before = state.current().began
    state.reset()
    assert known() == {}
    assert not limits.are_set()
    assert exit_status.worst() == 0
    assert notes.lines() == []
    assert not circuit_breaker.is_open("here")
    assert state.current().began > before


def test_what_a_process_knows_for_itself_its_children_begin_with():
    known = state.PerProcess[list[int]](list)
    known().append(1)

    def add() -> None:
        known().append(2)
        assert known() == [1, 2]

    done(forked(add))
    assert known() == [1]


def test_after_a_rest_one_process_tries_a_server(monkeypatch: pytest.MonkeyPatch):
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    for _ in range(circuit_breaker.PATIENCE):
        assert not circuit_breaker.is_open("here")
        done(forked(lambda: circuit_breaker.failed("here")))
    assert circuit_breaker.is_open("here")
    assert not circuit_breaker.is_open("elsewhere")
    now[0] += circuit_breaker.REST
    assert not circuit_breaker.is_open("here")  # this one tries
    assert circuit_breaker.is_open("here")  # the others wait for its answer
    circuit_breaker.succeeded("here")
    assert not circuit_breaker.is_open("here")


def test_more_servers_than_there_is_room_for_replace_the_one_with_the_oldest_failure(
    monkeypatch: pytest.MonkeyPatch,
):
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    for number in range(state.SERVERS + 1):
        now[0] += 1
        for _ in range(circuit_breaker.PATIENCE):
            circuit_breaker.failed(f"server {number}")
    assert [circuit_breaker.is_open(f"server {n}") for n in (1, state.SERVERS)] == [True, True]
    assert not circuit_breaker.is_open("server 0")
