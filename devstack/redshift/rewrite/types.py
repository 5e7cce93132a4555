"""Column types of Redshift, and their counterparts in PostgreSQL.

Source: Amazon Redshift Database Developer Guide, "Data types", "Unsupported PostgreSQL data
types", "Numeric types", "Character types", "VARBYTE type", "SUPER type".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from devstack.redshift.errors import RedshiftError, not_supported, syntax_error
from devstack.redshift.tokens import Token, Tokens, closing, starts, words

MAX_VARCHAR = 65535
MAX_CHAR = 4096
MAX_VARBYTE = 16_777_216
DEFAULT_LENGTH = 256

_FIXED = {
    "smallint": "smallint",
    "int2": "smallint",
    "integer": "integer",
    "int": "integer",
    "int4": "integer",
    "bigint": "bigint",
    "int8": "bigint",
    "real": "real",
    "float4": "real",
    "float8": "double precision",
    "boolean": "boolean",
    "bool": "boolean",
    "date": "date",
    "timestamptz": "timestamp with time zone",
    "timetz": "time with time zone",
    "super": "super",
}
_BEYOND = {"geometry", "geography", "hllsketch"}
_POSTGRES_ONLY = words(
    "bit bytea box cidr circle inet int4range int8range interval json jsonb line lseg macaddr "
    "money name numrange path point polygon serial serial2 serial4 serial8 bigserial smallserial "
    "tsquery tsrange tstzrange tsvector txid_snapshot uuid varbit xml oid regclass"
)

_ENCODINGS = {
    "boolean": "none",
    "real": "none",
    "double": "none",
    "super": "zstd",
    "character": "lzo",
    "varbyte": "lzo",
}


@dataclass(frozen=True)
class ColumnType:
    """A type in PostgreSQL's spelling."""

    sql: str

    @property
    def default_encoding(self) -> str:
        """The compression of a column of this type under ENCODE AUTO."""
        return _ENCODINGS.get(self.sql.split("(")[0].split()[0], "az64")


def read_type(tokens: Tokens, at: int, column: str) -> tuple[ColumnType, int]:
    """The type that begins at `at`, and the index after it.

    `column` ("table.column") is named in the error for an unsupported type.
    """
    if at >= len(tokens):
        raise syntax_error(";")
    word = tokens[at].name
    start, at = at, at + 1
    if word in ("char", "character", "nchar", "binary") and starts(tokens, "varying", at=at):
        word, at = ("varbyte" if word == "binary" else "varchar"), at + 1
    if word == "double" and starts(tokens, "precision", at=at):
        name, at = "double precision", at + 1
    elif word in _PARAMETRISED:
        name, at = _PARAMETRISED[word](tokens, at)
    elif word in ("timestamp", "time"):
        name, at = _zoned(word, tokens, at)
    elif word in _FIXED:
        name = _FIXED[word]
    else:
        raise _refusal(tokens[start], column)
    if starts(tokens, "[", at=at) or starts(tokens, "array", at=at):
        raise not_supported(f'Column "{column}" has unsupported type "{name}[]".')
    return ColumnType(name), at


def _refusal(token: Token, column: str) -> RedshiftError:
    if token.name in _BEYOND:
        return not_supported(f'Type "{token.name}" is not supported by the stand-in.')
    if token.name in _POSTGRES_ONLY:
        return not_supported(f'Column "{column}" has unsupported type "{token.name}".')
    return RedshiftError(f'type "{token.name}" does not exist', "42704")


def _arguments(tokens: Tokens, at: int) -> tuple[list[str], int]:
    """The words within parentheses at `at`, if any, and the index after them."""
    if not starts(tokens, "(", at=at):
        return [], at
    end = closing(tokens, at)
    return [token.text.lower() for token in tokens[at + 1 : end] if token.key != ","], end + 1


def _number(text: str) -> int:
    if not text.isdigit():
        raise syntax_error(text)
    return int(text)


def _length(tokens: Tokens, at: int, name: str, default: int, maximum: int) -> tuple[str, int]:
    given, at = _arguments(tokens, at)
    size = default
    if given:
        size = maximum if given[0] == "max" else _number(given[0])
    if size < 1:
        raise RedshiftError(f"length for type {name} must be at least 1", "22023")
    if size > maximum:
        raise RedshiftError(f"length for type {name} cannot exceed {maximum}", "22023")
    return f"({size})", at


def _varchar(tokens: Tokens, at: int) -> tuple[str, int]:
    length, at = _length(tokens, at, "character varying", DEFAULT_LENGTH, MAX_VARCHAR)
    return "character varying" + length, at


def _text(_tokens: Tokens, at: int) -> tuple[str, int]:
    return f"character varying({DEFAULT_LENGTH})", at


def _char(tokens: Tokens, at: int) -> tuple[str, int]:
    length, at = _length(tokens, at, "character", 1, MAX_CHAR)
    return "character" + length, at


def _bpchar(tokens: Tokens, at: int) -> tuple[str, int]:
    length, at = _length(tokens, at, "character", DEFAULT_LENGTH, MAX_CHAR)
    return "character" + length, at


def _varbyte(tokens: Tokens, at: int) -> tuple[str, int]:
    given, after = _arguments(tokens, at)
    size = _number(given[0]) if given else 64000
    if not 1 <= size <= MAX_VARBYTE:
        raise RedshiftError(f"length for type varbyte cannot exceed {MAX_VARBYTE}", "22023")
    # PostgreSQL's limit for a length modifier is 10 MB.
    return (f"varbyte({size})" if size <= 10_485_760 else "varbyte"), after


def _decimal(tokens: Tokens, at: int) -> tuple[str, int]:
    given, at = _arguments(tokens, at)
    precision = _number(given[0]) if given else 18
    scale = _number(given[1]) if len(given) > 1 else 0
    if not 1 <= precision <= 38:
        raise RedshiftError(f"DECIMAL precision {precision} must be between 1 and 38", "22023")
    if scale > min(precision, 37):
        limit = min(precision, 37)
        raise RedshiftError(f"DECIMAL scale {scale} must be between 0 and {limit}", "22023")
    return f"numeric({precision},{scale})", at


def _float(tokens: Tokens, at: int) -> tuple[str, int]:
    given, at = _arguments(tokens, at)
    if given and not 1 <= _number(given[0]) <= 53:
        raise RedshiftError("precision for type float must be between 1 and 53 bits", "22023")
    return ("real" if given and _number(given[0]) <= 24 else "double precision"), at


def _zoned(word: str, tokens: Tokens, at: int) -> tuple[str, int]:
    for zone in ("with", "without"):
        if starts(tokens, zone, "time", "zone", at=at):
            return f"{word} {zone} time zone", at + 3
    return f"{word} without time zone", at


_PARAMETRISED: dict[str, Callable[[Tokens, int], tuple[str, int]]] = {
    "varchar": _varchar,
    "nvarchar": _varchar,
    "text": _text,
    "char": _char,
    "character": _char,
    "nchar": _char,
    "bpchar": _bpchar,
    "varbyte": _varbyte,
    "varbinary": _varbyte,
    "decimal": _decimal,
    "numeric": _decimal,
    "float": _float,
}
