"""The warehouse table's columns follow the source's, as far as that is safe."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import psycopg2
from psycopg2 import extensions

from pipeline.errors import DataError
from pipeline.model.columns import Column
from pipeline.model.type_widening import holds, wider
from pipeline.warehouse import catalog, table_sql
from pipeline.warehouse import connection as redshift
from pipeline.warehouse import sql as redshift_sql
from pipeline.warehouse.sql import Relation
from pipeline.warehouse.table_sql import Layout

log = logging.getLogger(__name__)

_REFUSALS = (psycopg2.NotSupportedError, psycopg2.ProgrammingError, psycopg2.InternalError)


@dataclass(frozen=True)
class Target:
    """A warehouse table as it stands: its columns' types, in order, and those that take no NULL."""

    relation: Relation
    types: Mapping[str, str]
    required: frozenset[str]


@dataclass(frozen=True)
class _Change:
    """A source column that its warehouse column, of type `have`, does not hold."""

    target: Relation
    column: Column
    types: Mapping[str, str]
    layout: Layout
    undone: str

    @property
    def have(self) -> str:
        return self.types[self.column.target]

    @property
    def wanted(self) -> str | None:
        """The type that holds the old values and the new; None where the kind of thing changes."""
        return wider(self.have, self.column.redshift)

    @property
    def statements(self) -> tuple[str, ...]:
        """What makes the column as the source has it."""
        name, kind = self.column.target, self.wanted or self.column.redshift
        if name in self.layout.fixed:
            want = {**self.types, name: kind}
            return table_sql.rewrite_table(self.target, self.types, want, self.layout)
        return table_sql.rewrite_column(self.target, name, self.have, kind)

    def refused(self, why: str = "") -> DataError:
        needs = (
            f"the source column is {self.column.source_type}, which needs {self.column.redshift}"
        )
        return DataError(
            f"{self.target} holds {self.column.target} as {self.have}",
            why=f"{needs}; {why}" if why else needs,
            todo=f"run in the warehouse: {_script(self.statements)}{self.undone}",
        )


def follow(
    connection: redshift.Connection,
    target: Relation,
    columns: Sequence[Column],
    layout: Layout,
    undone: str = "",
    *,
    unique: Collection[str] = (),
    is_empty: bool = False,
) -> Target:
    """Create the target, or add and widen columns of it; nothing is ever lost, narrowed or re-typed.

    Raises DataError, with the statements that a person may run, for a change that cannot be followed;
    `undone` is what to do instead where the source was altered back. `unique` are columns that may be
    declared as the key though the layout has none. A window that `is_empty` asks for columns alone.
    """
    wanted = {column.target: column.redshift for column in columns}
    create = table_sql.create_table(target, wanted, layout)
    redshift.ensure(connection, create, f"create {target}")
    present = catalog.table_columns(connection, target)
    required = catalog.required_columns(connection, target)
    if not is_empty:
        _refuse_other_key(connection, target, present, required, layout, unique, undone)
    missing = [column for column in columns if column.target not in present]
    for column in missing:
        add = table_sql.add_column(target, column.target, column.redshift)
        redshift.add_column(connection, add)
    if is_empty:
        return Target(target, catalog.table_columns(connection, target), required)
    narrow = [c for c in columns if c not in missing and not holds(present[c.target], c.redshift)]
    for column in narrow:
        _widen(connection, _Change(target, column, present, layout, undone))
    if missing or narrow:
        present = catalog.table_columns(connection, target)
    _refuse_left_behind(target, present, required - set(wanted), layout)
    return Target(target, present, required)


def _widen(connection: redshift.Connection, change: _Change) -> None:
    wanted, name = change.wanted, change.column.target
    if wanted is None:
        raise change.refused()
    if wanted.startswith("VARCHAR") and name not in change.layout.fixed:
        widen = table_sql.widen_varchar(change.target, name, wanted)
        try:
            return redshift.ensure(connection, widen, f"alter {change.target}")
        except _REFUSALS as error:
            log.info("%s: %s; the column is rewritten", change.target, _text(error))
    if name in change.layout.fixed:
        raise change.refused("it is a key, or the table is distributed or sorted by it")
    log.warning("%s: %s becomes %s, all rows are rewritten", change.target, name, wanted)
    try:
        redshift.in_transaction(
            connection,
            lambda cursor: _rewrite(connection, cursor, change),
            what=f"rewrite {name} of {change.target}",
        )
    except _REFUSALS as error:
        raise change.refused(_text(error)) from None


def _rewrite(connection: redshift.Connection, cursor: extensions.cursor, change: _Change) -> None:
    cursor.execute(redshift_sql.lock(change.target))
    # another process may have been faster
    change = replace(change, types=catalog.table_columns(connection, change.target))
    if not holds(change.have, change.column.redshift):
        for statement in change.statements:
            cursor.execute(statement)


def _refuse_other_key(
    connection: redshift.Connection,
    target: Relation,
    types: Mapping[str, str],
    required: frozenset[str],
    layout: Layout,
    unique: Collection[str],
    undone: str,
) -> None:
    """The key a table was made with is what its rows were merged by, and what Redshift's planner believes.

    Its columns alone are NOT NULL in a table of ours, so that the catalogue is asked for it where others are.
    """
    wanted = set(layout.key)
    if required == wanted:
        return
    declared = catalog.primary_key(connection, target)
    if not declared or set(declared) == wanted or (not wanted and set(declared) == set(unique)):
        return
    needs = f"this window's rows are told apart by {', '.join(layout.key)}"
    todo = f"run in the warehouse: {_script(table_sql.rewrite_table(target, types, types, layout))}"
    if not wanted:
        needs = "several of this window's rows may have one, and Redshift's planner believes a key"
    if missing := sorted(wanted - set(types)):
        renamed = ", ".join(f"{name}: <its name before>" for name in missing)
        todo = (
            f"if a column was only renamed, keep its name here with `rename: {{{renamed}}}`; else give the"
            f" table another `target:` and load its windows again: rows that are loaded have no"
            f" {', '.join(missing)}"
        )
    raise DataError(
        f"{target} was made with the key {', '.join(declared)}", why=needs, todo=f"{todo}{undone}"
    )


def _refuse_left_behind(
    target: Relation, types: Mapping[str, str], left: frozenset[str], layout: Layout
) -> None:
    """A column that was part of a key is NOT NULL, and a row without it has nothing to put there."""
    for name in sorted(left):
        raise not_null(Target(target, types, left), name, layout)


def not_null(target: Target, name: str, layout: Layout, rows: int | None = None) -> DataError:
    """What is wrong where `rows` of a window, or all of them, have no value for a NOT NULL column."""
    relation, types = target.relation, target.types
    return DataError(
        f"{relation} takes no row without {name}",
        why=f"it is NOT NULL there, and {rows or 'the'} rows of the window do not have it",
        todo=f"run in the warehouse: {_script(table_sql.rewrite_table(relation, types, types, layout))}",
    )


def _script(statements: Sequence[str]) -> str:
    return "".join(f"{statement}; " for statement in ("BEGIN", *statements, "COMMIT")).rstrip()


def _text(error: psycopg2.Error) -> str:
    return " ".join((error.diag.message_primary or str(error)).split())
