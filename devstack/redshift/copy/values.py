"""The exact rules of each type for one field.

A rule takes the text of a field that is not NULL, and not empty except for character types. It returns the
text for PostgreSQL, or raises FieldError with Redshift's code and reason.
Source: Amazon Redshift Database Developer Guide, "Load error reference", "Data conversion
parameters", "Using the DATEFORMAT and TIMEFORMAT strings", "Multibyte character load errors".
"""

from __future__ import annotations

import json
import re

from devstack.redshift.copy.columns import Column
from devstack.redshift.copy.command import CopyCommand
from devstack.redshift.copy.faults import (
    BAD_BOOLEAN,
    BAD_DIGIT,
    BAD_FLOAT,
    BAD_JSON,
    BAD_UTF8,
    OUT_OF_RANGE,
    OVERFLOW,
    FieldError,
    Rule,
)
from devstack.redshift.copy.moments import date_rule, time_rule, timestamp_rule

MAX_SUPER = 16_000_000
_INTEGERS = {"int2": (15, "Short"), "int4": (31, "Integer"), "int8": (63, "Long")}
TRUE = frozenset(["t", "true", "y", "yes", "1"])
FALSE = frozenset(["f", "false", "n", "no", "0"])
JSON_SPACE = re.compile(r'("(?:[^"\\]|\\.)*")|\s+', re.DOTALL)


def rule_for(column: Column, command: CopyCommand) -> Rule:
    """The rule of a column under the command's options."""
    kind = column.type
    any_date = command.has("acceptanydate")
    if column.is_character:
        return _character(column, command)
    if kind in _INTEGERS:
        return _integer(*_INTEGERS[kind])
    if kind == "numeric":
        return _decimal(column.precision, column.scale, command.has("roundec"))
    if kind in ("float4", "float8"):
        return _float
    if kind == "bool":
        return _boolean
    if kind == "date":
        return date_rule(command.date_format, any_date)
    if kind in ("timestamp", "timestamptz"):
        return timestamp_rule(command.time_format, kind == "timestamptz", any_date)
    if kind in ("time", "timetz"):
        return time_rule
    if kind == "super":
        return _super
    if kind == "varbyte":
        return _varbyte(column.length)
    raise FieldError(1200, f"Unknown parse error: type {kind}")


def fits(value: str, size: int) -> str:
    """The value truncated to `size` bytes, at a character boundary."""
    return value.encode()[:size].decode(errors="ignore")


def _character(column: Column, command: CopyCommand) -> Rule:
    truncate = command.has("truncatecolumns")
    size, ascii_only = column.length, column.type == "bpchar"

    def rule(value: str) -> str:
        if "\0" in value:
            raise FieldError(BAD_UTF8, "String contains invalid or unsupported UTF-8 codepoints. "
                             "Bad UTF-8 hex sequence: 00 (error 3)")  # fmt: skip
        if ascii_only and not value.isascii():
            bad = next(character for character in value if ord(character) > 127)
            raise FieldError(BAD_UTF8, "Multibyte character not supported for CHAR "
                             f"(Hint: Try using VARCHAR). Invalid char: {bad.encode().hex(' ')}")  # fmt: skip
        if len(value.encode()) <= size:
            return value
        if truncate:
            return fits(value, size)
        if ascii_only and len(value.rstrip(" ")) <= size:
            return value.rstrip(" ")
        raise FieldError(OUT_OF_RANGE, "String length exceeds DDL length")

    return rule


def _integer(bits: int, name: str) -> Rule:
    low, high = -(1 << bits), (1 << bits) - 1

    def rule(value: str) -> str:
        digits = value.strip(" ")
        body = digits[1:] if digits[:1] in ("-", "+") else digits
        _only_digits(body, value, name)
        if not low <= int(digits) <= high:
            raise FieldError(OUT_OF_RANGE, f"Overflow, Value '{digits}', Type: {name}")
        return digits

    return rule


def _only_digits(body: str, value: str, name: str) -> None:
    for character in body or " ":
        if character not in "0123456789":
            position = max(value.find(character), 0)
            reason = f"Invalid digit, Value '{character}', Pos {position}, Type: {name}"
            raise FieldError(BAD_DIGIT, reason, position)


_DECIMAL = re.compile(r"([-+]?)(\d*)(?:\.(\d*))?")


def _decimal(precision: int, scale: int, rounded: bool) -> Rule:
    def rule(value: str) -> str:
        match = _DECIMAL.fullmatch(value.strip(" "))
        if match is None or not (match[2] or match[3]):
            _only_digits(value.strip(" ").lstrip("-+").replace(".", "", 1), value, "Decimal")
            raise FieldError(BAD_DIGIT, f"Invalid digit, Value '{value[:1]}', Pos 0, Type: Decimal")
        sign, whole, fraction = match[1], match[2].lstrip("0"), match[3] or ""
        unscaled = int((whole + fraction[:scale].ljust(scale, "0")) or "0")
        if rounded and fraction[scale : scale + 1] >= "5":
            unscaled += 1
        digits = str(unscaled).rjust(scale + 1, "0")
        if unscaled >= 10**precision:
            raise FieldError(OVERFLOW, f"Overflow for NUMERIC({precision},{scale})")
        text = f"{digits[:-scale]}.{digits[-scale:]}" if scale else digits
        return f"-{text}" if sign == "-" else text

    return rule


def _float(value: str) -> str:
    text = value.strip(" ")
    if "_" in text:
        raise FieldError(BAD_FLOAT, f"Invalid digit, Value '_', Pos {value.find('_')}, Type: Float")
    try:
        float(text)
    except ValueError as error:
        raise FieldError(BAD_FLOAT, f"Invalid floating point value: '{text[:40]}'") from error
    return text


def _boolean(value: str) -> str:
    word = value.strip(" ").lower()
    if word in TRUE:
        return "t"
    if word in FALSE:
        return "f"
    raise FieldError(BAD_BOOLEAN, "Unknown boolean format")


def _super(value: str) -> str:
    if len(value.encode()) > MAX_SUPER:
        raise FieldError(OUT_OF_RANGE, "SUPER value exceeds the maximum size")
    try:
        document = json.loads(value, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise FieldError(BAD_JSON, f"Invalid JSON format: {error}"[:100]) from error
    if _longest(document) > 65535:
        raise FieldError(OUT_OF_RANGE, "String value exceeds the max size of 65535 bytes")
    return JSON_SPACE.sub(r"\1", value)


def _refuse_constant(word: str) -> None:
    raise ValueError(f"{word} is not JSON")


def _longest(value: object) -> int:
    """The length in bytes of the longest string within a JSON value."""
    longest, waiting = 0, [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            longest = max(longest, len(item.encode(errors="surrogatepass")))
        elif isinstance(item, dict):
            waiting += [*item.keys(), *item.values()]
        elif isinstance(item, list):
            waiting += item
    return longest


def _varbyte(size: int) -> Rule:
    def rule(value: str) -> str:
        digits = value.strip(" ")
        try:
            content = bytes.fromhex(digits)
        except ValueError as error:
            raise FieldError(BAD_DIGIT, "Invalid hexadecimal digit for VARBYTE") from error
        if len(content) > size:
            raise FieldError(OUT_OF_RANGE, "VARBYTE length exceeds DDL length")
        return "\\x" + content.hex()

    return rule
