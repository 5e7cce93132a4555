"""Until when the source's past is over: which transactions are open, how far a replica is behind."""

from __future__ import annotations

import logging
import random
import time
import uuid
from datetime import datetime, timedelta

import pymysql

from pipeline.errors import SourceError
from pipeline.source import activity_sql
from pipeline.source.connection import NO_PRIVILEGE, Connection, clock, rows_of, scalar, snapshot
from pipeline.source.replication import replication

log = logging.getLogger(__name__)

LONG = 300
"""Seconds that a transaction may hold windows back, beyond the lag, before it is told whose it is."""
PREPARED = 10
"""Seconds after which a transaction without a connection is one that was prepared (XA) and left: a commit
takes less. After a restart of the server it is said to have begun then, whenever it did."""
UNKNOWN = 40 * 365 * 86_400
"""Seconds: older than any window that is still to be taken."""
_LOOKS = 20
"""At the open transactions, until they are shown as they are."""
_PICTURE = 0.1
"""Seconds for which nobody may look, before the server shows them anew."""
_RAREST = 6.0
"""Seconds between two looks at most, so that many who look leave each other room."""


def closed_until(connection: Connection, lag: int) -> datetime:
    """The instant before which no transaction can commit a row any more.

    The clock less `lag` seconds, held back by the oldest open transaction that may write, by the oldest
    statement that may become one, and by what a replica has not applied yet. Only ever too early, never
    too late, so it may be remembered. Raises SourceError for a replica that does not replicate, or does
    not say.
    """
    now = clock(connection)
    origin = replication(connection)
    if origin.blind:
        log.warning(
            "%s: transactions open on a primary cannot be seen, and windows close %d s after their end; "
            "let DB_CLOSING_LAG outlast the longest transaction",
            origin.blind,
            lag,
        )
    ages = _ages(connection, lag) or []
    if max(ages, default=0) > lag + origin.behind + LONG:
        _tell_who_holds(connection)
    return min(now - timedelta(seconds=age) for age in [lag + origin.behind, *ages])


def _tell_who_holds(connection: Connection) -> None:
    """Nothing else would tell why no window closes, while an abandoned connection keeps all of them open."""
    for query in (activity_sql.WHO_WRITES_LONGEST, activity_sql.WHO_STATES_LONGEST):
        for row in rows_of(connection, query):
            if not row["id"]:
                log.warning(
                    "windows are held back by a prepared transaction, which may be of any age: XA RECOVER in "
                    "the source lists it, XA COMMIT or XA ROLLBACK ends it"
                )
                continue
            log.warning(
                "windows are held back by %s of connection %s (%s), open since %s by the server's clock; "
                "if it is abandoned, KILL %s in the source",
                *(row["what"], row["id"], row["who"], row["since"], row["id"]),
            )


def ended_until(connection: Connection, lag: int) -> datetime:
    """The instant for which holds: whatever had begun by then, and may write, is over.

    As `closed_until`, but `lag` counts only where open transactions cannot be seen.
    """
    now = clock(connection)
    origin, ages = replication(connection), _ages(connection, lag)
    waited = origin.behind + (lag if origin.blind or ages is None else 0)
    return min(now - timedelta(seconds=age) for age in [waited, *(ages or [])])


def _ages(connection: Connection, lag: int) -> list[int] | None:
    """Seconds since the oldest writing statement and the oldest writing transaction began.

    None where they cannot be seen. Statements first: one that ends between the two looks has left its
    transaction to be seen.
    """
    try:
        ages = (_oldest_statement(connection), _oldest_writer(connection))
    except pymysql.err.Error as error:
        if error.args[0] not in NO_PRIVILEGE:
            raise
        log.warning(
            "open transactions cannot be seen (GRANT PROCESS): windows close by lag alone, %d s",
            lag,
        )
        return None
    # both count whole seconds; one more covers the part that was cut off
    return [age + 1 for age in ages if age is not None]


def _oldest_statement(connection: Connection) -> int | None:
    """Seconds since the oldest statement that may write began, None for no such statement."""
    age = scalar(connection, activity_sql.OLDEST_STATEMENT)
    return None if age is None else int(age)


def _oldest_writer(connection: Connection) -> int | None:
    """Seconds since the oldest transaction that may write began, None for no such transaction.

    innodb_trx is a picture that the server makes anew only after a tenth of a second in which nobody looked
    at it (https://dev.mysql.com/doc/refman/9.0/en/innodb-information-schema-internal-data.html). One in
    which this very query is seen is from now; raises SourceError where none is to be had.
    """
    for look in range(_LOOKS):
        with snapshot(connection), connection.cursor() as cursor:
            cursor.execute(activity_sql.oldest_writer(uuid.uuid4().hex))
            age, alone, seen = cursor.fetchone() or (None, None, 0)
        if seen and alone is not None and int(alone) >= PREPARED:
            return UNKNOWN
        if seen:
            return None if age is None else _with_hour_put_back(connection, int(age))
        time.sleep(_until_next(look))
    raise SourceError(
        "the source does not say which transactions are open now",
        why="its innodb_trx stays as it was, as it does when it is read more than ten times a second",
        todo="find out who reads information_schema.innodb_trx that often, and run it again",
    )


def _until_next(look: int) -> float:
    """Seconds to the next look: ever longer, and at random, as each look puts off what all wait for."""
    return _PICTURE + random.uniform(0, min(_PICTURE * 2**look, _RAREST))  # noqa: S311 - no secret


def _with_hour_put_back(connection: Connection, age: int) -> int:
    """The age, by the server's local time, and what its clock may have been put back by since.

    A transaction begun before the change looks younger by that, or not even begun. Its digits do not
    say on which side of the change it began: the older is taken.
    """
    return age + int(scalar(connection, activity_sql.put_back_since(age)))
