"""A connection to the embedded PostgreSQL, for relayed statements and queries of the proxy."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from pathlib import Path

from devstack.redshift import wire
from devstack.redshift.errors import BackendError

Sink = Callable[[bytes, bytes], None]
"""Receives a message for the client: its type byte and its body."""


class Backend:
    """One PostgreSQL session over the raw protocol.

    `status` is the transaction status of the last ReadyForQuery (b"I", b"T" or b"E"), `key` the
    eight bytes that a cancel request must contain.
    """

    def __init__(self, channel: wire.Channel, address: Path) -> None:
        self.channel = channel
        self.address = address
        self.status = b"I"
        self.key = b""

    @classmethod
    def connect(cls, path: Path, user: str, database: str, settings: dict[str, str]) -> Backend:
        """Log in over the unix socket `path`; raises BackendError if PostgreSQL refuses."""
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(str(path))
        backend = cls(wire.Channel(sock), path)
        backend.channel.write(
            wire.startup(
                {"user": user, "database": database, "client_encoding": "UTF8", **settings}
            )
        )
        backend.channel.flush()
        try:
            backend.wait(lambda _kind, _body: None)
        except (BackendError, wire.Disconnected):
            backend.close()
            raise
        return backend

    @property
    def pid(self) -> int:
        """The process id of the PostgreSQL session."""
        return int.from_bytes(self.key[:4], "big")

    def wait(self, sink: Sink) -> None:
        """Pass every message to `sink` until ReadyForQuery.

        An ErrorResponse is raised as BackendError instead, once PostgreSQL is ready again.
        """
        failure: BackendError | None = None
        while True:
            try:
                kind, body = self.channel.read()
            except wire.Disconnected:
                if failure is not None:
                    raise failure from None
                raise
            if kind == b"Z":
                self.status = body
                break
            if kind == b"K":
                self.key = body
            elif kind == b"E":
                failure = BackendError(wire.error_fields(body))
            else:
                sink(kind, body)
        if failure is not None:
            raise failure

    def send(self, data: bytes) -> None:
        """Send a message now."""
        self.channel.write(data)
        self.channel.flush()

    def step(self, data: bytes, ends: bytes, sink: Sink) -> None:
        """Send a message of the extended protocol and pass on its answer.

        `ends` are the message types that complete the answer. An ErrorResponse is raised as
        BackendError; PostgreSQL then skips everything up to the next Sync.
        """
        self.send(data + wire.message(b"H"))
        while True:
            kind, body = self.channel.read()
            if kind == b"E":
                raise BackendError(wire.error_fields(body))
            sink(kind, body)
            if kind in ends:
                return

    def has_failed(self) -> bool:
        """Whether an ErrorResponse is waiting to be read while this side is sending."""
        try:
            return self.channel.sock.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b"E"
        except BlockingIOError:
            return False

    def relay(self, statements: Sequence[str], shown: int, sink: Sink) -> None:
        """Run statements as one simple query; only the answer of statement `shown` goes to `sink`."""
        done = 0

        def selected(kind: bytes, body: bytes) -> None:
            nonlocal done
            if kind in b"NSA" or done == shown:
                sink(kind, body)
            if kind in b"CI":
                done += 1

        self.send(wire.query("; ".join(statements)))
        self.wait(selected)

    def query(self, sql: str) -> list[list[str | None]]:
        """Run a statement of the proxy; returns its rows as text."""
        rows: list[list[str | None]] = []

        def collect(kind: bytes, body: bytes) -> None:
            if kind == b"D":
                cells = wire.cells(body)
                rows.append([None if cell is None else cell.decode() for cell in cells])

        self.send(wire.query(sql))
        self.wait(collect)
        return rows

    def cancel(self) -> None:
        """Cancel the running statement of this session, over a separate connection."""
        send_cancel(self.address, self.key)

    def close(self) -> None:
        """Close the connection; PostgreSQL rolls back an open transaction."""
        self.channel.close()


def send_cancel(path: Path, key: bytes) -> None:
    """Send a cancel request to the server on the unix socket `path`."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(path))
        sock.sendall(wire.cancel(key))
        sock.recv(1)  # the server closes the connection once it has processed the request


def literal(value: str | None) -> str:
    """A string literal for the embedded PostgreSQL, where backslashes escape."""
    if value is None:
        return "NULL"
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
