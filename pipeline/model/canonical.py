"""The canonical text of a row, which MySQL, Redshift and Arrow produce alike, and its checksum.

A row's text is the text of its columns, separated by commas. A column's text is empty for NULL, else:

- numbers: decimal digits with every digit of the scale; booleans ``t`` or ``f``;
- dates ``YYYY-MM-DD``, times of day included ``YYYY-MM-DD HH:MM:SS.ffffff``;
- text: its length in UTF-8 bytes, a colon and the text, so that neither commas nor blanks are ambiguous;
- bytes: ``x`` and their hexadecimal digits;
- values of a `digested` column: the digest of that, with the digest of a text or of hexadecimal digits in
  place of either, as Redshift concatenates at most 65,535 bytes.

A digest is the first `DIGEST_DIGITS` hexadecimal digits of SHA-256: since MySQL 9.6 MD5 is in an optional
component (https://dev.mysql.com/doc/refman/9.6/en/legacy-hashing-component.html). A row's hash is the number
in the first `HASH_DIGITS` digits of the digest of its text; the checksum of rows is the sum of their hashes,
whatever their order. `source.checksum_sql`, `warehouse.checksum_sql` and `codec.row_checksum` are the three
implementations.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.model.columns import Column, ReadAs

DIGEST_DIGITS = 32
HASH_DIGITS = 15
"""60 bits: STRTOL and CONV return 64 bits with a sign."""
MAX_ROW_TEXT = 65_535
"""Bytes of a VARCHAR: https://docs.aws.amazon.com/redshift/latest/dg/r_Character_types.html"""

_INLINE = 1_024  # bytes of a value in the row's text; a longer one is digested
_INLINE_TOTAL = 12_000  # 1,600 columns, the rest of them digested, stay below MAX_ROW_TEXT
_MAX_BYTES = MAX_ROW_TEXT // 2
_EXACT = re.compile(r"(?:SMALLINT|INTEGER|BIGINT|DECIMAL\(\d+,(\d+)\))")


class Form(enum.Enum):
    """The kind of a column's canonical text."""

    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    MOMENT = "moment"
    TEXT = "text"
    BYTES = "bytes"


@dataclass(frozen=True)
class CanonicalColumn:
    """A column with a canonical text; `digested` puts its digest into the row's text."""

    column: Column
    form: Form
    digested: bool = False


def canonical_columns(
    columns: Sequence[Column], types: Mapping[str, str]
) -> tuple[tuple[CanonicalColumn, ...], dict[str, str]]:
    """The columns with a canonical text, in order, and the reason for each of the others, by name.

    `types` are the warehouse's types, by target name.
    """
    chosen, others, inline = [], {}, 0
    for column in columns:
        kind = types.get(column.target)
        form = _FORMS.get(_arrow_name(column.arrow))
        if reason := _exclusion(column, form, kind):
            others[column.name] = reason
        elif form is not None and kind is not None:
            size = _width(form, kind)
            digested = size > _INLINE or inline + size > _INLINE_TOTAL
            inline += 0 if digested else size
            chosen.append(CanonicalColumn(column, form, digested))
    return tuple(chosen), others


_FORMS = {
    "int16": Form.NUMBER,
    "int32": Form.NUMBER,
    "int64": Form.NUMBER,
    "decimal128": Form.NUMBER,
    "bool": Form.BOOLEAN,
    "date32": Form.DATE,
    "timestamp": Form.MOMENT,
    "string": Form.TEXT,
    "binary": Form.BYTES,
}


def _arrow_name(arrow: str) -> str:
    return re.split(r"[(\[]", arrow)[0]


def _exclusion(column: Column, form: Form | None, kind: str | None) -> str:
    """The reason why a column has no canonical text; empty where it has one."""
    if kind is None:
        return "missing in the warehouse"
    if form is None:
        return column.source_type
    if column.timezone is not None:
        return f"local time of {column.timezone}"
    if column.read_as in (ReadAs.WKB, ReadAs.WKT):
        return "geometry"
    if "SUPER" in (column.redshift, kind):
        return "SUPER"
    if form is Form.BYTES and (column.source_type == "vector" or not _fits_as_hex(kind)):
        return column.source_type
    if not _same_text(form, column.redshift, kind):
        return f"{column.redshift} loaded as {kind}"
    return ""


def _fits_as_hex(kind: str) -> bool:
    return 0 < _length(kind) <= _MAX_BYTES


def _same_text(form: Form, needed: str, kind: str) -> bool:
    """Whether values of two warehouse types have one text: numbers of one scale, or one type's name."""
    if form is Form.NUMBER:
        one, other = _EXACT.fullmatch(needed), _EXACT.fullmatch(kind)
        return bool(one and other) and int(one[1] or 0) == int(other[1] or 0)  # type: ignore[index]
    return needed.partition("(")[0] == kind.partition("(")[0]


def _width(form: Form, kind: str) -> int:
    """An upper bound of the bytes of a value's text."""
    sizes = {Form.TEXT: _length(kind) + 7, Form.BYTES: 2 * _length(kind) + 1}
    return sizes.get(form, 42)


def _length(kind: str) -> int:
    sized = re.fullmatch(r"(?:VARCHAR|VARBYTE)\((\d+)\)", kind)
    return int(sized[1]) if sized else 0


def cell_number(column: str, bounds: Sequence[str], first: int = 0) -> str:
    """SQL of both servers for the number of `bounds`, literals in ascending order, that are <= `column`.

    A tree of comparisons: eight for 255 bounds.

    >>> cell_number("c", ["10", "20"])
    'CASE WHEN c < 20 THEN CASE WHEN c < 10 THEN 0 ELSE 1 END ELSE 2 END'
    """
    if not bounds:
        return str(first)
    middle = len(bounds) // 2
    below = cell_number(column, bounds[:middle], first)
    above = cell_number(column, bounds[middle + 1 :], first + middle + 1)
    return f"CASE WHEN {column} < {bounds[middle]} THEN {below} ELSE {above} END"
