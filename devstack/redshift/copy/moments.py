"""Dates, times and timestamps of COPY, by DATEFORMAT and TIMEFORMAT.

Source: Amazon Redshift Database Developer Guide, "DATEFORMAT and TIMEFORMAT strings", "Using
automatic recognition with DATEFORMAT and TIMEFORMAT".
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from devstack.redshift.copy.faults import BAD_DATE, BAD_TIMESTAMP, FieldError, Rule

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
    """The patterns of a DATEFORMAT or TIMEFORMAT string."""
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
    """The moment of a match, in UTC if it has a zone; raises ValueError."""
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


def date_rule(given: str, any_date: bool) -> Rule:
    """The rule for DATE under a DATEFORMAT, which may be empty."""
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


def timestamp_rule(given: str, zoned: bool, any_date: bool) -> Rule:
    """The rule for TIMESTAMP or TIMESTAMPTZ under a TIMEFORMAT, which may be empty."""
    patterns = _patterns(given, _STANDARD)
    units = {"epochsecs": 1_000_000, "epochmillisecs": 1000}
    shown = given or "YYYY-MM-DD HH24:MI:SS"

    def rule(value: str) -> str | None:
        text = value.strip(" ")
        unit = units.get(given.lower())
        moment = _epoch(text, unit) if unit else _parsed(text, patterns)
        if moment is None:
            if any_date:
                return None
            raise FieldError(BAD_TIMESTAMP, f"Invalid timestamp format or value [{shown}]")
        if zoned:
            moment = moment.replace(tzinfo=timezone.utc)
        return moment.isoformat(" ")

    return rule


_CLOCK = re.compile(
    r"(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,6})?)?(?: ?(?:Z|UTC|[-+]\d{2}(?::?\d{2})?))?"
)


def time_rule(value: str) -> str:
    """The rule for TIME and TIMETZ."""
    if not _CLOCK.fullmatch(value.strip(" ")):
        raise FieldError(BAD_TIMESTAMP, "Invalid time format or value [HH24:MI:SS]")
    return value.strip(" ")
