"""MySQL's SQL, as text: what its sessions and transactions are about, and whether it is a replica."""

from __future__ import annotations

# A statement's NOW() is fixed when it begins, but it is no transaction yet while it waits for a metadata
# or backup lock; its age tells how old a cursor it may still write. Commands that write have many names
# (Query, Execute, Bulk_execute, Connect for an event): those that write nothing are named. The threads of a
# replica are as old as it is behind.
_STATES = """
FROM information_schema.processlist
WHERE ID <> CONNECTION_ID() AND USER <> 'system user' AND COMMAND NOT IN ('Sleep', 'Daemon')
AND LEFT(COMMAND, 6) <> 'Slave_' AND LEFT(COMMAND, 11) <> 'Binlog Dump'
AND LTRIM(INFO) NOT LIKE 'SELECT%' AND LTRIM(INFO) NOT LIKE 'SHOW%'
"""
OLDEST_STATEMENT = f"SELECT MAX(TIME) {_STATES}"
WHO_STATES_LONGEST = f"""
SELECT 'a statement' AS what, ID AS id, CONCAT(USER, '@', HOST) AS who, NOW() - INTERVAL TIME SECOND AS since
{_STATES} ORDER BY TIME DESC LIMIT 1
"""
WHO_WRITES_LONGEST = """
SELECT 'a transaction' AS what, t.trx_mysql_thread_id AS id, CONCAT(p.USER, '@', p.HOST) AS who,
       t.trx_started AS since
FROM information_schema.innodb_trx AS t
LEFT JOIN information_schema.processlist AS p ON p.ID = t.trx_mysql_thread_id
WHERE t.trx_is_read_only = 0 ORDER BY t.trx_started LIMIT 1
"""
# What a user sees of a replica who may not ask for its status; NULL for nothing. An enumeration since
# MariaDB 12, read_only is a number elsewhere.
REPLICA_TRACES = """
SELECT CASE
  WHEN CONCAT(@@global.read_only) NOT IN ('0', 'OFF') THEN 'read_only is set'
  WHEN @@global.innodb_read_only THEN 'innodb_read_only is set'
  WHEN EXISTS (SELECT 1 FROM information_schema.processlist WHERE USER = 'system user'
               AND (LEFT(COMMAND, 6) = 'Slave_' OR COMMAND = 'Connect')) THEN 'its threads run'
END
"""
# Also of a replica below the level of statements, as an Aurora reader is.
IS_READ_ONLY = "SELECT @@global.innodb_read_only OR CONCAT(@@global.read_only) NOT IN ('0', 'OFF')"


def oldest_writer(sign: str) -> str:
    """Seconds since the oldest transaction that may write began, the same of those without a connection, and
    whether innodb_trx shows this query.

    The view has the server's own local time, hence the zone SYSTEM; a transaction that can only read
    cannot commit a row into a window. `sign` is letters and digits that no other query has.
    """
    now = "CONVERT_TZ(UTC_TIMESTAMP(), '+00:00', 'SYSTEM')"
    began = "MIN(IF(trx_is_read_only = 0, trx_started, NULL))"
    alone = "MIN(IF(trx_is_read_only = 0 AND trx_mysql_thread_id = 0, trx_started, NULL))"
    return (
        f"SELECT TIMESTAMPDIFF(SECOND, {began}, {now}), TIMESTAMPDIFF(SECOND, {alone}, {now}), "
        f"COALESCE(SUM(INSTR(trx_query, {literal_word(sign)}) > 0), 0) FROM information_schema.innodb_trx"
    )


def put_back_since(age: int) -> str:
    """Seconds by which the server's clock was put back since `age` seconds and an hour ago, at least 0.

    An hour more, as `age` is a difference of local times and may be too little by that.
    """
    ago = f"INTERVAL {age + 3600:d} SECOND"
    then, now = f"UTC_TIMESTAMP() - {ago}", "UTC_TIMESTAMP()"
    local_then = f"CONVERT_TZ({then}, '+00:00', 'SYSTEM')"
    local_now = f"CONVERT_TZ({now}, '+00:00', 'SYSTEM')"
    return f"SELECT GREATEST(0, TIMESTAMPDIFF(SECOND, {local_now} - {ago}, {local_then}))"


def literal_word(word: str) -> str:
    """A string literal of letters and digits; anything else is refused."""
    if not (word.isascii() and word.isalnum()):
        raise ValueError(f"{word!r} is not a word")
    return f"'{word}'"
