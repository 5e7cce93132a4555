"""Connections, snapshots and errors of the source: one MySQL server, through PyMySQL."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from typing import Any, TypeAlias

import pymysql
from pymysql.constants import CR, ER
from pymysql.cursors import DictCursor, SSCursor

from pipeline.config.settings import Bastion, Source
from pipeline.errors import SourceError
from pipeline.model.window import UTC
from pipeline.net.retry import retried
from pipeline.net.ssh_tunnel import Faults, Route, route
from pipeline.source import failures, lock_holders, session, session_sql
from pipeline.source import sql as mysql_sql
from pipeline.source.failures import SnapshotEnded, StatementFailed
from pipeline.source.watched import LoginSilent, WatchedConnection, is_working

__all__ = ["Connection", "SnapshotEnded", "StatementFailed"]

log = logging.getLogger(__name__)
Connection: TypeAlias = "pymysql.connections.Connection[Any]"

_REFUSED = {
    ER.DBACCESS_DENIED_ERROR,
    ER.TABLEACCESS_DENIED_ERROR,
    ER.COLUMNACCESS_DENIED_ERROR,
}
_AWAY = {CR.CR_CONN_HOST_ERROR, CR.CR_SERVER_GONE_ERROR, CR.CR_SERVER_LOST, CR.CR_CONNECTION_ERROR}
# A missing privilege for a statement: MySQL and MariaDB.
NO_PRIVILEGE = {ER.SPECIFIC_ACCESS_DENIED_ERROR, ER.ACCESS_DENIED_ERROR}
# The server is shutting down, or an administrator ended the connection (MariaDB, MySQL).
_ENDED = {ER.SERVER_SHUTDOWN, 1927, 3169}
_CHECK_ADDRESS = (
    "check DB_HOST, DB_PORT and the network; the same command continues where this stopped"
)
_TRIES_AT_LIMIT = 7
"""Attempts to connect to a server that has no free connection, over half a minute."""


class SourceLost(SourceError):
    """The connection is lost; a new one may succeed."""


_FAULTS = Faults(failed=SourceError, lost=SourceLost)


@contextmanager
def connected(settings: Source, bastion: Bastion | None = None) -> Iterator[Connection]:
    """An autocommit connection, prepared by `session`, through the bastion if there is one.

    Raises SourceError when the server cannot be reached after retries, or refuses the login; translates
    errors of statements inside the context.
    """
    with route(bastion, settings.host, settings.port, _FAULTS) as way:
        try:
            connection = retried(
                lambda: _connect_if_there(settings, way),
                what=f"connect to MySQL at {settings.host}:{settings.port}",
                when=failures.is_busy,
                tries=_TRIES_AT_LIMIT,
            )
        except (pymysql.err.Error, OSError) as error:
            raise _translate(error, settings, at_login=True) from error
        try:
            with translated(connection, settings):
                yield connection
        finally:
            _close(connection)


@contextmanager
def translated(connection: Connection, settings: Source) -> Iterator[None]:
    """Translate errors of statements inside the context, as `connected` does; the connection stays open."""
    try:
        yield
    except pymysql.err.Error as error:
        if failures.code_of(error) == ER.LOCK_WAIT_TIMEOUT:
            seconds = session.lock_wait_of(settings.timeout, settings.lock_wait)
            table = getattr(connection, "last_table", None)
            raise lock_holders.lock_wait(connection, table, seconds) from error
        raise _translate(error, settings) from error


class _Connection(WatchedConnection):
    """A watched connection that keeps its last statement of a table."""

    last_table: tuple[str, str] | None = None
    """Database and table of the last statement that reads a table."""

    def query(self, sql: str | bytes, unbuffered: bool = False) -> int:
        """Send a statement."""
        text = sql if isinstance(sql, str) else sql.decode(errors="replace")
        self.last_table = lock_holders.table_of(text) or self.last_table
        return int(super().query(sql, unbuffered))


def _connect_if_there(settings: Source, way: Route) -> Connection:
    return retried(
        lambda: way.connect(lambda: _connect(settings, way.host, way.port)),
        what=f"connect to MySQL at {settings.host}:{settings.port}",
        when=_is_away,
        tries=3,
    )


def _connect(settings: Source, host: str, port: int) -> Connection:
    def works(thread: int) -> bool:
        try:
            with closing(_logged_in(settings, host, port, lambda _thread: False)) as other:
                if scalar(other, f"SELECT {session_sql.SERVER}") != server:
                    return True  # an address of several servers: this one does not know
                return is_working(other, thread)
        except pymysql.err.OperationalError as error:
            if error.args[0] in _AWAY:
                raise
            return True  # the server answers, if only that it has too many connections

    server = ""
    connection = _logged_in(settings, host, port, works)
    try:
        server = session.prepare(connection, settings.timeout, settings.lock_wait)
    except BaseException:
        _close(connection)
        raise
    return connection


def _logged_in(settings: Source, host: str, port: int, works: Callable[[int], bool]) -> _Connection:
    connection = _Connection(
        host=host,
        port=port,
        user=settings.user,
        password=settings.password.get_secret_value().encode(),  # PyMySQL encodes text as Latin-1
        charset="utf8mb4",
        autocommit=True,
        read_timeout=settings.timeout,
        write_timeout=settings.timeout,
        ssl_ca=str(settings.ssl_ca) if settings.ssl_ca else None,
        # Else PyMySQL encrypts and accepts any certificate. Host names are not checked: through a bastion
        # the server is 127.0.0.1.
        ssl_verify_cert=True if settings.ssl_ca else None,
        defer_connect=True,
    )
    connection.log_in(settings.silence, works)
    return connection


def _close(connection: Connection) -> None:
    try:
        connection.close()
    except pymysql.err.Error:
        log.debug("the connection was already closed")


def _is_away(error: BaseException) -> bool:
    if isinstance(error, SourceLost):  # the bastion cannot reach the server
        return True
    return isinstance(error, pymysql.err.OperationalError) and error.args[0] in _AWAY


def _translate(error: Exception, settings: Source, *, at_login: bool = False) -> SourceError:
    """The error of a statement, or of a login, as a SourceError."""
    code = failures.code_of(error)
    address = f"{settings.host}:{settings.port}"
    failure, todo, kind = f"MySQL at {address} failed", "", SourceError
    if code in _AWAY | _ENDED:
        kind, todo = SourceLost, _CHECK_ADDRESS
    elif known := failures.failure_of(error, at_login=at_login):
        failure, todo, kind = known.what, known.todo, known.kind
    elif code == ER.ACCESS_DENIED_ERROR:
        failure = f"MySQL at {address} refused the login of {settings.user}"
        todo = "check DB_USER and DB_PASSWORD"
    elif code in _REFUSED:
        todo = f"GRANT SELECT on it to {settings.user}"
    elif isinstance(error, OSError | UnicodeError):
        todo = _CHECK_ADDRESS
    elif failures.is_of_server(error) and not at_login:
        kind = StatementFailed
    if isinstance(error, LoginSilent):  # was tried again: each attempt takes long
        kind = SourceError
    return kind(failure, why=str(error.args[-1] if error.args else error), todo=todo)


def clock(connection: Connection) -> datetime:
    """The server's clock, in UTC."""
    now: datetime = scalar(connection, mysql_sql.CLOCK)
    return now.replace(tzinfo=UTC)


def zone(connection: Connection) -> str:
    """The server's default zone, by its name; UTC for any that is UTC all year."""
    return str(scalar(connection, mysql_sql.ZONE))


@contextmanager
def snapshot(connection: Connection) -> Iterator[None]:
    """One consistent, read-only snapshot for all reads inside the context."""
    with connection.cursor() as cursor:
        cursor.execute(mysql_sql.SNAPSHOT)
    yield
    connection.rollback()


def scalar(connection: Connection, query: str) -> Any:
    """The value of a query of one row and one column; None for no row."""
    with connection.cursor() as cursor:
        cursor.execute(query)
        row = cursor.fetchone()
    return row[0] if row else None


def stream(connection: Connection, query: str) -> Iterator[tuple[Any, ...]]:
    """The rows of a query of any size, one at a time; read all before the next statement."""
    with connection.cursor(SSCursor) as cursor:
        cursor.execute(query)
        yield from cursor.fetchall_unbuffered()


def rows_of(
    connection: Connection, query: str, arguments: tuple[object, ...] = ()
) -> list[dict[str, Any]]:
    """The rows of a small result, by column name."""
    with connection.cursor(DictCursor) as cursor:
        cursor.execute(query, arguments or None)
        return list(cursor.fetchall())
