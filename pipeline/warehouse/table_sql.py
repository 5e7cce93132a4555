"""The SQL that makes tables in the warehouse, and changes their columns.

ALTER COLUMN … TYPE is for VARCHAR alone; any other column is rewritten: added anew, filled, dropped and
renamed. One that distributes, sorts or is a key cannot be dropped, and the whole table is rewritten:
https://docs.aws.amazon.com/redshift/latest/dg/r_ALTER_TABLE.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pipeline.warehouse.sql import Relation, listed, quoted

REWRITTEN = "pipeline_rewritten"
"""What a column is called while it is rewritten, in one transaction."""

Types = Mapping[str, str]
"""Columns in order, each with its type as DDL spells it."""


@dataclass(frozen=True)
class Layout:
    """What a warehouse table has besides columns: its key, and how it is distributed and sorted."""

    key: tuple[str, ...] = ()
    distkey: str | None = None
    sortkey: tuple[str, ...] = ()

    @property
    def fixed(self) -> frozenset[str]:
        """The columns that cannot be dropped, nor altered."""
        return frozenset((*self.key, *self.sortkey, *filter(None, [self.distkey])))


def create_table(table: Relation, types: Types, layout: Layout) -> str:
    """CREATE TABLE IF NOT EXISTS for the columns of a source table.

    Only key columns are NOT NULL: a column that was NOT NULL once may be altered in the source.
    """
    lines, attributes = _definition(types, layout)
    return f"CREATE TABLE IF NOT EXISTS {table} (\n  {_joined(lines)}\n){attributes}"


def create_stage(stage: Relation, types: Types, layout: Layout) -> str:
    """A temporary table, seen by this session alone, of exactly the columns that are to be copied.

    It has no PRIMARY KEY: Redshift would believe it, and a stage may hold a key twice.
    """
    lines = _joined(_lines(types, layout))
    return f"CREATE TEMPORARY TABLE {stage} (\n  {lines}\n){_distribution(layout)}"


def add_column(table: Relation, name: str, kind: str) -> str:
    """Redshift adds one column per statement."""
    return f"ALTER TABLE {table} ADD COLUMN {quoted(name)} {kind}"


def widen_varchar(table: Relation, name: str, kind: str) -> str:
    """Redshift widens a VARCHAR in place, outside a transaction block."""
    return f"ALTER TABLE {table} ALTER COLUMN {quoted(name)} TYPE {kind}"


def rewrite_column(table: Relation, name: str, have: str, kind: str) -> tuple[str, ...]:
    """Give a column another type; to be run in one transaction. Readers wait for its end."""
    return (
        add_column(table, REWRITTEN, kind),
        f"UPDATE {table} SET {quoted(REWRITTEN)} = {converted(name, have, kind)}",
        f"ALTER TABLE {table} DROP COLUMN {quoted(name)}",
        f"ALTER TABLE {table} RENAME COLUMN {quoted(REWRITTEN)} TO {quoted(name)}",
    )


def rewrite_table(table: Relation, have: Types, want: Types, layout: Layout) -> tuple[str, ...]:
    """Put a copy with other types in the table's place; for a person to run, and to grant rights on."""
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
    """A column of type `have` as a value of type `want`.

    Within one type Redshift converts by itself, and a catalogue may not say how long a VARBYTE is.
    """
    if have.partition("(")[0] == want.partition("(")[0]:
        return quoted(name)
    if want == "SUPER":
        return f"JSON_PARSE({quoted(name)})"
    if have == "SUPER":
        return f"JSON_SERIALIZE({quoted(name)})"
    return f"CAST({quoted(name)} AS {want})"


def _definition(types: Types, layout: Layout) -> tuple[list[str], str]:
    """What stands within the brackets of CREATE TABLE, and what behind them."""
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
