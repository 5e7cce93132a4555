"""Lake to CSV: what COPY reads, as compressed parts, and the manifest that lists them."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Literal

from pipeline.config.settings import Run
from pipeline.config.tables import Table
from pipeline.errors import DataError
from pipeline.lake.csv_parts import CsvParts
from pipeline.lake.keys import Keys
from pipeline.lake.parquet_parts import open_parts
from pipeline.lake.reread_hint import once_mended
from pipeline.lake.s3 import Store
from pipeline.model.columns import Column, as_defined
from pipeline.model.identifiers import left_out
from pipeline.model.markers import Coercion, CsvManifest, LakeManifest, Part, added_up, decode
from pipeline.model.window import UTC, Window
from pipeline.policies.conversion import TokenTaken
from pipeline.policies.null_tokens import Tokens
from pipeline.run.progress import Progress, silent
from pipeline.spool.folder import fetching
from pipeline.steps.csv_rows import Changes, Conversion, Files, convert_rows

SUFFIXES = {"zstd": ".zst", "gzip": ".gz"}
_MIB = 1 << 20


def make_ready(
    store: Store,
    keys: Keys,
    window: Window,
    lake: LakeManifest,
    table: Table,
    local: Sequence[Path],
    run: Run,
    progress: Progress = silent,
) -> CsvManifest:
    """Let COPY read the window as the table's definition asks: the lake's own Parquet, or CSV made of it.

    `local` are the spool's files of the same parts: one that still has the part's digest spares the
    download. A window with `nul_columns` goes by CSV: what COPY makes of NUL in Parquet is not
    documented. Raises DataError where a policy refuses a value, and when a part is not what the lake
    manifest says.
    """
    if table.definition.copy_format == "parquet" and not lake.nul_columns:
        return _pass_on(store, keys, window, lake)
    return _convert(store, keys, window, lake, table, local, run, progress)


def _convert(
    store: Store,
    keys: Keys,
    window: Window,
    lake: LakeManifest,
    table: Table,
    local: Sequence[Path],
    run: Run,
    progress: Progress,
) -> CsvManifest:
    """Write the window's rows as CSV parts, the COPY manifest, and the marker."""
    started = time.monotonic()
    names, definition = [column.name for column in lake.columns], table.definition
    excluded = left_out(definition.exclude, names)
    columns = tuple(column for column in lake.columns if column.name not in excluded)
    conversion = Conversion(
        lake,
        as_defined(columns, {}, definition.super),
        table.rules(lake.key, names),
        run.csv_part_mb * _MIB,
        run.csv_compression,
        once_mended(store, keys, window),
    )
    with fetching(run.spool) as folder:
        files = partial(open_parts, store, lake.parts, local, folder)
        written = _write_parts(store, keys, window, files, conversion, progress)
    _check_rows(lake, written.parts)
    changes, tokens = written.changes, written.tokens
    return _keep_manifest(
        store,
        keys,
        window,
        lake,
        columns=columns,
        parts=written.parts,
        seconds=round(time.monotonic() - started, 3),
        null_token=tokens.null,
        compression=run.csv_compression,
        coerced=added_up((*lake.coerced, *changes.coerced)),
        empty_tokens={name: tokens.empty[name].hex() for name in changes.empty},
        empty_bytes=changes.empty,
        converted=_name_of_changes(sorted(excluded), changes.coerced),
    )


def _pass_on(store: Store, keys: Keys, window: Window, lake: LakeManifest) -> CsvManifest:
    """Write the COPY manifest that lists the lake's Parquet, and the marker."""
    return _keep_manifest(
        store,
        keys,
        window,
        lake,
        columns=lake.columns,
        parts=tuple(part for part in lake.parts if part.rows),
        coerced=lake.coerced,
        form="parquet",
    )


def _keep_manifest(
    store: Store,
    keys: Keys,
    window: Window,
    lake: LakeManifest,
    *,
    columns: tuple[Column, ...],
    parts: tuple[Part, ...],
    coerced: tuple[Coercion, ...],
    form: Literal["csv", "parquet"] = "csv",
    null_token: str = "",
    compression: str = "",
    empty_tokens: Mapping[str, str] | None = None,
    empty_bytes: Mapping[str, int] | None = None,
    converted: str = "",
    seconds: float = 0.0,
) -> CsvManifest:
    """Write the COPY manifest and, last, the marker; what both forms say alike comes from the lake's."""
    copy_key = keys.copy_manifest(window, lake.digest)
    store.put(copy_key, _copy_manifest(store, parts))
    manifest = CsvManifest(
        table=lake.table,
        window=lake.window,
        written_at=datetime.now(UTC),
        seconds=seconds,
        columns=columns,
        key=lake.key,
        lake_digest=lake.digest,
        parts=parts,
        rows=lake.rows,
        bytes=sum(part.bytes for part in parts),
        null_token=null_token,
        compression=compression,
        copy_manifest=copy_key,
        coerced=coerced,
        empty_tokens=dict(empty_tokens or {}),
        empty_bytes=dict(empty_bytes or {}),
        extent=lake.extent,
        converted=converted,
        format=form,
    )
    store.put(keys.csv_marker(window), manifest.encode())
    return manifest


def _name_of_changes(excluded: Sequence[str], coerced: Sequence[Coercion]) -> str:
    """The same for the same columns left out and the same values changed, empty for none."""
    said = [*excluded, *(each.model_dump() for each in added_up(coerced))]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest() if said else ""


def read_manifest(store: Store, keys: Keys, window: Window) -> CsvManifest:
    """The window's CSV manifest."""
    key = keys.csv_marker(window)
    return decode(CsvManifest, store.get(key), store.url(key))


@dataclass(frozen=True)
class _Written:
    parts: tuple[Part, ...]
    tokens: Tokens
    changes: Changes


def _write_parts(
    store: Store,
    keys: Keys,
    window: Window,
    files: Files,
    conversion: Conversion,
    progress: Progress,
) -> _Written:
    suffix = SUFFIXES[conversion.compression]

    def key_of(index: int, sha256: str) -> str:
        return keys.csv_part(window, index, sha256, suffix)

    tokens, given_up = Tokens(conversion.columns), set[str]()
    while True:
        parts = CsvParts(store, key_of)
        try:
            with parts:
                changes = convert_rows(files, conversion, tokens, parts.add, progress)
        except TokenTaken as taken:
            given_up.update(part.key for part in parts.done)
            tokens.take_others(taken)
            continue
        # not before: a part without the token is the same again, and may stand in another process's marker
        store.delete(sorted(given_up.difference(part.key for part in parts.done)))
        return _Written(tuple(parts.done), tokens, changes)


def _check_rows(lake: LakeManifest, parts: Sequence[Part]) -> None:
    written = sum(part.rows for part in parts)
    if written != lake.rows:
        raise DataError(
            f"{written} rows were written as CSV", why=f"the lake manifest has {lake.rows}"
        )


def _copy_manifest(store: Store, parts: Sequence[Part]) -> bytes:
    entries = [
        {"url": store.url(p.key), "mandatory": True, "meta": {"content_length": p.bytes}}
        for p in parts
    ]
    return json.dumps({"entries": entries}, indent=1).encode()
