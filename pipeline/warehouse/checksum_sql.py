"""Checksums of rows in Redshift, over the texts that `model.canonical` defines.

SHA2 takes a string, bytes are written as one (https://docs.aws.amazon.com/redshift/latest/dg/SHA2.html,
https://docs.aws.amazon.com/redshift/latest/dg/varbyte-functions.html).
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.model.canonical import DIGEST_DIGITS, HASH_DIGITS, CanonicalColumn, Form, cell_number
from pipeline.model.cursors import Bounds
from pipeline.warehouse.sql import Relation, between, bound, quoted


def row_hash(columns: Sequence[CanonicalColumn]) -> str:
    """The hash of a row's canonical text."""
    text = " || ',' || ".join(map(_text, columns)) or "''"
    return f"STRTOL(SUBSTRING(SHA2({text}, 256), 1, {HASH_DIGITS}), 16)"


def cell_figures(table: Relation, cursor: str, cells: Sequence[Bounds], checksum: str) -> str:
    """Number, row count and sum of `checksum` of each cell that has rows.

    The cells adjoin in ascending order.
    """
    number = cell_number(quoted(cursor), [bound(c.lower or "") for c in cells[1:]])
    span = Bounds(cells[0].lower, cells[-1].upper)
    return (
        f"SELECT {number}, COUNT(*), SUM({checksum}) FROM {table}"
        f" WHERE {between(cursor, span)} GROUP BY 1"
    )


def table_figures(table: Relation, checksum: str) -> str:
    """The same of the whole table, as cell 0."""
    return f"SELECT 0, COUNT(*), SUM({checksum}) FROM {table}"


def within_any(cursor: str, ranges: Sequence[Bounds]) -> str:
    """The condition of several spans of the cursor; every row where there is none."""
    return " OR ".join(f"({between(cursor, bounds)})" for bounds in ranges) or "TRUE"


def hashes(table: Relation, expressions: Sequence[str], condition: str, every: int) -> str:
    """One row of hashes for each row of the condition, where `every` divides the first hash."""
    part = f" AND MOD({expressions[0]}, {every:d}) = 0" if every > 1 else ""
    return f"SELECT {', '.join(expressions)} FROM {table} WHERE ({condition}){part}"


def _text(canonical: CanonicalColumn) -> str:
    """A column's canonical text."""
    name = quoted(canonical.column.target)
    digits = f"LOWER(TO_HEX({name}))"
    texts = {
        Form.NUMBER: f"CAST({name} AS VARCHAR)",
        Form.BOOLEAN: f"CASE WHEN {name} THEN 't' WHEN NOT {name} THEN 'f' END",
        Form.DATE: f"TO_CHAR({name}, 'YYYY-MM-DD')",
        Form.MOMENT: f"TO_CHAR({name}, 'YYYY-MM-DD HH24:MI:SS.US')",
        Form.TEXT: f"CAST(OCTET_LENGTH({name}) AS VARCHAR) || ':' || "
        + (_digest(name) if canonical.digested else name),
        Form.BYTES: f"'x' || {_digest(digits) if canonical.digested else digits}",
    }
    text = texts[canonical.form]
    return f"COALESCE({_digest(text) if canonical.digested else text}, '')"


def _digest(text: str) -> str:
    return f"SUBSTRING(SHA2({text}, 256), 1, {DIGEST_DIGITS})"
