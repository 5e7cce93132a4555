"""A chunk's Parquet file in the spool: its rows, and in its footer the figures that prove them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.codec.arrow import arrow_schema
from pipeline.codec.checksum import MODULUS, sum_of_crc32
from pipeline.codec.parquet import open_writer
from pipeline.columns import Column
from pipeline.manifest import ChunkFigures, Coercion, added_up, decode

FIGURES = b"pipeline.figures"
# A value of these types is not printed in one way alone, so there is no checksum of its text.
_NO_ONE_TEXT = {"float", "double", "bool"}


class ChunkFile:
    """A file being written, and what is added up while its rows pass by.

    The writer's settings follow the first rows. `key` and `cursor` are column names as the source
    spells them. After `finish` the file is complete; without it, it is to be thrown away.
    """

    def __init__(
        self, path: Path, columns: Sequence[Column], key: Sequence[str], cursor: str | None
    ) -> None:
        self.columns, self.key, self.cursor = tuple(columns), tuple(key), cursor
        self.rows = 0
        self._path, self._schema = path, arrow_schema(columns)
        self._writer: pq.ParquetWriter | None = None
        self._last: pa.RecordBatch | None = None
        self._cursor_min: Any = None
        self._cursor_max: Any = None
        self._key_checksum = 0 if self.key and self._key_has_one_text() else None

    def write(self, batch: pa.RecordBatch) -> None:
        """Add rows; they count from the moment they are written."""
        if not batch.num_rows:
            return
        if self._writer is None:
            self._writer = open_writer(str(self._path), self._schema, batch)
        self._writer.write_batch(batch)
        self.rows += batch.num_rows
        self._last = batch.slice(batch.num_rows - 1)
        if self._key_checksum is not None:
            self._key_checksum = (self._key_checksum + sum_of_crc32(batch, self.key)) % MODULUS
        if self.cursor is not None:
            bounds = pc.min_max(batch.column(self.cursor)).as_py()
            lows = (self._cursor_min, bounds["min"])
            highs = (self._cursor_max, bounds["max"])
            self._cursor_min = min((v for v in lows if v is not None), default=None)
            self._cursor_max = max((v for v in highs if v is not None), default=None)

    def last_row(self, names: Sequence[str]) -> tuple[Any, ...] | None:
        """The values of some columns in the last row written, None before the first."""
        if self._last is None:
            return None
        return tuple(self._last.column(name)[0].as_py() for name in names)

    def finish(
        self,
        read_at: datetime,
        seconds: float,
        coerced: Iterable[Coercion] = (),
        nul_columns: Iterable[str] = (),
    ) -> ChunkFigures:
        """Write the footer with the figures, and close."""
        figures = ChunkFigures(
            columns=self.columns,
            key=self.key,
            rows=self.rows,
            cursor_min=_told(self._cursor_min),
            cursor_max=_told(self._cursor_max),
            key_checksum=self._key_checksum,
            read_at=read_at,
            seconds=round(seconds, 3),
            coerced=added_up(coerced),
            nul_columns=tuple(sorted(nul_columns)),
        )
        writer = self._writer or open_writer(str(self._path), self._schema)
        writer.add_key_value_metadata({FIGURES: figures.model_dump_json()})
        writer.close()
        return figures

    def _key_has_one_text(self) -> bool:
        by_name = {column.name: column for column in self.columns}
        parts = [by_name.get(name) for name in self.key]
        return all(c and not c.nullable and c.arrow not in _NO_ONE_TEXT for c in parts)


def _told(value: Any) -> str | None:
    """A cursor in a manifest: times as ISO 8601 has them."""
    if value is None:
        return None
    return value.isoformat() if isinstance(value, date) else str(value)


def figures_of(path: Path) -> ChunkFigures:
    """The figures in a finished file's footer."""
    footer = pq.read_metadata(path).metadata
    return decode(ChunkFigures, footer[FIGURES], str(path))
