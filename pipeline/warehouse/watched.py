"""psycopg2's connection on a socket that is watched for silence."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import Any

import psycopg2
from psycopg2 import extensions

from pipeline.net.silence import Watch

# https://docs.aws.amazon.com/redshift/latest/dg/r_STV_SESSIONS.html; a user sees its own sessions
_SESSION = "SELECT 1 FROM stv_sessions WHERE process = %s"


class WatchedCursor(extensions.cursor):
    """A cursor whose statements end when the server is silent, and has no such session any more."""

    def execute(self, query: Any, vars: Any = None) -> None:
        """Run a statement; its answer may take as long as the server has the session."""
        watch = self.connection.watch if isinstance(self.connection, WatchedConnection) else None
        if watch is None:
            super().execute(query, vars)
            return
        try:
            with watch.waiting():
                super().execute(query, vars)
        except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
            if watch.gave_up:
                raise psycopg2.OperationalError(watch.reason) from error
            raise


class WatchedConnection(extensions.connection):
    """A connection with a watch from `begin` to `close`."""

    watch: Watch | None = None

    def begin(self, silence: int, connect: Callable[[], extensions.connection]) -> None:
        """Begin to watch; `connect` opens a second connection to the same server."""
        with self.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            (process,) = cursor.fetchone() or (None,)

        def has_session() -> bool:
            other = connect()
            try:
                with other.cursor() as cursor:
                    cursor.execute(_SESSION, (process,))
                    return cursor.fetchone() is not None
            finally:
                other.close()

        duplicate = socket.socket(fileno=os.dup(self.fileno()))
        self.watch = Watch(duplicate, silence, has_session)

    def close(self) -> None:
        """Close the connection, and end its watch."""
        if self.watch is not None:
            self.watch.close()
        super().close()
