"""A chunk's Parquet file in the spool, with the figures of its rows in the footer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.codec.arrow import arrow_schema
from pipeline.codec.checksum import MODULUS, sum_of_crc32
from pipeline.codec.memory import release_unused
from pipeline.codec.parquet import open_writer
from pipeline.model.columns import Column
from pipeline.model.markers import ChunkFigures, Coercion, added_up, decode
from pipeline.model.window import UTC

FIGURES = b"pipeline.figures"
GROUP_BYTES = 56 << 20
"""Bytes of Arrow in a row group. Twice as many make a file 2 % smaller; a group is in memory while it is
written."""
# Types whose values have several text forms, so that a checksum of the text proves nothing.
_AMBIGUOUS_TEXT = {"float", "double", "bool"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ChunkFile:
    """A Parquet file in progress, and the running figures of its rows.

    The first rows decide the writer's settings. `key` and `cursor` are column names as the source spells
    them. End with `finish` for a complete file, else with `abandon`.
    """

    def __init__(
        self, path: Path, columns: Sequence[Column], key: Sequence[str], cursor: str | None
    ) -> None:
        self.columns, self.key, self.cursor = tuple(columns), tuple(key), cursor
        self.rows = 0
        self.arrow_bytes = 0  # of the rows, before encoding and compression
        self._path, self._schema = path, arrow_schema(columns)
        self._writer: pq.ParquetWriter | None = None
        self._buffered: list[pa.RecordBatch] = []
        self._buffered_bytes = 0
        self._last: pa.RecordBatch | None = None
        self._cursor_min: Any = None
        self._cursor_max: Any = None
        self._key_checksum = 0 if self.key and self._has_checkable_key() else None

    def write(self, batch: pa.RecordBatch) -> None:
        """Add rows, to be written with the rest of their row group."""
        if not batch.num_rows:
            return
        self._buffered.append(batch)
        self._buffered_bytes += batch.nbytes
        self.arrow_bytes += batch.nbytes
        self.rows += batch.num_rows
        self._last = batch.slice(batch.num_rows - 1)
        if self._key_checksum is not None:
            self._key_checksum = (self._key_checksum + sum_of_crc32(batch, self.key)) % MODULUS
        if self.cursor is not None:
            bounds = pc.min_max(batch.column(self.cursor))
            lows = (self._cursor_min, _plain(bounds["min"]))
            highs = (self._cursor_max, _plain(bounds["max"]))
            self._cursor_min = min((v for v in lows if v is not None), default=None)
            self._cursor_max = max((v for v in highs if v is not None), default=None)
        if self._buffered_bytes >= GROUP_BYTES:
            self._write_group()

    def last_row(self, names: Sequence[str]) -> tuple[Any, ...] | None:
        """The last row's values of these columns, None before the first row."""
        if self._last is None:
            return None
        return tuple(_plain(self._last.column(name)[0]) for name in names)

    def finish(
        self,
        read_at: datetime,
        seconds: float,
        coerced: Iterable[Coercion] = (),
        nul_columns: Iterable[str] = (),
    ) -> ChunkFigures:
        """Write the footer with the figures, and close the file."""
        figures = ChunkFigures(
            columns=self.columns,
            key=self.key,
            rows=self.rows,
            cursor_min=_cursor_text(self._cursor_min),
            cursor_max=_cursor_text(self._cursor_max),
            key_checksum=self._key_checksum,
            read_at=read_at,
            seconds=round(seconds, 3),
            coerced=added_up(coerced),
            nul_columns=tuple(sorted(nul_columns)),
        )
        writer = self._write_group()
        writer.add_key_value_metadata({FIGURES: figures.model_dump_json()})
        writer.close()
        return figures

    def abandon(self) -> None:
        """Close the unfinished file, so that another may be written at its path.

        Otherwise PyArrow writes a footer whenever it collects the writer, by then into the other file.
        """
        self._buffered, self._buffered_bytes = [], 0
        if self._writer is not None:
            self._writer.close()

    def _write_group(self) -> pq.ParquetWriter:
        group = pa.Table.from_batches(self._buffered, self._schema)
        self._buffered, self._buffered_bytes = [], 0
        if self._writer is None:
            self._writer = open_writer(str(self._path), self._schema, group)
        if group.num_rows:
            self._writer.write_table(group, row_group_size=group.num_rows)
            del group
            release_unused()
        return self._writer

    def _has_checkable_key(self) -> bool:
        by_name = {column.name: column for column in self.columns}
        key = [by_name.get(name) for name in self.key]
        return all(c and not c.nullable and c.arrow not in _AMBIGUOUS_TEXT for c in key)


def _plain(value: pa.Scalar) -> Any:
    """The value in Python; a timestamp's `as_py` would import pandas where it is installed (45 MB)."""
    if pa.types.is_timestamp(value.type) and value.type.unit == "us" and value.is_valid:
        return _EPOCH + timedelta(microseconds=value.value)
    return value.as_py()


def _cursor_text(value: Any) -> str | None:
    """A cursor value as a marker holds it, a time in ISO 8601."""
    if value is None:
        return None
    return value.isoformat() if isinstance(value, date) else str(value)


def figures_of(path: Path) -> ChunkFigures:
    """The figures in a finished file's footer."""
    footer = pq.read_metadata(path).metadata
    return decode(ChunkFigures, footer[FIGURES], str(path))
