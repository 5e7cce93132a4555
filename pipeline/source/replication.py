"""Replication of the source: the delay of a replica, and the transactions that it does not show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pymysql

from pipeline.errors import SourceError
from pipeline.source import activity_sql
from pipeline.source.connection import NO_PRIVILEGE, Connection, rows_of, scalar

# MariaDB (all channels), MySQL 8.4, MySQL 5.7.
_STATUS = ("SHOW ALL SLAVES STATUS", "SHOW REPLICA STATUS", "SHOW SLAVE STATUS")


@dataclass(frozen=True)
class Replication:
    """The replication status of the source."""

    delay: int = 0
    """Of its slowest channel, in seconds."""
    blind_spot: str = ""
    """Why it may not show every open transaction; empty where it does."""


def replication(connection: Connection) -> Replication:
    """The replication status of the source.

    Raises SourceError for a channel that does not replicate, and for a replica whose status the user may not
    read: its delay is unknown.
    """
    channels = _channels(connection)
    if channels:
        return Replication(max(map(_delay, channels)), "the source is a replica")
    if channels is None:
        if sign := scalar(connection, activity_sql.REPLICA_SIGNS):
            raise _status_denied(connection, str(sign))
        grant = _grant(connection)
        return Replication(
            blind_spot=f"the user may not see whether the source is a replica ({grant})"
        )
    if scalar(connection, activity_sql.IS_READ_ONLY):
        return Replication(blind_spot="the source is read-only, its rows are written elsewhere")
    return Replication()


def _channels(connection: Connection) -> list[dict[str, Any]] | None:
    """The status of each channel, empty for a primary; None where the user may not read it."""
    for statement in _STATUS:
        try:
            return rows_of(connection, statement)
        except pymysql.err.ProgrammingError:
            continue
        except pymysql.err.Error as error:
            if error.args[0] not in NO_PRIVILEGE:
                raise
            return None
    return []


def _delay(channel: dict[str, Any]) -> int:
    delay = channel.get("Seconds_Behind_Source", channel.get("Seconds_Behind_Master"))
    if delay is None:
        raise SourceError(
            "the source is a replica that does not replicate",
            why=str(channel.get("Last_SQL_Error") or channel.get("Last_IO_Error") or "stopped"),
            todo="start replication; no window closes until then",
        )
    return int(delay)


def _status_denied(connection: Connection, sign: str) -> SourceError:
    return SourceError(
        "the replication delay of the source cannot be read",
        why=f"it is a replica ({sign}), and this user may not read its status",
        todo=f"run there: {_grant(connection)}; or read from the primary",
    )


def _grant(connection: Connection) -> str:
    """The GRANT for the replication status, which MariaDB 10.5 took out of REPLICATION CLIENT."""
    version = str(scalar(connection, "SELECT VERSION()"))
    right = "SLAVE MONITOR" if "MariaDB" in version else "REPLICATION CLIENT"
    user, _, host = str(scalar(connection, "SELECT CURRENT_USER()")).rpartition("@")
    return f"GRANT {right} ON *.* TO '{user}'@'{host}'"
