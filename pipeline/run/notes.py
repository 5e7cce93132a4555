"""What the processes of a run note for its end, and what one of them logs for all.

Policies change or leave out values: the last lines of a run say so, one for each table and column.
"""

from __future__ import annotations

import json
import logging

from pipeline.run import state

log = logging.getLogger(__name__)
_CHANGE, _WARNING = "change", "warning"


def note(
    table: str, window: str, what: str, rows: int, example: str = "", *, whole: bool = False
) -> None:
    """Note that `rows` rows or values of a window were changed or left out, and how (`what`).

    With `whole` they are those of the table, counted again for each window.
    """
    line = json.dumps([_CHANGE, table, window, what, rows, example, whole])
    state.current().append(line.encode())


def lines() -> list[str]:
    """What was noted, by table and by what was done; of the windows the first and how many they are."""
    totals: dict[tuple[str, str], tuple[set[str], int, str]] = {}
    for line in state.current().lines():
        kind, *values = json.loads(line)
        if kind != _CHANGE:
            continue
        table, window, what, rows, example, whole = values
        windows, before, first = totals.get((table, what), (set(), 0, example))
        total = max(before, rows) if whole else before + rows
        totals[table, what] = ({*windows, window}, total, first)
    return [
        f"{table}: {rows:,} {what}{example}; windows: {len(windows)}, from {min(windows)}"
        for (table, what), (windows, rows, example) in sorted(totals.items())
    ]


def log_lines() -> None:
    """Log what was noted, at the end of a run."""
    for line in lines():
        log.warning("in this run, %s", line)


def warn(logger: logging.Logger, text: str) -> None:
    """Log a warning that no process of this run has logged before."""
    if state.current().append_new(json.dumps([_WARNING, text]).encode()):
        logger.warning(text)
