"""The retry policy: what is tried again, how often, and for how long."""

import math

import psycopg2
import pytest
import tenacity

from pipeline.net.retry import TRIES, retried


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time that retrying goes by; waiting takes none."""
    now = [0.0]
    monkeypatch.setattr(tenacity.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(tenacity.nap.time, "sleep", lambda _seconds: None)
    return now


@pytest.mark.parametrize(("longest", "tries"), [(120.0, 1), (math.inf, TRIES)])
def test_a_try_of_minutes_ends_the_time_unless_there_is_no_end_to_it(
    clock: list[float], longest: float, tries: int
):
    done = []

    def attempt() -> None:
        clock[0] += 180.0
        done.append(clock[0])
        raise psycopg2.InternalError("Serializable isolation violation on table")

    with pytest.raises(psycopg2.InternalError):
        retried(attempt, what="merge", when=lambda _error: True, longest=longest)
    assert len(done) == tries
