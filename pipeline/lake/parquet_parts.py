"""Open a window's Parquet parts, from the spool where it still has them, else from the lake."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pyarrow as pa

from pipeline.errors import DataError
from pipeline.lake.s3 import Store
from pipeline.model.markers import Part
from pipeline.spool import disk
from pipeline.spool.folder import digest_of, sha256_of


def open_parts(
    store: Store, parts: Sequence[Part], local: Sequence[Path], folder: Path
) -> Generator[pa.NativeFile, None, None]:
    """Yield the parts' files in order; fetch and check the next one meanwhile.

    `local` are spool files: one with a part's digest replaces the download into `folder`. The caller closes
    each file. Raises DataError for a part whose content differs from the manifest.
    """
    with ThreadPoolExecutor(1, "fetch") as pool:
        pending: list[Future[pa.NativeFile]] = []
        try:
            for part in [*parts, None]:
                if part is not None:
                    pending.append(pool.submit(_open, store, part, local, folder))
                if len(pending) > 1 or part is None:
                    yield pending.pop(0).result()
        finally:
            for future in pending:
                if not future.cancel() and future.exception() is None:
                    future.result().close()


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
        raise DataError(
            f"{store.url(part.key)} does not match its manifest",
            why=f"its SHA-256 is {digest[:12]}…, the manifest has {part.sha256[:12]}…",
            todo="delete the window's lake marker; the window is extracted again",
        )
    file = pa.OSFile(str(path))
    path.unlink()  # the open file stays readable
    return file
