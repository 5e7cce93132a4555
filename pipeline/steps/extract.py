"""MySQL to one Parquet spool file: a chunk, read in one consistent snapshot and streamed.

Where the connection is lost on the way and the rows come in an order that tells any two apart, the read
goes on after the last row written, in a new snapshot; else it starts again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from pipeline.codec.thread import consume_in_thread
from pipeline.codec.zoned import in_utc
from pipeline.config.policies import Rules
from pipeline.errors import DataError
from pipeline.model.columns import Column
from pipeline.model.markers import ChunkFigures, Coercion
from pipeline.model.span import Span
from pipeline.model.timezones import zone_named
from pipeline.model.window import UTC
from pipeline.policies.extraction import ExtractedRows, apply_policies
from pipeline.run.progress import Progress, silent
from pipeline.source import connection as mysql
from pipeline.source import sql as mysql_sql
from pipeline.source.connection import Connection, SourceLost
from pipeline.source.row_batches import DecodedBatch, read_batches
from pipeline.source.scan_order import Order, free_order
from pipeline.source.table import SourceTable
from pipeline.spool.chunk_file import ChunkFile
from pipeline.spool.folder import appearing

log = logging.getLogger(__name__)

LOSSES = 5
"""How often in a row a connection may be lost without getting further: rows that are thrown away, as the read
starts again, are no progress."""

_AHEAD = 5
"""Batches of 4 MB that may wait while a row group is written, so that reading goes on meanwhile: as many
as arrive in that time."""


@dataclass(frozen=True)
class Chunk:
    """What is to be read: a span of a table, with the columns that identify a row, and by which rules."""

    source: SourceTable
    key: tuple[str, ...]
    span: Span
    rules: Rules = field(default_factory=Rules)


def extract_chunk(
    connect: Callable[[], AbstractContextManager[Connection]],
    chunk: Chunk,
    path: Path,
    progress: Progress = silent,
) -> ChunkFigures:
    """Read the chunk's rows into a Parquet file at `path`, which appears once it is complete.

    The rows are counted in the snapshot that they are read from. Raises DataError for a different count or
    a value that cannot be replicated, SourceError for an unreachable source. The figures are also in the
    file's footer.
    """
    started, losses = time.monotonic(), 0
    with appearing(path, replace=False) as partial:
        reading = _Reading(chunk, partial)
        while True:
            before = reading.file.rows
            try:
                with connect() as connection, mysql.snapshot(connection):
                    reading.go_on(connection, progress)
                return reading.finish(time.monotonic() - started)
            except SourceLost as error:
                written, goes_on = reading.file.rows, reading.can_go_on
                losses = 1 if goes_on and written > before else losses + 1
                if losses >= LOSSES:
                    raise
                then = "going on" if goes_on else "starting again"
                log.warning("%s: %d rows are written, %s: %s", path.name, written, then, error)
            if not goes_on:
                reading.file.abandon()
                reading = _Reading(chunk, partial)


class _Reading:
    """A chunk being read into a file, over as many connections as it takes."""

    def __init__(self, chunk: Chunk, path: Path) -> None:
        self.chunk = chunk
        self.file = ChunkFile(path, chunk.source.columns, chunk.key, chunk.span.cursor)
        self.read_at = datetime.max.replace(tzinfo=UTC)
        self.order: Order = ()
        self._to_come: int | None = None
        self._coerced: list[Coercion] = []
        self._nul_columns: set[str] = set()

    @property
    def can_go_on(self) -> bool:
        """Whether the last row written says where: by the columns of the order, as the source has them."""
        return bool(self.order) and not {each.column for each in self._coerced} & set(self.order)

    def go_on(self, connection: Connection, progress: Progress) -> None:
        """Read what is not in the file yet: everything, or what comes after the last row written."""
        source, span, written = self.chunk.source, self.chunk.span, self.file.rows
        self.read_at = min(self.read_at, mysql.clock(connection))
        if written:
            span = replace(span, after=_position(self.order, source, self.file))
        else:
            self.order = free_order(connection, source, span)
        expected = int(mysql.scalar(connection, mysql_sql.count_rows(source.name, span)))
        if written:
            self._check_nothing_came_in(connection, expected)
        self._to_come = written + expected
        query = mysql_sql.select_rows(source.name, source.columns, span, self.order)
        batches = (
            in_utc(b, source.columns) for b in read_batches(connection, query, source.columns)
        )
        rows = _followed(batches, self.chunk.rules, written, expected, progress)
        consume_in_thread(rows, self._write, ahead=_AHEAD)
        _check_count(self.chunk, expected, self.file.rows - written)

    def finish(self, seconds: float) -> ChunkFigures:
        """Complete the file."""
        return self.file.finish(self.read_at, seconds, self._coerced, self._nul_columns)

    def _write(self, rows: ExtractedRows) -> None:
        """Write, and count what was changed of that which is written."""
        self.file.write(rows.batch)
        self._coerced += rows.coerced
        self._nul_columns.update(rows.nul_columns)

    def _check_nothing_came_in(self, connection: Connection, behind: int) -> None:
        """Rows may leave a closed window, none may enter it, neither before the position nor behind it."""
        source, written = self.chunk.source, self.file.rows
        whole = int(mysql.scalar(connection, mysql_sql.count_rows(source.name, self.chunk.span)))
        if whole - behind > written or written + behind > (self._to_come or 0):
            raise DataError(
                f"{written} of {self._to_come} rows of {source.name} were read, then the connection was lost",
                why=f"now there are {whole - behind} up to there and {behind} behind it",
                todo="run it again; rows with an old cursor are being added to this window",
            )


def _position(order: Order, source: SourceTable, file: ChunkFile) -> tuple[tuple[str, str], ...]:
    values = zip(map(source.column, order), file.last_row(order) or (), strict=True)
    literals = (mysql_sql.value_literal(_there(column, value)) for column, value in values)
    return tuple(zip(order, literals, strict=True))


def _there(column: Column | None, value: object) -> object:
    """A value as the source has it: a DATETIME of a zone is local time there."""
    if column is None or column.timezone is None or not isinstance(value, datetime):
        return value
    return zone_named(column.timezone).local_of(value.replace(tzinfo=None))


def _check_count(chunk: Chunk, expected: int, rows: int) -> None:
    if rows != expected:
        raise DataError(
            f"{rows} rows arrived of {chunk.source.name}",
            why=f"the same snapshot counts {expected} ({chunk.span.lower} to {chunk.span.upper})",
            todo="run it again; if it recurs, CHECK TABLE in the source (a damaged index does this)",
        )


def _followed(
    batches: Iterator[DecodedBatch], rules: Rules, written: int, expected: int, progress: Progress
) -> Generator[ExtractedRows, None, None]:
    """Apply the policies to each batch and report progress."""
    rows, started = 0, time.monotonic()
    for decoded in batches:
        rows += decoded.batch.num_rows
        rate = rows / max(time.monotonic() - started, 1e-3)
        left = max(expected - rows, 0) / max(rate, 1.0)
        done, whole = written + rows, written + expected
        share = done / whole if whole else None
        progress(f"{done:,} of {whole:,} rows, {rate:,.0f} rows/s, {left:,.0f} s left", share)
        yield apply_policies(decoded, rules)
