"""Compress CSV text into parts of whole rows, and store them in S3."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType

import pyarrow as pa

from pipeline.lake.s3 import Store
from pipeline.model.markers import Part

UPLOADS = 2
"""Parts uploaded at the same time. Each of them is in memory, compressed, besides those being written."""


@dataclass(frozen=True)
class Compressed:
    """A part before its upload: row count, bytes, and their SHA-256 in hex."""

    rows: int
    data: bytes
    sha256: str


class CsvWriter:
    """Compress text block by block; begin a new part after every `size` bytes of text."""

    _stream: pa.CompressedOutputStream
    _sink: pa.BufferOutputStream
    _rows: int
    _length: int

    def __init__(self, size: int, compression: str) -> None:
        self._size, self._compression = size, compression
        self._parts: list[Compressed] = []
        self._begin()

    def write(self, rows: int, text: pa.Buffer) -> None:
        """Add `rows` rows, written as `text`."""
        if self._length >= self._size:
            self._end()
            self._begin()
        self._stream.write(text)
        self._rows, self._length = self._rows + rows, self._length + text.size

    def finish(self) -> list[Compressed]:
        """The parts in row order, none of them empty."""
        self._end()
        return self._parts

    def _begin(self) -> None:
        self._sink, self._rows, self._length = pa.BufferOutputStream(), 0, 0
        self._stream = pa.CompressedOutputStream(self._sink, self._compression)

    def _end(self) -> None:
        self._stream.close()
        if self._rows:
            data = self._sink.getvalue().to_pybytes()
            self._parts.append(Compressed(self._rows, data, hashlib.sha256(data).hexdigest()))


class CsvParts:
    """Upload parts in the background; `stored` is complete when the context exits without error.

    `key_of` maps a part's index and SHA-256 to its key: processes that cut a window's parts differently, as
    after a change of part size, do not overwrite each other's.
    """

    def __init__(self, store: Store, key_of: Callable[[int, str], str]) -> None:
        self.stored: list[Part] = []
        self._store, self._key_of = store, key_of
        self._pool = ThreadPoolExecutor(UPLOADS, "store")
        self._uploads: deque[Future[None]] = deque()

    def add(self, part: Compressed) -> None:
        """Start the upload of a part, after a running one where all slots are taken."""
        self._await(UPLOADS - 1)
        key = self._key_of(len(self.stored), part.sha256)
        self._uploads.append(self._pool.submit(self._store.put, key, part.data, part.sha256))
        size = len(part.data)
        self.stored.append(Part(key=key, rows=part.rows, bytes=size, sha256=part.sha256))

    def __enter__(self) -> CsvParts:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._pool:
            if kind is None:
                self._await(0)

    def _await(self, running: int) -> None:
        """Wait until at most `running` uploads are left."""
        while len(self._uploads) > running:
            self._uploads.popleft().result()
