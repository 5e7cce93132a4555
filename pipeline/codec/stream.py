"""A packet stream, read in large blocks into one buffer, to record batches.

Knows the protocol, not sockets: the caller supplies a function that reads bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from pipeline.codec import packets
from pipeline.codec.decoder import DecodedBatch, Decoder, MalformedRow
from pipeline.codec.jit import SLACK, Array
from pipeline.model.columns import Column

BLOCK = 1 << 21
"""Bytes gathered before decoding. It should fit the second-level cache, since two passes read every cell;
smaller blocks cost more calls."""


class ServerFailed(Exception):
    """The server ended the stream with an error packet; `payload` is its content."""

    def __init__(self, payload: bytes) -> None:
        super().__init__(payload)
        self.payload = payload


class WrongSequence(Exception):
    """A packet was lost, or the bytes are not a row stream."""

    def __init__(self, got: int, expected: int) -> None:
        super().__init__(f"got packet {got}, expected {expected}")
        self.got, self.expected = got, expected


class RowStream:
    """The rows of one query.

    `read_into` reads at least one byte into the memory passed and returns the number of bytes; it raises
    at the end of the data. `sequence` is the first packet's number. After the last batch `sequence` is
    the next packet's number, `ending` the payload of the packet that ended the stream, and `excess` the
    number of bytes read after it.
    """

    def __init__(
        self,
        read_into: Callable[[memoryview], int],
        columns: Sequence[Column],
        *,
        sequence: int,
        batch_rows: int,
        batch_bytes: int,
        block: int = BLOCK,
    ) -> None:
        self.sequence = sequence
        self.ending = b""
        self.excess = 0
        self._read_into = read_into
        self._decoder = Decoder(columns, batch_rows, batch_bytes)
        self._block = block
        self._buffer = np.empty(block + SLACK, np.uint8)
        self._begin = self._end = 0

    def batches(self) -> Iterator[DecodedBatch]:
        """The batches, until the end of the stream.

        Raises ServerFailed, WrongSequence, MalformedRow, DataError and the errors of `read_into`.
        """
        reason = packets.MORE
        while reason != packets.END:
            reason, end = self._gather()
            while self._begin < end:
                self._begin = self._decoder.packets(self._buffer, self._begin, end)
                yield from self._complete()
            if reason == packets.HUGE:
                self._huge_row()
                yield from self._complete()
            elif reason not in (packets.MORE, packets.END):
                self._fail(reason)
        self._finish()
        if self._decoder.rows:
            yield self._decoder.take()

    def _complete(self) -> Iterator[DecodedBatch]:
        if self._decoder.full:
            yield self._decoder.take()

    def _gather(self) -> tuple[int, int]:
        """Read until a block is full or a packet is not a row: (reason, end of the rows)."""
        at = self._begin
        while True:
            reason, at, self.sequence = packets.follow(self._buffer, at, self._end, self.sequence)
            if reason != packets.MORE:
                return reason, at
            if self._room() == 0:
                if at > self._begin:
                    return reason, at
                self._make_room()
                at = 0
            self._read()

    def _room(self) -> int:
        return len(self._buffer) - SLACK - self._end

    def _read(self) -> None:
        self._end += self._read_into(self._buffer[self._end : -SLACK].data)

    def _make_room(self) -> None:
        """Move the incomplete packet to the front of a buffer of one block, or larger if needed."""
        rest = self._buffer[self._begin : self._end]
        packet = packets.HEADER + _size(rest) if len(rest) >= packets.HEADER else 0
        capacity = max(self._block, packet) + SLACK
        buffer = self._buffer
        if capacity != len(buffer):
            buffer = np.empty(capacity, np.uint8)
        buffer[: len(rest)] = rest
        self._buffer, self._begin, self._end = buffer, 0, len(rest)

    def _huge_row(self) -> None:
        """Join the packets of a row of 16 MB or more and decode it."""
        pieces = []
        size = packets.MAX_PAYLOAD
        while size == packets.MAX_PAYLOAD:
            header = self._exactly(packets.HEADER)
            if header[3] != self.sequence:
                raise WrongSequence(int(header[3]), self.sequence)
            self.sequence = (self.sequence + 1) & 0xFF
            size = _size(header)
            pieces.append(self._exactly(size))
        wire_bytes = sum(len(piece) + packets.HEADER for piece in pieces)
        payload = np.concatenate([*pieces, np.zeros(SLACK, np.uint8)])
        self._decoder.row(payload, len(payload) - SLACK, wire_bytes)

    def _exactly(self, size: int) -> Array:
        """The next `size` bytes, from the buffer first."""
        taken = np.empty(size, np.uint8)
        done = min(size, self._end - self._begin)
        taken[:done] = self._buffer[self._begin : self._begin + done]
        self._begin += done
        while done < size:
            done += self._read_into(taken[done:].data)
        return taken

    def _fail(self, reason: int) -> None:
        if reason == packets.FAILED:
            raise ServerFailed(self._last_payload())
        if reason == packets.DISORDER:
            raise WrongSequence(int(self._buffer[self._begin + 3]), self.sequence)
        raise MalformedRow("a packet is empty")

    def _last_payload(self) -> bytes:
        start = self._begin + packets.HEADER
        size = _size(self._buffer[self._begin :])
        self._begin = start + size
        self.sequence = (self.sequence + 1) & 0xFF
        return bytes(self._buffer[start : self._begin])

    def _finish(self) -> None:
        self.ending = self._last_payload()
        self.excess = self._end - self._begin


def _size(header: Array) -> int:
    return int.from_bytes(bytes(header[:3]), "little")
