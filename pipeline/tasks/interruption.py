"""End a run on Ctrl-C and SIGTERM, once the package is imported, with one line and the shell's exit status.

Before the first task there is nothing to clean up, and the handler exits. An exception would be lost in a
callback of an import, in a fork hook, and in Luigi, whose worker ignores any while it looks up host and user
names. Later the handler raises: connections and tunnels are closed, and Luigi ends its child processes.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from types import FrameType
from typing import NoReturn

_WORDS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}


class Interrupted(KeyboardInterrupt, SystemExit):
    """Passes through Luigi as a KeyboardInterrupt, and ends Python without a traceback as a SystemExit."""


class Interruption:
    """The signal handlers of this process and of its forked children."""

    def __init__(self) -> None:
        self._run = os.getpid()
        self._has_tasks = False

    def install(self) -> None:
        """Install the handlers."""
        for number in _WORDS:
            signal.signal(number, self._end)
        os.register_at_fork(after_in_parent=self.begin, after_in_child=_end_with_parent)

    def begin(self) -> None:
        """Note that tasks run, and that there is something to clean up."""
        self._has_tasks = True

    def _end(self, number: int, _frame: FrameType | None) -> NoReturn:
        signal.signal(number, signal.SIG_DFL)  # a second one exits immediately
        status = 128 + number  # the shell's convention
        if os.getpid() == self._run:  # its children get the same Ctrl-C
            word = _WORDS[signal.Signals(number)]
            _write(f"{word}; stages with a marker are done, the same command continues after them")
            if not self._has_tasks:
                os._exit(status)
        error = Interrupted()
        error.code = status
        raise error


def _end_with_parent() -> None:
    """Restore the default SIGTERM, by which Luigi ends a child process."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _write(text: str) -> None:
    """Write unbuffered, as the signal may have interrupted a write to the buffer."""
    if sys.__stderr__ is not None:
        with suppress(OSError):  # its reader is gone
            os.write(sys.__stderr__.fileno(), f"pipeline: {text}\n".encode())
