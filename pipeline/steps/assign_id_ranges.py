"""Assign a window of an append-only table its ids: up to the highest, when no lower one can commit any more.

Ids are allocated before their rows commit: while the highest is read, an open transaction may hold a lower
one. Later transactions get higher ones. The reading is final when every transaction that had begun by then
has ended (docs/cursors.md).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime

from pipeline.errors import DataError
from pipeline.lake import id_ranges
from pipeline.lake.id_ranges import IdRanges, Reading
from pipeline.lake.window import LakeWindow
from pipeline.model.table_name import TableName
from pipeline.run import notes
from pipeline.run.state import PerProcess
from pipeline.source import connection as mysql
from pipeline.source import sql as mysql_sql
from pipeline.source import table as source_table
from pipeline.source import window_closing
from pipeline.source.connection import Connection
from pipeline.source.table import SourceTable

log = logging.getLogger(__name__)
PATIENCE = 10.0
"""Seconds to wait for open transactions; most end sooner."""
_PAUSE = 0.2
# Tables whose transactions outlasted PATIENCE: their other windows, which may be many, do not wait.
_timed_out: PerProcess[set[TableName]] = PerProcess(set)


def assign(
    lake_window: LakeWindow,
    connect: Callable[[], AbstractContextManager[Connection]],
    read_table: Callable[[Connection], tuple[SourceTable, str]],
    lag: int,
) -> bool:
    """Assign a window that has ended its ids, and return whether it has them.

    `read_table` returns the table and its id column. A reading that is not final is stored in the lake for a
    later run. Raises DataError where earlier ranges are lost, or where the server allocates their ids again.
    """
    store, table, window = lake_window.store, lake_window.table, lake_window.window
    ranges, etag = id_ranges.read(store, table)
    if ranges.bounds(window) is not None:
        return True
    if etag is None:
        id_ranges.check_not_lost(store, table)
    with connect() as connection:
        source, cursor = read_table(connection)
        _check_counter(connection, source, cursor, ranges)
        while ranges.bounds(window) is None:
            reading = ranges.reading
            if reading is None or reading.asked < window.end:
                reading = _read_highest(connection, source, cursor)
                ranges = ranges.with_reading(reading)
            is_final = _wait(connection, source.name, reading.answered, lag)
            updated = ranges.with_window(window, reading.behind) if is_final else ranges
            if not id_ranges.replace(store, updated, etag):
                ranges, etag = id_ranges.read(store, table)
            elif is_final:
                return True
            else:
                log.info(
                    "%s: window %s has no ids yet, as open transactions may hold ids below %d; "
                    "a later run takes it",
                    source.name,
                    window,
                    reading.behind,
                )
                return False
    return True


def _check_counter(
    connection: Connection, source: SourceTable, cursor: str, ranges: IdRanges
) -> None:
    """Raise DataError where ids of assigned ranges will be allocated again, as after TRUNCATE."""
    column = source.column(cursor)
    if not ranges.windows or column is None or column.name != source.auto_increment:
        return
    following = source_table.next_id(connection, source.name)
    if following >= ranges.upper or following <= _highest(connection, source, cursor):
        return  # the counter stays at the last id of its type
    statement = mysql_sql.set_next_id(source.name, ranges.upper)
    raise DataError(
        f"the next id of {source.name} is {following}",
        why=f"all ids below {ranges.upper} are assigned to windows; the counter was reset, as by "
        "TRUNCATE, and a row with such an id is never read",
        todo=f"if no row was added since, run in the source: {statement}; "
        "else load the table from the start, as docs/redo.md describes for another cursor",
    )


def _read_highest(connection: Connection, source: SourceTable, cursor: str) -> Reading:
    if (step := int(mysql.scalar(connection, mysql_sql.ID_STEP))) > 1:
        _warn_of_step(source, step)
    asked = mysql.clock(connection)
    behind = _highest(connection, source, cursor) + 1
    return Reading(behind=behind, asked=asked, answered=mysql.clock(connection))


def _highest(connection: Connection, source: SourceTable, cursor: str) -> int:
    """The highest id; for an empty table, one less than the lowest possible."""
    highest = mysql.scalar(connection, mysql_sql.highest(source.name, cursor))
    return id_ranges.LOWEST_ID - 1 if highest is None else int(highest)


def _warn_of_step(source: SourceTable, step: int) -> None:
    notes.warn(
        log,
        f"{source.name}: auto_increment_increment is {step}, as with several writing servers; "
        "a row that another server adds below the highest id is never read (docs/cursors.md)",
    )


def _wait(connection: Connection, table: TableName, instant: datetime, lag: int) -> bool:
    """Wait until every transaction that had begun by that instant has ended; False where PATIENCE ran out."""
    deadline = time.monotonic() + (0.0 if table in _timed_out() else PATIENCE)
    while window_closing.ended_until(connection, lag) < instant:
        if time.monotonic() > deadline:
            _timed_out().add(table)
            return False
        time.sleep(_PAUSE)
    return True
