"""What one field may hold for each type: the exact rules, value by value.

A rule takes the text of a field that is neither NULL nor, for types other than character ones,
empty, and gives the text for PostgreSQL, or raises FieldError with Redshift's code and reason.
Source: Amazon Redshift Database Developer Guide, "Load error reference", "Data conversion
parameters", "Using the DATEFORMAT and TIMEFORMAT strings", "Multibyte character load errors".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

from devstack.redshift.copy.columns import Column
from devstack.redshift.copy.command import CopyCommand

Rule = Callable[[str], "str | None"]

OUT_OF_RANGE = 1204
BAD_DATE = 1205
BAD_TIMESTAMP = 1206
BAD_DIGIT = 1207
BAD_FLOAT = 1208
BAD_BOOLEAN = 1210
NULL_IN_NOT_NULL = 1213
BAD_LINE = 1216
BAD_UTF8 = 1220
OVERFLOW = 1222
BAD_JSON = 1224

MAX_SUPER = 16_000_000
_INTEGERS = {"int2": (15, "Short"), "int4": (31, "Integer"), "int8": (63, "Long")}
TRUE = frozenset(["t", "true", "y", "yes", "1"])
FALSE = frozenset(["f", "false", "n", "no", "0"])
JSON_SPACE = re.compile(r'("(?:[^"\\]|\\.)*")|\s+', re.DOTALL)


class FieldError(Exception):
    """A field that does not fit its column."""

    def __init__(self, code: int, reason: str, position: int = 0) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.position = position


def rule_for(column: Column, command: CopyCommand) -> Rule:
    """The rule of a column under the command's options."""
    kind = column.type
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
        return _date(command.date_format, command.has("acceptanydate"))
    if kind in ("timestamp", "timestamptz"):
        return _timestamp(kind == "timestamptz", command)
    if kind in ("time", "timetz"):
        return _time
    if kind == "super":
        return _super
    if kind == "varbyte":
        return _varbyte(column.length)
    raise FieldError(1200, f"Unknown parse error: type {kind}")


def fits(value: str, size: int) -> str:
    """The value cut to `size` bytes, never within a character."""
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


_FORMAT_WORDS = {
    "YYYY": r"(?P<year>\d{4})",
    "YY": r"(?P<year>\d{2})",
    "MM": r"(?P<month>\d{1,2})",
    "MON": r"(?P<monthname>[A-Za-z]{3})",
    "DD": r"(?P<day>\d{1,2})",
    "HH24": r"(?P<hour>\d{1,2})",
    "HH12": r"(?P<hour>\d{1,2})",
    "HH": r"(?P<hour>\d{1,2})",
    "MI": r"(?P<minute>\d{1,2})",
    "SS": r"(?P<second>\d{1,2})(?:\.(?P<fraction>\d+))?",
    "AM": r"(?P<half>[AaPp][Mm])",
    "PM": r"(?P<half>[AaPp][Mm])",
    "TZ": r"(?P<zone>Z|UTC|[-+]\d{2}(?::?\d{2})?)",
    "OF": r"(?P<zone>Z|[-+]\d{2}(?::?\d{2})?)",
}
_FORMAT = re.compile("YYYY|HH24|HH12|MON|YY|MM|DD|HH|MI|SS|AM|PM|TZ|OF")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ISO_DATE = re.compile(r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})")
_STANDARD = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})"
    r"(?: (?P<hour>\d{2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.(?P<fraction>\d+))?)?"
    r" ?(?P<zone>Z|UTC|[-+]\d{2}(?::?\d{2})?)?)?"
)
_AUTO = (
    re.compile(
        r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})"
        r"(?:[ T](?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.(?P<fraction>\d+))?)?"
        r" ?(?P<half>[AaPp][Mm])? ?(?P<zone>Z|UTC|[-+]\d{2}(?::?\d{2})?)?)?"
    ),
    re.compile(
        r"(?P<month>\d{1,2})[-/](?P<day>\d{1,2})[-/](?P<year>\d{4})"
        r"(?:[ T](?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.(?P<fraction>\d+))?)?"
        r" ?(?P<half>[AaPp][Mm])? ?(?P<zone>Z|UTC|[-+]\d{2}(?::?\d{2})?)?)?"
    ),
    re.compile(r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})"),
    re.compile(r"(?P<monthname>[A-Za-z]{3})[a-z]*[ -](?P<day>\d{1,2}),?[ -](?P<year>\d{4})"),
    re.compile(r"(?P<day>\d{1,2})[ -](?P<monthname>[A-Za-z]{3})[a-z]*[ -](?P<year>\d{4})"),
)
_EPOCH = datetime(1970, 1, 1)  # without a zone, as TIMESTAMP is


