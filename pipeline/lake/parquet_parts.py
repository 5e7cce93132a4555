"""A window's Parquet as open files: those the spool still has, and those fetched from the lake."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pyarrow as pa

from pipeline.errors import DataError
from pipeline.lake.s3 import Store
from pipeline.model.markers import Part
from pipeline.spool.folder import digest_of, sha256_of


def open_parts(
    store: Store, parts: Sequence[Part], local: Sequence[Path], folder: Path
) -> Generator[pa.NativeFile, None, None]:
    """The parts' files, one after the other, while the next one is fetched and checked.

    `local` are the spool's files of the same parts: one that still has the part's digest spares the
    download into `folder`. Whoever takes a file closes it. Raises DataError when a part is not what
    its manifest says.
    """
    with ThreadPoolExecutor(1, "fetch") as pool:
        coming: list[Future[pa.NativeFile]] = []
        try:
            for part in [*parts, None]:
                if part is not None:
                    coming.append(pool.submit(_opened, store, part, local, folder))
                if len(coming) > 1 or part is None:
                    yield coming.pop(0).result()
        finally:
            for late in coming:
                if not late.cancel() and late.exception() is None:
                    late.result().close()


def _opened(store: Store, part: Part, local: Sequence[Path], folder: Path) -> pa.NativeFile:
    """The part's file, open, as another run that is done with the window clears the spool.

    A fetched one is gone with its closing: the disk holds three at most.
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
