"""SQL conditions on text that the server's conversion to UTF-8 changes (`model/charsets`)."""

from __future__ import annotations

from pipeline.model.columns import Column
from pipeline.model.members import SharedText
from pipeline.source.sql import quoted


def is_unmapped(column: str, charset: str, *, has_replacement: bool) -> str:
    """Whether a text has characters that arrive as ``?`` or U+FFFD.

    Converted back, they are ``?`` too, so the text has fewer other characters. `has_replacement`: the set
    contains U+FFFD.
    """
    name, utf8 = quoted(column), _utf8(column)
    others = "CHAR_LENGTH(REPLACE({}, '?', ''))"
    fewer = f"{others.format(_back(column, charset))} < {others.format(name)}"
    return fewer if has_replacement else f"{fewer} OR INSTR(CAST({utf8} AS BINARY), X'EFBFBD') > 0"


def is_ambiguous(column: str, charset: str) -> str:
    """Whether a text is another after UTF-8 and back. No two of the others have the same UTF-8."""
    return f"CAST({_back(column, charset)} AS BINARY) <> CAST({quoted(column)} AS BINARY)"


def is_not_refuted(column: str, condition: str) -> str:
    """Whether a text may meet a condition: a function of more than max_allowed_packet bytes is NULL."""
    return f"{quoted(column)} IS NOT NULL AND ({condition}) IS NOT FALSE"


def has_shared_text(column: str, shared: SharedText) -> str:
    """Whether a value of an ENUM or SET is one of the numbers in `shared`."""
    values = ", ".join(map(str, shared.values))
    conditions = [f"{number(column)} IN ({values})"] if shared.values else []
    conditions += [f"{number(column)} & {shared.bits} <> 0"] if shared.bits else []
    if lowest := shared.lowest:
        conditions.append(f"{number(column)} & {2 * lowest - 1} = {lowest}")
    return " OR ".join(conditions)


def number(column: str) -> str:
    """The number of an ENUM or SET, unsigned: MySQL's ``+ 0`` is a double, which has no 64 bits for a SET."""
    return f"CAST({quoted(column)} AS UNSIGNED)"


def stored_bytes(column: str) -> str:
    """The bytes of a text in its own character set, in hexadecimal."""
    return f"HEX({quoted(column)})"


def utf8_text(column: Column) -> str:
    """The UTF-8 of a value as text, in hexadecimal; PyMySQL would fail on invalid bytes."""
    if column.arrow == "binary":
        return stored_bytes(column.name)
    return f"HEX(CAST({quoted(column.name)} AS CHAR CHARACTER SET utf8mb4))"


def _utf8(column: str) -> str:
    return f"CONVERT({quoted(column)} USING utf8mb4)"


def _back(column: str, charset: str) -> str:
    return f"CONVERT({_utf8(column)} USING {charset})"
