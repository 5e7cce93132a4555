"""The instant until which windows are closed, from open transactions and the delay of a replica."""

from __future__ import annotations

import logging
import random
import time
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pymysql

from pipeline.errors import SourceError
from pipeline.run import notes
from pipeline.source import activity_sql
from pipeline.source.connection import NO_PRIVILEGE, Connection, clock, rows_of, scalar, snapshot
from pipeline.source.replication import replication
from pipeline.source.statement_kind import only_reads

log = logging.getLogger(__name__)

WARN_AFTER = 300
"""Seconds for which a transaction may hold windows open, beyond the lag, without a warning."""
PREPARED_AFTER = 10
"""Seconds after which a transaction without a connection is a prepared one (XA): a commit takes less."""
UNKNOWN_AGE = 40 * 365 * 86_400
"""Seconds, above the age of any window: a restart resets the start of a prepared transaction."""
_TRIES = 20
"""Reads of innodb_trx until one is current."""
_CACHE_TIME = 0.1
"""Seconds without a read after which the server refreshes innodb_trx."""
_MAX_BACKOFF = 6.0
"""Maximum seconds between two reads, so that many concurrent readers do not block each other."""


def closed_until(connection: Connection, lag: int) -> datetime:
    """The instant before which no transaction can commit another row.

    It is the clock less `lag` seconds and a replica's delay, or the start of the oldest open transaction or
    statement that may write, if that is earlier. It may be too early, never too late, and stays valid: it
    may be cached. Raises SourceError as `replication` does, and where open transactions are not shown.
    """
    now = clock(connection)
    status = replication(connection)
    if status.blind_spot:
        notes.warn(
            log,
            f"{status.blind_spot}: open transactions of a primary are not visible, and windows close "
            f"{lag} s after their end; set DB_CLOSING_LAG above the longest transaction",
        )
    ages = _ages(connection, lag) or []
    if max(ages, default=0) > (limit := lag + status.delay + WARN_AFTER):
        _log_blockers(connection, limit)
    return min(now - timedelta(seconds=age) for age in [lag + status.delay, *ages])


def _log_blockers(connection: Connection, limit: int) -> None:
    """Log the oldest writers above an age in seconds: an abandoned connection keeps every window open."""
    transactions = rows_of(connection, activity_sql.LONGEST_TRANSACTION)
    statements = sorted(_writing_statements(connection), key=lambda row: int(row["age"]))
    for row in [*transactions, *statements[-1:]]:
        if not row["id"]:
            notes.warn(
                log,
                "windows are held open by a prepared transaction of unknown age: XA RECOVER in the "
                "source lists it, XA COMMIT or XA ROLLBACK ends it",
            )
        elif int(row["age"]) >= limit:
            writer = f"{row['kind']} of connection {row['id']} ({row['account']})"
            text = f"windows are held open by {writer} for {row['age']} s; {_way_out(row)}"
            notes.warn(log, text, about=f"windows are held open by {writer}")


def _way_out(row: Mapping[str, Any]) -> str:
    """What ends a writer; a transaction that has only read is not to be killed, as it may be a report."""
    if row["only_read"]:
        return (
            "it has only read so far but may still write: COMMIT there, or let it begin with START"
            " TRANSACTION READ ONLY"
        )
    return f"if it is abandoned, KILL {row['id']} in the source"


def ended_until(connection: Connection, lag: int) -> datetime:
    """The instant until which every writing transaction and statement that began has ended.

    As `closed_until`, but `lag` counts only where open transactions are not visible.
    """
    now = clock(connection)
    status, ages = replication(connection), _ages(connection, lag)
    margin = status.delay + (lag if status.blind_spot or ages is None else 0)
    return min(now - timedelta(seconds=age) for age in [margin, *(ages or [])])


def _ages(connection: Connection, lag: int) -> list[int] | None:
    """The ages of the oldest writing statement and transaction, in seconds; None where they are not visible.

    Statements are read first: one that ends in between leaves its transaction to the second read.
    """
    try:
        ages = (_oldest_statement(connection), _oldest_writer(connection))
    except pymysql.err.Error as error:
        if error.args[0] not in NO_PRIVILEGE:
            raise
        text = f"open transactions are not visible (GRANT PROCESS): windows close by lag alone, {lag} s"
        notes.warn(log, text)
        return None
    # one more second, as both ages are rounded down
    return [age + 1 for age in ages if age is not None]


def _oldest_statement(connection: Connection) -> int | None:
    """The age of the oldest statement that may write, in seconds; None for no such statement."""
    return max((int(row["age"]) for row in _writing_statements(connection)), default=None)


def _writing_statements(connection: Connection) -> list[dict[str, Any]]:
    """The running statements that may write: a reading one holds no window open, however long it takes."""
    return [
        row
        for row in rows_of(connection, activity_sql.STATEMENTS)
        if not only_reads(str(row["statement"]), is_whole=bool(row["is_whole"]))
    ]


def _oldest_writer(connection: Connection) -> int | None:
    """The age of the oldest transaction that may write, in seconds; None for no such transaction.

    The server refreshes innodb_trx only after a tenth of a second without a read
    (https://dev.mysql.com/doc/refman/9.0/en/innodb-information-schema-internal-data.html). A result that
    shows this query is current; raises SourceError where none is.
    """
    for attempt in range(_TRIES):
        with snapshot(connection), connection.cursor() as cursor:
            cursor.execute(activity_sql.oldest_writer(uuid.uuid4().hex))
            age, detached, is_current = cursor.fetchone() or (None, None, 0)
        if is_current and detached is not None and int(detached) >= PREPARED_AFTER:
            return UNKNOWN_AGE
        if is_current:
            return None if age is None else _with_clock_setback(connection, int(age))
        time.sleep(_backoff(attempt))
    raise SourceError(
        "the source does not show its open transactions",
        why="its innodb_trx is not refreshed while it is read more than ten times per second",
        todo="stop the other readers of information_schema.innodb_trx, then run the same command again",
    )


def _backoff(attempt: int) -> float:
    """Seconds to the next read, growing and random, as each read delays the refresh for all readers."""
    return _CACHE_TIME + random.uniform(0, min(_CACHE_TIME * 2**attempt, _MAX_BACKOFF))  # noqa: S311 - no secret


def _with_clock_setback(connection: Connection, age: int) -> int:
    """The age by the server's local time, and the setback of its clock since then.

    A transaction that began before a setback looks younger by it. Of an ambiguous start the earlier is taken.
    """
    return age + int(scalar(connection, activity_sql.clock_setback(age)))
