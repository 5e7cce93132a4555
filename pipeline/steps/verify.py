"""Compare what of a table is loaded: source, lake and warehouse.

The loaded windows cut the cursor into cells. Each side has a row count and a checksum per cell; the source's
come from one snapshot. Where they differ, the hashes of single rows tell a changed row from one that has only
moved to a later window.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.comparison.cell_comparison import CellComparison, ComparedCell
from pipeline.comparison.compared_columns import ComparedColumns, column_findings
from pipeline.comparison.coverage import source_coverage, unloaded_windows, warehouse_coverage
from pipeline.comparison.lake_comparison import lake_findings, snapshot_findings
from pipeline.comparison.loaded_windows import (
    Cell,
    Lake,
    LoadedWindow,
    batches,
    cells,
    loaded_windows,
)
from pipeline.comparison.row_sums import Batch, SourceRows, WarehouseRows
from pipeline.comparison.verdict import Finding, State, Verdict
from pipeline.config.tables import Table
from pipeline.errors import ConfigurationError, DataError
from pipeline.lake.s3 import Store
from pipeline.lake.stages import LAKE
from pipeline.lake.watermark import reached
from pipeline.lake.window import LakeWindow
from pipeline.model.columns import Column
from pipeline.model.cursors import Bounds
from pipeline.model.identifiers import LEDGER
from pipeline.source import connection as mysql
from pipeline.source.checksum_sql import CursorRanges
from pipeline.source.replicated_table import key_of, replicated_table
from pipeline.source.table import SourceTable
from pipeline.warehouse import catalog
from pipeline.warehouse import connection as redshift
from pipeline.warehouse.ledger import Ledger, LedgerRow
from pipeline.warehouse.modes import MODES
from pipeline.warehouse.sql import Relation

_TRIES = 3


@dataclass(frozen=True)
class Servers:
    """Lake, source and warehouse schema of the tables to compare; `spool` is a folder for fetched parts."""

    store: Store
    source: mysql.Connection
    warehouse: redshift.Connection
    schema: str
    spool: Path
    timezone: str | None = None
    """The time zone of DATETIMEs in tables whose definition names none."""


def compare(servers: Servers, table: Table) -> Verdict:
    """Compare a table; raises DataError where loads of it ran during each of three comparisons."""
    for _ in range(_TRIES):
        rows = _ledger_rows(servers, table)
        verdict = _Comparison(servers, table, rows).verdict()
        if _ledger_rows(servers, table) == rows:
            return verdict
    raise DataError(
        "the table was loaded during the comparison",
        why=f"windows were committed in each of {_TRIES} attempts",
        todo="compare it when no run loads it",
    )


def _ledger_rows(servers: Servers, table: Table) -> list[LedgerRow]:
    """The windows loaded into the target; none without a ledger."""
    if not catalog.table_columns(servers.warehouse, Relation(servers.schema, LEDGER)):
        return []
    target = str(Relation(servers.schema, table.target))
    with servers.warehouse.cursor() as cursor:
        rows = Ledger(servers.schema, str(table.name)).rows(cursor)
        return [row for row in rows if row.target == target]


@dataclass(frozen=True)
class _Comparison:
    """One attempt, by the ledger's rows of the target."""

    servers: Servers
    table: Table
    rows: Sequence[LedgerRow]

    @property
    def _target(self) -> Relation:
        return Relation(self.servers.schema, self.table.target)

    def verdict(self) -> Verdict:
        types = catalog.table_columns(self.servers.warehouse, self._target)
        lake = Lake.listed(self.servers.store, self.table.name)
        windows = loaded_windows(self.servers.store, self.table, self.rows, lake)
        source = replicated_table(self.servers.source, self.table, self.servers.timezone)
        if not windows or not types:
            return Verdict(str(self.table.name), (_not_loaded(self._target, lake, windows),))
        columns = ComparedColumns.of(self.table, source, types)
        findings = [
            *column_findings(self.table, source, self._read(windows[-1]), types),
            *unloaded_windows(self.table, lake, self.rows),
        ]
        compared, more = self._compared(source, windows, columns)
        return Verdict(
            table=str(self.table.name),
            findings=(*findings, *lake_findings(windows, compared, columns.key), *more),
            until=reached(self.table, [window.window for window in windows]),
            windows=len(windows),
            source_rows=sum(c.source.rows for c in compared),
            warehouse_rows=sum(c.warehouse.rows for c in compared),
            omitted=tuple(_omitted(columns, compared).items()),
        )

    def _read(self, window: LoadedWindow) -> tuple[Column, ...]:
        """The columns that a window was read with; empty where the lake has it no more."""
        if window.lake is None:
            return ()
        return LakeWindow(self.servers.store, self.table.name, window.window).read(LAKE).columns

    def _compared(
        self, source: SourceTable, windows: Sequence[LoadedWindow], columns: ComparedColumns
    ) -> tuple[list[ComparedCell], list[Finding]]:
        """The sums of every cell, and the findings on rows.

        The warehouse is read before the source's snapshot: a row that moves in between has moved.
        """
        table, target, cursor = self.table, self._target, _cursor(self.table, source)
        here = SourceRows(self.servers.source, table.name, _ranges(cursor), columns.key)
        name = cursor.target if cursor else None
        there = WarehouseRows(self.servers.warehouse, target, name, columns.key)
        covered = self._cells(windows, cursor)
        parts = [Batch(part, columns.within(part)) for part in batches(covered)]
        loaded = [there.sums(part) for part in parts]
        total = there.count()
        with mysql.snapshot(self.servers.source):
            compared = [
                ComparedCell(cell, part, source_sum, warehouse_sum)
                for part, sums in zip(parts, loaded, strict=True)
                for cell, source_sum, warehouse_sum in zip(
                    part.cells, here.sums(part), sums, strict=True
                )
            ]
            findings = list(self._row_findings(here, there, compared, source))
            findings += source_coverage(here, table, covered)
        covered_rows = sum(c.warehouse.rows for c in compared)
        return compared, [*findings, *warehouse_coverage(total, covered_rows, self.rows)]

    def _cells(self, windows: Sequence[LoadedWindow], cursor: Column | None) -> list[Cell]:
        """The cells of the cursor, or one of the whole table."""
        if cursor is not None:
            return cells(self.servers.store, self.table, windows, cursor.timezone)
        return [Cell(Bounds(None, None), Bounds(None, None), tuple(windows))]

    def _row_findings(
        self,
        here: SourceRows,
        there: WarehouseRows,
        compared: list[ComparedCell],
        source: SourceTable,
    ) -> Iterator[Finding]:
        if here.cursor is None:
            return snapshot_findings(
                self.servers.store, self.table.name, compared[0], self.servers.spool
            )
        mode, key = MODES[self.table.load_mode], set(key_of(self.table, source))
        is_unique = bool(source.primary_key) and key.issuperset(source.primary_key)
        repeats = mode.needs_key and not is_unique
        return CellComparison(here, there, compared, mode.keeps_versions, repeats).findings()


