"""What policies changed or left out, told once more at the end of a run: a line for each table and column.

Tasks run in child processes, which inherit the open file that is read at the end.
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import tempfile

log = logging.getLogger(__name__)
_notes = tempfile.TemporaryFile(prefix="pipeline-", buffering=0)  # noqa: SIM115 - open until the end


def note(
    table: str, window: str, what: str, rows: int, example: str = "", *, whole: bool = False
) -> None:
    """Remember that `rows` rows or values of a window were changed or left out, and how (`what`).

    With `whole` they are those of the table, counted anew for each window.
    """
    # one write, at the file's common position: lines of two processes do not mix
    _notes.write(json.dumps([table, window, what, rows, example, whole]).encode() + b"\n")


def lines() -> list[str]:
    """The report, by table and by what was done; of the windows the first and how many they are."""
    found: dict[tuple[str, str], tuple[set[str], int, str]] = {}
    size = os.fstat(_notes.fileno()).st_size
    for line in os.pread(_notes.fileno(), size, 0).splitlines():
        table, window, what, rows, example, whole = json.loads(line)
        windows, before, first = found.get((table, what), (set(), 0, example))
        total = max(before, rows) if whole else before + rows
        found[table, what] = ({*windows, window}, total, first)
    return [
        f"{table}: {rows:,} {what}{example}; windows: {len(windows)}, from {min(windows)}"
        for (table, what), (windows, rows, example) in sorted(found.items())
    ]


def report_at_exit() -> None:
    """Tell it when this process, and not a child of it, ends."""
    atexit.register(_report, os.getpid())


def _report(process: int) -> None:
    if os.getpid() != process:
        return
    for line in lines():
        log.warning("in this run, %s", line)
