"""Notes that a run logs when it ends, and lines that it logs once.

The notes are values that policies changed or left out: one line for each table and kind of change.
"""

from __future__ import annotations

import json
import logging

from pipeline.run import state

log = logging.getLogger(__name__)
_CHANGE, _LINE = "change", "line"


def note(
    table: str, window: str, change: str, rows: int, example: str = "", *, whole: bool = False
) -> None:
    """Note that `rows` rows or values of a window were changed or left out; `change` says how.

    With `whole` the count is of the whole table, repeated for each window.
    """
    line = json.dumps([_CHANGE, table, window, change, rows, example, whole])
    state.current().append(line.encode())


def lines() -> list[str]:
    """One line for each table and change: total, example, number of windows and the first of them."""
    totals: dict[tuple[str, str], tuple[set[str], int, str]] = {}
    for line in state.current().lines():
        kind, *values = json.loads(line)
        if kind != _CHANGE:
            continue
        table, window, change, rows, example, whole = values
        windows, before, first = totals.get((table, change), (set(), 0, example))
        total = max(before, rows) if whole else before + rows
        totals[table, change] = ({*windows, window}, total, first)
    return [
        f"{table}: {rows:,} {change}{example}; windows: {len(windows)}, from {min(windows)}"
        for (table, change), (windows, rows, example) in sorted(totals.items())
    ]


def log_lines() -> None:
    """Log the notes at the end of a run."""
    for line in lines():
        log.warning("in this run, %s", line)


def warn(logger: logging.Logger, text: str, *, about: str = "") -> None:
    """Log a warning unless a process of this run has logged it, or another text `about` the same."""
    if is_new(about or text):
        logger.warning("%s", text)


def inform(logger: logging.Logger, text: str, *, about: str = "") -> None:
    """Log a line at level INFO, as `warn` does a warning."""
    if is_new(about or text):
        logger.info("%s", text)


def is_new(text: str) -> bool:
    """Whether no process of this run has asked about this text before; the first to ask logs it."""
    return state.current().append_new(json.dumps([_LINE, text]).encode())
