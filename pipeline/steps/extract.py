"""Stream a chunk from one consistent snapshot of MySQL into a Parquet spool file.

After a lost connection the read resumes after the last row written, in a new snapshot, where the rows have a
unique order; else it restarts.
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
from pipeline.errors import DataError, PipelineError
from pipeline.model.columns import Column
from pipeline.model.markers import ChunkFigures, Coercion
from pipeline.model.span import Span
from pipeline.model.timezones import zone_named
from pipeline.model.window import UTC
from pipeline.policies.extraction import ExtractedRows, apply_policies
from pipeline.run.progress import Progress, silent
from pipeline.source import connection as mysql
from pipeline.source import lossy_text
from pipeline.source import sql as mysql_sql
from pipeline.source.connection import Connection, SourceLost, StatementFailed
from pipeline.source.failing_column import failing_column
from pipeline.source.row_batches import DecodedBatch, read_batches
from pipeline.source.scan_order import Order, free_order
from pipeline.source.table import SourceTable
from pipeline.spool import disk
from pipeline.spool.chunk_file import ChunkFile
from pipeline.spool.folder import appearing

log = logging.getLogger(__name__)


class WrittenDuringRead(DataError):
    """The rows changed between their count and their read, as the engine has no snapshots."""


MAX_LOSSES = 5
"""Lost connections in a row without progress; rows that a restart discards are no progress."""

_AHEAD = 5
"""Batches of 4 MB in the queue to the writer: those that arrive while a row group is written."""


@dataclass(frozen=True)
class Chunk:
    """A span of a table to read, with the columns that identify a row and the policies."""

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

    The snapshot of the read also counts the rows. Raises DataError for a different count or a value that
    cannot be replicated, SourceError for an unreachable source. The figures are also in the file's footer.
    """
    started, losses = time.monotonic(), 0
    reading: _Reading | None = None
    with appearing(path, replace=False, need=lambda: reading.need if reading else "") as partial:
        reading = _Reading(chunk, partial)
        while True:
            before = reading.file.rows
            try:
                with connect() as connection, mysql.snapshot(connection):
                    reading.read(connection, progress)
                return reading.finish(time.monotonic() - started)
            except (SourceLost, WrittenDuringRead) as error:
                can_resume = reading.can_resume and isinstance(error, SourceLost)
                written = reading.file.rows
                losses = 1 if can_resume and written > before else losses + 1
                if losses >= MAX_LOSSES:
                    raise
                action = "resuming" if can_resume else "restarting"
                log.warning("%s: %s after %d rows: %s", path.name, action, written, error)
            except StatementFailed as error:
                raise _of_a_column(connect, chunk, error) from error
            if not can_resume:
                reading.file.abandon()
                reading = _Reading(chunk, partial)


def _of_a_column(
    connect: Callable[[], AbstractContextManager[Connection]], chunk: Chunk, error: StatementFailed
) -> PipelineError:
    """The error of the column that the server cannot compute, where there is one."""
    source = chunk.source
    with connect() as connection:
        column = failing_column(connection, source, chunk.span)
    if column is None:
        fault = "the view's condition or the row" if source.is_view else "the row"
        error.todo = error.todo or f"correct {fault} in the source"
        return error
    return DataError(
        f"the source cannot compute the column {column.name} of {source.name} for a row",
        why=error.why,
        todo="correct the row or the column's expression in the source, or leave the column out with"
        f" `exclude: [{column.name}]`",
    )


