"""CSV text to compressed parts of whole rows, and such parts on their way to S3, a few at a time."""

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

UNDER_WAY = 2
"""Parts being stored at once; so many are in memory, compressed, besides those being made."""


@dataclass(frozen=True)
class Compressed:
    """A part before it is stored: its number of rows, its bytes, and their SHA-256, hex."""

    rows: int
    data: bytes
    sha256: str


class CsvWriter:
    """Compresses text, block by block, and begins another part after `size` bytes of it."""

    _stream: pa.CompressedOutputStream
    _sink: pa.BufferOutputStream
    _rows: int
    _length: int

    def __init__(self, size: int, compression: str) -> None:
        self._size, self._compression = size, compression
        self._done: list[Compressed] = []
        self._begin()

    def write(self, rows: int, text: pa.Buffer) -> None:
        """Add some rows: their number, and their text."""
        if self._length >= self._size:
            self._end()
            self._begin()
        self._stream.write(text)
        self._rows, self._length = self._rows + rows, self._length + text.size

    def finish(self) -> list[Compressed]:
        """The parts, in the order of the rows; none has no rows."""
        self._end()
        return self._done

    def _begin(self) -> None:
        self._sink, self._rows, self._length = pa.BufferOutputStream(), 0, 0
        self._stream = pa.CompressedOutputStream(self._sink, self._compression)

    def _end(self) -> None:
        self._stream.close()
        if self._rows:
            data = self._sink.getvalue().to_pybytes()
            self._done.append(Compressed(self._rows, data, hashlib.sha256(data).hexdigest()))


class CsvParts:
    """Stores parts; `done` holds them once the context has ended without error.

    `key_of` gives the key of a part by its number, from 0, and the SHA-256 of its bytes: two processes
    that make the same window's parts otherwise, as after a change of their size, are not in each
    other's way.
    """

    def __init__(self, store: Store, key_of: Callable[[int, str], str]) -> None:
        self.done: list[Part] = []
        self._store, self._key_of = store, key_of
        self._pool = ThreadPoolExecutor(UNDER_WAY, "store")
        self._under_way: deque[Future[None]] = deque()

    def add(self, made: Compressed) -> None:
        """Begin to store a part, once there are few enough under way."""
        self._await(UNDER_WAY - 1)
        key = self._key_of(len(self.done), made.sha256)
        self._under_way.append(self._pool.submit(self._store.put, key, made.data, made.sha256))
        size = len(made.data)
        self.done.append(Part(key=key, rows=made.rows, bytes=size, sha256=made.sha256))

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

    def _await(self, most: int) -> None:
        while len(self._under_way) > most:
            self._under_way.popleft().result()
