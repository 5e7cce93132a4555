"""The exact reader: records of a file one by one, with their line numbers and raw text.

Much slower than `table`, and used where that reader cannot decide. It names the file, line and field of an
error.
Source: Amazon Redshift Database Developer Guide, "Data format parameters", "CSV".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from devstack.redshift.copy.command import CopyCommand

MAX_ROW = 4 * 1024 * 1024
"""Source: "COPY", usage notes: a row of input may not exceed 4 MB."""
_READ = 4 * MAX_ROW


@dataclass
class Record:
    """One row of input: number of its first line, bytes, fields, and whether each is quoted."""

    line: int
    raw: bytes
    fields: list[tuple[bytes, bool]] = field(default_factory=list)
    fault: str = ""


class RecordReader:
    """Iterates over the records of one decompressed file."""

    def __init__(self, stream: BinaryIO, command: CopyCommand) -> None:
        self._stream = stream
        self._command = command
        self._csv = command.file_format == "csv"
        delimiter = re.escape(command.delimiter.encode())
        quote = re.escape(command.quote.encode())
        self._quote = command.quote.encode()
        self._quoted = re.compile(
            rb"[ \t]*" + quote
            + rb"([^" + quote + rb"]*(?:" + quote * 2 + rb"[^" + quote + rb"]*)*)" + quote
            + rb"[ \t]*(?=" + delimiter + rb"|\r?\n|\r?\Z)"
        )  # fmt: skip
        plain = rb"(?:[^" + delimiter + rb"\n]*)"
        if command.has("escape"):
            plain = rb"(?:\\(?:.|\n)|[^\\" + delimiter + rb"\n])*"
        self._plain = re.compile(plain, re.DOTALL)
        self._opening = re.compile(rb"[ \t]*" + quote)
        self._buffer = b""
        self._at = 0
        self._line = 1
        self._ended = False

    def __iter__(self) -> Iterator[Record]:
        for _ in range(self._command.ignore_header):
            if not self._skip_line():
                return
        while self._fill():
            record = self._next()
            blank = not record.raw.strip(b"\r\n")
            if not (blank and self._command.has("ignoreblanklines")):
                yield record

    def _fill(self) -> bool:
        """Read a whole record into the buffer; returns whether there is one."""
        if len(self._buffer) - self._at <= MAX_ROW and not self._ended:
            pieces = [self._buffer[self._at :]]
            self._at = 0
            wanted = _READ
            while wanted > 0 and (block := self._stream.read(wanted)):
                pieces.append(block)
                wanted -= len(block)
            self._ended = wanted > 0
            self._buffer = b"".join(pieces)
        return self._at < len(self._buffer)

    def _skip_line(self) -> bool:
        if not self._fill():
            return False
        end = self._buffer.find(b"\n", self._at)
        self._at = len(self._buffer) if end < 0 else end + 1
        self._line += 1
        return True

    def _next(self) -> Record:
        start, at = self._at, self._at
        record = Record(self._line, b"")
        buffer, delimiter = self._buffer, self._command.delimiter.encode()
        while True:
            value, at = self._field(buffer, at, record)
            if value is None:
                break
            record.fields.append(value)
            if buffer.startswith(delimiter, at):
                at += 1
                continue
            break
        if record.fault:
            end = buffer.find(b"\n", at)
            at = len(buffer) if end < 0 else end
        if at - start > MAX_ROW:
            record.fault = record.fault or "Row length exceeds 4 MB"
        record.raw = buffer[start:at].removesuffix(b"\r")
        at += buffer.startswith(b"\n", at)
        self._line += buffer.count(b"\n", start, at)
        self._at = at
        return record

    def _field(
        self, buffer: bytes, at: int, record: Record
    ) -> tuple[tuple[bytes, bool] | None, int]:
        if self._csv and self._opening.match(buffer, at):
            match = self._quoted.match(buffer, at)
            if match is None:
                record.fault = "Invalid quote formatting for CSV"
                return None, at
            doubled = self._quote * 2
            end = match.end() + buffer.startswith(b"\r\n", match.end())
            return (match[1].replace(doubled, self._quote), True), end
        match = self._plain.match(buffer, at)
        value, end = (match[0], match.end()) if match else (b"", at)
        if not buffer.startswith(self._command.delimiter.encode(), end):
            value = value.removesuffix(b"\r")
        return (self._unescaped(value), False), end

    def _unescaped(self, value: bytes) -> bytes:
        command = self._command
        if command.has("escape") and value != command.null.encode():
            value = re.sub(rb"\\(.|\n)", rb"\1", value, flags=re.DOTALL)
        if (
            command.has("removequotes")
            and len(value) > 1
            and value[:1] == value[-1:] in (b'"', b"'")
        ):
            value = value[1:-1]
        return value
