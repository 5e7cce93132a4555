"""Checksums of rows in MySQL, over the texts that `model.canonical` defines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.model.canonical import DIGEST_DIGITS, HASH_DIGITS, CanonicalColumn, Form, cell_number
from pipeline.model.cursors import Bounds
from pipeline.model.table_name import TableName
from pipeline.source.sql import literal, qualified, quoted

# Types whose text has no character set of its own; a cast gives it the session's, utf8mb4.
_CAST = ("time", "uuid", "inet4", "inet6", "decimal")


def row_hash(columns: Sequence[CanonicalColumn]) -> str:
    """The hash of a row's canonical text."""
    text = ", ".join(["','", *map(_text, columns)])
    digits = f"LEFT(SHA2(CONCAT_WS({text}), 256), {HASH_DIGITS})"
    return f"CAST(CONV({digits}, 16, 10) AS UNSIGNED)"


def key_crc32(key: Sequence[CanonicalColumn]) -> str:
    """The CRC-32 of a row's key, as `codec.checksum` computes it for the lake marker."""
    values = (quoted(c.column.name) if c.form is Form.BYTES else _value(c) for c in key)
    return f"CRC32(CONCAT_WS('|', {', '.join(values)}))"


@dataclass(frozen=True)
class CursorRanges:
    """Conditions on a cursor; a date without a month or a day is in no range."""

    cursor: str
    is_date: bool

    def within(self, bounds: Bounds) -> str:
        """The rows of a range."""
        column = quoted(self.cursor)
        parts = [f"{column} >= {literal(bounds.lower)}"] if bounds.lower is not None else []
        parts += [f"{column} < {literal(bounds.upper)}"] if bounds.upper is not None else []
        parts += [f"MONTH({column}) > 0", f"DAYOFMONTH({column}) > 0"] if self.is_date else []
        return " AND ".join(parts or [f"{column} IS NOT NULL"])

    def within_any(self, ranges: Sequence[Bounds]) -> str:
        """The rows of several spans; every row where there is none."""
        return " OR ".join(f"({self.within(bounds)})" for bounds in ranges) or "TRUE"

    def outside(self, ranges: Sequence[Bounds]) -> str:
        """The rows of no range, those without a cursor included."""
        return f"{quoted(self.cursor)} IS NULL OR NOT ({self.within_any(ranges)})"


def cell_figures(
    table: TableName, cursor: CursorRanges, cells: Sequence[Bounds], checksums: Sequence[str]
) -> str:
    """Number, row count and sums of `checksums` of each cell that has rows.

    The cells adjoin in ascending order.
    """
    number = cell_number(quoted(cursor.cursor), [literal(c.lower or "") for c in cells[1:]])
    span = Bounds(cells[0].lower, cells[-1].upper)
    return (
        f"SELECT {number}, {_sums(checksums)} FROM {qualified(table)}"
        f" WHERE {cursor.within(span)} GROUP BY 1"
    )


def table_figures(table: TableName, checksums: Sequence[str]) -> str:
    """The same of the whole table, as cell 0."""
    return f"SELECT 0, {_sums(checksums)} FROM {qualified(table)}"


def hashes(table: TableName, expressions: Sequence[str], condition: str, every: int) -> str:
    """One row of hashes for each row of the condition, where `every` divides the first hash."""
    part = f" AND MOD({expressions[0]}, {every:d}) = 0" if every > 1 else ""
    return f"SELECT {', '.join(expressions)} FROM {qualified(table)} WHERE ({condition}){part}"


def count_where(table: TableName, condition: str) -> str:
    """Count the rows of a condition."""
    return f"SELECT COUNT(*) FROM {qualified(table)} WHERE {condition}"


def _sums(checksums: Sequence[str]) -> str:
    return ", ".join(["COUNT(*)", *(f"COALESCE(SUM({checksum}), 0)" for checksum in checksums)])


def _text(canonical: CanonicalColumn) -> str:
    """A column's canonical text."""
    value = _value(canonical)
    if canonical.form is Form.TEXT:
        text = _digest(value) if canonical.digested else value
        value = f"CONCAT(LENGTH({value}), ':', {text})"
    elif canonical.form is Form.BYTES:
        digits = f"LOWER(HEX({value}))"
        value = f"CONCAT('x', {_digest(digits) if canonical.digested else digits})"
    return f"COALESCE({_digest(value) if canonical.digested else value}, '')"


def _digest(text: str) -> str:
    return f"LEFT(SHA2({text}, 256), {DIGEST_DIGITS})"


def _value(canonical: CanonicalColumn) -> str:
    """A column's value, as text or as what CONCAT turns into its text."""
    column, name = canonical.column, quoted(canonical.column.name)
    if canonical.form is Form.NUMBER:
        return f"{name} + 0"  # BIT is bytes, ZEROFILL and YEAR have leading zeros
    if canonical.form is Form.BOOLEAN:
        return f"IF({name} + 0, 't', IF({name} IS NULL, NULL, 'f'))"
    if canonical.form is Form.MOMENT:
        return f"CAST({name} AS DATETIME(6))"
    if canonical.form is not Form.TEXT:
        return name
    if column.source_type.startswith(_CAST):
        return f"CAST({name} AS CHAR)"
    return f"CONVERT({name} USING utf8mb4)"
