"""The warehouse: one Redshift database, through psycopg2."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeAlias, TypeVar

import psycopg2
import psycopg2.extensions

from pipeline.config.settings import Bastion, Warehouse
from pipeline.errors import LoadRefused, WarehouseError
from pipeline.retry import retried
from pipeline.stores import breaker, redshift_sql
from pipeline.stores.redshift_sql import CopySource, Relation
from pipeline.stores.tunnel import route

LOCK_TRIES = 3
"""How often a transaction asks for a table's lock, as long each time as a statement may take."""

Connection: TypeAlias = psycopg2.extensions.connection
Result = TypeVar("Result")
_breaker = breaker.Breaker()

# A provisioned cluster has the first view, a serverless workgroup the second, which has no value:
# https://docs.aws.amazon.com/redshift/latest/dg/SYS_LOAD_ERROR_DETAIL.html
_LOAD_ERRORS = (
    "SELECT filename, line_number, colname, type, raw_field_value, err_code, err_reason"
    " FROM stl_load_errors WHERE session = pg_backend_pid() ORDER BY starttime DESC LIMIT 1",
    "SELECT file_name, line_number, column_name, column_type, NULL, error_code, error_message"
    " FROM sys_load_error_detail WHERE session_id = pg_backend_pid() ORDER BY start_time DESC LIMIT 1",
)
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
    if _breaker.is_open(address):
        raise WarehouseError(
            f"Redshift at {address} is left alone for a while",
            why=f"the last {breaker.PATIENCE} connections of this run or more could not be made",
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
                _breaker.failed(address)
            raise _login_error(error, settings) from error
        _breaker.succeeded()
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
        todo = f"{redshift_sql.create_schema(settings.schema_name)}, or correct REDSHIFT_SCHEMA"
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


def table_columns(connection: Connection, table: Relation) -> dict[str, str]:
    """The table's columns in order, each with its type as DDL spells it; empty for no such table."""
    with connection.cursor() as cursor:
        cursor.execute(redshift_sql.TABLE_COLUMNS, (table.schema, table.name))
        return {str(row[0]): _type_text(*row[1:]) for row in cursor.fetchall()}


def required_columns(connection: Connection, table: Relation) -> frozenset[str]:
    """The table's columns that take no NULL and have no default."""
    with connection.cursor() as cursor:
        cursor.execute(redshift_sql.REQUIRED_COLUMNS, (table.schema, table.name))
        return frozenset(str(name) for (name,) in cursor.fetchall())


def primary_key(connection: Connection, table: Relation) -> tuple[str, ...]:
    """The columns that the table declares as its key, in order; empty for none, or another's table."""
    with connection.cursor() as cursor:
        cursor.execute(redshift_sql.PRIMARY_KEY, (table.schema, table.name))
        return tuple(str(name) for (name,) in cursor.fetchall())


def _type_text(name: str, length: int | None, precision: int | None, scale: int | None) -> str:
    names = {
        "character varying": "VARCHAR",
        "character": "CHAR",
        "numeric": "DECIMAL",
        "timestamp without time zone": "TIMESTAMP",
        "binary varying": "VARBYTE",
    }
    text = names.get(name.lower(), name.upper())
    if text in ("VARCHAR", "CHAR", "VARBYTE") and length:
        return f"{text}({length})"
    return f"{text}({precision},{scale})" if text == "DECIMAL" else text


def copy(
    connection: Connection, stage: Relation, columns: Sequence[str], source: CopySource
) -> int:
    """COPY a manifest into a stage, in a transaction of its own, and return the rows it loaded.

    Raises LoadRefused with file, line, column, value and reason when COPY refuses a value; of Parquet
    there is neither line nor value to tell.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute(redshift_sql.copy(stage, columns, source))
            return int(scalar(cursor, "SELECT pg_last_copy_count()"))
    except psycopg2.InternalError as error:
        if "spectrum" in str(error).lower():
            raise _refused_parquet(source, error) from None
        if "load" not in str(error).lower():
            raise
        raise _refused(connection, source, error) from None


def restore_empty(
    cursor: psycopg2.extensions.cursor, table: Relation, column: str, token: str
) -> int:
    """Make bytes of length zero of those that are `token`, hexadecimal; how many there are then."""
    cursor.execute(redshift_sql.restore_empty(table, column, token))
    return int(scalar(cursor, redshift_sql.count_empty(table, column)))


def _refused(connection: Connection, source: CopySource, error: psycopg2.Error) -> LoadRefused:
    text = " ".join((error.diag.message_primary or str(error)).split())
    row = _load_error(connection)
    if row is None:
        return LoadRefused(f"COPY refused {source.manifest_url}", why=text)
    value = "" if row[4] is None else f", value {str(row[4]).strip()!r}"
    filename, line, column, kind, _, code, reason = (str(field).strip() for field in row)
    return LoadRefused(
        f"COPY refused line {line} of {filename}",
        why=f"column {column} ({kind}){value}: {reason} (error {code})",
        todo="mend the row or the column's type; the window stays unloaded, what was loaded is as it was",
    )


def _refused_parquet(source: CopySource, error: psycopg2.Error) -> LoadRefused:
    """Parquet is read by Spectrum, which tells what was wrong in the error's detail alone."""
    context = re.search(
        r"context:\s*(.+?)\s*(?:\n\s*-{9,}|$)", error.diag.message_detail or "", re.S
    )
    return LoadRefused(
        f"COPY refused {source.manifest_url}",
        why=" ".join((context[1] if context else str(error)).split()),
        todo="mend the row in the source, or load the table with `copy_format: csv`, whose policies say "
        "what becomes of such a value; then delete the window's CSV marker",
    )


def _load_error(connection: Connection) -> tuple[Any, ...] | None:
    for query in _LOAD_ERRORS:
        try:
            with connection.cursor() as cursor:
                cursor.execute(query)
                row: tuple[Any, ...] | None = cursor.fetchone()
        except psycopg2.Error:
            continue  # that kind of warehouse has the other view
        if row is not None:
            return row
    return None
