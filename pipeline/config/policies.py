"""Policies for values that Parquet or Redshift cannot hold, by table and column (`docs/policies.md`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from pipeline.model.identifiers import spelled

SENTINEL = date(1, 1, 1)
"""Replaces an invalid date, at midnight for a type with a time. MySQL's dates begin in the year 1000:
https://dev.mysql.com/doc/refman/9.0/en/datetime.html"""

_NULL = BeforeValidator(
    lambda value: "null" if value is None else value
)  # YAML parses null as None


class Policies(BaseModel):
    """Policies of a table or column for values that cannot be replicated unchanged."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    on_zero_date: Annotated[Literal["error", "null", "sentinel"], _NULL] = Field(
        "error", description="dates not on the calendar, such as 0000-00-00 or 2024-00-10"
    )
    on_nonexistent_time: Literal["error", "shift"] = Field(
        "error",
        description="local times that the zone's clock skips; shift: the instant when it was set forward",
    )
    on_date_overflow: Literal["error", "clamp"] = Field(
        "error",
        description="local times outside the years 1 to 9999 in UTC; clamp: the nearest instant inside",
    )
    on_invalid_utf8: Literal["error", "replace"] = Field(
        "error", description="text with bytes that are not UTF-8; replace: U+FFFD in their place"
    )
    on_unmappable_text: Literal["error", "replace"] = Field(
        "error",
        description="text with characters that its character set has and Unicode lacks; replace: the `?` "
        "or U+FFFD that the source sends",
    )
    on_nul_byte: Literal["error", "strip"] = Field(
        "error", description="text with NUL, which no VARCHAR holds; strip: the text without NUL"
    )
    on_oversize_text: Literal["error", "truncate"] = Field(
        "error",
        description="text longer than its VARCHAR; truncate: as many whole characters as fit",
    )
    on_oversize_bytes: Annotated[Literal["error", "null"], _NULL] = Field(
        "error", description="bytes longer than their VARBYTE, or than fit in COPY's row of 4 MB"
    )
    on_empty_bytes: Annotated[Literal["keep", "error", "null"], _NULL] = Field(
        "keep",
        description="bytes of length zero, which COPY cannot read; keep: set them after COPY",
    )


KINDS: dict[str, tuple[str, ...]] = {
    "zero_date": ("date", "timestamp"),
    "nonexistent_time": ("timestamp",),
    "date_overflow": ("timestamp",),
    "invalid_utf8": ("string",),
    "unmappable_text": ("string",),
    "nul_byte": ("string",),
    "oversize_text": ("string",),
    "oversize_bytes": ("binary",),
    "empty_bytes": ("binary",),
}
"""Kinds of invalid values, and the Arrow types (name prefixes) that they occur in."""


def choices(kind: str) -> tuple[str, ...]:
    """The policies of a kind, the default first."""
    declared: Any = Policies.model_fields[f"on_{kind}"].annotation
    return get_args(declared)


@dataclass(frozen=True)
class Rules:
    """The policies in effect for one table: a column's own, else the table's.

    Values of keys and cursors are never changed: two rows might get the same key, or a row move to another
    window or none. The exception is a skipped local time, which is shifted within its window. `names` are
    the table's columns, to distinguish names that differ only in case.
    """

    table: str = "the table"
    policies: Policies = field(default_factory=Policies)
    columns: Mapping[str, Policies] = field(default_factory=dict)
    key: tuple[str, ...] = ()
    cursor: str | None = None
    names: tuple[str, ...] = ()

    def policy(self, column: str, kind: str) -> str:
        """The policy for a kind of values of a column; column names are case-insensitive."""
        name = f"on_{kind}"
        own = next((p for key, p in self.columns.items() if self._means(key, column)), None)
        in_effect = own if own is not None and name in own.model_fields_set else self.policies
        policy = str(getattr(in_effect, name))
        return "error" if self._is_fixed(column, kind) and policy != "keep" else policy

    def is_key(self, column: str) -> bool:
        """Whether the column identifies a row."""
        return any(self._means(name, column) for name in self.key)

    def is_cursor(self, column: str) -> bool:
        """Whether the column assigns a row to its window."""
        return self.cursor is not None and self._means(self.cursor, column)

    def _is_fixed(self, column: str, kind: str) -> bool:
        return self.is_key(column) or (self.is_cursor(column) and kind != "nonexistent_time")

    def _means(self, name: str, column: str) -> bool:
        return spelled(name, self.names or (column,)) == column

    def advice(self, column: str, kind: str) -> str:
        """The next action where such values are refused."""
        if self.is_key(column):
            return "fix them in the source; the values of a key are never changed"
        if self._is_fixed(column, kind):
            return "fix them in the source; the values of a cursor are never changed"
        first, *others = (policy for policy in choices(kind) if policy not in ("error", "keep"))
        line = f"`columns: {{{column}: {{on_{kind}: {first}}}}}`"
        alternatives = f" (or {', '.join(others)})" if others else ""
        return (
            f"fix them in the source, accept them with {line}{alternatives} in the definition of "
            f"{self.table}, or exclude the column with `exclude:`"
        )
