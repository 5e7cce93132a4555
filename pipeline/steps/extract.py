"""MySQL to one Parquet spool file: a chunk, read in one consistent snapshot and streamed.

Where the connection is lost on the way and the rows come in the order of cursor and primary key, the
read goes on after the last row written, in a new snapshot; else it starts again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from pipeline.codec.thread import consume_in_thread
from pipeline.errors import DataError
from pipeline.manifest import ChunkFigures
from pipeline.steps.progress import Progress, silent
from pipeline.stores import mysql, mysql_sql
from pipeline.stores.chunk_file import ChunkFile
from pipeline.stores.mysql import Connection, SourceLost, SourceTable
from pipeline.stores.mysql_sql import Span
from pipeline.stores.rowstream import DecodedBatch, Doubt, read_batches
from pipeline.stores.spool import appearing

log = logging.getLogger(__name__)

LOSSES = 5
"""How often in a row a connection may be lost without a single row in between."""


@dataclass(frozen=True)
class Chunk:
    """What is to be read: a span of a table, with the columns that identify a row."""

    source: SourceTable
    key: tuple[str, ...]
    span: Span

    @property
    def order(self) -> tuple[str, ...]:
        """The order in which the read can be resumed; without an index it would cost a sort."""
        cursor = self.span.cursor
        if cursor is None or not self.source.is_indexed(cursor):
            return ()
        return (cursor, *(name for name in self.source.primary_key if name != cursor))

    @property
    def is_resumable(self) -> bool:
        """Whether order and primary key tell any two rows apart, and their values have a literal."""
        columns = [self.source.column(name) for name in self.order]
        return bool(self.source.primary_key and self.order) and all(
            column is not None and not column.nullable and mysql_sql.has_literal(column)
            for column in columns
        )


def extract_chunk(
    connect: Callable[[], AbstractContextManager[Connection]],
    chunk: Chunk,
    path: Path,
    progress: Progress = silent,
) -> ChunkFigures:
    """Read the chunk's rows into a Parquet file at `path`, which appears once it is complete.

    The count is taken in the snapshot the rows are read in; raises DataError when they differ, or
    when a value cannot be carried, and SourceError when the source stays away. The figures are also
    in the file's footer.
    """
    started = time.monotonic()
    losses, read_at = 0, None
    with appearing(path, replace=False) as partial:
        file = _new_file(partial, chunk)
        while True:
            before = file.rows
            try:
                with connect() as connection, mysql.snapshot(connection):
                    now = mysql.clock(connection)
                    read_at = read_at or now
                    _read_rest(connection, chunk, file, progress)
                break
            except SourceLost as error:
                losses = losses + 1 if file.rows == before else 1
                if losses >= LOSSES:
                    raise
                log.warning("%s: %d rows are written, going on: %s", path.name, file.rows, error)
            if not chunk.is_resumable:
                file, read_at = _new_file(partial, chunk), None
        return file.finish(read_at, time.monotonic() - started)


def _new_file(path: Path, chunk: Chunk) -> ChunkFile:
    return ChunkFile(path, chunk.source.columns, chunk.key, chunk.span.cursor)


def _read_rest(connection: Connection, chunk: Chunk, file: ChunkFile, progress: Progress) -> None:
    """Read what is not in the file yet: everything, or what comes after the last row written."""
    source, span, written = chunk.source, chunk.span, file.rows
    if written:
        span = replace(span, after=_position(chunk, file))
        _check_first_part(connection, chunk, span, written)
    expected = int(mysql.scalar(connection, mysql_sql.count_rows(source.name, span)))
    query = mysql_sql.select_rows(source.name, source.columns, span, chunk.order)
    batches = read_batches(connection, query, source.columns)
    consume_in_thread(_followed(batches, written, expected, progress), file.write)
    _check_count(chunk, expected, file.rows - written)


def _position(chunk: Chunk, file: ChunkFile) -> tuple[tuple[str, str], ...]:
    values = file.last_row(chunk.order) or ()
    literals = (mysql_sql.value_literal(value) for value in values)
    return tuple(zip(chunk.order, literals, strict=True))


def _check_first_part(connection: Connection, chunk: Chunk, rest: Span, written: int) -> None:
    """Rows may leave a closed window, none may enter it: up to the last row there are no more now."""
    whole = int(mysql.scalar(connection, mysql_sql.count_rows(chunk.source.name, chunk.span)))
    left = int(mysql.scalar(connection, mysql_sql.count_rows(chunk.source.name, rest)))
    if whole - left > written:
        raise DataError(
            f"{written} rows of {chunk.source.name} were read before the connection was lost",
            why=f"there are {whole - left} now in the same place, and none may be added",
            todo="run it again; rows with an old cursor are being added to this window",
        )


def _check_count(chunk: Chunk, expected: int, rows: int) -> None:
    if rows != expected:
        raise DataError(
            f"{rows} rows arrived of {chunk.source.name}",
            why=f"the same snapshot counts {expected} ({chunk.span.lower} to {chunk.span.upper})",
            todo="run it again; if it recurs, CHECK TABLE in the source (a damaged index does this)",
        )


def _refuse(doubts: tuple[Doubt, ...]) -> None:
    for doubt in doubts:
        raise DataError(
            f"{doubt.rows} values of the column {doubt.column} cannot be carried ({doubt.kind})",
            why=f"one of them is {doubt.example!r}",
            todo="mend them in the source, or leave the column out with `exclude:`",
        )


def _followed(
    batches: Iterator[DecodedBatch], written: int, expected: int, progress: Progress
) -> Generator[pa.RecordBatch, None, None]:
    """The batches, once nothing in them is doubtful, while the progress is told."""
    rows, started = 0, time.monotonic()
    for decoded in batches:
        _refuse(decoded.doubts)
        rows += decoded.batch.num_rows
        rate = rows / max(time.monotonic() - started, 1e-3)
        left = max(expected - rows, 0) / max(rate, 1.0)
        done, whole = written + rows, written + expected
        share = done / whole if whole else None
        progress(f"{done:,} of {whole:,} rows, {rate:,.0f} rows/s, {left:,.0f} s left", share)
        yield decoded.batch
