"""The source: one MySQL server, spoken to in UTC and utf8mb4."""

from __future__ import annotations

import json
import logging
import random
import ssl
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import pymysql
from pymysql.constants import CR, ER
from pymysql.cursors import DictCursor

from pipeline.columns import Column, column_of
from pipeline.config.settings import Bastion, Source
from pipeline.errors import ConfigurationError, SourceError
from pipeline.names import TableName
from pipeline.retry import retried
from pipeline.stores import mysql_sql
from pipeline.stores.tunnel import route
from pipeline.window import UTC

log = logging.getLogger(__name__)
Connection: TypeAlias = "pymysql.connections.Connection[Any]"

_REFUSED = {ER.ACCESS_DENIED_ERROR, ER.DBACCESS_DENIED_ERROR, ER.TABLEACCESS_DENIED_ERROR}
_AWAY = {CR.CR_CONN_HOST_ERROR, CR.CR_SERVER_GONE_ERROR, CR.CR_SERVER_LOST, CR.CR_CONNECTION_ERROR}
# The server is shutting down, or an administrator ended the connection: MariaDB's number and MySQL's.
_ENDED = {ER.SERVER_SHUTDOWN, 1927, 3169}
# MariaDB's and MySQL's word for "you lack a privilege for this statement"
_NO_PRIVILEGE = {ER.SPECIFIC_ACCESS_DENIED_ERROR, ER.ACCESS_DENIED_ERROR}


_LOOKS = 30  # at the open transactions, until they are shown as they are


class SourceLost(SourceError):
    """The connection broke; the same may succeed on a new one."""


@dataclass(frozen=True)
class SourceTable:
    """A table as the source describes it: columns in order, primary key, indexes' leading columns."""

    name: TableName
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...]
    indexes: tuple[tuple[str, ...], ...]
    left_out: tuple[str, ...] = ()

    def column(self, name: str) -> Column | None:
        """The column of that name; MySQL's column names do not distinguish case."""
        return next((c for c in self.columns if c.name.lower() == name.lower()), None)

    def is_indexed(self, column: str) -> bool:
        """Whether an index leads with that column."""
        return any(index[0].lower() == column.lower() for index in self.indexes)


@dataclass(frozen=True)
class TableSize:
    """A table's size as InnoDB estimates it: rows, bytes of data, bytes a row."""

    rows: int
    bytes: int
    row_bytes: int


@contextmanager
def connected(settings: Source, bastion: Bastion | None = None) -> Iterator[Connection]:
    """A connection in UTC, utf8mb4 and autocommit, through the bastion if there is one.

    Raises SourceError when the server cannot be reached or refuses the login; a server that is away
    for a moment is tried again. Errors of statements inside the context are translated too.
    """
    with route(bastion, settings.host, settings.port, SourceError) as (host, port):
        try:
            connection = retried(
                lambda: _connect(settings, host, port),
                what=f"connect to MySQL at {settings.host}:{settings.port}",
                when=_is_away,
                tries=3,
            )
        except (pymysql.err.Error, OSError) as error:
            raise _translate(error, settings) from error
        try:
            yield connection
        except pymysql.err.Error as error:
            raise _translate(error, settings) from error
        finally:
            _close(connection)


class _Connection(pymysql.connections.Connection):
    """PyMySQL's, which reads the system's certificates once, not anew for every connection (25 ms)."""

    def _create_ssl_ctx(self, sslp: dict[str, Any]) -> ssl.SSLContext:
        asked = json.dumps(sslp, sort_keys=True, default=str)
        if asked not in _CONTEXTS:
            make: Any = super()
            _CONTEXTS[asked] = make._create_ssl_ctx(sslp)
        return _CONTEXTS[asked]


# What TLS connections have in common, by what was asked for.
_CONTEXTS: dict[str, ssl.SSLContext] = {}


def _connect(settings: Source, host: str, port: int) -> Connection:
    return _Connection(
        host=host,
        port=port,
        user=settings.user,
        password=settings.password.get_secret_value(),
        charset="utf8mb4",
        autocommit=True,
        connect_timeout=10,
        read_timeout=settings.timeout,
        write_timeout=settings.timeout,
        ssl_ca=str(settings.ssl_ca) if settings.ssl_ca else None,
        # Without it PyMySQL encrypts and takes any certificate. Names are not compared: through a
        # bastion the server is 127.0.0.1.
        ssl_verify_cert=True if settings.ssl_ca else None,
        # The server gives up on a client that does not read for this long, by default 60 seconds:
        # less than a slow upload can take.
        init_command=f"SET time_zone = '+00:00', net_write_timeout = {settings.timeout:d}",
    )


