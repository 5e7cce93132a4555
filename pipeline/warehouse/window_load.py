"""One load: a window's rows, the table they go to, and how the one fits the other."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

from psycopg2 import extensions

from pipeline.config.tables import Table
from pipeline.errors import DataError
from pipeline.lake.reread_hint import REREAD
from pipeline.model.columns import Column, as_defined, of_one_target, warehouse_name
from pipeline.model.cursors import Bounds
from pipeline.model.identifiers import left_out, spelled
from pipeline.model.markers import CsvManifest, Extent
from pipeline.model.window import Window
from pipeline.warehouse import sql as redshift_sql
from pipeline.warehouse import table_sql
from pipeline.warehouse.catalog import Target
from pipeline.warehouse.merge_sql import Merge
from pipeline.warehouse.sql import Relation
from pipeline.warehouse.table_sql import Layout


@dataclass(frozen=True)
class Counts:
    """What a load changed in its target: rows inserted, and rows they replaced."""

    loaded: int = 0
    replaced: int = 0


class LoadMode(Protocol):
    """What a module of `warehouse/modes` has."""

    needs_key: bool
    """Whether rows are one by a key, which the target declares."""
    keeps_versions: bool
    """Whether the target keeps rows that the source has no more."""
    replaces_table: bool
    """Whether a load takes the place of all rows."""

    def prepare(self, cursor: extensions.cursor, staging: StagingTable) -> None:
        """Check the filled staging table, and make of it what `apply` needs; outside the lock."""

    def apply(self, cursor: extensions.cursor, staging: StagingTable) -> Counts:
        """Bring the staged rows into the target, under its lock, in the transaction of the ledger row."""


@dataclass(frozen=True)
class WindowLoad:
    """The rows to load, the table to load them into, and the mode.

    The window may have been read when the source, or the table's definition, was another: a column of the
    definition that the window lacks is a DataError, unless nothing depends on it.
    """

    table: Table
    window: Window
    csv: CsvManifest
    schema: str
    bounds: Bounds
    """Of the cursor as the warehouse has it; nothing is replaced beyond them."""
    mode: LoadMode

    @property
    def target(self) -> Relation:
        """The warehouse table."""
        return Relation(self.schema, self.table.target)

    @cached_property
    def definitions(self) -> tuple[Column, ...]:
        """The window's columns, in the order of the files, as the warehouse is to have them."""
        excluded = left_out(self.table.exclude, (column.name for column in self.csv.columns))
        replicated = (column for column in self.csv.columns if column.name not in excluded)
        columns = as_defined(replicated, self.table.rename, self.table.super)
        _refuse_one_name_for_two(columns)
        return columns

    @cached_property
    def staged(self) -> tuple[Column, ...]:
        """All columns of the files, as staged: one that is excluded since has a name of its own."""
        loaded = {column.name: column for column in self.definitions}
        return tuple(
            loaded.get(column.name) or replace(column, target=_free(f"excluded_{i}", self.columns))
            for i, column in enumerate(self.csv.columns)
        )

    @property
    def columns(self) -> tuple[str, ...]:
        """The names in the warehouse of what is loaded."""
        return tuple(column.target for column in self.definitions)

    @property
    def types(self) -> dict[str, str]:
        """Their types in the warehouse, by name, as the files have them."""
        return {column.target: column.redshift for column in self.definitions}

    @cached_property
    def content(self) -> str:
        """One name for what is loaded: the lake's digest, where nothing has changed its rows since.

        Neither in themselves, nor in which of them are versions of one row.
        """
        is_other_key = self.mode.needs_key and self.key != self._known(self.csv.key)
        otherwise = [self.key] if is_other_key else []
        if not otherwise and not self.csv.converted and self.definitions == self.csv.columns:
            return self.csv.lake_digest
        shape = [(column.name, column.target, column.redshift) for column in self.definitions]
        content = json.dumps([self.csv.lake_digest, self.csv.converted, shape, *otherwise])
        return hashlib.sha256(content.encode()).hexdigest()

    @cached_property
    def key(self) -> tuple[str, ...]:
        """The warehouse names of the columns to merge by: the definition's, else the primary key.

        Raises DataError where the window does not say which these are, or where one of them may be NULL.
        """
        named, read = self.table.key, self.csv.extent
        if not named and read.key:
            raise self._keyless(f"it was read when `key:` named {', '.join(read.key)}")
        key = self.names(named or self.csv.key, "the key")
        if not key:
            raise self._keyless("the table had no primary key when it was read")
        nullable = {column.target for column in self.definitions if column.nullable}
        if unknown := [name for name in key if name in nullable]:
            raise self._keyless(f"{', '.join(unknown)} may be NULL in it, which equals nothing")
        return key

    def _keyless(self, why: str) -> DataError:
        return DataError(
            "the window has no key to merge by",
            why=why,
            todo=f"name other columns in `key:` of {self.table.name}, or {REREAD}",
        )

    @property
    def extent(self) -> Extent:
        """Which rows the window was read as, its columns as the warehouse calls them."""
        read = self.csv.extent
        if read.cursor is None:
            return read
        return read.model_copy(update={"cursor": self.name_of(read.cursor)})

    @property
    def defined_extent(self) -> Extent:
        """The extent that the definition names now; of its zone only the source could tell."""
        cursor = self.table.warehouse_cursor
        defined = {
            "cursor": self.cursor or None,
            "cursor_type": cursor.cursor_type,
            "epoch_unit": cursor.epoch_unit,
        }
        assigned = {"lower": self.bounds.lower, "upper": self.bounds.upper}
        bounds = assigned if cursor.needs_assigned_bounds else {}
        return self.extent.model_copy(update={**defined, **bounds})

    @property
    def cursor(self) -> str:
        """The warehouse name of the cursor, empty for a full snapshot.

        One that had another name when the window was read is that column, if it goes into the same one.
        """
        cursor = self.table.cursor
        if not cursor:
            return ""
        renamed = warehouse_name(cursor, self.table.rename)
        if not self._known((cursor,)) and renamed in self.columns:
            return renamed
        return self.names((cursor,), "cursor")[0]

    @property
    def layout(self) -> Layout:
        """Key, distribution and sorting of the target, as far as the window has their columns."""
        distkey = self._known((self.table.distkey,) if self.table.distkey else ())
        return Layout(
            key=self.key if self.mode.needs_key else (),
            distkey=distkey[0] if distkey else None,
            sortkey=self._known(self.table.sortkey),
        )

    @property
    def unique(self) -> frozenset[str]:
        """The warehouse names of the columns that tell a snapshot's rows apart: no key need be declared."""
        return frozenset(self._known(self.csv.key) if self.mode.replaces_table else ())

    def names(self, columns: Sequence[str], setting: str) -> tuple[str, ...]:
        """The warehouse names of source columns; raises DataError where the window lacks one."""
        for column in columns:
            if not self._known((column,)):
                raise DataError(
                    f"the window has no column {column} to load, which {setting} names",
                    why=f"it has {', '.join(each.name for each in self.definitions)}",
                    todo=f"correct the definition of {self.table.name}, or {REREAD}",
                )
        return self._known(columns)

    def stage_name(self, column: str) -> str:
        """The name that a source column has in the stage."""
        return next(each.target for each in self.staged if each.name == column)

    def _known(self, columns: Iterable[str]) -> tuple[str, ...]:
        targets = {column.name: column.target for column in self.definitions}
        found = (spelled(column, targets) for column in columns)
        return tuple(targets[name] for name in found if name is not None)

    def name_of(self, column: str) -> str:
        """What the warehouse calls a column of the source; the same where the window does not have it."""
        return next(iter(self._known((column,))), column)

    @property
    def texts(self) -> frozenset[str]:
        """The warehouse names of the columns of text."""
        return frozenset(column.target for column in self.definitions if column.arrow == "string")

    @property
    def version(self) -> tuple[str, ...]:
        """What tells versions of rows apart: key and cursor. Empty for no key, or one that may be NULL."""
        key = self.table.key or self.csv.key
        named = [spelled(name, (c.name for c in self.definitions)) for name in key]
        columns = {column.name: column for column in self.definitions}
        found = [columns[name] for name in named if name is not None and not columns[name].nullable]
        if not key or len(found) < len(key):
            return ()
        return tuple(dict.fromkeys([*(column.target for column in found), self.cursor]))

    def check_count(self, counted_by: str, rows: int) -> None:
        """Raise DataError unless those are the window's rows."""
        if rows != self.csv.rows:
            raise DataError(
                f"{counted_by} {rows} rows",
                why=f"the CSV manifest has {self.csv.rows}",
                todo="run it again; nothing was loaded",
            )

    def merge(self, stage: Relation, target: Target) -> Merge:
        """The statements that bring the stage into the target."""
        return Merge(
            target=self.target,
            stage=stage,
            columns=self.columns,
            key=self.key,
            cursor=self.cursor,
            text_key=tuple(name for name in self.key if name in self.texts),
            tie_break=self._tie_break,
            values=self.values(target),
        )

    def values(self, target: Target) -> dict[str, str]:
        """The columns that the target has in another type, each as a value of that type."""
        values = {
            name: table_sql.converted(name, kind, target.types[name])
            for name, kind in self.types.items()
        }
        return {name: value for name, value in values.items() if value != redshift_sql.quoted(name)}

    @property
    def _tie_break(self) -> tuple[str, ...]:
        """What orders rows of one key and one cursor value, where `key:` may repeat."""
        if not self.table.key:
            return ()
        known = {*self.key, self.cursor}
        unordered = ("VARBYTE", "SUPER")
        ordered = (c.target for c in self.definitions if not c.redshift.startswith(unordered))
        return tuple(name for name in ordered if name not in known)


@dataclass(frozen=True)
class StagingTable:
    """A temporary table that holds the rows of a load, and the target that they fit."""

    relation: Relation
    load: WindowLoad
    target: Target

    @property
    def merge(self) -> Merge:
        """The statements that bring the staged rows into the target by their key."""
        return self.load.merge(self.relation, self.target)

    @property
    def values(self) -> dict[str, str]:
        """The staged columns that have another type in the target, each as a value of that type."""
        return self.load.values(self.target)


def _refuse_one_name_for_two(columns: Sequence[Column]) -> None:
    if (both := of_one_target(columns)) is not None:
        one, other = (column.name for column in both)
        raise DataError(
            f"the window's columns {one} and {other} would be one column, {both[0].target}",
            why="the definition's `rename:` gives them one name, or one that the warehouse folds",
            todo="give one of them another name with `rename:`, or leave it out with `exclude:`",
        )


def _free(name: str, taken: Sequence[str]) -> str:
    """The name, longer until no column has it."""
    while name in taken:
        name += "_"
    return name
