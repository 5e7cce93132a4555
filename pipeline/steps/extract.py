"""MySQL to one Parquet spool file: a chunk, read in one consistent snapshot and streamed."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.codec.checksum import MODULUS, sum_of_crc32
from pipeline.codec.parquet import open_writer
from pipeline.codec.thread import consume_in_thread
from pipeline.columns import Column, arrow_schema
from pipeline.errors import DataError
from pipeline.manifest import ChunkFigures, decode
from pipeline.steps.progress import Progress, silent
from pipeline.stores import mysql, mysql_sql
from pipeline.stores.mysql import Connection, SourceTable
from pipeline.stores.mysql_sql import Span
from pipeline.stores.rowstream import DecodedBatch, Doubt, read_batches
from pipeline.stores.spool import appearing

FIGURES = b"pipeline.figures"
# A number of these types is not printed in one way alone, so there is no checksum of its text.
_NO_ONE_TEXT = {"float", "double"}


def extract_chunk(
    connection: Connection,
    source: SourceTable,
    key: Sequence[str],
    span: Span,
    path: Path,
    progress: Progress = silent,
) -> ChunkFigures:
    """Read the rows of `span` into a Parquet file at `path`, which appears once it is complete.

    The count is taken in the snapshot the rows are read in; raises DataError when they differ, or
    when a value cannot be carried. The figures are also in the file's footer (`figures_of`).
    """
    started = time.monotonic()
    with mysql.snapshot(connection), appearing(path) as partial:
        read_at = mysql.clock(connection)
        expected = int(mysql.scalar(connection, mysql_sql.count_rows(source.name, span)))
        query = mysql_sql.select_rows(source.name, source.columns, span, _order(source, span))
        batches = _followed(read_batches(connection, query, source.columns), expected, progress)
        tally, file = _Figures(source, key, span.cursor), _ParquetFile(partial, source.columns)

        def take(batch: pa.RecordBatch) -> None:
            tally.add(batch)
            file.write(batch)

        consume_in_thread(batches, take)
        _check_count(source, span, expected, tally.rows)
        figures = tally.frozen(read_at, time.monotonic() - started)
        file.finish(figures)
    return figures


def figures_of(path: Path) -> ChunkFigures:
    """The figures in a spool file's footer."""
    footer = pq.read_metadata(path).metadata
    return decode(ChunkFigures, footer[FIGURES], str(path))


def _order(source: SourceTable, span: Span) -> tuple[str, ...]:
    """In cursor order a read can be resumed; without an index it would cost a sort of the window."""
    if span.cursor is None or not source.is_indexed(span.cursor):
        return ()
    return (span.cursor, *source.primary_key)


def _check_count(source: SourceTable, span: Span, expected: int, rows: int) -> None:
    if rows != expected:
        raise DataError(
            f"{rows} rows arrived of {source.name}",
            why=f"the same snapshot counts {expected} from {span.lower} to {span.upper}",
            todo="run it again; if it recurs, CHECK TABLE in the source (a damaged index does this)",
        )


class _Figures:
    """What is added up while the rows of a chunk pass by."""

    def __init__(self, source: SourceTable, key: Sequence[str], cursor: str | None) -> None:
        self.source, self.key, self.cursor = source, tuple(key), cursor
        self.rows = 0
        self.cursor_min: datetime | None = None
        self.cursor_max: datetime | None = None
        self.key_checksum = 0 if self.key and all(map(self._has_one_text, self.key)) else None

    def add(self, batch: pa.RecordBatch) -> None:
        self.rows += batch.num_rows
        if self.key_checksum is not None:
            self.key_checksum = (self.key_checksum + sum_of_crc32(batch, self.key)) % MODULUS
        if self.cursor is not None and batch.num_rows:
            bounds = pc.min_max(batch.column(self.cursor)).as_py()
            self.cursor_min = min(self.cursor_min or bounds["min"], bounds["min"])
            self.cursor_max = max(self.cursor_max or bounds["max"], bounds["max"])

    def _has_one_text(self, name: str) -> bool:
        column = self.source.column(name)
        return column is not None and not column.nullable and column.arrow not in _NO_ONE_TEXT

    def frozen(self, read_at: datetime, seconds: float) -> ChunkFigures:
        return ChunkFigures(
            columns=self.source.columns,
            key=self.key,
            rows=self.rows,
            cursor_min=self.cursor_min.isoformat() if self.cursor_min else None,
            cursor_max=self.cursor_max.isoformat() if self.cursor_max else None,
            key_checksum=self.key_checksum,
            read_at=read_at,
            seconds=round(seconds, 3),
        )


class _ParquetFile:
    """A Parquet file being written; its settings follow the first rows."""

    def __init__(self, path: Path, columns: Sequence[Column]) -> None:
        self._path, self._schema = path, arrow_schema(columns)
        self._writer: pq.ParquetWriter | None = None

    def write(self, batch: pa.RecordBatch) -> None:
        if self._writer is None:
            self._writer = open_writer(str(self._path), self._schema, batch)
        self._writer.write_batch(batch)

    def finish(self, figures: ChunkFigures) -> None:
        writer = self._writer or open_writer(str(self._path), self._schema)
        writer.add_key_value_metadata({FIGURES: figures.model_dump_json()})
        writer.close()


def _refuse(doubts: tuple[Doubt, ...]) -> None:
    for doubt in doubts:
        raise DataError(
            f"{doubt.rows} values of the column {doubt.column} cannot be carried ({doubt.kind})",
            why=f"one of them is {doubt.example!r}",
            todo="mend them in the source, or leave the column out with `exclude:`",
        )


def _followed(
    batches: Iterator[DecodedBatch], expected: int, progress: Progress
) -> Generator[pa.RecordBatch, None, None]:
    """The batches, once nothing in them is doubtful, while the progress is told."""
    rows, started = 0, time.monotonic()
    for decoded in batches:
        _refuse(decoded.doubts)
        rows += decoded.batch.num_rows
        rate = rows / max(time.monotonic() - started, 1e-3)
        left = max(expected - rows, 0) / max(rate, 1.0)
        share = rows / expected if expected else None
        progress(f"{rows:,} of {expected:,} rows, {rate:,.0f} rows/s, {left:,.0f} s left", share)
        yield decoded.batch
