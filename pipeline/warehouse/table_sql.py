"""The SQL that creates tables in the warehouse and changes their columns.

ALTER COLUMN … TYPE applies to VARCHAR only; any other column is rewritten: a new one is added, filled and
renamed, the old one dropped. A column of key, distkey or sortkey cannot be dropped; its table is rewritten:
https://docs.aws.amazon.com/redshift/latest/dg/r_ALTER_TABLE.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pipeline.warehouse.sql import Relation, listed, quoted

REWRITTEN = "pipeline_rewritten"
"""The temporary name of a column that is being rewritten."""

Types = Mapping[str, str]
"""Columns in order, each with its DDL type."""


@dataclass(frozen=True)
class Layout:
    """The key, distribution and sorting of a warehouse table."""

    key: tuple[str, ...] = ()
    distkey: str | None = None
    sortkey: tuple[str, ...] = ()

    @property
    def fixed(self) -> frozenset[str]:
        """The columns that can be neither dropped nor altered."""
        return frozenset((*self.key, *self.sortkey, *filter(None, [self.distkey])))


def create_table(table: Relation, types: Types, layout: Layout) -> str:
    """CREATE TABLE IF NOT EXISTS for the columns of a source table.

    Only key columns are NOT NULL, as the source may drop the NOT NULL of any other.
    """
    lines, attributes = _definition(types, layout)
    return f"CREATE TABLE IF NOT EXISTS {table} (\n  {_joined(lines)}\n){attributes}"


def create_staging_table(table: Relation, types: Types, layout: Layout) -> str:
    """CREATE TEMPORARY TABLE with exactly the columns to copy.

    It has no PRIMARY KEY: the rows may repeat a key, and Redshift's planner relies on a declared one.
    """
    lines = _joined(_lines(types, layout))
    return f"CREATE TEMPORARY TABLE {table} (\n  {lines}\n){_distribution(layout)}"


def add_column(table: Relation, name: str, kind: str) -> str:
    """ADD COLUMN; Redshift adds one per statement."""
    return f"ALTER TABLE {table} ADD COLUMN {quoted(name)} {kind}"


def widen_varchar(table: Relation, name: str, kind: str) -> str:
    """ALTER COLUMN … TYPE, which widens a VARCHAR in place, outside a transaction block."""
    return f"ALTER TABLE {table} ALTER COLUMN {quoted(name)} TYPE {kind}"


def rewrite_column(table: Relation, name: str, have: str, kind: str) -> tuple[str, ...]:
    """The statements that change a column's type, for one transaction; readers wait for its end."""
    return (
        add_column(table, REWRITTEN, kind),
        f"UPDATE {table} SET {quoted(REWRITTEN)} = {converted(name, have, kind)}",
        f"ALTER TABLE {table} DROP COLUMN {quoted(name)}",
        f"ALTER TABLE {table} RENAME COLUMN {quoted(REWRITTEN)} TO {quoted(name)}",
    )


def rewrite_table(table: Relation, have: Types, want: Types, layout: Layout) -> tuple[str, ...]:
    """The statements that replace a table by a copy with other types, for a person to run and grant on."""
    new, old = (Relation(table.schema, f"{table.name}_{word}") for word in ("new", "old"))
    values = ", ".join(converted(name, have[name], kind) for name, kind in want.items())
    lines, attributes = _definition(want, layout)
    return (
        f"CREATE TABLE {new} ({', '.join(lines)}){attributes}",
        f"INSERT INTO {new} ({listed(want)}) SELECT {values} FROM {table}",
        f"ALTER TABLE {table} RENAME TO {quoted(old.name)}",
        f"ALTER TABLE {new} RENAME TO {quoted(table.name)}",
    )


def converted(name: str, have: str, want: str) -> str:
    """A column of type `have` as an expression of type `want`.

    Types that differ only in length need no cast, and the catalogue may omit the length of a VARBYTE.
    """
    if have.partition("(")[0] == want.partition("(")[0]:
        return quoted(name)
    if want == "SUPER":
        return f"JSON_PARSE({quoted(name)})"
    if have == "SUPER":
        return f"JSON_SERIALIZE({quoted(name)})"
    return f"CAST({quoted(name)} AS {want})"


def _definition(types: Types, layout: Layout) -> tuple[list[str], str]:
    """The lines inside the parentheses of CREATE TABLE, and the table attributes after them."""
    key = [f"PRIMARY KEY ({listed(layout.key)})"] if layout.key else []
    sorted_by = f" COMPOUND SORTKEY ({listed(layout.sortkey)})" if layout.sortkey else ""
    return [*_lines(types, layout), *key], _distribution(layout) + sorted_by


def _lines(types: Types, layout: Layout) -> Iterable[str]:
    for name, kind in types.items():
        yield f"{quoted(name)} {kind}{' NOT NULL' if name in layout.key else ''}"


def _joined(lines: Iterable[str]) -> str:
    return ",\n  ".join(lines)


def _distribution(layout: Layout) -> str:
    return f" DISTSTYLE KEY DISTKEY ({quoted(layout.distkey)})" if layout.distkey else ""
