"""Open and check a window's Parquet parts, from the spool where it still has them, else from the lake."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.codec.arrow import arrow_schema
from pipeline.errors import DataError
from pipeline.lake.s3 import Store
from pipeline.model.markers import LakeMarker, Part
from pipeline.spool import disk
from pipeline.spool.folder import digest_of, sha256_of

_TAIL = 1 << 20
"""Bytes of a part's end that are fetched for its footer."""


def open_parts(
    store: Store, lake: LakeMarker, local: Sequence[Path], folder: Path
) -> Generator[pa.NativeFile, None, None]:
    """Yield the files of the marker's parts in order; fetch and check the next one meanwhile.

    `local` are spool files: one with a part's digest replaces the download into `folder`. The caller closes
    each file. Raises DataError for a part whose content, columns or rows differ from the marker's.
    """
    with ThreadPoolExecutor(1, "fetch") as pool:
        pending: list[Future[pa.NativeFile]] = []
        try:
            for part in [*lake.parts, None]:
                if part is not None:
                    pending.append(pool.submit(_open_checked, store, lake, part, local, folder))
                if len(pending) > 1 or part is None:
                    yield pending.pop(0).result()
        finally:
            for future in pending:
                if not future.cancel() and future.exception() is None:
                    future.result().close()


def check_footers(store: Store, lake: LakeMarker) -> None:
    """Raise DataError unless each part's footer, all that is fetched, has the marker's columns and rows."""
    for part in lake.parts:
        tail = store.tail(part.key, _TAIL)
        footer = int.from_bytes(tail[-8:-4], "little") + 8
        if _TAIL < footer <= part.bytes:
            tail = store.tail(part.key, footer)
        _check_footer(store, lake, part, pa.BufferReader(tail))


def _open_checked(
    store: Store, lake: LakeMarker, part: Part, local: Sequence[Path], folder: Path
) -> pa.NativeFile:
    file = _open(store, part, local, folder)
    try:
        _check_footer(store, lake, part, file)
    except DataError:
        file.close()
        raise
    return file


def _check_footer(store: Store, lake: LakeMarker, part: Part, file: pa.NativeFile) -> None:
    """Raise DataError unless the footer has the marker's columns, in its order and types, and rows."""
    try:
        metadata = pq.read_metadata(file)
        schema = metadata.schema.to_arrow_schema()
    except (pa.ArrowException, OSError) as error:
        raise _foreign(store, part, f"it is no Parquet: {error}") from error
    expected = arrow_schema(lake.columns)
    if not schema.equals(expected):
        different = [field for field in schema if field not in list(expected)]
        columns = ", ".join(f"{field.name} {field.type}" for field in different)
        raise _foreign(store, part, f"its columns differ: {columns or 'another order or number'}")
    if metadata.num_rows != part.rows:
        raise _foreign(store, part, f"it has {metadata.num_rows} rows, the marker has {part.rows}")


def _foreign(store: Store, part: Part, why: str) -> DataError:
    return DataError(
        f"{store.url(part.key)} does not match its marker",
        why=why,
        todo="delete the window's lake marker; the window is extracted again",
    )


def _open(store: Store, part: Part, local: Sequence[Path], folder: Path) -> pa.NativeFile:
    """Open the part's file, which stays readable when another run clears the spool.

    A fetched file is deleted when it is closed: the disk holds three at most.
    """
    for path in local:
        with suppress(FileNotFoundError):
            file = pa.OSFile(str(path))
            if file.size() == part.bytes and digest_of(file) == part.sha256:
                return file
            file.close()
    path = folder / Path(part.key).name
    with disk.writing(folder, lambda: f"the part needs {disk.megabytes(part.bytes)}"):
        store.download(part.key, path)
    if (digest := sha256_of(path)) != part.sha256:
        why = f"its SHA-256 is {digest[:12]}…, the marker has {part.sha256[:12]}…"
        raise _foreign(store, part, why)
    file = pa.OSFile(str(path))
    path.unlink()  # the open file stays readable
    return file
