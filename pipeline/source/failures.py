"""Errors of a MySQL server by their number: what failed, and the next action.

Numbers: https://mariadb.com/kb/en/mariadb-error-code-reference/ and
https://dev.mysql.com/doc/mysql-errors/9.0/en/server-error-reference.html
"""

from __future__ import annotations

from dataclasses import dataclass

import pymysql
from pymysql.constants import ER

from pipeline.errors import SourceError

_CLIENT_ERRORS = range(2000, 3000)
"""Numbers of PyMySQL itself, such as a lost connection."""


class StatementFailed(SourceError):
    """The server ended a statement for a reason that lies in the rows, or that is unknown here."""


class SnapshotEnded(SourceError):
    """The server ended the snapshot, as after an ALTER of the table; a new one may pass."""


@dataclass(frozen=True)
class Failure:
    """What failed, the next action, and the class of the error."""

    what: str
    todo: str
    kind: type[SourceError] = SourceError


_REPEAT = "run the same command again"
_TIME_LIMIT = Failure(
    "the source ended a statement at a time limit",
    "the pipeline lifts the limits of its session: remove that of a proxy, or of a program that ends long"
    f" statements, for its account; then {_REPEAT}",
)
_ENDED = Failure(
    "a statement was ended in the source, as by KILL QUERY",
    f"find out who ended it and why, then {_REPEAT}: it continues where this run stopped",
)
_PACKET = Failure(
    "a statement is longer than the source accepts",
    "raise max_allowed_packet in the source; 16M is enough for any table",
)
_CONNECTIONS = Failure(
    "the source has no free connection",
    "lower `mysql` under [resources] in luigi.cfg, or --workers; or raise max_connections in the source",
)
_ACCOUNT_LIMIT = Failure(
    "the account has reached a limit of the source",
    "lower `mysql` under [resources] in luigi.cfg, or --workers; or raise the limit: ALTER USER … WITH"
    " MAX_USER_CONNECTIONS, or the variable max_user_connections",
)
_HOURLY_LIMIT = Failure(
    "the account has reached an hourly limit of the source",
    "wait for the next hour, or lift it: ALTER USER … WITH MAX_QUERIES_PER_HOUR 0 MAX_UPDATES_PER_HOUR 0"
    " MAX_CONNECTIONS_PER_HOUR 0",
)
_ACCOUNT = Failure(
    "the source does not let the account in",
    "set a new password by ALTER USER … IDENTIFIED BY and in DB_PASSWORD; or ALTER USER … ACCOUNT UNLOCK",
)
_BLOCKED = Failure(
    "the source blocks this host after failed connections",
    "run FLUSH HOSTS in the source (MySQL 8.4: TRUNCATE performance_schema.host_cache)",
)
_INIT_CONNECT = Failure(
    "the source ended the connection at its login",
    "correct the variable init_connect in the source: one of its statements fails for this account",
)
_MEMORY = Failure("the source ran out of memory", f"free memory there, then {_REPEAT}")
_DISK = Failure(
    "the source ran out of disk space for the statement",
    f"free space there in datadir and tmpdir, then {_REPEAT}",
)
_VIEW = Failure(
    "a view cannot be read",
    "repair it in the source: its tables, columns, functions and definer must exist, and the definer needs"
    " SELECT on them; or remove its definition from configs/",
)
_DAMAGED = Failure("a table cannot be read", "CHECK TABLE and repair it in the source")
_REMOTE = Failure(
    "a table cannot be read",
    "it is stored in other tables or on another server: repair these, or remove its definition from configs/",
)
_ALTERED = Failure(
    "the table was altered while it was read",
    f"{_REPEAT} when the ALTER has ended",
    SnapshotEnded,
)
_DEADLOCK = Failure("the source ended a statement in a deadlock", _REPEAT, SnapshotEnded)

