"""Rows of the exact reader: fields decoded, checked and converted one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

from devstack.redshift.copy.command import CopyCommand
from devstack.redshift.copy.errors import Rejected
from devstack.redshift.copy.faults import (
    BAD_LINE,
    BAD_UTF8,
    NO_DELIMITER,
    TOO_FEW,
    TOO_MANY,
    FieldError,
)
from devstack.redshift.copy.records import Record, RecordReader
from devstack.redshift.copy.source import S3File
from devstack.redshift.copy.vector import ColumnLoader

Row = list["str | None"]


class ExactReader:
    """Reads one file record by record."""

    def __init__(
        self,
        stream: BinaryIO,
        file: S3File,
        command: CopyCommand,
        loaders: Sequence[ColumnLoader],
        quoted_null_is_null: bool,
    ) -> None:
        self._records = RecordReader(stream, command)
        self._file = file
        self._command = command
        self._loaders = loaders
        self._quoted_null_is_null = quoted_null_is_null
        self._null = command.null.encode()
        self._empty_null = command.has("emptyasnull")

    def rows(self, reject: Callable[[Rejected], None]) -> Iterator[Row]:
        """The valid rows; each invalid one is passed to `reject`, which may raise."""
        for record in self._records:
            rejected = self._malformed(record)
            row: Row = []
            if rejected is None:
                for loader, (content, quoted) in zip(self._loaders, record.fields, strict=True):
                    try:
                        row.append(loader.scalar(self._text(content, quoted)))
                    except FieldError as error:
                        rejected = self._bad_field(record, loader, content, error)
                        break
            if rejected is None:
                yield row
            else:
                reject(rejected)

    def _malformed(self, record: Record) -> Rejected | None:
        """The reason that the whole record is invalid, if any."""
        raw = record.raw.decode(errors="replace")
        if record.fault:
            return Rejected(self._file, record.line, BAD_LINE, record.fault, raw)
        missing = len(self._loaders) - len(record.fields)
        if missing < 0:
            return Rejected(self._file, record.line, TOO_MANY, "Extra column(s) found", raw)
        if missing and self._command.has("fillrecord"):
            record.fields += [(self._null, False)] * missing
            missing = 0
        if missing:
            code = NO_DELIMITER if len(record.fields) == 1 else TOO_FEW
            column = self._loaders[len(record.fields)].column
            return Rejected(
                self._file, record.line, code, "Delimiter not found", raw, column.name,
                column.shown_type, column.shown_length,
            )  # fmt: skip
        return None

    def _text(self, content: bytes, quoted: bool) -> str | None:
        may_be_null = not quoted or self._quoted_null_is_null
        if may_be_null and (content == self._null or (self._empty_null and not content)):
            return None
        try:
            return content.decode()
        except UnicodeDecodeError as error:
            replacement = self._command.invalid_characters
            if replacement:
                return _replaced(content, replacement)
            bad = content[error.start : error.end]
            raise FieldError(
                BAD_UTF8,
                "String contains invalid or unsupported UTF-8 codepoints. "
                f"Bad UTF-8 hex sequence: {bad.hex(' ')} (error {_utf8_fault(bad)})",
                error.start,
            ) from error

    def _bad_field(
        self, record: Record, loader: ColumnLoader, content: bytes, error: FieldError
    ) -> Rejected:
        column = loader.column
        return Rejected(
            self._file,
            record.line,
            error.code,
            error.reason,
            record.raw.decode(errors="replace"),
            column.name,
            column.shown_type,
            column.shown_length,
            error.position,
            content.decode(errors="replace"),
        )


def _replaced(content: bytes, replacement: str) -> str:
    """The text with each invalid byte replaced. Source: ACCEPTINVCHARS."""
    text = content.decode(errors="surrogateescape")
    return "".join(replacement if "\udc80" <= c <= "\udcff" else c for c in text)


def _utf8_fault(bad: bytes) -> int:
    """The error number of "Multibyte character load errors"."""
    first = bad[0]
    if first >= 0xF8:
        return 1
    if 0xC2 <= first <= 0xF4:
        return 2
    return 3
