"""Spool to lake: the window's Parquet parts, then the marker that lists them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from pipeline.config.tables import Table
from pipeline.errors import DataError
from pipeline.lake import strays
from pipeline.lake.stages import LAKE
from pipeline.lake.window import LakeWindow
from pipeline.model.columns import Column, fingerprint
from pipeline.model.markers import ChunkFigures, Extent, LakeMarker, Part, added_up
from pipeline.model.window import UTC
from pipeline.spool.folder import Plan, sha256_of

Chunk = tuple[Path, ChunkFigures]
"""A spool file and the figures in its footer."""


def upload_window(
    lake_window: LakeWindow,
    chunks: Sequence[Chunk],
    extent: Extent,
    rows_without_cursor: int = 0,
    before_marker: Callable[[], None] = lambda: None,
) -> LakeMarker:
    """Store each chunk as a part, call `before_marker`, and write the lake marker unless there is one.

    Where two processes upload one window, the first marker is valid: it is returned, and the other's parts
    are removed. Raises DataError when the chunks' schemas differ, LakeError when S3 stored another size.
    """
    started = time.monotonic()
    _refuse_several_schemas(chunks)
    parts = tuple(_upload(lake_window, i, path, f) for i, (path, f) in enumerate(chunks))
    marker = _marker(lake_window, [figures for _, figures in chunks], parts, extent)
    marker = marker.model_copy(
        update={
            "seconds": round(marker.seconds + time.monotonic() - started, 3),
            "rows_without_cursor": rows_without_cursor,
        }
    )
    before_marker()
    marker = lake_window.write_first(LAKE, marker)
    # Readers such as Athena take every object of a partition.
    folder = lake_window.keys.lake_folder(lake_window.window)
    strays.remove_strays(lake_window, LAKE, folder, (part.key for part in marker.parts), parts)
    return marker


def extent_of(table: Table, plan: Plan, columns: Sequence[Column]) -> Extent:
    """The extent of a planned window."""
    spans, kind = plan.spans, table.warehouse_cursor
    cursor = next((column for column in columns if column.name == spans[0].cursor), None)
    return Extent(
        cursor=cursor.name if cursor else None,
        cursor_type=kind.cursor_type,
        timezone=cursor.timezone if cursor else None,
        epoch_unit=kind.epoch_unit,
        lower=spans[0].lower,
        upper=spans[-1].upper,
        key=table.key,
    )


def _marker(
    lake_window: LakeWindow,
    figures: Sequence[ChunkFigures],
    parts: tuple[Part, ...],
    extent: Extent,
) -> LakeMarker:
    """The marker with the sums of the chunks' figures; `seconds` is the time of the extraction."""
    columns = figures[0].columns
    lows = [f.cursor_min for f in figures if f.cursor_min is not None]
    highs = [f.cursor_max for f in figures if f.cursor_max is not None]
    sums = [f.key_checksum for f in figures if f.key_checksum is not None]
    return LakeMarker(
        table=str(lake_window.table),
        window=lake_window.window.name,
        written_at=datetime.now(UTC),
        seconds=sum(f.seconds for f in figures),
        columns=columns,
        key=figures[0].key,
        parts=parts,
        rows=sum(part.rows for part in parts),
        bytes=sum(part.bytes for part in parts),
        cursor_min=lows[0] if lows else None,  # chunks are in cursor order
        cursor_max=highs[-1] if highs else None,
        key_checksum=sum(sums) % 2**63 if len(sums) == len(figures) else None,
        read_at=min(f.read_at for f in figures),
        schema_fingerprint=fingerprint(columns),
        coerced=added_up(coercion for f in figures for coercion in f.coerced),
        nul_columns=tuple(sorted({name for f in figures for name in f.nul_columns})),
        extent=extent,
    )


def _refuse_several_schemas(chunks: Sequence[Chunk]) -> None:
    columns = chunks[0][1].columns
    if any(figures.columns != columns for _, figures in chunks):
        raise DataError(
            "the window's chunks have different schemas",
            why="the source table was altered while they were read",
            todo="run the same command again; the window is read again",
        )


def _upload(lake_window: LakeWindow, index: int, path: Path, figures: ChunkFigures) -> Part:
    sha256 = sha256_of(path)
    key = lake_window.keys.lake_part(lake_window.window, index, sha256)
    lake_window.store.upload(path, key)
    return Part(key=key, rows=figures.rows, bytes=path.stat().st_size, sha256=sha256)
