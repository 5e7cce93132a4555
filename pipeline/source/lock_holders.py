"""The connections that hold a table's lock, or wait for it, after a read has waited too long.

A read waits for a granted EXCLUSIVE (ALTER, DROP) or SHARED_NO_READ_WRITE lock (LOCK TABLES … WRITE), and
behind a pending one, which itself waits for the open transactions that use the table.
https://dev.mysql.com/doc/refman/9.0/en/metadata-locking.html
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import pymysql
from pymysql.cursors import DictCursor

from pipeline.errors import SourceError

log = logging.getLogger(__name__)
Connection: TypeAlias = "pymysql.connections.Connection[Any]"
Row: TypeAlias = "Mapping[str, Any]"

# All of them have the table's `schema` and `name`, the lock's `mode` and whether it is granted, and the
# connection's id, account, statement and the statement's age.
_METADATA_LOCKS = """
SELECT m.OBJECT_SCHEMA AS `schema`, m.OBJECT_NAME AS name, m.LOCK_TYPE AS mode,
       m.LOCK_STATUS = 'GRANTED' AS is_granted, t.PROCESSLIST_ID AS id,
       CONCAT(t.PROCESSLIST_USER, '@', t.PROCESSLIST_HOST) AS account,
       LEFT(COALESCE(t.PROCESSLIST_INFO, s.SQL_TEXT), 200) AS statement, t.PROCESSLIST_TIME AS age
FROM performance_schema.metadata_locks AS m
JOIN performance_schema.threads AS t ON t.THREAD_ID = m.OWNER_THREAD_ID
LEFT JOIN performance_schema.events_statements_current AS s
  ON s.THREAD_ID = m.OWNER_THREAD_ID AND s.NESTING_EVENT_ID IS NULL
WHERE m.OBJECT_TYPE = 'TABLE' AND t.PROCESSLIST_ID <> CONNECTION_ID()
"""
# MariaDB's plugin has the granted locks only: a pending one is a statement that waits.
_METADATA_LOCK_INFO = """
SELECT i.TABLE_SCHEMA AS `schema`, i.TABLE_NAME AS name, REPLACE(i.LOCK_MODE, 'MDL_', '') AS mode,
       1 AS is_granted, i.THREAD_ID AS id, CONCAT(p.USER, '@', p.HOST) AS account,
       LEFT(p.INFO, 200) AS statement, p.TIME AS age
FROM information_schema.metadata_lock_info AS i
LEFT JOIN information_schema.processlist AS p ON p.ID = i.THREAD_ID
WHERE i.LOCK_TYPE = 'Table metadata lock' AND i.THREAD_ID <> CONNECTION_ID()
"""
_STATEMENTS = """
SELECT ID AS id, CONCAT(USER, '@', HOST) AS account, LEFT(INFO, 200) AS statement, TIME AS age
FROM information_schema.processlist
WHERE ID <> CONNECTION_ID() AND LOCATE(%s, INFO) > 0 ORDER BY TIME DESC LIMIT 5
"""
_TRANSACTIONS = """
SELECT t.trx_mysql_thread_id AS id, CONCAT(p.USER, '@', p.HOST) AS account, LEFT(p.INFO, 200) AS statement,
       TIMESTAMPDIFF(SECOND, t.trx_started, CONVERT_TZ(UTC_TIMESTAMP(), '+00:00', 'SYSTEM')) AS age