def _patterns(given: str, standard: re.Pattern[str]) -> tuple[re.Pattern[str], ...]:
    """What a DATEFORMAT or TIMEFORMAT string accepts."""
    if not given:
        return (standard,)
    if given.lower() == "auto":
        return _AUTO
    pieces, position = [], 0
    for match in _FORMAT.finditer(given):
        pieces += [re.escape(given[position : match.start()]), _FORMAT_WORDS[match[0]]]
        position = match.end()
    return (re.compile("".join(pieces) + re.escape(given[position:])),)


def _moment(match: re.Match[str]) -> datetime:
    """The moment that a match describes, in UTC if it names a zone; raises ValueError."""
    part = match.groupdict()
    month = part.get("month")
    if part.get("monthname"):
        month = str(_MONTHS.index(part["monthname"].lower()) + 1)
    year = int(part.get("year") or 1)
    if len(part.get("year") or "") == 2:
        year += 2000 if year < 70 else 1900
    hour = int(part.get("hour") or 0)
    if part.get("half"):
        if not 1 <= hour <= 12:
            raise ValueError("hour out of range")
        hour = hour % 12 + (12 if part["half"].lower() == "pm" else 0)
    micro = int((part.get("fraction") or "")[:6].ljust(6, "0"))
    clock = (hour, int(part.get("minute") or 0), int(part.get("second") or 0), micro)
    moment = datetime(year, int(month or 1), int(part.get("day") or 1), *clock)
    zone = part.get("zone")
    if zone and zone not in ("Z", "UTC"):
        digits = zone[1:].replace(":", "").ljust(4, "0")
        offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
        moment = moment - offset if zone[0] == "+" else moment + offset
    return moment


def _parsed(value: str, patterns: tuple[re.Pattern[str], ...]) -> datetime | None:
    for pattern in patterns:
        if match := pattern.fullmatch(value):
            try:
                return _moment(match)
            except (ValueError, OverflowError):
                return None
    return None


def _date(given: str, any_date: bool) -> Rule:
    patterns = _patterns(given, _ISO_DATE)
    shown = given or "YYYY-MM-DD"

    def rule(value: str) -> str | None:
        moment = _parsed(value.strip(" "), patterns)
        if moment is not None:
            return moment.date().isoformat()
        if any_date:
            return None
        if not given and len(value) < 10:
            raise FieldError(BAD_DATE, "Invalid Date Format - length must be 10 or more")
        raise FieldError(BAD_DATE, f"Invalid date format or value [{shown}]")

    return rule


def _epoch(value: str, unit: int) -> datetime | None:
    if not re.fullmatch(r"-?\d+", value):
        return None
    try:
        return _EPOCH + timedelta(microseconds=int(value) * unit)
    except OverflowError:
        return None


def _timestamp(zoned: bool, command: CopyCommand) -> Rule:
    given = command.time_format
    patterns = _patterns(given, _STANDARD)
    units = {"epochsecs": 1_000_000, "epochmillisecs": 1000}
    shown = given or "YYYY-MM-DD HH24:MI:SS"

    def rule(value: str) -> str | None:
        text = value.strip(" ")
        unit = units.get(given.lower())
        moment = _epoch(text, unit) if unit else _parsed(text, patterns)
        if moment is None:
            if command.has("acceptanydate"):
                return None
            raise FieldError(BAD_TIMESTAMP, f"Invalid timestamp format or value [{shown}]")
        if zoned:
            moment = moment.replace(tzinfo=timezone.utc)
        return moment.isoformat(" ")

    return rule


_CLOCK = re.compile(
    r"(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,6})?)?(?: ?(?:Z|UTC|[-+]\d{2}(?::?\d{2})?))?"
)


def _time(value: str) -> str:
    if not _CLOCK.fullmatch(value.strip(" ")):
        raise FieldError(BAD_TIMESTAMP, "Invalid time format or value [HH24:MI:SS]")
    return value.strip(" ")


def _super(value: str) -> str:
    if len(value.encode()) > MAX_SUPER:
        raise FieldError(OUT_OF_RANGE, "SUPER value exceeds the maximum size")
    try:
        found = json.loads(value, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise FieldError(BAD_JSON, f"Invalid JSON format: {error}"[:100]) from error
    if _longest(found) > 65535:
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
