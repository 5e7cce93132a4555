"""CSV text on its way to S3: cut into parts of whole rows, compressed, stored while the next is made."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

import pyarrow as pa

from pipeline.manifest import Part
from pipeline.stores.s3 import Store

UNDER_WAY = 2
"""Parts being stored at once; so many are in memory, compressed, besides the one being made."""


class CsvParts:
    """Takes text block by block; `done` holds the parts once the context has ended without error.

    `key_of` gives the key of the n-th part, `size` the bytes of text after which a part is full.
    """

    _stream: pa.CompressedOutputStream
    _sink: pa.BufferOutputStream
    _rows: int
    _length: int

    def __init__(
        self, store: Store, key_of: Callable[[int], str], size: int, compression: str
    ) -> None:
        self.done: list[Part] = []
        self._store, self._key_of, self._size = store, key_of, size
        self._compression = compression
        self._pool = ThreadPoolExecutor(UNDER_WAY)
        self._under_way: list[Future[None]] = []
        self._begin()

    def write(self, block: tuple[int, pa.Buffer]) -> None:
        """Add some rows: their number, and their text."""
        rows, text = block
        self._stream.write(text)
        self._rows, self._length = self._rows + rows, self._length + text.size
        if self._length >= self._size:
            self._finish()
            self._begin()

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
                self._finish()
                self._await(0)

    def _begin(self) -> None:
        self._sink, self._rows, self._length = pa.BufferOutputStream(), 0, 0
        self._stream = pa.CompressedOutputStream(self._sink, self._compression)

    def _finish(self) -> None:
        self._stream.close()
        if not self._rows:
            return
        data, key = self._sink.getvalue().to_pybytes(), self._key_of(len(self.done))
        self._await(UNDER_WAY - 1)
        self._under_way.append(self._pool.submit(self._store.put, key, data))
        sha256 = hashlib.sha256(data).hexdigest()
        self.done.append(Part(key=key, rows=self._rows, bytes=len(data), sha256=sha256))

    def _await(self, most: int) -> None:
        while len(self._under_way) > most:
            self._under_way.pop(0).result()
