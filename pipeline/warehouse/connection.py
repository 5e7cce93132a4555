"""The warehouse: one Redshift database, through psycopg2."""

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
from pipeline.net.ssh_tunnel import route
from pipeline.warehouse import sql as redshift_sql

LOCK_TRIES = 3
"""How often a transaction asks for a table's lock, as long each time as a statement may take."""

Connection: TypeAlias = psycopg2.extensions.connection
Result = TypeVar("Result")

# Two sessions create one table or view: a unique violation, which only the catalogue has, or "exists".
_CREATED_TWICE = ("23505", "42P07")
_TRY_AGAIN = (
    "serializable isolation violation",  # error 1023, SQLSTATE XX000: told by its text alone
    "deadlock detected",
    "tuple concurrently updated",  # two sessions replace one view at once
    "could not open relation with oid",
)


@contextmanager
def connected(settings: Warehouse, bastion: Bastion | None = None) -> Iterator[Connection]:
    """A connection outside any transaction, through the bastion where the settings say so.

    Raises WarehouseError when the server cannot be reached or refuses the login. Errors of
    statements inside the context are translated too.
    """
    through = bastion if bastion and bastion.warehouse else None
    address = f"{settings.host}:{settings.port}"
    if circuit_breaker.is_open(address):
        raise WarehouseError(
            f"Redshift at {address} is left alone for a while",
            why=f"the last {circuit_breaker.PATIENCE} connections of this run or more could not be made",
            todo="see the first error of this run; the same command continues",
        )
    with route(through, settings.host, settings.port, WarehouseError) as (host, port):
        try:
            connection = retried(
                lambda: _connect(settings, host, port),
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
    connection = psycopg2.connect(
        host=settings.host,  # what the server's certificate is for
        hostaddr=host if host != settings.host else None,  # a tunnel's local end
        port=port,
        user=settings.user,
        password=settings.password.get_secret_value(),
        dbname=settings.database,
        sslmode=settings.sslmode,
        sslrootcert=str(settings.sslrootcert) if settings.sslrootcert else None,
        connect_timeout=15,
        # A load may say nothing for longer than a firewall remembers an idle connection.
        keepalives=1,
        keepalives_idle=30,
        keepalives_interval=10,
        keepalives_count=5,
        application_name="pipeline",
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


def schema_wanted(settings: Warehouse) -> str:
    """What to do where there is no schema to load into."""
    return f"{redshift_sql.create_schema(settings.schema_name)}, or correct REDSHIFT_SCHEMA"


def translate(error: psycopg2.Error, settings: Warehouse) -> WarehouseError:
    """The error of a statement in this package's words; credentials never stand in them."""
    text = " ".join((error.diag.message_primary or str(error)).split())
    todo = ""
    if error.pgcode == "57014":
        todo = (
            "see who holds the table (svv_transactions), or raise REDSHIFT_STATEMENT_TIMEOUT; "
            "what was not committed is not loaded"
        )
    elif error.pgcode == "3F000":
        todo = schema_wanted(settings)
    elif error.pgcode in ("42501", "42P01"):
        todo = f"check the rights of {settings.user} and REDSHIFT_SCHEMA ({settings.schema_name})"
    elif isinstance(error, psycopg2.OperationalError | psycopg2.InterfaceError):
        todo = "the same command continues; what was not committed is not loaded"
    return WarehouseError(f"Redshift at {settings.host} refused a statement", why=text, todo=todo)


@contextmanager
def transaction(connection: Connection) -> Iterator[psycopg2.extensions.cursor]:
    """One transaction: committed at the end, rolled back on any exception."""
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        try:
            yield cursor
        except BaseException:
            if not connection.closed:
                with connection.cursor() as other:  # an error's cursor still tells what failed
                    other.execute("ROLLBACK")
            raise
        cursor.execute("COMMIT")


def in_transaction(
    connection: Connection, work: Callable[[psycopg2.extensions.cursor], Result], *, what: str
) -> Result:
    """Do `work` in a transaction; a serialisation conflict or a deadlock repeats the whole of it.

    However long it took: a merge of minutes meets its conflict at the end. A lock that was not to be had
    within the statement timeout is waited for `LOCK_TRIES` times.
    """
    waits = 0

    def attempt() -> Result:
        with transaction(connection) as cursor:
            return work(cursor)

    def is_tried_again(error: BaseException) -> bool:
        nonlocal waits
        if not _is_unlocked(error):
            return _is_conflict(error)
        waits += 1
        return waits < LOCK_TRIES

    return retried(attempt, what=what, when=is_tried_again, longest=math.inf)


def _is_unlocked(error: BaseException) -> bool:
    """Whether the statement timeout passed before a table's lock was granted: nothing was done yet."""
    if not isinstance(error, psycopg2.errors.QueryCanceled) or error.cursor is None:
        return False
    return bytes(error.cursor.query or b"").startswith(b"LOCK ")


def _is_conflict(error: BaseException) -> bool:
    text = str(error).lower()
    return isinstance(error, psycopg2.Error) and (
        error.pgcode in _CREATED_TWICE or any(words in text for words in _TRY_AGAIN)
    )


def ensure(connection: Connection, statement: str, what: str) -> None:
    """Run a CREATE … IF NOT EXISTS that another session may be running too.

    Where both found nothing there, one of them gets a unique violation of the catalogue or the word
    that the relation exists; the second try then finds it.
    """

    def collided(error: BaseException) -> bool:
        return isinstance(error, psycopg2.Error) and error.pgcode in (*_CREATED_TWICE, "XX000")

    def attempt() -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement)

    retried(attempt, what=what, when=collided)


def add_column(connection: Connection, statement: str) -> None:
    """Run an ALTER TABLE … ADD COLUMN that another session may run too: one of them finds it done."""
    with suppress(psycopg2.errors.DuplicateColumn), connection.cursor() as cursor:
        cursor.execute(statement)


def scalar(cursor: psycopg2.extensions.cursor, query: str) -> Any:
    """The one value of a query of one row and one column; None for no row."""
    cursor.execute(query)
    row = cursor.fetchone()
    return row[0] if row else None


def affected(cursor: psycopg2.extensions.cursor, statement: str) -> int:
    """Run an INSERT, UPDATE or DELETE and return the number of rows it changed."""
    cursor.execute(statement)
    return cursor.rowcount
