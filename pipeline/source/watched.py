"""PyMySQL's connection on a socket that is watched for silence."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Callable
from typing import Any

import pymysql
from pymysql.constants import CR

from pipeline.net.silence import LOGIN_TIMEOUT, Watch, keep_alive

_CONTEXTS: dict[str, ssl.SSLContext] = {}
"""TLS contexts by their options, as JSON."""
_WRITING = {"Writing to net", "Sending to client"}
"""States of a server that waits for its client: MariaDB's, MySQL's."""


class LoginSilent(pymysql.err.OperationalError):
    """The server accepts a connection and says nothing."""


class WatchedConnection(pymysql.connections.Connection):
    """A connection that ends when the server is silent, and does not work on the statement.

    One TLS context serves all connections of a process: reading the system's certificates takes 25 ms.
    """

    watch: Watch | None = None

    def _create_ssl_ctx(self, sslp: dict[str, Any]) -> ssl.SSLContext:
        options = json.dumps(sslp, sort_keys=True, default=str)
        if options not in _CONTEXTS:
            parent: Any = super()
            _CONTEXTS[options] = parent._create_ssl_ctx(sslp)
        return _CONTEXTS[options]

    def log_in(self, silence: int, is_working: Callable[[int], bool]) -> None:
        """Connect and log in; `is_working` is asked for the connection's id during a silence."""
        connection = self._reached()
        keep_alive(connection, silence)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        login, rest = (
            connection.dup(),
            connection.dup(),
        )  # TLS detaches the socket from its descriptor
        watch = Watch(login, min(LOGIN_TIMEOUT, silence), lambda: False)
        try:
            with watch.waiting():
                self.connect(connection)
        except pymysql.err.OperationalError as error:
            rest.close()
            if watch.gave_up:
                raise LoginSilent(
                    CR.CR_SERVER_LOST, f"no login within {watch.silence:g} s"
                ) from error
            raise
        finally:
            watch.close()
        untyped: Any = self
        thread = int(untyped.thread_id())
        self.watch = Watch(rest, silence, lambda: is_working(thread))

    def _reached(self) -> socket.socket:
        address = (self.host, self.port)
        try:
            return socket.create_connection(address, timeout=LOGIN_TIMEOUT)
        except (OSError, UnicodeError) as error:  # the last for what is no host name
            kind = LoginSilent if isinstance(error, TimeoutError) else pymysql.err.OperationalError
            text = f"Can't connect to MySQL server on {self.host!r} ({error})"
            raise kind(CR.CR_CONN_HOST_ERROR, text) from error

    def query(self, sql: str | bytes, unbuffered: bool = False) -> int:
        """Run a statement; its answer may take as long as the server works on it."""
        if self.watch is None:
            return super().query(sql, unbuffered)
        try:
            with self.watch.waiting():
                return super().query(sql, unbuffered)
        except pymysql.err.OperationalError as error:
            if self.watch.gave_up:
                raise pymysql.err.OperationalError(CR.CR_SERVER_LOST, self.watch.reason) from error
            raise

    def close(self) -> None:
        """Close the connection, and end its watch."""
        if self.watch is not None:
            self.watch.close()
        super().close()


def is_working(connection: WatchedConnection, thread: int) -> bool:
    """Whether the server executes a statement of the thread, and does not wait for its client."""
    with connection.cursor(pymysql.cursors.DictCursor) as cursor:
        cursor.execute("SHOW PROCESSLIST")
        for row in cursor.fetchall():
            if row["Id"] == thread:
                return row["Command"] != "Sleep" and row["State"] not in _WRITING
    return False