_DAMAGED_CODES = (
    *(126, 127, 144, 145, 1033, 1034, 1035, 1194, 1195),  # MyISAM, Aria
    *(
        1712,
        1812,
        1813,
        1814,
        1877,
        1932,
    ),  # InnoDB: index, tablespace, or table missing in the engine
)
_BY_CODE: dict[int, Failure] = {
    **dict.fromkeys((ER.STATEMENT_TIMEOUT, ER.QUERY_TIMEOUT), _TIME_LIMIT),
    ER.QUERY_INTERRUPTED: _ENDED,
    ER.NET_PACKET_TOO_LARGE: _PACKET,
    **dict.fromkeys((ER.CON_COUNT_ERROR, ER.CANT_CREATE_THREAD), _CONNECTIONS),
    **dict.fromkeys((ER.TOO_MANY_USER_CONNECTIONS, ER.USER_LIMIT_REACHED), _ACCOUNT_LIMIT),
    **dict.fromkeys(
        (1820, 1862, 3118, 4151), _ACCOUNT
    ),  # expired, expired, locked (MySQL, MariaDB)
    ER.HOST_IS_BLOCKED: _BLOCKED,
    ER.NEW_ABORTING_CONNECTION: _INIT_CONNECT,
    **dict.fromkeys((5, ER.OUTOFMEMORY, ER.OUT_OF_SORTMEMORY, ER.OUT_OF_RESOURCES), _MEMORY),
    **dict.fromkeys((3, ER.DISK_FULL, ER.ERROR_ON_WRITE, ER.RECORD_FILE_FULL), _DISK),
    # An account without SUPER gets 1045 in a statement for a definer that does not exist.
    **dict.fromkeys((ER.VIEW_INVALID, ER.NO_SUCH_USER, ER.ACCESS_DENIED_ERROR), _VIEW),
    **dict.fromkeys(_DAMAGED_CODES, _DAMAGED),
    **dict.fromkeys((ER.WRONG_MRG_TABLE, 1296, *range(1429, 1434), 12701), _REMOTE),
    ER.TABLE_DEF_CHANGED: _ALTERED,
    ER.LOCK_DEADLOCK: _DEADLOCK,
}
_BUSY = {
    ER.CON_COUNT_ERROR,
    ER.CANT_CREATE_THREAD,
    ER.TOO_MANY_USER_CONNECTIONS,
    ER.USER_LIMIT_REACHED,
}
_HOURLY = ("max_questions", "max_updates", "max_connections_per_hour")


def failure_of(error: Exception, *, at_login: bool = False) -> Failure | None:
    """What failed with a statement, or `at_login`; None for an unknown error."""
    code = code_of(error)
    if code == ER.GET_ERRNO and "28" in str(error):  # the operating system's ENOSPC
        return _DISK
    if _is_hourly(error):
        return _HOURLY_LIMIT
    return None if at_login and code == ER.ACCESS_DENIED_ERROR else _BY_CODE.get(code)


def is_of_server(error: Exception) -> bool:
    """Whether the server sent the error."""
    code = code_of(error)
    return code > 0 and code not in _CLIENT_ERRORS


def unreadable(error: Exception) -> Failure | None:
    """The failure of a view or table that exists and that nobody can read; None for another error."""
    failure = _BY_CODE.get(code_of(error))
    return failure if failure in (_VIEW, _DAMAGED, _REMOTE) else None


def is_busy(error: BaseException) -> bool:
    """Whether a connection was refused at a limit that ends with another connection, not with the hour."""
    is_server_error = isinstance(error, pymysql.err.Error)
    return is_server_error and code_of(error) in _BUSY and not _is_hourly(error)


def _is_hourly(error: BaseException) -> bool:
    return code_of(error) == ER.USER_LIMIT_REACHED and any(name in str(error) for name in _HOURLY)


def code_of(error: BaseException) -> int:
    """The number of a server's error or PyMySQL's; 0 for an error without one."""
    code = error.args[0] if isinstance(error, pymysql.err.Error) and error.args else 0
    return code if isinstance(code, int) else 0