def _cursor(table: Table, source: SourceTable) -> Column | None:
    """The cursor's column; None for a snapshot."""
    column = source.column(table.cursor) if table.cursor else None
    if table.cursor and column is None:
        raise ConfigurationError(
            f"cursor names the column {table.cursor}, which {table.name} does not have",
            todo="correct `cursor:` in the table's definition",
        )
    return column


def _ranges(cursor: Column | None) -> CursorRanges | None:
    is_date = cursor is not None and cursor.arrow.startswith(("timestamp", "date"))
    return CursorRanges(cursor.name, is_date) if cursor else None


def _not_loaded(target: Relation, lake: Lake, windows: Sequence[LoadedWindow]) -> Finding:
    text = f"{target} does not exist" if windows else "no window is loaded"
    if backed_up := len(lake.windows):
        text += f", {backed_up:,} in the lake"
    return Finding(State.NOT_LOADED, text)


def _omitted(columns: ComparedColumns, compared: Sequence[ComparedCell]) -> dict[str, str]:
    """The columns that are not compared, or not everywhere, with the reason."""
    omitted = dict(columns.omitted)
    for part in {id(c.batch): c.batch for c in compared}.values():
        for name, reason in columns.excluded(part.cells).items():
            omitted.setdefault(name, reason)
    return omitted
