"""How much one run may take: for how long, and how many chunks.

A range sets the limits before Luigi forks its first process, and every task of the run obeys them where
it would begin something new; what is under way is finished. They hold for the run's own processes, not
for assistants on other machines.
"""

from __future__ import annotations

import time

from pipeline.run import state
from pipeline.run.state import Block


def begin(minutes: float | None, chunks: int | None) -> None:
    """Set what this run may take: nothing new `minutes` after it began, `chunks` chunks at most."""
    run = state.current()
    with run.locked() as block:
        block.until = 0.0 if minutes is None else run.began_monotonic + 60 * minutes
        block.chunks = -1 if chunks is None else chunks


def are_set() -> bool:
    """Whether this run is limited at all."""
    with state.current().locked() as block:
        return bool(block.until) or block.chunks >= 0


def are_reached() -> bool:
    """Whether this run may begin nothing new."""
    with state.current().locked() as block:
        return _are_reached(block)


def is_time_up() -> bool:
    """Whether no stage of a window may be begun any more; rows that are being read still go to the lake."""
    with state.current().locked() as block:
        return _is_time_up(block)


def take(wanted: int) -> int:
    """How many of the wanted chunks may be begun; they count as taken."""
    with state.current().locked() as block:
        if _are_reached(block):
            return 0
        if block.chunks < 0:
            return wanted
        granted = min(wanted, block.chunks)
        block.chunks -= granted
        return granted


def _are_reached(block: Block) -> bool:
    return block.chunks == 0 or _is_time_up(block)


def _is_time_up(block: Block) -> bool:
    return 0 < block.until <= time.monotonic()
