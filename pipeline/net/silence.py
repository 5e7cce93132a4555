"""Detection of a silent peer: a connection that is not closed, and on which nothing arrives any more.

TCP notices a peer that no longer acknowledges. It does not notice a proxy, a tunnel or a server that
acknowledges and sends nothing; nor does a read timeout tell it from a server that computes for long. A second
connection does: after each period of silence it asks whether the server still works on the statement.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

log = logging.getLogger(__name__)

LOGIN_TIMEOUT = 10.0  # seconds, for a connection until its login is complete
_LOOKS = 8
"""Looks at the connection per period of silence."""


def keep_alive(connection: socket.socket, silence: int) -> None:
    """Let TCP end the connection when nothing is acknowledged for `silence` seconds."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    idle = max(1, silence // 4)
    for name, value in (
        ("TCP_KEEPIDLE", idle),
        ("TCP_KEEPINTVL", idle),
        ("TCP_KEEPCNT", 3),
        ("TCP_USER_TIMEOUT", silence * 1000),  # milliseconds; bounds what was sent, too
    ):
        if hasattr(socket, name):  # Linux has all of them
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


class Watch:
    """Ends a connection whose peer is silent during a wait.

    `is_working` asks on a second connection whether the server still works on the statement; any error that
    it raises is a no. `connection` is a duplicate of the connection's socket, which the watch closes.
    """

    def __init__(
        self, connection: socket.socket, silence: float, is_working: Callable[[], bool]
    ) -> None:
        self.silence = silence
        self.gave_up = False
        self._connection, self._is_working = connection, is_working
        self._since: float | None = None
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="silence", daemon=True)
        self._thread.start()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Mark a wait for the peer; each begins a new period of silence."""
        self._since = time.monotonic()
        try:
            yield
        finally:
            self._since = None

    @property
    def reason(self) -> str:
        """Why the connection was ended."""
        return f"nothing arrived for {self.silence:g} s, and the server no longer works on the statement"

    def close(self) -> None:
        """End the watch; the connection stays open."""
        self._closed.set()
        self._connection.close()

    def _run(self) -> None:
        while not self._closed.wait(self.silence / _LOOKS):
            since = self._since
            if since is None or time.monotonic() - since < self.silence:
                continue
            working = self._asked()
            if self._since != since or self._closed.is_set():
                continue
            if working:
                self._since = time.monotonic()
                continue
            self.gave_up = True
            with contextlib.suppress(OSError):  # it ended meanwhile
                self._connection.shutdown(socket.SHUT_RDWR)
            return

    def _asked(self) -> bool:
        try:
            return self._is_working()
        except Exception as error:
            log.warning("nothing arrived for %g s; a second connection: %s", self.silence, error)
            return False
