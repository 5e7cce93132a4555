"""What becomes of values that Parquet or Redshift has no place for: named policies, by table and column.

What they mean to a reader is in `docs/policies.md`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from pipeline.model.identifiers import spelled

SENTINEL = date(1, 1, 1)
"""Stands for a date that is none, at midnight where a time is asked for. MySQL documents dates from the
year 1000 on: https://dev.mysql.com/doc/refman/9.0/en/datetime.html"""

_NULL = BeforeValidator(lambda value: "null" if value is None else value)  # YAML's null is no text


class Policies(BaseModel):
    """What to do with values that cannot be carried as they are, for a table or one of its columns."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    on_zero_date: Annotated[Literal["error", "null", "sentinel"], _NULL] = Field(
        "error", description="dates that are on no calendar, as 0000-00-00 or 2024-00-10"
    )
    on_nonexistent_time: Literal["error", "shift"] = Field(
        "error",
        description="local times that the zone's clock left out; shift: the moment when it was put forward",
    )
    on_date_overflow: Literal["error", "clamp"] = Field(
        "error",
        description="local times whose year in UTC is not 1 to 9999; clamp: the nearest that is",
    )
    on_invalid_utf8: Literal["error", "replace"] = Field(
        "error", description="text with bytes that are no UTF-8; replace: U+FFFD stands for them"
    )
    on_nul_byte: Literal["error", "strip"] = Field(
        "error", description="text with NUL, which no VARCHAR holds; strip: the text without it"
    )
    on_oversize_text: Literal["error", "truncate"] = Field(
        "error",
        description="text of more bytes than its VARCHAR; truncate: as many whole characters as fit",
    )
    on_oversize_bytes: Annotated[Literal["error", "null"], _NULL] = Field(
        "error", description="bytes longer than their VARBYTE, or than COPY takes in a row of 4 MB"
    )
    on_empty_bytes: Annotated[Literal["keep", "error", "null"], _NULL] = Field(
        "keep",
        description="bytes of length zero, for which COPY has no word; keep: they are put in after COPY",
    )


KINDS: dict[str, tuple[str, ...]] = {
    "zero_date": ("date", "timestamp"),
    "nonexistent_time": ("timestamp",),
    "date_overflow": ("timestamp",),
    "invalid_utf8": ("string",),
    "nul_byte": ("string",),
    "oversize_text": ("string",),
    "oversize_bytes": ("binary",),
    "empty_bytes": ("binary",),
}
"""What can be the matter with a value, and the Arrow types (their names' beginnings) it can befall."""


def choices(kind: str) -> tuple[str, ...]:
    """The policies for a kind, the default first."""
    declared: Any = Policies.model_fields[f"on_{kind}"].annotation
    return get_args(declared)


@dataclass(frozen=True)
class Rules:
    """The policies in effect for one table: a column's own, else the table's; never for a key or cursor.

    Two rows whose keys were changed might become one, and a row whose cursor was changed belongs to another
    window, or to none: such values are as they are or an error. Only a local time that there was not is
    moved within its window. `names` are the table's columns, to tell apart what differs in case alone.
    """

    table: str = "the table"
    policies: Policies = field(default_factory=Policies)
    columns: Mapping[str, Policies] = field(default_factory=dict)
    key: tuple[str, ...] = ()
    cursor: str | None = None
    names: tuple[str, ...] = ()

    def policy(self, column: str, kind: str) -> str:
        """What to do with such values of a column; names of columns do not distinguish case."""
        name = f"on_{kind}"
        own = next((p for said, p in self.columns.items() if self._means(said, column)), None)
        chosen = own if own is not None and name in own.model_fields_set else self.policies
        wanted = str(getattr(chosen, name))
        return "error" if self._is_fixed(column, kind) and wanted != "keep" else wanted

    def is_key(self, column: str) -> bool:
        """Whether the column identifies a row."""
        return any(self._means(name, column) for name in self.key)

    def is_cursor(self, column: str) -> bool:
        """Whether the column says which window a row belongs to."""
        return self.cursor is not None and self._means(self.cursor, column)

    def _is_fixed(self, column: str, kind: str) -> bool:
        return self.is_key(column) or (self.is_cursor(column) and kind != "nonexistent_time")

    def _means(self, said: str, column: str) -> bool:
        return spelled(said, self.names or (column,)) == column

    def advice(self, column: str, kind: str) -> str:
        """How a person may go on where such values are refused."""
        if self.is_key(column):
            return "mend them in the source; the values of a key are never changed"
        if self._is_fixed(column, kind):
            return "mend them in the source; the values of a cursor are never changed"
        first, *others = (policy for policy in choices(kind) if policy not in ("error", "keep"))
        line = f"`columns: {{{column}: {{on_{kind}: {first}}}}}`"
        either = f" (or {', '.join(others)})" if others else ""
        return (
            f"mend them in the source, accept them with {line}{either} in the definition of "
            f"{self.table}, or leave the column out with `exclude:`"
        )
