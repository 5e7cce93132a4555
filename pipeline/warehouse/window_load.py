"""One load: a window's rows, their target, and the mapping between both."""

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
from pipeline.model.columns import Column, as_defined, same_target, warehouse_name
from pipeline.model.cursors import Bounds
from pipeline.model.identifiers import left_out, spelled
from pipeline.model.load_modes import LoadModeName
from pipeline.model.markers import CsvMarker, Extent
from pipeline.model.window import Window
from pipeline.warehouse import sql as redshift_sql
from pipeline.warehouse import table_sql
from pipeline.warehouse.catalog import Target
from pipeline.warehouse.merge_sql import Merge
from pipeline.warehouse.sql import Relation, free_name
from pipeline.warehouse.table_sql import Layout


@dataclass(frozen=True)
class Counts:
    """The rows that a load inserted into its target, and those it replaced."""

    loaded: int = 0
    replaced: int = 0


class LoadMode(Protocol):
    """The interface of a module in `warehouse/modes`."""

    name: LoadModeName
    """The name in definitions, markers and the ledger."""
    needs_key: bool
    """Whether the target has one row per key, and declares the key."""
    keeps_versions: bool
    """Whether the target keeps versions that the source no longer has."""
    replaces_table: bool
    """Whether a load replaces all rows."""

    def prepare(self, cursor: extensions.cursor, staging: StagingTable) -> None:
        """Check the filled staging table and derive what `apply` needs, before the lock."""

    def apply(self, cursor: extensions.cursor, staging: StagingTable) -> Counts:
        """Bring the staged rows into the locked target, in the transaction of the ledger row."""


