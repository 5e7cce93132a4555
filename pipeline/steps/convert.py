"""Lake to CSV: what COPY reads, as compressed parts, and the manifest that lists them."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.codec.csv import contains, encode_csv
from pipeline.codec.memory import give_back
from pipeline.codec.thread import consume_in_thread
from pipeline.columns import Column, as_defined
from pipeline.config.policies import Rules
from pipeline.config.settings import Run
from pipeline.config.tables import Table
from pipeline.errors import DataError
from pipeline.manifest import (
    Coercion,
    CsvManifest,
    LakeManifest,
    Part,
    added_up,
    decode,
)
from pipeline.names import Keys, left_out
from pipeline.policies.warehouse import ForWarehouse, TokenTaken, empty_tokens
from pipeline.steps.again import once_mended
from pipeline.steps.progress import Progress, silent
from pipeline.stores.csv_parts import CsvParts
from pipeline.stores.s3 import Store
from pipeline.stores.spool import digest_of, fetching, sha256_of
from pipeline.window import UTC, Window

Files = Callable[[], Generator[pa.NativeFile, None, None]]
SUFFIXES = {"zstd": ".zst", "gzip": ".gz"}
_BATCH_ROWS = 8_192
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

    A window with `nul_columns` goes by CSV: what COPY makes of NUL in Parquet is not documented.
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
    """Write the window's rows as CSV parts, the COPY manifest, and the marker.

    `local` are the spool's files of the same parts: one that still has the part's digest spares the
    download. Raises DataError where a policy refuses a value, and when a part is not what the lake
    manifest says.
    """
    started = time.monotonic()
    names, definition = [column.name for column in lake.columns], table.definition
    excluded = left_out(definition.exclude, names)
    columns = tuple(column for column in lake.columns if column.name not in excluded)
    rules = table.rules(lake.key, names)
    with fetching(run.spool) as folder:
        files = partial(_files, store, lake.parts, local, folder)
        typed = as_defined(columns, {}, definition.super)
        written = _write_parts(store, keys, window, lake, files, run, progress, rules, typed)
    _check_rows(lake, written.parts)
    return _keep_manifest(
        store,
        keys,
        window,
        lake,
        columns=columns,
        parts=tuple(written.parts),
        seconds=round(time.monotonic() - started, 3),
        null_token=written.tokens.null,
        compression=run.csv_compression,
        coerced=added_up((*lake.coerced, *written.fitted.coerced)),
        empty_tokens={
            n: t.hex() for n, t in written.tokens.empty.items() if written.fitted.empty[n]
        },
        empty_bytes=dict(written.fitted.empty),
        converted=_name_of_changes(sorted(excluded), written.fitted.coerced),
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
        null_token="",
        compression="",
        coerced=lake.coerced,
        format="parquet",
    )


def _keep_manifest(
    store: Store,
    keys: Keys,
    window: Window,
    lake: LakeManifest,
    *,
    parts: tuple[Part, ...],
    **said: Any,
) -> CsvManifest:
    """Write the COPY manifest and, last, the marker; what both formats say alike comes from the lake's."""
    copy_key = keys.copy_manifest(window, lake.digest)
    store.put(copy_key, _copy_manifest(store, parts))
    manifest = CsvManifest(
        table=lake.table,
        window=lake.window,
        written_at=datetime.now(UTC),
        key=lake.key,
        lake_digest=lake.digest,
        parts=parts,
        rows=lake.rows,
        bytes=sum(part.bytes for part in parts),
        copy_manifest=copy_key,
        extent=lake.extent,
        **said,
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


def _files(
    store: Store, parts: Sequence[Part], local: Sequence[Path], folder: Path
) -> Generator[pa.NativeFile, None, None]:
    """The parts' files, one after the other, while the next one is fetched and checked."""
    with ThreadPoolExecutor(1, "fetch") as pool:
        coming: list[Future[pa.NativeFile]] = []
        try:
            for part in [*parts, None]:
                if part is not None:
                    coming.append(pool.submit(_opened, store, part, local, folder))
                if len(coming) > 1 or part is None:
                    with coming.pop(0).result() as file:
                        yield file
        finally:
            for late in coming:
                if not late.cancel() and late.exception() is None:
                    late.result().close()


def _opened(store: Store, part: Part, local: Sequence[Path], folder: Path) -> pa.NativeFile:
    """The part's file, open, as another run that is done with the window clears the spool.

    A fetched one is gone with its closing: the disk holds two at most.
    """
    for path in local:
        with suppress(FileNotFoundError):
            file = pa.OSFile(str(path))
            if file.size() == part.bytes and digest_of(file) == part.sha256:
                return file
            file.close()
    path = folder / Path(part.key).name
    store.download(part.key, path)
    if (digest := sha256_of(path)) != part.sha256:
        raise DataError(
            f"{store.url(part.key)} is not what its manifest says",
            why=f"its SHA-256 is {digest[:12]}…, the manifest has {part.sha256[:12]}…",
            todo="delete the window's lake marker, and it is extracted again",
        )
    file = pa.OSFile(str(path))
    path.unlink()  # what is open stays until it is closed
    return file


def null_tokens() -> Iterator[str]:
    """Tokens to try, in order: no backslash, no delimiter, no quote, nothing a number could be."""
    yield "__null__"
    count = 1
    while True:
        yield f"__null{count}__"
        count += 1


class _Tokens:
    """What stands in the CSV for NULL, and by column for bytes of length zero."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._null = null_tokens()
        self._empty = {c.name: empty_tokens(c) for c in columns if c.arrow == "binary"}
        self.null = next(self._null)
        self.empty = {name: next(tokens) for name, tokens in self._empty.items()}

    def take_others(self, taken: TokenTaken) -> None:
        """Go on to the next token; raises DataError where no other is short enough."""
        if taken.column is None:
            self.null = next(self._null)
            return
        try:
            self.empty[taken.column] = next(self._empty[taken.column])
        except StopIteration:
            raise DataError(
                f"the column {taken.column} holds every value it can",
                why="none is left to stand for bytes of length zero, for which COPY has no word",
                todo=f"`columns: {{{taken.column}: {{on_empty_bytes: null}}}}` does without one",
            ) from None


@dataclass(frozen=True)
class _Written:
    parts: list[Part]
    tokens: _Tokens
    fitted: ForWarehouse


def _write_parts(
    store: Store,
    keys: Keys,
    window: Window,
    lake: LakeManifest,
    files: Files,
    run: Run,
    progress: Progress,
    rules: Rules,
    columns: Sequence[Column],
) -> _Written:
    suffix = SUFFIXES[run.csv_compression]

    def key_of(index: int) -> str:
        return keys.csv_part(window, index, lake.digest, suffix)

    tokens, names = _Tokens(columns), [column.name for column in columns]
    nul_columns = [name for name in lake.nul_columns if name in names]
    grown = {each.column for each in lake.coerced if each.kind == "invalid_utf8"}
    while True:
        fitted = ForWarehouse(columns, rules, nul_columns, tokens.empty, grown)

        def fit(batch: pa.RecordBatch, fitted: ForWarehouse = fitted) -> pa.RecordBatch:
            try:
                return fitted.fit(batch)
            except DataError as error:
                error.todo += once_mended(store, keys, window)
                raise

        texts = _texts(files, names, fit, tokens.null.encode(), lake.rows, progress)
        try:
            with CsvParts(store, key_of, run.csv_part_mb * _MIB, run.csv_compression) as parts:
                consume_in_thread(texts, parts.write)
            return _Written(parts.done, tokens, fitted)
        except TokenTaken as taken:
            # the parts already stored are overwritten: their names do not depend on the tokens
            tokens.take_others(taken)


def _texts(
    files: Files,
    names: Sequence[str],
    fit: Callable[[pa.RecordBatch], pa.RecordBatch],
    token: bytes,
    rows: int,
    progress: Progress,
) -> Generator[tuple[int, pa.Buffer], None, None]:
    """The rows as CSV, with their number, block by block."""
    done = 0
    with closing(files()) as opened:
        for file in opened:
            for lake_batch in _batches(pq.ParquetFile(file), names):
                batch = fit(lake_batch)
                if contains(batch, token):
                    raise TokenTaken
                yield batch.num_rows, encode_csv(batch, null_token=token)
                done += batch.num_rows
                progress(f"{done:,} of {rows:,} rows", done / rows)


def _batches(file: pq.ParquetFile, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """The file's rows, of the named columns, in small batches, one row group after the other.

    An iterator over all of them keeps what it has read of each to its end: the memory of the file.
    """
    some = None if len(names) == len(file.schema_arrow.names) else names
    for group in range(file.num_row_groups):
        for batch in file.iter_batches(batch_size=_BATCH_ROWS, row_groups=[group], columns=some):
            yield batch.select(names) if some else batch
        give_back()


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
