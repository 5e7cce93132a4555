"""A TCP proxy that can stop forwarding without closing anything."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_BLOCK = 1 << 16


class SilentProxy:
    """Forwards connections to `target`; after `silence()` nothing passes, and new ones get no answer.

    `after` bytes from the server are forwarded before it falls silent by itself.
    """

    def __init__(self, target: tuple[str, int], after: int | None = None) -> None:
        self.after, self.forwarded = after, 0
        self.silent = threading.Event()
        self._target = target
        self._server = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = [self._server]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        """The port to connect to."""
        return int(self._server.getsockname()[1])

    def silence(self) -> None:
        """Stop forwarding."""
        self.silent.set()

    def close(self) -> None:
        """Close every connection, and stop listening."""
        self.silent.set()
        for each in self._open:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                client, _ = self._server.accept()
                self._open.append(client)
                if self.silent.is_set():
                    continue
                server = socket.create_connection(self._target)
                self._open.append(server)
                for pair in ((client, server), (server, client)):
                    threading.Thread(
                        target=self._forward, args=(*pair, pair[0] is server), daemon=True
                    ).start()

    def _forward(self, source: socket.socket, to: socket.socket, is_answer: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_BLOCK):
                if self.silent.is_set():
                    return
                to.sendall(data)
                if is_answer:
                    self.forwarded += len(data)
                    if self.after is not None and self.forwarded > self.after:
                        self.silent.set()
            if not self.silent.is_set():
                to.shutdown(socket.SHUT_WR)


@contextmanager
def silent_proxy(host: str, port: int, after: int | None = None) -> Iterator[SilentProxy]:
    """A proxy in front of a server."""
    proxy = SilentProxy((host, port), after)
    try:
        yield proxy
    finally:
        proxy.close()
