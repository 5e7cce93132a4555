"""A strict reader of CSV, written from RFC 4180 alone: the grammar of section 2, and nothing forgiven.

It differs where COPY's options do: the delimiter is ``|``, lines end with a line feed alone, text is UTF-8,
a quoted field may hold any octet. It shares no code with the writer under test.
"""

from __future__ import annotations

from collections.abc import Iterator

QUOTE, DELIMITER, END = b'"', b"|", b"\n"


class NotCsv(ValueError):
    """The octets are not in the grammar."""


class Field(str):
    """A field's text; `quoted` says whether it stood in quotes, which NULL never does."""

    quoted: bool

    def __new__(cls, content: bytes, *, quoted: bool) -> Field:
        field = super().__new__(cls, content.decode("utf-8"))
        field.quoted = quoted
        return field


def records(data: bytes) -> Iterator[list[Field]]:
    """The records of a file, all with the number of fields that the first one has."""
    place, width = 0, None
    while place < len(data):
        record: list[Field] = []
        while True:
            field, place = (
                _escaped(data, place) if data[place : place + 1] == QUOTE else _bare(data, place)
            )
            record.append(field)
            behind, place = data[place : place + 1], place + 1
            if behind == END:
                break
            if behind != DELIMITER:
                raise NotCsv(f"{behind!r} behind a field, at {place - 1}")
        if width is not None and len(record) != width:
            raise NotCsv(f"{len(record)} fields in a record, {width} in the first")
        width = len(record)
        yield record


def _escaped(data: bytes, place: int) -> tuple[Field, int]:
    content = bytearray()
    place += 1
    while True:
        end = data.find(QUOTE, place)
        if end < 0:
            raise NotCsv(f"a quote is never closed, from {place - 1}")
        content += data[place:end]
        place = end + 1
        if data[place : place + 1] != QUOTE:
            return Field(bytes(content), quoted=True), place
        content += QUOTE
        place += 1


def _bare(data: bytes, place: int) -> tuple[Field, int]:
    ends = [found for mark in (DELIMITER, END) if (found := data.find(mark, place)) >= 0]
    if not ends:
        raise NotCsv(f"the last record has no end, at {place}")
    content = data[place : min(ends)]
    if QUOTE in content or b"\r" in content:
        raise NotCsv(f"a field holds what must stand in quotes: {content!r}")
    return Field(content, quoted=False), min(ends)
