"""Adapt the target's columns to the source's, as far as that is safe."""

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
class TableSpec:
    """The table that a window needs.

    `unique` are columns that the target may declare as its key although the layout has none. `alternative` is
    the alternative that a refusal offers.
    """

    relation: Relation
    columns: Sequence[Column]
    layout: Layout
    unique: frozenset[str] = frozenset()
    alternative: str = ""

    @property
    def types(self) -> dict[str, str]:
        """The columns' types, by name."""
        return {column.target: column.redshift for column in self.columns}


@dataclass(frozen=True)
class _Change:
    """A source column that its warehouse column, one of the target's `types`, cannot hold."""

    spec: TableSpec
    column: Column
    types: Mapping[str, str]

    @property
    def current_type(self) -> str:
        return self.types[self.column.target]

    @property
    def wider_type(self) -> str | None:
        """The type for old and new values; None where there is none, as for numbers and texts."""
        return wider(self.current_type, self.column.redshift)

    @property
    def is_fixed(self) -> bool:
        """Whether the column can be neither dropped nor altered."""
        return self.column.target in self.spec.layout.fixed

    @property
    def statements(self) -> tuple[str, ...]:
        """The statements that give the column its new type."""
        relation, name = self.spec.relation, self.column.target
        kind = self.wider_type or self.column.redshift
        if self.is_fixed:
            types = {**self.types, name: kind}
            return table_sql.rewrite_table(relation, self.types, types, self.spec.layout)
        return table_sql.rewrite_column(relation, name, self.current_type, kind)

    def refused(self, why: str = "") -> DataError:
        column, name = self.column, redshift_sql.quoted(self.column.target)
        needs = f"that needs {column.redshift}"
        return DataError(
            f"{self.spec.relation}.{name} is {self.current_type}"
            f" but the source column is {column.source_type}",
            why=f"{needs}; {why}" if why else needs,
            todo=f"run in the warehouse: {_script(self.statements)}{self.spec.alternative}",
        )


def evolve(connection: redshift.Connection, spec: TableSpec, *, has_rows: bool = True) -> Target:
    """Create the target, or add and widen its columns; no column is dropped or narrowed.

    Raises DataError with the statements to run by hand for any other change. A window without rows only adds
    columns.
    """
    relation = spec.relation
    create = table_sql.create_table(relation, spec.types, spec.layout)
    catalog.ensure_table(connection, relation, create)
    present = catalog.table_columns(connection, relation)
    required = catalog.required_columns(connection, relation)
    if has_rows:
        _refuse_other_key(connection, spec, present, required)
    missing = [column for column in spec.columns if column.target not in present]
    for column in missing:
        add = table_sql.add_column(relation, column.target, column.redshift)
        redshift.add_column(connection, add)
    narrow = [
        column
        for column in spec.columns
        if has_rows and column not in missing and not holds(present[column.target], column.redshift)
    ]
    for column in narrow:
        _widen(connection, _Change(spec, column, present))
    if missing or narrow:
        present = catalog.table_columns(connection, relation)
    target = Target(relation, present, required)
    if has_rows:
        _refuse_column_without_source(target, spec)
    return target


def _widen(connection: redshift.Connection, change: _Change) -> None:
    relation, name, kind = change.spec.relation, change.column.target, change.wider_type
    if kind is None:
        raise change.refused()
    if kind.startswith("VARCHAR") and not change.is_fixed:
        widen = table_sql.widen_varchar(relation, name, kind)
        try:
            return redshift.ensure(connection, widen, f"alter {relation}")
        except _REFUSALS as error:
            log.info("%s: %s; the column is rewritten", relation, redshift.message(error))
    if change.is_fixed:
        raise change.refused("a column of the key, distkey or sortkey cannot be altered")
    log.warning("%s: changing %s to %s rewrites all rows", relation, name, kind)
    try:
        redshift.in_transaction(
            connection,
            lambda cursor: _rewrite(connection, cursor, change),
            what=f"rewrite {name} of {relation}",
        )
    except _REFUSALS as error:
        raise change.refused(redshift.message(error)) from None


def _rewrite(connection: redshift.Connection, cursor: extensions.cursor, change: _Change) -> None:
    relation = change.spec.relation
    cursor.execute(redshift_sql.lock(relation))
    # another process may have widened it meanwhile
    change = replace(change, types=catalog.table_columns(connection, relation))
    if not holds(change.current_type, change.column.redshift):
        for statement in change.statements:
            cursor.execute(statement)


def _refuse_other_key(
    connection: redshift.Connection,
    spec: TableSpec,
    types: Mapping[str, str],
    required: frozenset[str],
) -> None:
    """Raise DataError where the target declares another key, which its rows were merged by.

    Redshift's planner relies on it, too. In a table of ours only key columns are NOT NULL: where they match,
    the catalogue is not queried.
    """
    relation, key = spec.relation, set(spec.layout.key)
    if required == key:
        return
    declared = catalog.primary_key(connection, relation)
    if not declared or set(declared) == key or (not key and set(declared) == spec.unique):
        return
    needs = f"the key of this window's rows is {', '.join(spec.layout.key)}"
    rewrite = table_sql.rewrite_table(relation, types, types, spec.layout)
    todo = f"run in the warehouse: {_script(rewrite)}"
    if not key:
        needs = "this window's rows may repeat it, and Redshift's planner relies on a declared key"
    if missing := sorted(key - set(types)):
        renamed = ", ".join(f"{name}: <its former name>" for name in missing)
        todo = (
            f"if a column was only renamed, keep its name here with `rename: {{{renamed}}}`; else give the"
            f" table another `target:` and load its windows again, as the loaded rows have no"
            f" {', '.join(missing)}"
        )
    raise DataError(
        f"{relation} has the primary key {', '.join(declared)}",
        why=needs,
        todo=f"{todo}{spec.alternative}",
    )


def _refuse_column_without_source(target: Target, spec: TableSpec) -> None:
    """Raise DataError for a NOT NULL column, as of a former key, that the window does not have."""
    for name in sorted(target.required - set(spec.types)):
        raise not_null(target, name, spec.layout)


def not_null(target: Target, name: str, layout: Layout, rows: int | None = None) -> DataError:
    """The error for a NOT NULL column that `rows` of a window, or all of them, have no value for."""
    relation, types = target.relation, target.types
    rewrite = table_sql.rewrite_table(relation, types, types, layout)
    return DataError(
        f"{relation}.{redshift_sql.quoted(name)} is NOT NULL",
        why=f"{rows or 'the'} rows of the window have no value for it",
        todo=f"run in the warehouse: {_script(rewrite)}",
    )


def _script(statements: Sequence[str]) -> str:
    return "".join(f"{statement}; " for statement in ("BEGIN", *statements, "COMMIT")).rstrip()
