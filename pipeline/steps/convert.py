"""Lake to CSV: the compressed parts that COPY reads, and the manifest that lists them."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Literal

from pipeline.config.settings import Run
from pipeline.config.tables import Table
from pipeline.errors import DataError, Overtaken
from pipeline.lake import copy_manifest, reread_hint, strays
from pipeline.lake.csv_parts import CsvParts
from pipeline.lake.parquet_parts import check_footers, open_parts
from pipeline.lake.stages import CSV, LAKE
from pipeline.lake.window import LakeWindow
from pipeline.model.columns import Column, as_defined
from pipeline.model.identifiers import left_out
from pipeline.model.markers import Coercion, CsvMarker, LakeMarker, Part, added_up
from pipeline.model.window import UTC
from pipeline.policies.conversion import TokenTaken
from pipeline.policies.null_tokens import Tokens
from pipeline.run.progress import Progress, silent
from pipeline.spool.folder import fetching
from pipeline.steps.csv_rows import Changes, Conversion, Files, convert_rows

SUFFIXES = {"zstd": ".zst", "gzip": ".gz"}


def prepare_copy(
    lake_window: LakeWindow,
    lake: LakeMarker,
    table: Table,
    spooled: Sequence[Path],
    run: Run,
    progress: Progress = silent,
) -> CsvMarker:
    """Prepare the window for COPY, from the lake's own Parquet or as CSV (`copy_format`).

    `spooled` are spool files: one with a part's digest replaces its download. A window with `nul_columns`
    is converted to CSV, as COPY's treatment of NUL in Parquet is undocumented. Raises DataError where a
    policy refuses a value, or a part does not match the lake marker.
    """
    if table.copy_format == "parquet" and not lake.nul_columns:
        check_footers(lake_window.store, lake)
        return _write_marker(lake_window, lake, _lake_parts(lake))
    conversion = _conversion(lake_window, lake, table, run)
    return _convert(lake_window, lake, conversion, spooled, run.spool, progress)


def coerced_by_conversion(csv: CsvMarker, lake: LakeMarker) -> list[Coercion]:
    """The changes by the conversion, without those by the extraction."""
    return [coercion for coercion in csv.coerced if coercion not in lake.coerced]


@dataclass(frozen=True)
class _CopyParts:
    """The parts for COPY, and the fields of the CSV marker that the lake marker lacks."""

    columns: tuple[Column, ...]
    parts: tuple[Part, ...]
    coerced: tuple[Coercion, ...]
    format: Literal["csv", "parquet"]
    null_token: str = ""
    compression: Literal["zstd", "gzip", ""] = ""
    seconds: float = 0.0
    empty_tokens: dict[str, str] = field(default_factory=dict)
    empty_bytes: dict[str, int] = field(default_factory=dict)
    converted: str = ""


def _lake_parts(lake: LakeMarker) -> _CopyParts:
    """The lake's Parquet, unchanged."""
    parts = tuple(part for part in lake.parts if part.rows)
    return _CopyParts(lake.columns, parts, lake.coerced, format="parquet")


def _conversion(lake_window: LakeWindow, lake: LakeMarker, table: Table, run: Run) -> Conversion:
    names = [column.name for column in lake.columns]
    excluded = left_out(table.exclude, names)
    columns = tuple(column for column in lake.columns if column.name not in excluded)
    return Conversion(
        lake,
        columns,
        as_defined(columns, {}, table.super),
        table.rules(lake.key, names),
        run.csv_part_mb << 20,
        run.csv_compression,
        reread_hint.after_fix(lake_window),
    )


