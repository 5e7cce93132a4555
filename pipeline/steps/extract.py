"""MySQL to one Parquet spool file: a chunk, read in one consistent snapshot and streamed."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

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
    with mysql.snapshot(connection):
        read_at = mysql.clock(connection)
        expected = int(mysql.scalar(connection, mysql_sql.count_rows(source.name, span)))
        order = (span.cursor, *source.primary_key) if _ordered(source, span) else ()
        query = mysql_sql.select_rows(source.name, source.columns, span, tuple(filter(None, order)))
        batches = _followed(read_batches(connection, query, source.columns), expected, progress)
        with appearing(path) as partial:
            tally = _Tally(source.columns, tuple(key), span.cursor, read_at)
            _write(partial, batches, tally, started)
            _check_count(source, span, expected, tally.rows)
    return tally.figures(time.monotonic() - started)


def figures_of(path: Path) -> ChunkFigures:
    """The figures in a spool file's footer."""
    footer = pq.read_metadata(path).metadata
    return decode(ChunkFigures, footer[FIGURES], str(path))


def _ordered(source: SourceTable, span: Span) -> bool:
    # In cursor order the read can be resumed; without an index it would cost a sort of the window.
    return span.cursor is not None and source.is_indexed(span.cursor)


def _check_count(source: SourceTable, span: Span, expected: int, rows: int) -> None:
    if rows != expected:
        raise DataError(
            f"{rows} rows arrived of {source.name}",
            why=f"the same snapshot counts {expected} from {span.lower} to {span.upper}",
            todo="run it again; if it recurs, CHECK TABLE in the source (a damaged index does this)",
        )


class _Tally:
    """The figures of a chunk while its rows pass by."""

    def __init__(
        self,
        columns: tuple[Column, ...],
        key: tuple[str, ...],
        cursor: str | None,
        read_at: datetime,
    ) -> None:
        self.columns, self.key, self.cursor, self.read_at = columns, key, cursor, read_at
        self.rows = 0
        self.cursor_min: datetime | None = None
        self.cursor_max: datetime | None = None

    def add(self, batch: pa.RecordBatch) -> None:
        self.rows += batch.num_rows
        if self.cursor is None or not batch.num_rows:
            return
        bounds = pc.min_max(batch.column(batch.schema.get_field_index(self.cursor))).as_py()
        lows = [value for value in (self.cursor_min, bounds["min"]) if value is not None]
        highs = [value for value in (self.cursor_max, bounds["max"]) if value is not None]
        self.cursor_min, self.cursor_max = min(lows), max(highs)

    def figures(self, seconds: float) -> ChunkFigures:
        return ChunkFigures(
            columns=self.columns,
            key=self.key,
            rows=self.rows,
            cursor_min=self.cursor_min.isoformat() if self.cursor_min else None,
            cursor_max=self.cursor_max.isoformat() if self.cursor_max else None,
            read_at=self.read_at,
            seconds=round(seconds, 3),
        )


def _write(path: Path, batches: Iterator[DecodedBatch], tally: _Tally, started: float) -> None:
    with pq.ParquetWriter(path, arrow_schema(tally.columns), compression="zstd") as writer:
        for decoded in batches:
            _refuse(decoded.doubts)
            tally.add(decoded.batch)
            writer.write_batch(decoded.batch)
        figures = tally.figures(time.monotonic() - started)
        writer.add_key_value_metadata({FIGURES: figures.model_dump_json()})


def _refuse(doubts: tuple[Doubt, ...]) -> None:
    for doubt in doubts:
        raise DataError(
            f"{doubt.rows} values of the column {doubt.column} cannot be carried ({doubt.kind})",
            why=f"one of them is {doubt.example!r}",
            todo="mend them in the source, or leave the column out with `exclude:`",
        )


def _followed(
    batches: Iterator[DecodedBatch], expected: int, progress: Progress
) -> Iterator[DecodedBatch]:
    rows, started = 0, time.monotonic()
    for decoded in batches:
        rows += decoded.batch.num_rows
        rate = rows / max(time.monotonic() - started, 1e-3)
        left = max(expected - rows, 0) / max(rate, 1.0)
        share = rows / expected if expected else None
        progress(f"{rows:,} of {expected:,} rows, {rate:,.0f} rows/s, {left:,.0f} s left", share)
        yield decoded
