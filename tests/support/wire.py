"""Rows as a MySQL server sends them, and a reader that hands them out in pieces."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pyarrow as pa
from pymysql.protocol import MysqlPacket

from pipeline.codec.decoder import DecodedBatch
from pipeline.codec.stream import RowStream
from pipeline.model.columns import Column

MAX_PAYLOAD = 0xFFFFFF
FIRST = 7  # the sequence number of the first row's packet
Row = Sequence[bytes | None]


def column(arrow: str, name: str = "c") -> Column:
    return Column(name, "any", nullable=True, arrow=arrow, redshift="", target=name)


def cell(value: bytes | None) -> bytes:
    """A length-encoded string; the three longer forms are used as soon as they must be."""
    if value is None:
        return b"\xfb"
    size = len(value)
    if size < 0xFB:
        return bytes([size]) + value
    for mark, width in ((b"\xfc", 2), (b"\xfd", 3), (b"\xfe", 8)):
        if size < 1 << (8 * width):
            return mark + size.to_bytes(width, "little") + value
    raise AssertionError(size)


def payload(row: Row) -> bytes:
    return b"".join(cell(value) for value in row)


def packets(payloads: Iterable[bytes], sequence: int = FIRST) -> tuple[bytes, int]:
    """The payloads as packets, those of 16 MB and more continued, and the next sequence number."""
    out = []
    for content in payloads:
        rest = content
        while True:
            piece, rest = rest[:MAX_PAYLOAD], rest[MAX_PAYLOAD:]
            out.append(len(piece).to_bytes(3, "little") + bytes([sequence]) + piece)
            sequence = (sequence + 1) % 256
            if len(piece) < MAX_PAYLOAD:
                break
    return b"".join(out), sequence


EOF = b"\xfe\x00\x00\x02\x00"


def result(rows: Iterable[Row]) -> bytes:
    """All rows and the packet that ends them."""
    return packets([*map(payload, rows), EOF])[0]


def reader(data: bytes, piece: int = 1 << 30) -> Callable[[memoryview], int]:
    """Reads `data`, at most `piece` bytes at a time; EOFError behind its end."""
    position = 0

    def read_into(target: memoryview) -> int:
        nonlocal position
        size = min(len(target), piece, len(data) - position)
        if size == 0:
            raise EOFError
        target[:size] = data[position : position + size]
        position += size
        return size

    return read_into


def stream(
    data: bytes,
    columns: Sequence[Column],
    *,
    piece: int = 1 << 30,
    block: int = 1 << 16,
    batch_rows: int = 1000,
    batch_bytes: int = 1 << 40,
) -> RowStream:
    return RowStream(
        reader(data, piece),
        columns,
        sequence=FIRST,
        batch_rows=batch_rows,
        batch_bytes=batch_bytes,
        block=block,
    )


def decode(rows: Iterable[Row], columns: Sequence[Column]) -> DecodedBatch:
    """The rows as one batch."""
    (decoded,) = stream(result(rows), columns).batches()
    return decoded


def values(rows: Iterable[Row], arrow: str) -> pa.Array:
    """The first column's values."""
    return decode(rows, [column(arrow)]).batch.column(0)


def as_pymysql_reads(content: bytes, columns: int) -> list[bytes | None]:
    """The cells of one row's payload."""
    packet: Any = MysqlPacket(content, "utf8mb4")
    return [packet.read_length_coded_string() for _ in range(columns)]