def _convert(
    lake_window: LakeWindow,
    lake: LakeMarker,
    conversion: Conversion,
    spooled: Sequence[Path],
    scratch: Path,
    progress: Progress,
) -> CsvMarker:
    """Write the window's rows as CSV parts, the COPY manifest and the marker; download into `scratch`."""
    started = time.monotonic()
    with fetching(scratch) as folder:
        files = partial(open_parts, lake_window.store, lake, spooled, folder)
        written = _write_parts(lake_window, files, conversion, progress)
    _check_rows(lake, written.parts)
    changes, tokens = written.changes, written.tokens
    parts = _CopyParts(
        columns=conversion.replicated,
        parts=written.parts,
        coerced=added_up((*lake.coerced, *changes.coerced)),
        format="csv",
        null_token=tokens.null,
        compression=conversion.compression,
        seconds=round(time.monotonic() - started, 3),
        empty_tokens={name: tokens.empty[name].hex() for name in changes.empty},
        empty_bytes=dict(changes.empty),
        converted=_digest_of_changes(conversion.excluded, changes.coerced),
    )
    return _write_marker(lake_window, lake, parts)


def _write_marker(lake_window: LakeWindow, lake: LakeMarker, copy: _CopyParts) -> CsvMarker:
    """Write the COPY manifest and, last, the marker."""
    copy_key = copy_manifest.write(lake_window, copy.parts)
    marker = CsvMarker(
        table=lake.table,
        window=lake.window,
        written_at=datetime.now(UTC),
        columns=copy.columns,
        key=lake.key,
        lake_digest=lake.digest,
        parts=copy.parts,
        rows=lake.rows,
        bytes=sum(part.bytes for part in copy.parts),
        copy_manifest=copy_key,
        coerced=copy.coerced,
        extent=lake.extent,
        format=copy.format,
        null_token=copy.null_token,
        compression=copy.compression,
        seconds=copy.seconds,
        empty_tokens=copy.empty_tokens,
        empty_bytes=copy.empty_bytes,
        converted=copy.converted,
    )
    try:
        stored = lake_window.write_while(CSV, marker, lambda: _is_current(lake_window, lake))
    except Overtaken:
        if current := lake_window.find(CSV):
            _remove_strays(lake_window, current, marker)
        raise
    _remove_strays(lake_window, stored, marker)
    return stored


def _remove_strays(lake_window: LakeWindow, stored: CsvMarker, own: CsvMarker) -> None:
    named = [stored.copy_manifest, *(part.key for part in stored.parts)]
    folder = lake_window.keys.csv_folder(lake_window.window)
    strays.remove_strays(lake_window, CSV, folder, named, own.parts)


def _is_current(lake_window: LakeWindow, lake: LakeMarker) -> bool:
    current = lake_window.find(LAKE)
    return current is not None and current.digest == lake.digest


def _digest_of_changes(excluded: Sequence[str], coerced: Sequence[Coercion]) -> str:
    """The digest of excluded columns and changed values, empty for none."""
    changes = [*excluded, *(coercion.model_dump() for coercion in added_up(coerced))]
    return hashlib.sha256(json.dumps(changes).encode()).hexdigest() if changes else ""


@dataclass(frozen=True)
class _Written:
    parts: tuple[Part, ...]
    tokens: Tokens
    changes: Changes


def _write_parts(
    lake_window: LakeWindow, files: Files, conversion: Conversion, progress: Progress
) -> _Written:
    suffix, store = SUFFIXES[conversion.compression], lake_window.store

    def key_of(index: int, sha256: str) -> str:
        return lake_window.keys.csv_part(lake_window.window, index, sha256, suffix)

    tokens, obsolete = Tokens(conversion.columns), set[str]()
    while True:
        parts = CsvParts(store, key_of)
        try:
            with parts:
                changes = convert_rows(files, conversion, tokens, parts.add, progress)
        except TokenTaken as taken:
            obsolete.update(part.key for part in parts.stored)
            tokens.replace(taken)
            continue
        # Only now: a part without the token is identical, and may be in another process's marker.
        store.delete(sorted(obsolete.difference(part.key for part in parts.stored)))
        return _Written(tuple(parts.stored), tokens, changes)


def _check_rows(lake: LakeMarker, parts: Sequence[Part]) -> None:
    written = sum(part.rows for part in parts)
    if written != lake.rows:
        raise DataError(
            f"{written} rows were written as CSV", why=f"the lake marker has {lake.rows}"
        )
