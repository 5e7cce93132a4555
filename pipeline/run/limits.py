"""How much one run may take: for how long, and how many chunks.

A range sets the limits before Luigi forks its first process, and every task of the run obeys them where
it would begin something new; what is under way is finished. They hold for the run's own processes, not
for assistants on other machines.
"""

from __future__ import annotations

import multiprocessing
import time

_fork = multiprocessing.get_context("fork")
_until = _fork.Value("d", 0.0)  # of the monotonic clock; 0 for no limit
_left = _fork.Value("i", -1)  # chunks; -1 for no limit


def begin(until: float | None, chunks: int | None) -> None:
    """Set what this run may take: nothing after `until` (of `time.monotonic`), `chunks` chunks at most."""
    _until.value = until or 0.0
    with _left.get_lock():
        _left.value = -1 if chunks is None else chunks


def are_set() -> bool:
    """Whether this run is limited at all."""
    return bool(_until.value) or _left.value >= 0


def are_reached() -> bool:
    """Whether this run may begin nothing new."""
    return bool(_left.value == 0) or is_time_up()


def is_time_up() -> bool:
    """Whether no stage of a window may be begun any more; rows that are being read still go to the lake."""
    return bool(0 < _until.value <= time.monotonic())


def take(wanted: int) -> int:
    """How many of the wanted chunks may be begun; they count as taken."""
    with _left.get_lock():
        if are_reached():
            return 0
        granted: int = wanted if _left.value < 0 else min(wanted, _left.value)
        if _left.value >= 0:
            _left.value -= granted
    return granted
