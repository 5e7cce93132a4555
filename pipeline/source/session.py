"""A source session that is independent of server-wide settings.

Variables that rows depend on are set and read back: a proxy that drops a SET would silently change rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import pymysql
from pymysql.constants import ER

from pipeline.errors import SourceError
from pipeline.source import session_sql
from pipeline.source.session_sql import Variable

Connection: TypeAlias = "pymysql.connections.Connection[Any]"

_CLIENT_ERRORS = range(2000, 3000)
"""Error numbers of PyMySQL itself, such as a lost connection."""


def prepare(connection: Connection, timeout: int, lock_wait: int) -> str:
    """Set every session variable that rows depend on, in two round trips; return the name of the server.

    Variables that the server lacks are skipped.

    `timeout` is the limit of a network wait in seconds, for both sides, `lock_wait` that of a lock. Raises
    SourceError for a value that is refused or not kept, and PyMySQL's error for a lost connection.
    """
    wanted = _set(connection, session_sql.variables(timeout, lock_wait_of(timeout, lock_wait)))
    values = _values(connection, wanted)
    for variable in wanted:
        if variable.name in values and not variable.is_set(values[variable.name]):
            raise _refusal(variable, f"the session still has {values[variable.name]!r}")
    return str(values.get("server", ""))


def lock_wait_of(timeout: int, lock_wait: int) -> int:
    """Seconds that the server waits for a lock: fewer than the client waits for the server."""
    return max(1, min(lock_wait, timeout // 2))


def _set(connection: Connection, wanted: Sequence[Variable]) -> Sequence[Variable]:
    """Set the variables in one statement, and return those that the server has."""
    try:
        _execute(connection, session_sql.set_all(wanted))
    except pymysql.err.Error as error:
        if error.args[0] != ER.UNKNOWN_SYSTEM_VARIABLE:
            _set_each(connection, wanted)
            raise
        known = [variable for variable in wanted if f"'{variable.name}'" not in str(error)]
        if len(known) == len(wanted):
            raise
        return _set(connection, known)
    return wanted


def _set_each(connection: Connection, wanted: Sequence[Variable]) -> None:
    """Raise SourceError with the name of a refused variable: the server's error often lacks it."""
    for variable in wanted:
        try:
            # with one that every server has, as a comment alone is no statement
            _execute(connection, session_sql.set_all([wanted[0], variable]))
        except pymysql.err.Error as error:
            if error.args[0] == ER.UNKNOWN_SYSTEM_VARIABLE:
                continue
            if error.args[0] in _CLIENT_ERRORS:
                raise
            raise _refusal(variable, str(error.args[-1])) from error


def _values(connection: Connection, wanted: Sequence[Variable]) -> dict[str, object]:
    """The session's values of the variables that the server has."""
    with connection.cursor() as cursor:
        cursor.execute(session_sql.read_all(wanted))
        names = [str(column[0]) for column in cursor.description or ()]
        return dict(zip(names, cursor.fetchone() or (), strict=True))


def _execute(connection: Connection, statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def _refusal(variable: Variable, why: str) -> SourceError:
    return SourceError(
        f"the source does not set {variable.assignment} in the session, and rows depend on it",
        why=why,
        todo="allow the pipeline's account to set it; a proxy must forward SET, and keep a session on one"
        " connection to the server",
    )