FROM information_schema.innodb_trx AS t
LEFT JOIN information_schema.processlist AS p ON p.ID = t.trx_mysql_thread_id
WHERE t.trx_mysql_thread_id NOT IN (0, CONNECTION_ID()) ORDER BY t.trx_started LIMIT 5
"""
_BLOCKS_READS = ("EXCLUSIVE", "SHARED_NO_READ_WRITE")
_TO_SEE_LOCKS = (
    "; GRANT PROCESS, and SELECT on performance_schema, show who holds a lock (MariaDB: INSTALL SONAME"
    " 'metadata_lock_info' does)"
)
_TABLE = re.compile(r"(?i)\b(?:FROM|TABLE) `((?:[^`]|``)+)`\.`((?:[^`]|``)+)`")


def table_of(statement: str) -> tuple[str, str] | None:
    """The database and table that a statement of `sql` reads; None for one that reads no table."""
    match = _TABLE.search(statement)
    return (match[1].replace("``", "`"), match[2].replace("``", "`")) if match else None


def lock_wait(connection: Connection, table: tuple[str, str] | None, seconds: int) -> SourceError:
    """The error of a read that waited `seconds` for the table's lock, with the connections that hold it."""
    name = ".".join(table) if table else "a table"
    lines, hint = _holders(connection, table), ""
    if not lines:
        suspects = _suspects(connection, table) if table else []
        lines = [
            "the account does not see which connection holds it",
            *(["perhaps " + "; ".join(suspects)] if suspects else []),
        ]
        hint = _TO_SEE_LOCKS
    return SourceError(
        f"{name} is locked in the source: a read waited {seconds} s",
        why="; ".join(lines),
        todo="let that statement or transaction end, or end it there (COMMIT, ROLLBACK, UNLOCK TABLES), then"
        f" run the same command again; DB_LOCK_WAIT is the wait in seconds{hint}",
    )


def _holders(connection: Connection, table: tuple[str, str] | None) -> list[str]:
    """One line for each connection that blocks reads of the table; empty where no lock is visible.

    Needs SELECT on `performance_schema`, or MariaDB's plugin metadata_lock_info and PROCESS.
    """
    queries = (_METADATA_LOCKS, _METADATA_LOCK_INFO)
    lines = (list(_lock_lines(_rows(connection, query), table)) for query in queries)
    return next(filter(None, lines), [])


def _suspects(connection: Connection, table: tuple[str, str]) -> list[str]:
    """One line for each statement that names the table, and for each open transaction: one may hold it."""
    statements = _rows(connection, _STATEMENTS, (table[1],))
    running = {row["id"] for row in statements}
    transactions = [row for row in _rows(connection, _TRANSACTIONS) if row["id"] not in running]
    return [
        *(
            f"{_connection(row)} has been running for {row['age']} s{_text(row)}"
            for row in statements
        ),
        *(
            f"{_connection(row)} has an open transaction, for {row['age']} s{_text(row)}"
            for row in transactions
        ),
    ]


def _lock_lines(locks: Sequence[Row], table: tuple[str, str] | None) -> Iterator[str]:
    """The locks that block reads of the table, or of any where it is a view, and the locks these wait for."""
    blocking = [lock for lock in locks if str(lock["mode"]) in _BLOCKS_READS]
    named = [lock for lock in blocking if (lock["schema"], lock["name"]) == table]
    chosen = named or blocking
    for lock in chosen:
        verb = "holds" if lock["is_granted"] else "waits for"
        relation = f"{lock['schema']}.{lock['name']}"
        yield f"{_connection(lock)} {verb} the lock {lock['mode']} of {relation}{_text(lock)}"
    pending = {(lock["schema"], lock["name"]) for lock in chosen if not lock["is_granted"]}
    known = {lock["id"] for lock in chosen}
    for lock in locks:
        is_of_pending = (lock["schema"], lock["name"]) in pending and lock["is_granted"]
        if is_of_pending and lock["id"] not in known:
            known.add(lock["id"])
            yield f"{_connection(lock)} holds {lock['mode']}, for {lock['age']} s{_text(lock)}"


def _connection(row: Row) -> str:
    return f"connection {row['id']} ({row['account'] or 'of another account'})"


def _text(row: Row) -> str:
    """The statement, which an idle connection ran last where `performance_schema` has it."""
    statement = " ".join(str(row["statement"] or "").split())
    return f": {statement[:120]}" if statement else ", idle"


def _rows(connection: Connection, query: str, arguments: tuple[str, ...] = ()) -> Sequence[Row]:
    """The rows of a query; none where it fails: the error to report is the wait for the lock."""
    try:
        with connection.cursor(DictCursor) as cursor:
            cursor.execute(query, arguments or None)
            return list(cursor.fetchall())
    except pymysql.err.Error as error:
        log.debug("cannot read who holds locks: %s", error)
        return ()
