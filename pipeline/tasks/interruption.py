"""Ctrl-C and SIGTERM end a run from its first instant, with one line and the status that shells give them.

Until a task runs there is nothing to clean up, and the process ends in the handler. An exception would be
lost in a callback of an import, in a hook of a fork, and in Luigi, whose worker ignores any while it looks
up the names of host and user. From then on it is an exception: connections and tunnels are closed, and Luigi
ends its child processes.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from types import FrameType
from typing import NoReturn

_WORDS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}
_GOES_ON = "and the same command goes on from there"


class Interrupted(KeyboardInterrupt, SystemExit):
    """Passes through Luigi as a KeyboardInterrupt, and ends Python without a traceback as a SystemExit."""


class Interruption:
    """How the signals end this process, and the children that it forks."""

    def __init__(self) -> None:
        self._run = os.getpid()
        self._has_begun = False

    def install(self) -> None:
        """Handle both signals from now on."""
        for number in _WORDS:
            signal.signal(number, self._end)
        os.register_at_fork(after_in_parent=self.begin, after_in_child=_end_with_parent)

    def begin(self) -> None:
        """From now on there is something to clean up."""
        self._has_begun = True

    def _end(self, number: int, _frame: FrameType | None) -> NoReturn:
        signal.signal(number, signal.SIG_DFL)  # a second one ends it at once
        status = 128 + number  # as shells have it
        if os.getpid() == self._run:  # its children get the same Ctrl-C from the terminal
            _write(f"{_WORDS[signal.Signals(number)]}; what has its marker is done, {_GOES_ON}")
            if not self._has_begun:
                os._exit(status)
        error = Interrupted()
        error.code = status
        raise error


def _end_with_parent() -> None:
    """Let Luigi end a child process by SIGTERM, which it waits for."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _write(text: str) -> None:
    """Write past the buffer: the signal may have come while it is written to."""
    if sys.__stderr__ is not None:
        with suppress(OSError):  # its reader is gone
            os.write(sys.__stderr__.fileno(), f"pipeline: {text}\n".encode())