def _close(connection: Connection) -> None:
    try:
        connection.close()
    except pymysql.err.Error:
        log.debug("the connection was gone already")


def _is_away(error: BaseException) -> bool:
    return isinstance(error, pymysql.err.OperationalError) and error.args[0] in _AWAY


def _translate(error: Exception, settings: Source) -> SourceError:
    code = error.args[0] if error.args else 0
    what, todo = f"MySQL at {settings.host}:{settings.port} failed", ""
    if code == ER.ACCESS_DENIED_ERROR:
        what = f"MySQL at {settings.host}:{settings.port} refused the login of {settings.user}"
        todo = "check DB_USER and DB_PASSWORD"
    elif code in _REFUSED:
        todo = f"GRANT SELECT on it to {settings.user}"
    elif code in _AWAY:
        todo = (
            "check DB_HOST, DB_PORT and the network; the same command continues where this stopped"
        )
    kind = SourceLost if code in _AWAY | _ENDED else SourceError
    return kind(what, why=str(error.args[-1] if error.args else error), todo=todo)


def describe(
    connection: Connection,
    name: TableName,
    exclude: Sequence[str] = (),
    rename: Mapping[str, str] | None = None,
) -> SourceTable:
    """The table's columns, key and indexes.

    Generated columns are carried as their type; invisible ones and those of `exclude` are left out, those
    of `rename` get another name in the warehouse. Raises ConfigurationError when there is no such table,
    or one of `exclude` or `rename` is no column of it.
    """
    rows = rows_of(connection, mysql_sql.COLUMNS, (name.database, name.table))
    if not rows:
        raise ConfigurationError(
            f"the source has no table {name}",
            why="information_schema does not show it to this user",
            todo="correct the name (it may be case-sensitive), or GRANT SELECT on it",
        )
    known = {str(row["COLUMN_NAME"]).lower(): str(row["COLUMN_NAME"]) for row in rows}
    for setting, named in (("exclude", exclude), ("rename", rename or {})):
        if unknown := [column for column in named if column.lower() not in known]:
            raise ConfigurationError(
                f"{setting} names columns that {name} does not have", why=", ".join(unknown)
            )
    hidden = {str(r["COLUMN_NAME"]) for r in rows if "INVISIBLE" in str(r["EXTRA"]).upper()}
    # of names that differ in case alone the one that is spelled so is meant
    known |= {str(row["COLUMN_NAME"]): str(row["COLUMN_NAME"]) for row in rows}
    left_out = hidden | {known.get(c, known[c.lower()]) for c in exclude}
    targets = {known.get(c, known[c.lower()]): target for c, target in (rename or {}).items()}
    keys: dict[str, list[str]] = {}
    for row in rows_of(connection, mysql_sql.INDEXES, (name.database, name.table)):
        if row["COLUMN_NAME"] is not None:  # NULL for an index on an expression
            keys.setdefault(str(row["INDEX_NAME"]), []).append(str(row["COLUMN_NAME"]))
    return SourceTable(
        name=name,
        columns=tuple(
            column_of(row, targets.get(column))
            for row, column in ((row, str(row["COLUMN_NAME"])) for row in rows)
            if column not in left_out
        ),
        primary_key=tuple(keys.get("PRIMARY", ())),
        indexes=tuple(tuple(columns) for columns in keys.values()),
        left_out=tuple(sorted(left_out)),
    )


def size(connection: Connection, name: TableName) -> TableSize:
    """How large the table is, about."""
    with connection.cursor() as cursor:
        cursor.execute(mysql_sql.SIZE, (name.database, name.table))
        return TableSize(*map(int, cursor.fetchone() or (0, 0, 1)))


def clock(connection: Connection) -> datetime:
    """The server's clock, in UTC."""
    return _instant(scalar(connection, mysql_sql.CLOCK))


def zone(connection: Connection) -> str:
    """The zone of the server's sessions that set none, as the server names it."""
    return str(scalar(connection, mysql_sql.ZONE))


def closed_until(connection: Connection, lag: int) -> datetime:
    """The instant before which no transaction can commit a row any more.

    The clock less `lag` seconds, held back by the oldest open transaction that may write, by the oldest
    statement that may become one, and by what a replica has not applied yet. Only ever too early, never
    too late, so it may be remembered.
    """
    now = clock(connection)
    behind = _seconds_behind(connection)
    if behind is not None:
        log.warning(
            "the source is a replica: transactions open on its primary cannot be seen, and windows "
            "close %d s after their end; let DB_CLOSING_LAG outlast the longest transaction",
            lag,
        )
    ages = _ages(connection, lag) or []
    return min(now - timedelta(seconds=age) for age in [lag + (behind or 0), *ages])


