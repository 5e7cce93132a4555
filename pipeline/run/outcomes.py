"""Figures of a run by table, from all its processes."""

from __future__ import annotations

import json
from dataclasses import dataclass

from pipeline.run import state

_KIND = "outcome"


@dataclass(frozen=True)
class Outcome:
    """Work on a table: rows read and loaded, bytes in the lake, seconds of its tasks, refused windows."""

    rows_read: int = 0
    rows_loaded: int = 0
    bytes: int = 0
    seconds: float = 0.0
    refused: frozenset[str] = frozenset()

    def __add__(self, other: Outcome) -> Outcome:
        return Outcome(
            self.rows_read + other.rows_read,
            self.rows_loaded + other.rows_loaded,
            self.bytes + other.bytes,
            self.seconds + other.seconds,
            self.refused | other.refused,
        )


def read(table: str, rows: int, size: int) -> None:
    """Record a window of `rows` rows and `size` bytes in the lake."""
    _append(table, Outcome(rows_read=rows, bytes=size))


def loaded(table: str, rows: int) -> None:
    """Record `rows` rows of a window in the warehouse."""
    _append(table, Outcome(rows_loaded=rows))


def worked(table: str, seconds: float) -> None:
    """Record the duration of a task."""
    _append(table, Outcome(seconds=seconds))


def refused(table: str, window: str) -> None:
    """Record a window that was refused for its data."""
    _append(table, Outcome(refused=frozenset({window})))


def by_table() -> dict[str, Outcome]:
    """The sum of each table."""
    totals: dict[str, Outcome] = {}
    for line in state.current().lines():
        kind, *values = json.loads(line)
        if kind == _KIND:
            table, rows_read, rows_loaded, size, seconds, windows = values
            one = Outcome(rows_read, rows_loaded, size, seconds, frozenset(windows))
            totals[table] = totals.get(table, Outcome()) + one
    return totals


def _append(table: str, one: Outcome) -> None:
    values = [one.rows_read, one.rows_loaded, one.bytes, one.seconds, sorted(one.refused)]
    state.current().append(json.dumps([_KIND, table, *values]).encode())
