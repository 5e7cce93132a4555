"""Fix the ids of a window of an append-only table: up to the highest, once no lower one can come any more.

Ids are handed out before their rows commit: at the moment the highest is read, a transaction that is open
may hold a lower one. One that begins later gets a higher one. So the reading counts as soon as every
transaction that had begun by then is over (docs/cursors.md).
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
from pipeline.source import (
    connection as mysql,
)
from pipeline.source import (
    sql as mysql_sql,
)
from pipeline.source import (
    table as source_table,
)
from pipeline.source import (
    window_closing,
)
from pipeline.source.connection import Connection
from pipeline.source.table import SourceTable

log = logging.getLogger(__name__)
PATIENCE = 10.0
"""Seconds for which transactions are waited for; most are over in less."""
_PAUSE = 0.2
# Tables for which that was in vain: their other windows, which may be many, are not waited for.
_in_vain: PerProcess[set[TableName]] = PerProcess(set)


def is_fixed(
    lake_window: LakeWindow,
    connect: Callable[[], AbstractContextManager[Connection]],
    read_table: Callable[[Connection], tuple[SourceTable, str]],
    lag: int,
) -> bool:
    """Whether the window, whose end has passed, has its ids; gives them to it where that can be done now.

    `read_table` gives the table and its id column. A reading that has to wait is kept in the lake, so that a
    later run need not wait again. Raises DataError where what earlier windows were given is lost, and where
    the server gives rows such ids again.
    """
    store, table, window = lake_window.store, lake_window.table, lake_window.window
    ranges, tag = id_ranges.read(store, table)
    if ranges.bounds(window) is not None:
        return True
    if tag is None:
        id_ranges.check_not_lost(store, table)
    with connect() as connection:
        source, cursor = read_table(connection)
        _check_counter(connection, source, cursor, ranges)
        while ranges.bounds(window) is None:
            reading = ranges.reading
            if reading is None or reading.asked < window.end:
                reading = _take(connection, source, cursor)
                ranges = ranges.with_reading(reading)
            is_over = _wait(connection, source.name, reading.answered, lag)
            wanted = ranges.with_window(window, reading.behind) if is_over else ranges
            if not id_ranges.replace(store, wanted, tag):
                ranges, tag = id_ranges.read(store, table)
            elif is_over:
                return True
            else:
                log.info(
                    "%s: window %s has no ids yet, as transactions are open that may hold lower ones than "
                    "%d; a later run takes it",
                    source.name,
                    window,
                    reading.behind,
                )
                return False
    return True


def _check_counter(
    connection: Connection, source: SourceTable, cursor: str, ranges: IdRanges
) -> None:
    """After a TRUNCATE ids begin at 1 again: rows that get what windows have been given would not be read."""
    column = source.column(cursor)
    if not ranges.windows or column is None or column.name != source.auto_increment:
        return
    following = source_table.next_id(connection, source.name)
    if following >= ranges.upper or following <= _highest(connection, source, cursor):
        return  # at the last id of its type a counter stays
    statement = mysql_sql.set_next_id(source.name, ranges.upper)
    raise DataError(
        f"the next id of {source.name} is {following}",
        why=f"windows have been given all ids below {ranges.upper}; the counter was put back, as by "
        "TRUNCATE, and a row with one of them is never read",
        todo=f"if no row was added since, run in the source: {statement}; "
        "else load the table anew, as docs/redo.md says of another cursor",
    )


def _take(connection: Connection, source: SourceTable, cursor: str) -> Reading:
    if (step := int(mysql.scalar(connection, mysql_sql.ID_STEP))) > 1:
        _tell_of_steps(source, step)
    asked = mysql.clock(connection)
    behind = _highest(connection, source, cursor) + 1
    return Reading(behind=behind, asked=asked, answered=mysql.clock(connection))


def _highest(connection: Connection, source: SourceTable, cursor: str) -> int:
    """The highest id; where there are no rows, the one below the least."""
    highest = mysql.scalar(connection, mysql_sql.highest(source.name, cursor))
    return id_ranges.LOWEST_ID - 1 if highest is None else int(highest)


def _tell_of_steps(source: SourceTable, step: int) -> None:
    notes.warn(
        log,
        f"{source.name}: ids step by {step} (auto_increment_increment), as where several servers write; "
        "an id that another of them hands out below the highest is never read (docs/cursors.md)",
    )


def _wait(connection: Connection, table: TableName, moment: datetime, lag: int) -> bool:
    """Whether everything that had begun by that moment is over, or soon is."""
    deadline = time.monotonic() + (0.0 if table in _in_vain() else PATIENCE)
    while window_closing.ended_until(connection, lag) < moment:
        if time.monotonic() > deadline:
            _in_vain().add(table)
            return False
        time.sleep(_PAUSE)
    return True
