"""Connections, transactions and errors of the warehouse: one Redshift database, through psycopg2."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeAlias, TypeVar

import psycopg2
import psycopg2.extensions

from pipeline.config.settings import Bastion, Warehouse
from pipeline.errors import WarehouseError
from pipeline.net import circuit_breaker
from pipeline.net.retry import retried
from pipeline.net.ssh_tunnel import Faults, route
from pipeline.warehouse import sql as redshift_sql
from pipeline.warehouse.watched import WatchedConnection, WatchedCursor

_FAULTS = Faults(failed=WarehouseError, lost=WarehouseError)

LOCK_TRIES = 3
"""Attempts at a table's lock, each as long as the statement timeout."""

Connection: TypeAlias = psycopg2.extensions.connection
Result = TypeVar("Result")

# Two sessions create one table or view: a unique violation, possible only in the catalogue, or "exists".
_CREATED_TWICE = ("23505", "42P07")
_CONFLICTS = (
    "serializable isolation violation",  # error 1023, SQLSTATE XX000: only the text identifies it
    "deadlock detected",
    "tuple concurrently updated",  # two sessions replace one view concurrently
    "could not open relation with oid",
)


@contextmanager
def connected(settings: Warehouse, bastion: Bastion | None = None) -> Iterator[Connection]:
    """An autocommit connection, through the bastion where the settings say so.

    Raises WarehouseError when the server cannot be reached or refuses the login; translates errors of
    statements inside the context.
    """
    through = bastion if bastion and bastion.warehouse else None
    address = f"{settings.host}:{settings.port}"
    if circuit_breaker.is_open(address):
        raise WarehouseError(
            f"not connecting to Redshift at {address} for now",
            why=f"at least {circuit_breaker.PATIENCE} connection attempts in a row failed in this run",
            todo="see the first error of this run; the same command continues",
        )
    with route(through, settings.host, settings.port, _FAULTS) as way:
        try:
            connection = retried(
                lambda: way.connect(lambda: _connect(settings, way.host, way.port)),
                what=f"connect to Redshift at {settings.host}:{settings.port}",
                when=_is_away,
                tries=3,
            )
        except psycopg2.Error as error:
            if _is_away(error):
                circuit_breaker.failed(address)
            raise _login_error(error, settings) from error
        circuit_breaker.succeeded(address)
        try:
            yield connection
        except psycopg2.Error as error:
            raise translate(error, settings) from error
        finally:
            connection.close()


def _connect(settings: Warehouse, host: str, port: int) -> Connection:
    connection = _logged_in(settings, host, port)
    try:
        connection.begin(settings.silence, lambda: _logged_in(settings, host, port))
    except BaseException:
        connection.close()
        raise
    return connection


def _logged_in(settings: Warehouse, host: str, port: int) -> WatchedConnection:
    idle = max(1, settings.silence // 6)
    connection: WatchedConnection = psycopg2.connect(
        host=settings.host,  # the name in the server's certificate
        hostaddr=host if host != settings.host else None,  # a tunnel's local end
        port=port,
        user=settings.user,
        password=settings.password.get_secret_value(),
        dbname=settings.database,
        sslmode=settings.sslmode,
        sslrootcert=str(settings.sslrootcert) if settings.sslrootcert else None,
        connect_timeout=max(2, min(15, settings.silence)),
        # A load may be silent for longer than a firewall keeps an idle connection.
        keepalives=1,
        keepalives_idle=idle,
        keepalives_interval=idle,
        keepalives_count=4,
        tcp_user_timeout=settings.silence * 1000,
        application_name="pipeline",
        connection_factory=WatchedConnection,
        cursor_factory=WatchedCursor,
    )
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"SET statement_timeout TO {settings.statement_timeout * 1000:d}")
    return connection


def _is_away(error: BaseException) -> bool:
    return isinstance(error, psycopg2.OperationalError) and any(
        words in str(error)
        for words in ("refused", "timeout", "timed out", "closed the connection")
    )


def _login_error(error: psycopg2.Error, settings: Warehouse) -> WarehouseError:
    text = " ".join(str(error).split())
    todo = "check REDSHIFT_HOST, REDSHIFT_PORT and the network"
    if "password" in text or "authentication" in text:
        todo = "check REDSHIFT_USER and REDSHIFT_PASSWORD"
    elif "database" in text and "exist" in text:
        todo = "check REDSHIFT_DATABASE"
    elif "certificate" in text or "SSL" in text:
        todo = "set REDSHIFT_SSLROOTCERT to Amazon's CA bundle, or choose another REDSHIFT_SSLMODE"
    return WarehouseError(
        f"cannot log in to Redshift at {settings.host}:{settings.port}", why=text, todo=todo
    )


