"""Errors of a field, by the numbers of "Load error reference".

The README lists the errors whose number the guide does not define.
"""

from __future__ import annotations

from collections.abc import Callable

Rule = Callable[[str], "str | None"]

NO_DELIMITER = 1201
TOO_MANY = 1202
TOO_FEW = 1203
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


class FieldError(Exception):
    """A field that does not fit its column."""

    def __init__(self, code: int, reason: str, position: int = 0) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.position = position
