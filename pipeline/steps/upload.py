"""Spool to lake: the window's Parquet parts, then the marker that says which of them count."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from pipeline.config.tables import TableDefinition
from pipeline.errors import DataError
from pipeline.lake.keys import Keys
from pipeline.lake.s3 import Store
from pipeline.model.columns import Column, fingerprint
from pipeline.model.markers import ChunkFigures, Extent, LakeManifest, Part, added_up, decode
from pipeline.model.span import Span
from pipeline.model.window import UTC, Window
from pipeline.spool.folder import sha256_of


def upload_window(
    store: Store,
    keys: Keys,
    window: Window,
    chunks: Sequence[tuple[Path, ChunkFigures]],
    rows_without_cursor: int = 0,
    extent: Extent | None = None,
    before_marker: Callable[[], None] = lambda: None,
) -> LakeManifest:
    """Store each chunk as a part, call `before_marker`, and write the lake manifest, once.

    Where two processes upload one window, the first manifest counts: the other's parts are removed
    and the first's manifest is returned. Raises DataError when the chunks' schemas differ, LakeError
    when S3 does not confirm what was sent.
    """
    started = time.monotonic()
    columns = _one_schema(chunks)
    parts = tuple(_upload(store, keys, window, i, path, f) for i, (path, f) in enumerate(chunks))
    figures = [figures for _, figures in chunks]
    lows = [f.cursor_min for f in figures if f.cursor_min is not None]
    highs = [f.cursor_max for f in figures if f.cursor_max is not None]
    sums = [f.key_checksum for f in figures if f.key_checksum is not None]
    manifest = LakeManifest(
        table=str(keys.table),
        window=window.name,
        written_at=datetime.now(UTC),
        seconds=round(time.monotonic() - started + sum(f.seconds for f in figures), 3),
        columns=columns,
        key=figures[0].key,
        parts=parts,
        rows=sum(part.rows for part in parts),
        bytes=sum(part.bytes for part in parts),
        cursor_min=lows[0] if lows else None,  # chunks come in the cursor's order
        cursor_max=highs[-1] if highs else None,
        key_checksum=sum(sums) % 2**63 if len(sums) == len(figures) else None,
        read_at=min(f.read_at for f in figures),
        schema_fingerprint=fingerprint(columns),
        coerced=added_up(each for f in figures for each in f.coerced),
        nul_columns=tuple(sorted({name for f in figures for name in f.nul_columns})),
        rows_without_cursor=rows_without_cursor,
        extent=extent,
    )
    before_marker()
    if not store.put_if_absent(keys.lake_marker(window), manifest.encode()):
        manifest = read_manifest(store, keys, window)
    _remove_strangers(store, keys, window, manifest)
    return manifest


def extent_of(
    definition: TableDefinition, spans: Sequence[Span], columns: Sequence[Column]
) -> Extent:
    """Which rows the window is made of, as it was planned."""
    cursor = next((column for column in columns if column.name == spans[0].cursor), None)
    is_epoch = definition.cursor_type == "epoch"
    return Extent(
        cursor=cursor.name if cursor else None,
        cursor_type=definition.cursor_type,
        timezone=cursor.timezone if cursor else None,
        epoch_unit=definition.epoch_unit if is_epoch else None,
        lower=spans[0].lower,
        upper=spans[-1].upper,
        key=definition.key,
    )


def read_manifest(store: Store, keys: Keys, window: Window) -> LakeManifest:
    """The window's lake manifest."""
    key = keys.lake_marker(window)
    return decode(LakeManifest, store.get(key), store.url(key))


def _one_schema(chunks: Sequence[tuple[Path, ChunkFigures]]) -> tuple[Column, ...]:
    columns = chunks[0][1].columns
    if any(figures.columns != columns for _, figures in chunks):
        raise DataError(
            "the chunks of the window do not have one schema",
            why="the source table was altered while they were read",
            todo="run it again; the window will be read anew",
        )
    return columns


def _upload(
    store: Store, keys: Keys, window: Window, index: int, path: Path, figures: ChunkFigures
) -> Part:
    sha256 = sha256_of(path)
    key = keys.lake_part(window, index, sha256)
    store.upload(path, key)
    return Part(key=key, rows=figures.rows, bytes=path.stat().st_size, sha256=sha256)


def _remove_strangers(store: Store, keys: Keys, window: Window, manifest: LakeManifest) -> None:
    """Readers such as Athena take every object of a partition: only the manifest's may stay there."""
    named = {part.key for part in manifest.parts} | {keys.lake_marker(window)}
    store.delete(f.key for f in list(store.list(keys.lake_folder(window))) if f.key not in named)
