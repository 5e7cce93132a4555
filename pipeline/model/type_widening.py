"""Containment of warehouse types: decides which changes of a type are safe to follow.

Types are spelled as in DDL. Limits are from
https://docs.aws.amazon.com/redshift/latest/dg/c_Supported_data_types.html.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipeline.model.columns import MAX_DECIMAL, MAX_SCALE

_INTEGERS = {"SMALLINT": (4, 5), "INTEGER": (9, 10), "BIGINT": (18, 19)}
"""Digits that always fit, and digits of the largest number."""
_FLOATS = {"REAL": 7, "DOUBLE PRECISION": 15}
"""Digits up to which every whole number is exact."""
_DATE_TEXT = 10


@dataclass(frozen=True)
class _Type:
    """A parsed type: name, and the `numbers` in parentheses."""

    name: str
    numbers: tuple[int, ...]

    @property
    def family(self) -> str:
        """The kind of values: types of different families are never converted, except into text."""
        if self.name in (*_INTEGERS, *_FLOATS, "DECIMAL"):
            return "number"
        return "moment" if self.name in ("DATE", "TIMESTAMP") else self.name

    @property
    def room(self) -> tuple[int, int]:
        """Of an exact number: digits before the point that always fit, digits after it."""
        return self._digits(0)

    @property
    def need(self) -> tuple[int, int]:
        """Of an exact number: digits of the largest value before the point, digits after it."""
        return self._digits(1)

    def _digits(self, which: int) -> tuple[int, int]:
        if self.name in _INTEGERS:
            return _INTEGERS[self.name][which], 0
        precision, scale = self.numbers
        return precision - scale, scale

    @property
    def is_exact(self) -> bool:
        """Whether it is an integer or a DECIMAL."""
        return self.name in _INTEGERS or (self.name == "DECIMAL" and len(self.numbers) == 2)


def holds(have: str, need: str) -> bool:
    """Whether a column of type `have` stores every value of `need` unchanged.

    A VARCHAR stores numbers and dates as text; a number column stores numbers only. A VARBYTE without a
    length (the catalogue may omit it) is accepted: an INSERT rejects longer values and never truncates.
    """
    if have == need:
        return True
    one, other = _parse(have), _parse(need)
    if one.name == "VARCHAR":
        return bool(one.numbers) and (_text_width(other) or one.numbers[0] + 1) <= one.numbers[0]
    if one.name == "VARBYTE" and other.name == "VARBYTE":
        return not one.numbers or (bool(other.numbers) and one.numbers[0] >= other.numbers[0])
    if one.name in _FLOATS:
        return _float_holds(one, other)
    if one.is_exact and other.is_exact:
        return all(a >= b for a, b in zip(one.room, other.need, strict=True))
    return (one.name, other.name) == ("TIMESTAMP", "DATE")


def wider(have: str, need: str) -> str | None:
    """The narrowest type of the family of `have` that holds both; None if there is none."""
    one, other = _parse(have), _parse(need)
    if one.family != other.family:
        return have if holds(have, need) else None
    for candidate in (have, need, _common_decimal(one, other), "DOUBLE PRECISION"):
        if candidate and holds(candidate, have) and holds(candidate, need):
            return candidate
    return None


def _parse(text: str) -> _Type:
    name, _, rest = text.partition("(")
    return _Type(name.strip(), tuple(map(int, re.findall(r"\d+", rest))))


def _text_width(kind: _Type) -> int | None:
    """Bytes of the longest text of a value; None for a type without a canonical text."""
    if kind.name == "VARCHAR":
        return kind.numbers[0] if kind.numbers else None
    if kind.is_exact:
        digits, scale = kind.need
        return max(digits, 1) + 1 + (scale + 1 if scale else 0)  # a sign, a point
    return _DATE_TEXT if kind.name == "DATE" else None


def _float_holds(one: _Type, other: _Type) -> bool:
    if other.name in _FLOATS:
        return _FLOATS[one.name] >= _FLOATS[other.name]
    return other.is_exact and other.need[1] == 0 and other.need[0] <= _FLOATS[one.name]


def _common_decimal(one: _Type, other: _Type) -> str | None:
    if not (one.is_exact and other.is_exact):
        return None
    digits, scale = (max(pair) for pair in zip(one.need, other.need, strict=True))
    if digits + scale > MAX_DECIMAL or scale > MAX_SCALE:
        return None
    return f"DECIMAL({digits + scale},{scale})"