class _Reading:
    """The read of a chunk into a file, over several connections if one is lost."""

    def __init__(self, chunk: Chunk, path: Path) -> None:
        self.chunk = chunk
        self.file = ChunkFile(path, chunk.source.columns, chunk.key, chunk.span.cursor)
        self.read_at = datetime.max.replace(tzinfo=UTC)
        self.order: Order = ()
        self._expected = 0
        self._coerced: list[Coercion] = []
        self._nul_columns: set[str] = set()

    @property
    def can_resume(self) -> bool:
        """Whether the last row written has the source's values in the columns of the order."""
        coerced = {coercion.column for coercion in self._coerced}
        return bool(self.order) and not coerced & set(self.order)

    def read(self, connection: Connection, progress: Progress) -> None:
        """Read all rows, or those after the last row written."""
        source, span, written = self.chunk.source, self.chunk.span, self.file.rows
        self.read_at = min(self.read_at, mysql.clock(connection))
        if written:
            span = replace(span, after=_position(self.order, source, self.file))
        else:
            self.order = free_order(connection, source, span)
        expected = int(mysql.scalar(connection, mysql_sql.count_rows(source.name, span)))
        if written:
            self._refuse_new_rows(connection, expected)
        self._expected = written + expected
        self._count_changed_text(connection, span)
        query = mysql_sql.select_rows(source.name, source.columns, span, self.order)
        batches = (
            in_utc(b, source.columns) for b in read_batches(connection, query, source.columns)
        )
        rows = _with_policies(batches, self.chunk.rules, written, expected, progress)
        consume_in_thread(rows, self._write, ahead=_AHEAD)
        _check_count(self.chunk, expected, self.file.rows - written)

    @property
    def need(self) -> str:
        """The disk space of the whole file, at most, as far as its rows have been read."""
        if not self.file.rows:
            return ""
        size = self.file.arrow_bytes / self.file.rows * self._expected
        return f"the chunk's {self._expected:,} rows need up to {disk.megabytes(size)}"

    def _count_changed_text(self, connection: Connection, span: Span) -> None:
        """Refuse or count replaced text; after a lost connection the first count includes the rest."""
        chunk, is_first = self.chunk, not self.file.rows
        changed = lossy_text.changed_text(connection, chunk.source, chunk.key, span, chunk.rules)
        self._coerced += changed if is_first else []

    def finish(self, seconds: float) -> ChunkFigures:
        """Complete the file."""
        return self.file.finish(self.read_at, seconds, self._coerced, self._nul_columns)

    def _write(self, rows: ExtractedRows) -> None:
        """Write a batch, and record its coercions: only those of written rows count."""
        self.file.write(rows.batch)
        self._coerced += rows.coerced
        self._nul_columns.update(rows.nul_columns)

    def _refuse_new_rows(self, connection: Connection, after: int) -> None:
        """Rows may leave a closed window, but none may enter it, before or after the position."""
        source, written = self.chunk.source, self.file.rows
        whole = int(mysql.scalar(connection, mysql_sql.count_rows(source.name, self.chunk.span)))
        before = whole - after
        if before > written or written + after > self._expected:
            raise DataError(
                f"rows were added to a closed window of {source.name} during the read",
                why=f"the connection was lost after {written} of {self._expected} rows; now there are "
                f"{before} up to that position and {after} after it",
                todo="run the same command again; rows with an old cursor are being added to this window",
            )


def _position(order: Order, source: SourceTable, file: ChunkFile) -> tuple[tuple[str, str], ...]:
    values = zip(map(source.column, order), file.last_row(order) or (), strict=True)
    literals = (mysql_sql.value_literal(_source_value(column, value)) for column, value in values)
    return tuple(zip(order, literals, strict=True))


def _source_value(column: Column | None, value: object) -> object:
    """A value as it is in the source, where a DATETIME with a zone is local time."""
    if column is None or column.timezone is None or not isinstance(value, datetime):
        return value
    return zone_named(column.timezone).local_of(value.replace(tzinfo=None))


def _check_count(chunk: Chunk, expected: int, rows: int) -> None:
    source, span = chunk.source, chunk.span
    if rows == expected:
        return
    whole = "" if span.cursor is None else f" with {span.cursor} from {span.lower} to {span.upper}"
    if not source.has_snapshots:
        raise WrittenDuringRead(
            f"{source.name} changed while it was read: {expected} rows counted{whole}, {rows} read",
            why=source.without_snapshots,
            todo=f"ALTER TABLE … ENGINE = InnoDB in the source; or run the same command again when nothing"
            f" writes to {source.name}",
        )
    raise DataError(
        f"{rows} rows arrived of {source.name}",
        why=f"the same snapshot counts {expected}{whole}",
        todo="run the same command again; if it recurs, CHECK TABLE in the source for a damaged index",
    )


def _with_policies(
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
