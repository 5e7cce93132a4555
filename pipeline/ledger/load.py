"""One load: a window's rows, the table they go to, and how the one fits the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from pipeline.columns import Column, as_defined
from pipeline.config.tables import Table
from pipeline.cursors import Bounds
from pipeline.ledger.schema import Target
from pipeline.manifest import CsvManifest
from pipeline.stores import redshift_sql, table_sql
from pipeline.stores.merge_sql import Merge
from pipeline.stores.redshift_sql import Relation
from pipeline.stores.table_sql import Layout
from pipeline.window import Window


@dataclass(frozen=True)
class Load:
    """What is to be loaded, and where to."""

    table: Table
    window: Window
    csv: CsvManifest
    schema: str
    bounds: Bounds
    """Of the cursor as the warehouse has it; nothing is replaced beyond them."""

    @property
    def target(self) -> Relation:
        """The warehouse table."""
        return Relation(self.schema, self.table.target)

    @cached_property
    def definitions(self) -> tuple[Column, ...]:
        """The window's columns, in the order of the files, as the warehouse is to have them."""
        definition = self.table.definition
        return as_defined(self.csv.columns, definition.rename, definition.super)

    @property
    def columns(self) -> tuple[str, ...]:
        """Their names in the warehouse."""
        return tuple(column.target for column in self.definitions)

    @property
    def types(self) -> dict[str, str]:
        """Their types in the warehouse, by name, as the files have them."""
        return {column.target: column.redshift for column in self.definitions}

    @property
    def key(self) -> tuple[str, ...]:
        """The warehouse names of the key columns."""
        return self.names(self.csv.key)

    @property
    def cursor(self) -> str:
        """The warehouse name of the cursor, empty for a full snapshot."""
        cursor = self.table.definition.cursor
        return self.names((cursor,))[0] if cursor else ""

    @property
    def layout(self) -> Layout:
        """Key, distribution and sorting of the target."""
        definition = self.table.definition
        return Layout(
            key=self.key if definition.load_mode == "merge" else (),
            distkey=self.names((definition.distkey,))[0] if definition.distkey else None,
            sortkey=self.names(definition.sortkey),
        )

    def names(self, columns: Sequence[str]) -> tuple[str, ...]:
        """The warehouse names of source columns."""
        targets = {column.name.lower(): column.target for column in self.definitions}
        return tuple(targets[column.lower()] for column in columns)

    def merge(self, stage: Relation, target: Target) -> Merge:
        """The statements that bring the stage into the target."""
        texts = {column.target for column in self.definitions if column.arrow == "string"}
        return Merge(
            target=self.target,
            stage=stage,
            columns=self.columns,
            key=self.key,
            cursor=self.cursor,
            text_key=tuple(name for name in self.key if name in texts),
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
        if not self.table.definition.key:
            return ()
        known = {*self.key, self.cursor}
        unordered = ("VARBYTE", "SUPER")
        ordered = (c.target for c in self.definitions if not c.redshift.startswith(unordered))
        return tuple(name for name in ordered if name not in known)