def ended_until(connection: Connection, lag: int) -> datetime:
    """The instant for which holds: whatever had begun by then, and may write, is over.

    As `closed_until`, but `lag` counts only where open transactions cannot be seen.
    """
    now = clock(connection)
    behind, ages = _seconds_behind(connection), _ages(connection, lag)
    blind = behind is not None or ages is None
    waited = (behind or 0) + (lag if blind else 0)
    return min(now - timedelta(seconds=age) for age in [waited, *(ages or [])])


def _ages(connection: Connection, lag: int) -> list[int] | None:
    """Seconds since the oldest writing transaction and the oldest writing statement began.

    None where they cannot be seen.
    """
    try:
        transaction = _oldest_writer(connection)
        statement = scalar(connection, mysql_sql.OLDEST_STATEMENT)
    except pymysql.err.Error as error:
        if error.args[0] not in _NO_PRIVILEGE:
            raise
        log.warning(
            "open transactions cannot be seen (GRANT PROCESS): windows close by lag alone, %d s",
            lag,
        )
        return None
    ages = [int(statement)] if statement is not None else []
    if transaction is not None:
        # Begun before the clock went back an hour, it seems to begin in the future.
        ages.append(int(transaction) if transaction >= 0 else int(transaction) + 3600)
    # both count whole seconds; one more covers the part that was cut off
    return [age + 1 for age in ages]


def _oldest_writer(connection: Connection) -> int | None:
    """Seconds since the oldest transaction that may write began, None for no such transaction.

    innodb_trx is a picture that the server makes anew only after a tenth of a second in which nobody looked
    at it (https://dev.mysql.com/doc/refman/9.0/en/innodb-information-schema-internal-data.html). One in
    which this very query is seen is from now; raises SourceError where none is to be had.
    """
    for _ in range(_LOOKS):
        with snapshot(connection), connection.cursor() as cursor:
            cursor.execute(mysql_sql.oldest_writer(uuid.uuid4().hex))
            age, seen = cursor.fetchone() or (None, 0)
        if seen:
            return None if age is None else int(age)
        time.sleep(random.uniform(0.11, 0.3))  # noqa: S311 - so that several do not look in step
    raise SourceError(
        "the source does not say which transactions are open now",
        why="its innodb_trx stays as it was, as it does when it is read more than ten times a second",
        todo="find out who reads information_schema.innodb_trx that often, and run it again",
    )


_REPLICATION = ("SHOW ALL SLAVES STATUS", "SHOW REPLICA STATUS", "SHOW SLAVE STATUS")


def _seconds_behind(connection: Connection) -> int | None:
    """How far a replica's slowest channel is behind, None for a server that is none (or does not say)."""
    for statement in _REPLICATION:  # MariaDB's for all channels, MySQL 8.4's, MySQL 5.7's
        try:
            rows = rows_of(connection, statement)
        except pymysql.err.ProgrammingError:
            continue
        except pymysql.err.Error as error:
            if error.args[0] not in _NO_PRIVILEGE:
                raise
            log.info("replica lag cannot be seen (GRANT REPLICATION CLIENT)")
            return None
        return max(map(_behind, rows), default=None)
    return None


def _behind(channel: dict[str, Any]) -> int:
    behind = channel.get("Seconds_Behind_Source", channel.get("Seconds_Behind_Master"))
    if behind is None:
        raise SourceError(
            "the source is a replica that does not replicate",
            why=str(channel.get("Last_SQL_Error") or channel.get("Last_IO_Error") or "stopped"),
            todo="start replication; windows cannot be closed meanwhile",
        )
    return int(behind)


@contextmanager
def snapshot(connection: Connection) -> Iterator[None]:
    """One consistent, read-only snapshot for everything read inside."""
    with connection.cursor() as cursor:
        for statement in mysql_sql.SNAPSHOT:
            cursor.execute(statement)
    yield
    connection.rollback()


def scalar(connection: Connection, query: str) -> Any:
    """The one value of a query of one row and one column; None for no row."""
    with connection.cursor() as cursor:
        cursor.execute(query)
        row = cursor.fetchone()
    return row[0] if row else None


def rows_of(
    connection: Connection, query: str, arguments: tuple[object, ...] = ()
) -> list[dict[str, Any]]:
    """The rows of a small result, by column name."""
    with connection.cursor(DictCursor) as cursor:
        cursor.execute(query, arguments or None)
        return list(cursor.fetchall())


def _instant(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC)
