"""A session of the source that is the pipeline's own, whatever is set server-wide.

One place sets what reading depends on, and reads it back: a proxy that keeps a value to itself would
otherwise change rows without a word.
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

_OF_THE_CLIENT = range(2000, 3000)
"""Numbers of PyMySQL's own errors, as of a connection that is lost; the server has others."""


def prepare(connection: Connection, timeout: int) -> None:
    """Set every variable of the session that reading depends on, in two round trips.

    `timeout` is how many seconds either side may wait for the other. Raises SourceError for a value that is
    refused, or not kept, and what PyMySQL raises for a connection that is lost. A variable that the server
    does not have is passed over.
    """
    wanted = _set(connection, session_sql.variables(timeout))
    values = _values(connection, wanted)
    for variable in wanted:
        if variable.name in values and not variable.is_set(values[variable.name]):
            raise _refusal(variable, f"the session has {values[variable.name]!r} after it was set")


def _set(connection: Connection, wanted: Sequence[Variable]) -> Sequence[Variable]:
    """Set all of them at once; those that the server has."""
    try:
        _execute(connection, session_sql.set_all(wanted))
    except pymysql.err.Error as error:
        if error.args[0] != ER.UNKNOWN_SYSTEM_VARIABLE:
            _set_singly(connection, wanted)
            raise
        known = [variable for variable in wanted if f"'{variable.name}'" not in str(error)]
        if len(known) == len(wanted):
            raise
        return _set(connection, known)
    return wanted


def _set_singly(connection: Connection, wanted: Sequence[Variable]) -> None:
    """Raise SourceError that names the variable which the server refuses: its own error often does not."""
    for variable in wanted:
        try:
            # beside one that every server has, as a comment alone is no statement
            _execute(connection, session_sql.set_all([wanted[0], variable]))
        except pymysql.err.Error as error:
            if error.args[0] == ER.UNKNOWN_SYSTEM_VARIABLE:
                continue
            if error.args[0] in _OF_THE_CLIENT:
                raise
            raise _refusal(variable, str(error.args[-1])) from error


def _values(connection: Connection, wanted: Sequence[Variable]) -> dict[str, object]:
    """What the session has, by variable; of those alone that the server has."""
    with connection.cursor() as cursor:
        cursor.execute(session_sql.read_all(wanted))
        names = [str(column[0]) for column in cursor.description or ()]
        return dict(zip(names, cursor.fetchone() or (), strict=True))


def _execute(connection: Connection, statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def _refusal(variable: Variable, why: str) -> SourceError:
    return SourceError(
        f"the source does not give the session {variable.assignment}, which reading depends on",
        why=why,
        todo="allow the pipeline's account to set it; a proxy in between has to pass SET on, and to keep a"
        " session on one connection to the server",
    )