@dataclass(frozen=True)
class WindowLoad:
    """A window's rows, their target and the load mode.

    The source or the table's definition may have changed since the window was read: a column that the load
    needs and the window lacks is a DataError.
    """

    table: Table
    window: Window
    csv: CsvMarker
    schema: str
    bounds: Bounds
    """The window's bounds on the cursor in the warehouse; no row outside them is replaced."""
    mode: LoadMode

    @property
    def target(self) -> Relation:
        """The warehouse table."""
        return Relation(self.schema, self.table.target)

    @cached_property
    def definitions(self) -> tuple[Column, ...]:
        """The columns to load, in file order, with their warehouse names and types."""
        excluded = left_out(self.table.exclude, (column.name for column in self.csv.columns))
        replicated = (column for column in self.csv.columns if column.name not in excluded)
        columns = as_defined(replicated, self.table.rename, self.table.super)
        _refuse_duplicate_target(columns)
        return columns

    @cached_property
    def staging_columns(self) -> tuple[Column, ...]:
        """All columns of the files; one that was excluded later has an unused name."""
        loaded, taken = {column.name: column for column in self.definitions}, self.columns
        return tuple(
            loaded.get(column.name) or replace(column, target=free_name(f"excluded_{i}", taken))
            for i, column in enumerate(self.csv.columns)
        )

    @property
    def columns(self) -> tuple[str, ...]:
        """The warehouse names of the loaded columns."""
        return tuple(column.target for column in self.definitions)

    @property
    def types(self) -> dict[str, str]:
        """The types of the staged values, by warehouse name."""
        return {column.target: column.redshift for column in self.definitions}

    @cached_property
    def content(self) -> str:
        """The digest of the loaded content: the lake's, unless conversion, definition or key changed it."""
        has_other_key = self.mode.needs_key and self.key != self._present(self.csv.key)
        other_key = [self.key] if has_other_key else []
        if not other_key and not self.csv.converted and self.definitions == self.csv.columns:
            return self.csv.lake_digest
        shape = [(column.name, column.target, column.redshift) for column in self.definitions]
        content = json.dumps([self.csv.lake_digest, self.csv.converted, shape, *other_key])
        return hashlib.sha256(content.encode()).hexdigest()

    @cached_property
    def key(self) -> tuple[str, ...]:
        """The warehouse names of the columns to merge by: those of `key:`, else the primary key.

        Raises DataError where the window has no such key, or where one of its columns may be NULL.
        """
        read_key = self.csv.extent.key
        if not self.table.key and read_key:
            raise self._keyless(f"it was read when `key:` named {', '.join(read_key)}")
        key = self._required(self.table.key or self.csv.key, "the key")
        if not key:
            raise self._keyless("the table had no primary key when it was read")
        if nullable := [name for name in key if name in self._nullable]:
            raise self._keyless(f"{', '.join(nullable)} may be NULL in it, and NULL equals nothing")
        return key

    @property
    def _nullable(self) -> set[str]:
        return {column.target for column in self.definitions if column.nullable}

    def _keyless(self, why: str) -> DataError:
        return DataError(
            "the window has no key to merge by",
            why=why,
            todo=f"name other columns in `key:` of {self.table.name}, or {REREAD}",
        )

    @property
    def extent(self) -> Extent:
        """The extent that the window was read by, with the cursor's warehouse name."""
        read = self.csv.extent
        if read.cursor is None:
            return read
        (name,) = self._present((read.cursor,)) or (read.cursor,)
        return read.model_copy(update={"cursor": name})

    @property
    def defined_extent(self) -> Extent:
        """The extent by the current definition; the time zone, which only the source knows, as read."""
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
        """The warehouse name of the cursor, empty for a snapshot.

        A cursor that was renamed in the source since is the column with the same warehouse name.
        """
        cursor = self.table.cursor
        if not cursor:
            return ""
        name = warehouse_name(cursor, self.table.rename)
        if not self._present((cursor,)) and name in self.columns:
            return name
        return self._required((cursor,), "cursor")[0]

    @property
    def layout(self) -> Layout:
        """Key, distribution and sorting of the target, as far as the window has their columns."""
        distkey = self._present((self.table.distkey,) if self.table.distkey else ())
        return Layout(
            key=self.key if self.mode.needs_key else (),
            distkey=distkey[0] if distkey else None,
            sortkey=self._present(self.table.sortkey),
        )

    @property
    def unique(self) -> frozenset[str]:
        """The warehouse names of a snapshot's key, which the target may declare."""
        return frozenset(self._present(self.csv.key) if self.mode.replaces_table else ())

    def _required(self, columns: Sequence[str], setting: str) -> tuple[str, ...]:
        """The warehouse names of source columns; raises DataError where the window lacks one."""
        for column in columns:
            if not self._present((column,)):
                raise DataError(
                    f"the window has no column {column} to load, which {setting} names",
                    why=f"it has {', '.join(column.name for column in self.definitions)}",
                    todo=f"correct the definition of {self.table.name}, or {REREAD}",
                )
        return self._present(columns)

    def _present(self, columns: Iterable[str]) -> tuple[str, ...]:
        """The warehouse names of those source columns that the window has."""
        targets = {column.name: column.target for column in self.definitions}
        names = (spelled(column, targets) for column in columns)
        return tuple(targets[name] for name in names if name is not None)

    @property
    def texts(self) -> frozenset[str]:
        """The warehouse names of the text columns."""
        return frozenset(column.target for column in self.definitions if column.arrow == "string")

    @property
    def version(self) -> tuple[str, ...]:
        """Key and cursor, which identify a row version; empty without a complete key that is NOT NULL."""
        key = self.table.key or self.csv.key
        names = self._present(key)
        if not key or len(names) < len(key) or self._nullable.intersection(names):
            return ()
        return tuple(dict.fromkeys([*names, self.cursor]))

    def check_count(self, counter: str, rows: int) -> None:
        """Raise DataError unless the count, by `counter`, is the window's."""
        if rows != self.csv.rows:
            raise DataError(
                f"{counter} {rows} rows",
                why=f"the CSV marker has {self.csv.rows}",
                todo="run the same command again; nothing was loaded",
            )

    def merge(self, staging: Relation, target: Target) -> Merge:
        """The statements that merge the staging table into the target."""
        return Merge(
            target=self.target,
            staging=staging,
            columns=self.columns,
            key=self.key,
            cursor=self.cursor,
            text_key=tuple(name for name in self.key if name in self.texts),
            tie_break=self._tie_break,
            values=self.values(target),
        )

    def values(self, target: Target) -> dict[str, str]:
        """The columns of another type in the target, each as an expression of that type."""
        values = {
            name: table_sql.converted(name, kind, target.types[name])
            for name, kind in self.types.items()
        }
        return {name: value for name, value in values.items() if value != redshift_sql.quoted(name)}

    @property
    def _tie_break(self) -> tuple[str, ...]:
        """The columns that order rows of one key and cursor value, as `key:` may repeat."""
        if not self.table.key:
            return ()
        unordered = ("VARBYTE", "SUPER")
        ordered = (c.target for c in self.definitions if not c.redshift.startswith(unordered))
        return tuple(name for name in ordered if name not in (*self.key, self.cursor))


@dataclass(frozen=True)
class StagingTable:
    """A temporary table with the rows of a load, and their target."""

    relation: Relation
    load: WindowLoad
    target: Target

    @property
    def merge(self) -> Merge:
        """The statements that merge the staged rows into the target."""
        return self.load.merge(self.relation, self.target)

    @property
    def values(self) -> dict[str, str]:
        """The staged columns of another type in the target, each as an expression of that type."""
        return self.load.values(self.target)


def _refuse_duplicate_target(columns: Sequence[Column]) -> None:
    if (both := same_target(columns)) is not None:
        one, other = (column.name for column in both)
        raise DataError(
            f"the window's columns {one} and {other} have the same target, {both[0].target}",
            why="the definition's `rename:` gives them one name, apart from case",
            todo="give one of them another name with `rename:`, or leave it out with `exclude:`",
        )
