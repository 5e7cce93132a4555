"""Limits of one run: its duration and its number of chunks.

A range sets them before Luigi's first fork. Every task of the run checks them before it starts new work;
work in progress is finished. They apply to the run's own processes, not to assistants on other machines.
"""

from __future__ import annotations

import time

from pipeline.run import state
from pipeline.run.state import Block


def begin(minutes: float | None, chunks: int | None) -> None:
    """Limit this run: no new work `minutes` after its start, at most `chunks` chunks; None for no limit."""
    run = state.current()
    with run.locked() as block:
        block.until = 0.0 if minutes is None else run.began_monotonic + 60 * minutes
        block.chunks = -1 if chunks is None else chunks


def are_set() -> bool:
    """Whether this run has a limit."""
    with state.current().locked() as block:
        return bool(block.until) or block.chunks >= 0


def are_reached() -> bool:
    """Whether this run may start no new work."""
    with state.current().locked() as block:
        return _are_reached(block)


def is_time_up() -> bool:
    """Whether no further stage of a window may start; rows being read are still uploaded."""
    with state.current().locked() as block:
        return _is_time_up(block)


def take(wanted: int) -> int:
    """Reserve up to `wanted` chunks; returns the number granted."""
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
