"""The columns that a comparison covers, and the warehouse's columns against those of the definition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipeline.comparison.loaded_windows import Cell
from pipeline.comparison.verdict import Finding, State, some
from pipeline.config.tables import Table
from pipeline.model.canonical import CanonicalColumn, canonical_columns
from pipeline.model.columns import Column, as_defined
from pipeline.model.identifiers import left_out
from pipeline.model.type_widening import holds
from pipeline.source.replicated_table import hidden_columns, key_of
from pipeline.source.table import SourceTable


@dataclass(frozen=True)
class ComparedColumns:
    """The columns with a canonical text, and `omitted`: the reason for each of the others.

    `key` is empty where a key column has no canonical text. Key and cursor (`always`) are compared even in
    windows whose lake marker, which names the columns read, is gone.
    """

    canonical: tuple[CanonicalColumn, ...]
    key: tuple[CanonicalColumn, ...]
    always: frozenset[str]
    omitted: Mapping[str, str]

    @classmethod
    def of(cls, table: Table, source: SourceTable, types: Mapping[str, str]) -> ComparedColumns:
        """The columns of the definition; `types` are the target's."""
        columns = as_defined(source.columns, table.rename, table.super)
        canonical, omitted = canonical_columns(columns, types)
        known, names = {c.column.name: c for c in canonical}, key_of(table, source)
        key = tuple(known[name] for name in names if name in known)
        cursor = source.column(table.cursor) if table.cursor else None
        always = frozenset((*names, cursor.name) if cursor else names)
        return cls(canonical, key if len(key) == len(names) else (), always, omitted)

    def within(self, cells: Sequence[Cell]) -> tuple[CanonicalColumn, ...]:
        """The columns to compare in cells of the same columns: those read, unless a policy changed values."""
        excluded = self.excluded(cells)
        return tuple(c for c in self.canonical if c.column.name not in excluded)

    def excluded(self, cells: Sequence[Cell]) -> dict[str, str]:
        """The columns that these cells cannot be compared by, each with the reason."""
        read = cells[0].columns
        lakes = [w.lake for cell in cells for w in cell.windows if w.lake]
        coerced = {name for lake in lakes for name in lake.coerced}
        excluded = {}
        for name in (c.column.name for c in self.canonical):
            if name in self.always:
                continue
            if read is None:
                excluded[name] = "where the lake has no marker"
            elif name not in read:
                excluded[name] = "in windows read without it"
            elif name in coerced:
                excluded[name] = "where policies changed values"
        return excluded


def column_findings(
    table: Table, source: SourceTable, read: Sequence[Column], types: Mapping[str, str]
) -> Iterator[Finding]:
    """The findings on names and types of the target's columns.

    A column that the latest window was read without, or with another type, is added or widened by a later
    load. `read` are the latest window's columns, empty where they are unknown.
    """
    excluded = left_out(table.exclude, (column.name for column in read))
    kept = [column for column in read if column.name not in excluded]
    loaded = {c.target: c for c in as_defined(kept, table.rename, table.super)}
    current = as_defined(source.columns, table.rename, table.super)
    if loaded and table.on_new_column == "exclude":
        if new := [c.target for c in current if c.target not in loaded]:
            yield Finding(State.NOT_COVERED, f"left out by on_new_column: {some(new)}")
        current = tuple(column for column in current if column.target in loaded)
    for state, columns in (
        (State.DIFFERS, [c for c in current if _is_read(c, loaded) or not loaded]),
        (State.PENDING, [c for c in current if loaded and not _is_read(c, loaded)]),
    ):
        if missing := [c.target for c in columns if c.target not in types]:
            yield Finding(state, f"the warehouse has no column {some(missing)}")
        for column in columns:
            have = types.get(column.target, column.redshift)
            if not holds(have, column.redshift):
                text = f"column {column.target} is {have}, the source has {column.source_type}"
                yield Finding(state, text)
    if hidden := hidden_columns(table, source):
        yield Finding(State.NOT_COVERED, hidden)


def _is_read(column: Column, loaded: Mapping[str, Column]) -> bool:
    """Whether the latest window was read with the column, in its current type."""
    before = loaded.get(column.target)
    return before is not None and before.redshift == column.redshift
