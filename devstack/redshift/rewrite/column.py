"""A column definition of CREATE TABLE or ALTER TABLE ADD COLUMN.

Source: Amazon Redshift Database Developer Guide, "CREATE TABLE", column attributes and constraints.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from devstack.redshift.errors import RedshiftError, not_supported, syntax_error
from devstack.redshift.rewrite.types import ColumnType
from devstack.redshift.tokens import Tokens, closing, quote, split, sql_of, starts, words

ENCODINGS = words(
    "raw az64 bytedict delta delta32k lzo mostly8 mostly16 mostly32 runlength text255 text32k zstd"
)
_COLUMN_WORDS = words(
    "default identity generated encode distkey sortkey collate not null unique primary "
    "references check constraint"
)


@dataclass
class Column:
    """One column of a new table."""

    name: str
    type: ColumnType
    sql: list[str] = field(default_factory=list)
    encoding: str = ""
    distkey: bool = False
    sortkey: int = 0
    not_null: bool = False

    @property
    def definition(self) -> str:
        """The column's definition for PostgreSQL."""
        parts = [quote(self.name), self.type.sql, *self.sql]
        return " ".join([*parts, "NOT NULL"] if self.not_null else parts)


def read_column_attributes(column: Column, part: Tokens, at: int) -> list[dict[str, Any]]:
    """Read the attributes after a column's type into `column`; returns the keys it declares."""
    keys: list[dict[str, Any]] = []
    while at < len(part):
        word = part[at].key
        if word in _COLUMN_READERS:
            at = _COLUMN_READERS[word](column, part, at)
        elif starts(part, "not", "null", at=at):
            column.not_null, at = True, at + 2
        elif starts(part, "primary", "key", at=at):
            keys.append({"type": "PRIMARY KEY", "columns": [column.name]})
            at += 2
        elif word == "unique":
            keys.append({"type": "UNIQUE", "columns": [column.name]})
            at += 1
        elif word == "references":
            end = at + 1
            while end < len(part) and part[end].key not in _COLUMN_WORDS:
                end += 1
            target = referenced(part[at:end])
            keys.append({"type": "FOREIGN KEY", "columns": [column.name], "references": target})
            at = end
        else:
            raise syntax_error(part[at].text)
    return keys


def _read_encode(column: Column, part: Tokens, at: int) -> int:
    column.encoding = encoding(part[at + 1].name if at + 1 < len(part) else "")
    return at + 2


def _read_distkey(column: Column, _part: Tokens, at: int) -> int:
    column.distkey = True
    return at + 1


def _read_sortkey(column: Column, _part: Tokens, at: int) -> int:
    column.sortkey = 1
    return at + 1


def _read_null(_column: Column, _part: Tokens, at: int) -> int:
    return at + 1


def referenced(tokens: Tokens) -> str:
    """The target of a foreign key: a table and its columns; Redshift has no actions."""
    for token in tokens:
        if token.key in ("on", "match", "deferrable", "initially"):
            raise syntax_error(token.text)
    return sql_of(tokens)


def _read_collate(_column: Column, part: Tokens, at: int) -> int:
    """Source: "CREATE TABLE", COLLATE; the stand-in supports case-sensitive only."""
    name = part[at + 1].name if at + 1 < len(part) else ""
    if name in ("case_insensitive", "ci"):
        raise not_supported(f"COLLATE {name} is not supported by the stand-in")
    if name not in ("case_sensitive", "cs"):
        raise syntax_error(name or ";")
    return at + 2


def _refuse_check(_column: Column, _part: Tokens, _at: int) -> int:
    raise not_supported("ALTER/CREATE TABLE column CHECK constraint is not supported")


def _read_identity(column: Column, part: Tokens, at: int) -> int:
    return _identity(column, part, at, "ALWAYS")


def _read_generated(column: Column, part: Tokens, at: int) -> int:
    if not starts(part, "generated", "by", "default", "as", at=at):
        raise syntax_error(part[at].text)
    return _identity(column, part, at + 4, "BY DEFAULT")


def _default(column: Column, part: Tokens, at: int) -> int:
    end, depth = at + 1, 0
    while end < len(part) and (depth or end == at + 1 or part[end].key not in _COLUMN_WORDS):
        depth += (part[end].key == "(") - (part[end].key == ")")
        end += 1
    column.sql.append("DEFAULT " + sql_of(part[at + 1 : end]))
    return end


_COLUMN_READERS: dict[str, Callable[[Column, Tokens, int], int]] = {
    "default": _default,
    "identity": _read_identity,
    "generated": _read_generated,
    "encode": _read_encode,
    "distkey": _read_distkey,
    "sortkey": _read_sortkey,
    "collate": _read_collate,
    "null": _read_null,
    "check": _refuse_check,
}


def _identity(column: Column, part: Tokens, at: int, when: str) -> int:
    if not starts(part, "identity", "(", at=at):
        raise syntax_error(part[at].text if at < len(part) else ";")
    end = closing(part, at + 1)
    seed, step = (sql_of(number) for number in split(part[at + 2 : end]))
    limit = f"MINVALUE {seed}" if not step.startswith("-") else f"MAXVALUE {seed}"
    column.sql.append(
        f"GENERATED {when} AS IDENTITY (START WITH {seed} INCREMENT BY {step} {limit})"
    )
    column.not_null = True
    return end + 1


def encoding(word: str) -> str:
    """A compression encoding as shown in the catalogue; raises RedshiftError if unknown."""
    if word not in ENCODINGS:
        raise RedshiftError(f'invalid encoding type specified for column: "{word}"', "42601")
    return "none" if word == "raw" else word
