"""The warehouse table's columns follow the source's, as far as that is safe."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import psycopg2
from psycopg2 import extensions

from pipeline.errors import DataError
from pipeline.model.columns import Column
from pipeline.model.type_widening import holds, wider
from pipeline.warehouse import catalog, table_sql
from pipeline.warehouse import connection as redshift
from pipeline.warehouse import sql as redshift_sql
from pipeline.warehouse.catalog import Target
from pipeline.warehouse.sql import Relation
from pipeline.warehouse.table_sql import Layout

log = logging.getLogger(__name__)

_REFUSALS = (psycopg2.NotSupportedError, psycopg2.ProgrammingError, psycopg2.InternalError)


@dataclass(frozen=True)
class Wanted:
    """The table that a window needs.

    `unique` are columns that the target may declare as its key though the layout has none. `otherwise` is
    added to a refusal: what to do where the source was altered back.
    """

    relation: Relation
    columns: Sequence[Column]
    layout: Layout
    unique: frozenset[str] = frozenset()
    otherwise: str = ""

    @property
    def types(self) -> dict[str, str]:
        """The columns' types, by name."""
        return {column.target: column.redshift for column in self.columns}


@dataclass(frozen=True)
class _Change:
    """A source column whose warehouse column, one of the target's `types`, does not hold it."""

    wanted: Wanted
    column: Column
    types: Mapping[str, str]

    @property
    def have(self) -> str:
        return self.types[self.column.target]

    @property
    def type(self) -> str | None:
        """The type that holds the old values and the new; None where the kind of value changes."""
        return wider(self.have, self.column.redshift)

    @property
    def is_fixed(self) -> bool:
        """Whether the column can neither be dropped nor altered."""
        return self.column.target in self.wanted.layout.fixed

    @property
    def statements(self) -> tuple[str, ...]:
        """The statements that give the column its new type."""
        relation, name = self.wanted.relation, self.column.target
        kind = self.type or self.column.redshift
        if self.is_fixed:
            types = {**self.types, name: kind}
            return table_sql.rewrite_table(relation, self.types, types, self.wanted.layout)
        return table_sql.rewrite_column(relation, name, self.have, kind)

    def refused(self, why: str = "") -> DataError:
        relation, column = self.wanted.relation, self.column
        needs = f"the source column is {column.source_type}, which needs {column.redshift}"
        return DataError(
            f"{relation} holds {column.target} as {self.have}",
            why=f"{needs}; {why}" if why else needs,
            todo=f"run in the warehouse: {_script(self.statements)}{self.wanted.otherwise}",
        )


def follow(connection: redshift.Connection, wanted: Wanted, *, has_rows: bool = True) -> Target:
    """Create the target, or add and widen columns of it; nothing is ever lost, narrowed or re-typed.

    Raises DataError, with the statements that a person may run, for a change that cannot be followed.
    A window without rows needs columns alone.
    """
    relation = wanted.relation
    create = table_sql.create_table(relation, wanted.types, wanted.layout)
    redshift.ensure(connection, create, f"create {relation}")
    present = catalog.table_columns(connection, relation)
    required = catalog.required_columns(connection, relation)
    if has_rows:
        _refuse_other_key(connection, wanted, present, required)
    missing = [column for column in wanted.columns if column.target not in present]
    for column in missing:
        add = table_sql.add_column(relation, column.target, column.redshift)
        redshift.add_column(connection, add)
    narrow = [
        column
        for column in wanted.columns
        if has_rows and column not in missing and not holds(present[column.target], column.redshift)
    ]
    for column in narrow:
        _widen(connection, _Change(wanted, column, present))
    if missing or narrow:
        present = catalog.table_columns(connection, relation)
    target = Target(relation, present, required)
    if has_rows:
        _refuse_column_without_source(target, wanted)
    return target


def _widen(connection: redshift.Connection, change: _Change) -> None:
    relation, name, kind = change.wanted.relation, change.column.target, change.type
    if kind is None:
        raise change.refused()
    if kind.startswith("VARCHAR") and not change.is_fixed:
        widen = table_sql.widen_varchar(relation, name, kind)
        try:
            return redshift.ensure(connection, widen, f"alter {relation}")
        except _REFUSALS as error:
            log.info("%s: %s; the column is rewritten", relation, _text(error))
    if change.is_fixed:
        raise change.refused("it is a key, or the table is distributed or sorted by it")
    log.warning("%s: %s becomes %s, all rows are rewritten", relation, name, kind)
    try:
        redshift.in_transaction(
            connection,
            lambda cursor: _rewrite(connection, cursor, change),
            what=f"rewrite {name} of {relation}",
        )
    except _REFUSALS as error:
        raise change.refused(_text(error)) from None


def _rewrite(connection: redshift.Connection, cursor: extensions.cursor, change: _Change) -> None:
    relation = change.wanted.relation
    cursor.execute(redshift_sql.lock(relation))
    # another process may have been faster
    change = replace(change, types=catalog.table_columns(connection, relation))
    if not holds(change.have, change.column.redshift):
        for statement in change.statements:
            cursor.execute(statement)


def _refuse_other_key(
    connection: redshift.Connection,
    wanted: Wanted,
    types: Mapping[str, str],
    required: frozenset[str],
) -> None:
    """The key a table was made with is what its rows were merged by, and what Redshift's planner believes.

    Its columns alone are NOT NULL in a table of ours, so that the catalog is read for it where others are.
    """
    relation, key = wanted.relation, set(wanted.layout.key)
    if required == key:
        return
    declared = catalog.primary_key(connection, relation)
    if not declared or set(declared) == key or (not key and set(declared) == wanted.unique):
        return
    needs = f"this window's rows are told apart by {', '.join(wanted.layout.key)}"
    rewrite = table_sql.rewrite_table(relation, types, types, wanted.layout)
    todo = f"run in the warehouse: {_script(rewrite)}"
    if not key:
        needs = "several of this window's rows may have one, and Redshift's planner believes a key"
    if missing := sorted(key - set(types)):
        renamed = ", ".join(f"{name}: <its name before>" for name in missing)
        todo = (
            f"if a column was only renamed, keep its name here with `rename: {{{renamed}}}`; else give the"
            f" table another `target:` and load its windows again: rows that are loaded have no"
            f" {', '.join(missing)}"
        )
    raise DataError(
        f"{relation} was made with the key {', '.join(declared)}",
        why=needs,
        todo=f"{todo}{wanted.otherwise}",
    )


def _refuse_column_without_source(target: Target, wanted: Wanted) -> None:
    """A column that was part of a key is NOT NULL, and a row without it has no value for it."""
    for name in sorted(target.required - set(wanted.types)):
        raise not_null(target, name, wanted.layout)


def not_null(target: Target, name: str, layout: Layout, rows: int | None = None) -> DataError:
    """The error where `rows` of a window, or all of them, have no value for a NOT NULL column."""
    relation, types = target.relation, target.types
    rewrite = table_sql.rewrite_table(relation, types, types, layout)
    return DataError(
        f"{relation} takes no row without {name}",
        why=f"it is NOT NULL there, and {rows or 'the'} rows of the window do not have it",
        todo=f"run in the warehouse: {_script(rewrite)}",
    )


def _script(statements: Sequence[str]) -> str:
    return "".join(f"{statement}; " for statement in ("BEGIN", *statements, "COMMIT")).rstrip()


def _text(error: psycopg2.Error) -> str:
    return " ".join((error.diag.message_primary or str(error)).split())
