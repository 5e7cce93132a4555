"""Until when the source's past is over: which transactions are open, how far a replica is behind."""

from __future__ import annotations

import logging
import random
import time
import uuid
from datetime import datetime, timedelta
from typing import Any

import pymysql
from pymysql.constants import ER

from pipeline.errors import SourceError
from pipeline.stores import mysql_sql
from pipeline.stores.mysql import Connection, clock, rows_of, scalar, snapshot

log = logging.getLogger(__name__)

# MariaDB's and MySQL's word for "you lack a privilege for this statement"
_NO_PRIVILEGE = {ER.SPECIFIC_ACCESS_DENIED_ERROR, ER.ACCESS_DENIED_ERROR}
_LOOKS = 30
"""At the open transactions, until they are shown as they are."""
_REPLICATION = ("SHOW ALL SLAVES STATUS", "SHOW REPLICA STATUS", "SHOW SLAVE STATUS")


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
