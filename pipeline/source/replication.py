"""Is the source a replica, how far is it behind, and what does it not show for that?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pymysql

from pipeline.errors import SourceError
from pipeline.source import activity_sql
from pipeline.source.connection import NO_PRIVILEGE, Connection, rows_of, scalar

# MariaDB's for all channels, MySQL 8.4's, MySQL 5.7's.
_STATUS = ("SHOW ALL SLAVES STATUS", "SHOW REPLICA STATUS", "SHOW SLAVE STATUS")


@dataclass(frozen=True)
class Replication:
    """What a source says of where its rows come from."""

    behind: int = 0
    """Seconds that its slowest channel is behind."""
    blind: str = ""
    """Why transactions may be open elsewhere that it does not show; empty where it shows all there are."""


def replication(connection: Connection) -> Replication:
    """How far a replica is behind, and why it may not show every transaction.

    Raises SourceError for a channel that does not replicate, and for a replica that may not be asked: how
    far that one is behind, or whether it runs at all, nobody would know.
    """
    channels = _channels(connection)
    if channels:
        return Replication(max(map(_behind, channels)), "the source is a replica")
    if channels is None:
        if found := scalar(connection, activity_sql.REPLICA_TRACES):
            raise _may_not_be_asked(connection, str(found))
        grant = _grant(connection)
        return Replication(blind=f"whether the source is a replica cannot be seen ({grant})")
    if scalar(connection, activity_sql.IS_READ_ONLY):
        return Replication(blind="the source is read-only, its rows are written elsewhere")
    return Replication()


def _channels(connection: Connection) -> list[dict[str, Any]] | None:
    """The status of each channel, none for a primary; None where the user may not see it."""
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


def _behind(channel: dict[str, Any]) -> int:
    behind = channel.get("Seconds_Behind_Source", channel.get("Seconds_Behind_Master"))
    if behind is None:
        raise SourceError(
            "the source is a replica that does not replicate",
            why=str(channel.get("Last_SQL_Error") or channel.get("Last_IO_Error") or "stopped"),
            todo="start replication; windows cannot be closed meanwhile",
        )
    return int(behind)


def _may_not_be_asked(connection: Connection, found: str) -> SourceError:
    return SourceError(
        "how far the source is behind its primary cannot be seen",
        why=f"it is a replica ({found}), and its status is not for this user",
        todo=f"run there: {_grant(connection)}; or read from the primary",
    )


def _grant(connection: Connection) -> str:
    """The right to see a replica's status: MariaDB 10.5 took it out of REPLICATION CLIENT."""
    version = str(scalar(connection, "SELECT VERSION()"))
    right = "SLAVE MONITOR" if "MariaDB" in version else "REPLICATION CLIENT"
    user, _, host = str(scalar(connection, "SELECT CURRENT_USER()")).rpartition("@")
    return f"GRANT {right} ON *.* TO '{user}'@'{host}'"
