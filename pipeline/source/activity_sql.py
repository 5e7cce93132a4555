"""SQL about the server's activity: running statements, open transactions, signs of a replica."""

from __future__ import annotations

# A statement fixes NOW() when it begins, and is no transaction while it waits for a metadata or backup lock:
# its age bounds the cursors that it may still write. Commands that write have many names (Query, Execute,
# Bulk_execute, Connect for an event), so the others are excluded. A replica's threads are as old as its
# delay. `statement` is the beginning, as a statement may have gigabytes.
STATEMENTS = """
SELECT 'a statement' AS kind, ID AS id, CONCAT(USER, '@', HOST) AS account, TIME AS age,
       LEFT(INFO, 10000) AS statement, CHAR_LENGTH(INFO) <= 10000 AS is_whole, 0 AS only_read
FROM information_schema.processlist
WHERE ID <> CONNECTION_ID() AND USER <> 'system user' AND COMMAND NOT IN ('Sleep', 'Daemon')
AND LEFT(COMMAND, 6) <> 'Slave_' AND LEFT(COMMAND, 11) <> 'Binlog Dump' AND INFO IS NOT NULL
"""
# The view has the server's local time, hence the zone SYSTEM.
LONGEST_TRANSACTION = """
SELECT 'a transaction' AS kind, t.trx_mysql_thread_id AS id, CONCAT(p.USER, '@', p.HOST) AS account,
       TIMESTAMPDIFF(SECOND, t.trx_started, CONVERT_TZ(UTC_TIMESTAMP(), '+00:00', 'SYSTEM')) AS age,
       t.trx_rows_modified = 0 AS only_read
FROM information_schema.innodb_trx AS t
LEFT JOIN information_schema.processlist AS p ON p.ID = t.trx_mysql_thread_id
WHERE t.trx_is_read_only = 0 ORDER BY t.trx_started LIMIT 1
"""
# For a user who may not read the replication status; NULL for no sign. read_only is an enumeration since
# MariaDB 12, a number elsewhere.
REPLICA_SIGNS = """
SELECT CASE
  WHEN CONCAT(@@global.read_only) NOT IN ('0', 'OFF') THEN 'read_only is set'
  WHEN @@global.innodb_read_only THEN 'innodb_read_only is set'
  WHEN EXISTS (SELECT 1 FROM information_schema.processlist WHERE USER = 'system user'
               AND (LEFT(COMMAND, 6) = 'Slave_' OR COMMAND = 'Connect')) THEN 'its threads run'
END
"""
# True also for a replica below the level of statements, such as an Aurora reader.
IS_READ_ONLY = "SELECT @@global.innodb_read_only OR CONCAT(@@global.read_only) NOT IN ('0', 'OFF')"


def oldest_writer(tag: str) -> str:
    """The age of the oldest writing transaction, that of the oldest without a connection, both in seconds,
    and whether innodb_trx shows this query.

    A read-only transaction commits no row into a window. The view has the server's local time, hence the zone
    SYSTEM. `tag` consists of letters and digits, and is unique to the query.
    """
    now = "CONVERT_TZ(UTC_TIMESTAMP(), '+00:00', 'SYSTEM')"
    began = "MIN(IF(trx_is_read_only = 0, trx_started, NULL))"
    alone = "MIN(IF(trx_is_read_only = 0 AND trx_mysql_thread_id = 0, trx_started, NULL))"
    return (
        f"SELECT TIMESTAMPDIFF(SECOND, {began}, {now}), TIMESTAMPDIFF(SECOND, {alone}, {now}), "
        f"COALESCE(SUM(INSTR(trx_query, {_word_literal(tag)}) > 0), 0) FROM information_schema.innodb_trx"
    )


def clock_setback(age: int) -> str:
    """The seconds by which the server's local clock was set back in the last `age` seconds, at least 0.

    It looks back an hour further: `age` is a difference of local times, and may be an hour short.
    """
    ago = f"INTERVAL {age + 3600:d} SECOND"
    then, now = f"UTC_TIMESTAMP() - {ago}", "UTC_TIMESTAMP()"
    local_then = f"CONVERT_TZ({then}, '+00:00', 'SYSTEM')"
    local_now = f"CONVERT_TZ({now}, '+00:00', 'SYSTEM')"
    return f"SELECT GREATEST(0, TIMESTAMPDIFF(SECOND, {local_now} - {ago}, {local_then}))"


def _word_literal(word: str) -> str:
    if not (word.isascii() and word.isalnum()):
        raise ValueError(f"{word!r} does not consist of letters and digits")
    return f"'{word}'"
