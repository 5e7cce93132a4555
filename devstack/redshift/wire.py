"""Framing of the PostgreSQL protocol, version 3: reading and building messages.

Source: PostgreSQL documentation, "Frontend/Backend Protocol".
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable, Sequence

PROTOCOL_3 = 196608
CANCEL_REQUEST = 80877102
SSL_REQUEST = 80877103
GSS_REQUEST = 80877104
_RECEIVE = 1 << 18


class Disconnected(Exception):
    """The peer closed the connection, or it broke."""


class Channel:
    """One socket, read message by message, with buffered writes."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._buffer = bytearray()
        self._start = 0
        self._out = bytearray()

    def _need(self, size: int) -> None:
        """Read until the buffer has at least `size` bytes; raises Disconnected at the end of the stream."""
        while len(self._buffer) - self._start < size:
            if self._start:
                del self._buffer[: self._start]
                self._start = 0
            try:
                block = self.sock.recv(_RECEIVE)
            except OSError as error:
                raise Disconnected(str(error)) from error
            if not block:
                raise Disconnected("end of stream")
            self._buffer += block

    def _take(self, size: int) -> bytes:
        self._need(size)
        taken = bytes(self._buffer[self._start : self._start + size])
        self._start += size
        return taken

    def startup(self) -> tuple[int, bytes]:
        """Read a start-up packet, which has no type byte; returns its code and its body."""
        (length,) = struct.unpack("!i", self._take(4))
        if not 8 <= length <= 10_000:
            raise Disconnected(f"a start-up packet of {length} bytes")
        body = self._take(length - 4)
        return struct.unpack("!i", body[:4])[0], body[4:]

    def read(self) -> tuple[bytes, bytes]:
        """Read one message; returns its type byte and its body."""
        self._need(5)
        kind = bytes(self._buffer[self._start : self._start + 1])
        (length,) = struct.unpack_from("!i", self._buffer, self._start + 1)
        self._need(length + 1)
        body = bytes(self._buffer[self._start + 5 : self._start + 1 + length])
        self._start += length + 1
        return kind, body

    def write(self, data: bytes) -> None:
        """Queue bytes; `flush` sends them at the latest."""
        self._out += data
        if len(self._out) > _RECEIVE:
            self.flush()

    def flush(self) -> None:
        """Send the queued bytes; raises Disconnected if the peer is gone."""
        if self._out:
            try:
                self.sock.sendall(self._out)
            except OSError as error:
                raise Disconnected(str(error)) from error
            self._out = bytearray()

    def close(self) -> None:
        """Close the socket; safe to call twice."""
        self.sock.close()


def message(kind: bytes, body: bytes = b"") -> bytes:
    """One message: type byte, length, body."""
    return kind + struct.pack("!i", len(body) + 4) + body


def text(value: str) -> bytes:
    """A string of the protocol: UTF-8, ended by NUL."""
    return value.encode() + b"\0"


def split_text(body: bytes, start: int = 0) -> tuple[str, int]:
    """The NUL-terminated string at `start`, and the index of the next field."""
    end = body.index(b"\0", start)
    return body[start:end].decode(), end + 1


def query(sql: str) -> bytes:
    """A simple Query message."""
    return message(b"Q", text(sql))


def startup(parameters: dict[str, str]) -> bytes:
    """A start-up packet with these parameters."""
    body = struct.pack("!i", PROTOCOL_3)
    body += b"".join(text(key) + text(value) for key, value in parameters.items()) + b"\0"
    return struct.pack("!i", len(body) + 4) + body


def cancel(key: bytes) -> bytes:
    """A CancelRequest packet for a backend's eight bytes of process id and secret."""
    return struct.pack("!ii", 16, CANCEL_REQUEST) + key


def parameters(body: bytes) -> dict[str, str]:
    """The key/value pairs of a start-up packet."""
    words = body.rstrip(b"\0").decode().split("\0")
    return dict(zip(words[::2], words[1::2], strict=False))


def status(name: str, value: str) -> bytes:
    """A ParameterStatus message."""
    return message(b"S", text(name) + text(value))


def ready(state: bytes) -> bytes:
    """A ReadyForQuery message: b"I" idle, b"T" in a transaction, b"E" in a failed one."""
    return message(b"Z", state)


def complete(tag: str) -> bytes:
    """A CommandComplete message."""
    return message(b"C", text(tag))


def error(fields: dict[str, str], kind: bytes = b"E") -> bytes:
    """An ErrorResponse (or, with kind b"N", a NoticeResponse)."""
    body = b"".join(key.encode() + text(value) for key, value in fields.items()) + b"\0"
    return message(kind, body)


def error_fields(body: bytes) -> dict[str, str]:
    """The fields of an ErrorResponse or NoticeResponse."""
    fields = {}
    for part in body.split(b"\0"):
        if part:
            fields[chr(part[0])] = part[1:].decode(errors="replace")
    return fields


def row(values: Iterable[str | None]) -> bytes:
    """A DataRow message with values in text format."""
    cells = [None if value is None else value.encode() for value in values]
    return data_row(cells)


def data_row(cells: Sequence[bytes | None]) -> bytes:
    """A DataRow message from raw cells."""
    body = bytearray(struct.pack("!h", len(cells)))
    for cell in cells:
        if cell is None:
            body += b"\xff\xff\xff\xff"
        else:
            body += struct.pack("!i", len(cell)) + cell
    return message(b"D", bytes(body))


def cells(body: bytes) -> list[bytes | None]:
    """The cells of a DataRow message."""
    (count,) = struct.unpack_from("!h", body)
    position, values = 2, list[bytes | None]()
    for _ in range(count):
        (length,) = struct.unpack_from("!i", body, position)
        position += 4
        if length < 0:
            values.append(None)
        else:
            values.append(body[position : position + length])
            position += length
    return values


def row_description(names: Sequence[str], type_oid: int = 1043) -> bytes:
    """A RowDescription of columns that all have one type (varchar by default)."""
    body = struct.pack("!h", len(names))
    for name in names:
        body += text(name) + struct.pack("!ihihih", 0, 0, type_oid, -1, -1, 0)
    return message(b"T", body)
