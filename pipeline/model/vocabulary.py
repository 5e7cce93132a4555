"""Types of marker fields, which are untrusted input: none reaches SQL unchecked.

Column types must match the grammar of the type map, digests and tokens their pattern.
"""

from __future__ import annotations

import re
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, NonNegativeInt, StringConstraints

from pipeline.model.columns import Column
from pipeline.model.identifiers import SYSTEM_COLUMNS, fold
from pipeline.model.timezones import zone_named

_REDSHIFT = re.compile(
    r"SMALLINT|INTEGER|BIGINT|REAL|DOUBLE PRECISION|BOOLEAN|DATE|TIMESTAMP|SUPER"
    r"|DECIMAL\([1-9]\d?,\d\d?\)|VARCHAR\([1-9]\d{0,4}\)|VARBYTE\([1-9]\d{0,7}\)"
)
_ARROW = re.compile(
    r"int16|int32|int64|float|double|bool|string|binary|date32\[day\]|timestamp\[us, tz=UTC\]"
    r"|decimal128\([1-9]\d?, \d\d?\)"
)

Count: TypeAlias = NonNegativeInt
Sha256: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""Hexadecimal."""
NullToken: TypeAlias = Annotated[str, StringConstraints(pattern=r"^(__null\d*__)?$")]
HexBytes: TypeAlias = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{2})*$")]


def _checked(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """The columns; raises ValueError for one that the type map cannot produce."""
    for column in columns:
        if not _REDSHIFT.fullmatch(column.redshift):
            raise ValueError(f"column {column.name} has the unknown type {column.redshift!r}")
        if not _ARROW.fullmatch(column.arrow):
            raise ValueError(f"column {column.name} has the unknown Arrow type {column.arrow!r}")
        if column.target != fold(column.target) or column.target in SYSTEM_COLUMNS:
            raise ValueError(f"column {column.name} has the invalid name {column.target!r}")
        if column.timezone is not None:
            zone_named(column.timezone)
    return columns


Columns: TypeAlias = Annotated[tuple[Column, ...], AfterValidator(_checked)]