def missing_schema_advice(settings: Warehouse) -> str:
    """The advice for a missing schema."""
    return f"{redshift_sql.create_schema(settings.schema_name)}, or correct REDSHIFT_SCHEMA"


def message(error: psycopg2.Error) -> str:
    """The error's primary message, on one line."""
    return " ".join((error.diag.message_primary or str(error)).split())


def translate(error: psycopg2.Error, settings: Warehouse) -> WarehouseError:
    """A statement's error as a WarehouseError, without credentials."""
    todo = ""
    if error.pgcode == "57014":
        todo = (
            "see svv_transactions for the session that holds the table, or raise "
            "REDSHIFT_STATEMENT_TIMEOUT; uncommitted rows are not loaded"
        )
    elif error.pgcode == "3F000":
        todo = missing_schema_advice(settings)
    elif error.pgcode in ("42501", "42P01"):
        todo = f"check the rights of {settings.user} and REDSHIFT_SCHEMA ({settings.schema_name})"
    elif isinstance(error, psycopg2.OperationalError | psycopg2.InterfaceError):
        todo = "run the same command again; uncommitted rows are not loaded"
    return WarehouseError(
        f"Redshift at {settings.host} refused a statement", why=message(error), todo=todo
    )


@contextmanager
def transaction(connection: Connection) -> Iterator[psycopg2.extensions.cursor]:
    """One transaction: committed at the end, rolled back on any exception."""
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        try:
            yield cursor
        except BaseException:
            if not connection.closed:
                with connection.cursor() as other:  # `cursor` keeps the failed query
                    other.execute("ROLLBACK")
            raise
        cursor.execute("COMMIT")


def in_transaction(
    connection: Connection, work: Callable[[psycopg2.extensions.cursor], Result], *, what: str
) -> Result:
    """Run `work` in a transaction; repeat it after a serialisation conflict or a deadlock.

    There is no time limit, as a merge of minutes meets its conflict at the end. A lock that is not granted
    within the statement timeout is requested `LOCK_TRIES` times.
    """
    timeouts = 0

    def attempt() -> Result:
        with transaction(connection) as cursor:
            return work(cursor)

    def is_retryable(error: BaseException) -> bool:
        nonlocal timeouts
        if not _is_lock_timeout(error):
            return _is_conflict(error)
        timeouts += 1
        return timeouts < LOCK_TRIES

    return retried(attempt, what=what, when=is_retryable, longest=math.inf)


def _is_lock_timeout(error: BaseException) -> bool:
    """Whether the statement timeout cancelled a LOCK, before any change."""
    if not isinstance(error, psycopg2.errors.QueryCanceled) or error.cursor is None:
        return False
    return bytes(error.cursor.query or b"").startswith(b"LOCK ")


def _is_conflict(error: BaseException) -> bool:
    text = str(error).lower()
    return isinstance(error, psycopg2.Error) and (
        error.pgcode in _CREATED_TWICE or any(words in text for words in _CONFLICTS)
    )


def ensure(connection: Connection, statement: str, what: str) -> None:
    """Run a CREATE … IF NOT EXISTS, and again where another session runs it concurrently.

    The slower session gets a unique violation of the catalogue, or an error that the relation exists.
    """

    def collided(error: BaseException) -> bool:
        return isinstance(error, psycopg2.Error) and error.pgcode in (*_CREATED_TWICE, "XX000")

    def attempt() -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement)

    retried(attempt, what=what, when=collided)


def add_column(connection: Connection, statement: str) -> None:
    """Run an ALTER TABLE … ADD COLUMN, unless another session has added the column."""
    with suppress(psycopg2.errors.DuplicateColumn), connection.cursor() as cursor:
        cursor.execute(statement)


def scalar(cursor: psycopg2.extensions.cursor, query: str) -> Any:
    """The value of a query with one row and one column; None for no row."""
    cursor.execute(query)
    row = cursor.fetchone()
    return row[0] if row else None


def affected(cursor: psycopg2.extensions.cursor, statement: str) -> int:
    """Run an INSERT, UPDATE or DELETE and return the number of rows it changed."""
    cursor.execute(statement)
    return cursor.rowcount
