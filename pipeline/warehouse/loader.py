"""CSV to warehouse: COPY into a staging table, then one transaction that applies and records it.

Under the lock the ledger and the window's CSV marker are read a second time: of two processes with one window
only one loads it, and neither loads an outdated extraction.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field, replace
from datetime import datetime

import psycopg2
from psycopg2 import extensions

from pipeline.errors import DataError, LoadRefused, Overtaken
from pipeline.lake import copy_manifest, reread_hint
from pipeline.lake.stages import CSV, LOAD, VIEWS
from pipeline.lake.window import LakeWindow
from pipeline.model.markers import CsvMarker, LoadMarker
from pipeline.model.window import UTC
from pipeline.run.progress import Progress, silent
from pipeline.warehouse import catalog, cursor_guard, ownership, schema_evolution, staging
from pipeline.warehouse import connection as redshift
from pipeline.warehouse.catalog import Comment, Target
from pipeline.warehouse.ledger import Ledger, LedgerRow, Lookup
from pipeline.warehouse.ownership import Claims, Owner
from pipeline.warehouse.schema_evolution import TableSpec
from pipeline.warehouse.sql import CopySource
from pipeline.warehouse.table_sql import Types
from pipeline.warehouse.window_load import StagingTable, WindowLoad

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Loader:
    """One load of one window; `copy_credentials`, COPY's clause for S3, are secret."""

    connection: redshift.Connection
    lake_window: LakeWindow
    load: WindowLoad
    copy_credentials: str = field(repr=False)
    progress: Progress = silent

    def run(self) -> LoadMarker:
        """Load the window unless the ledger has this content, and return its marker.

        Raises LoadRefused when COPY refuses a value, DataError when the window does not fit the target or
        counts differ, ConfigurationError when the target has rows of another source; the target is unchanged
        then.
        """
        started = time.monotonic()
        cursor_guard.check(self.connection, self.lake_window.store, self.load)
        self.ledger.ensure(self.connection)
        present = catalog.table_columns(self.connection, self.load.target)
        if not present:
            self._forget_dropped_target()
        row = self._look_up() if present else None
        target = self._evolve_schema(present)
        if row is not None:
            self.progress("already in the ledger", 1.0)
            return self._marker(row, seconds=0.0)
        staged = self._fill_staging_table(target)
        row = redshift.in_transaction(
            self.connection,
            lambda cursor: self._apply(cursor, staged),
            what=f"{self.lake_window.table} {self.lake_window.window}: {self.load.mode.name}",
        )
        return self._marker(row, time.monotonic() - started)

    @property
    def ledger(self) -> Ledger:
        """The table's ledger."""
        return Ledger(self.load.schema, str(self.load.table.name))

    @property
    def owner(self) -> Owner:
        """The owner that the target's rows must have."""
        return Owner.of(self.load.table.name, self.lake_window.store)

    def _evolve_schema(self, present: Types) -> Target:
        load = self.load
        markers = reread_hint.markers_to_delete(self.lake_window)
        alternative = (
            "\nOr, if the source was altered after this window was read, delete"
            f" {markers}: the window is read again"
        )
        spec = TableSpec(load.target, load.definitions, load.layout, load.unique, alternative)
        return schema_evolution.evolve(self.connection, spec, present, has_rows=bool(load.csv.rows))

    def _look_up(self) -> LedgerRow | None:
        """The ledger's row where this content is loaded; refuses a target of another owner."""
        with self.connection.cursor() as cursor:
            comment = catalog.comment(cursor, self.load.target)
            if comment.is_of_view:
                raise ownership.refused_view(self.load.target)
            return self._loaded(self._check_owner(cursor, comment))

    def _check_owner(self, cursor: extensions.cursor, comment: Comment) -> Lookup:
        """What the ledger has; raises ConfigurationError where the target has rows of another owner."""
        target = self.load.target
        lookup = self.ledger.look_up(cursor, self.load.window, str(target))
        ownership.check(cursor, Claims(target, comment.text, lookup.tables), self.owner)
        return lookup

    def _loaded(self, lookup: Lookup) -> LedgerRow | None:
        """The ledger's row, where this content is loaded into this target in this mode."""
        row, load = lookup.row, self.load
        current = (load.content, str(load.target), load.mode.name)
        return row if row and (row.content, row.target, row.mode) == current else None

    def _fill_staging_table(self, target: Target) -> StagingTable:
        """COPY the window's parts before the lock; for an empty window no table is created."""
        staged = StagingTable(staging.new_name(), self.load, target)
        if self.load.csv.rows:
            self.progress("COPY", None)
            self._fill(staged)
        self.progress(self.load.mode.name, None)
        return staged

    def _fill(self, staged: StagingTable) -> None:
        """COPY; where the parts are missing because another run has replaced them, raise Overtaken."""
        try:
            staging.check_parts(self.lake_window, self.load.csv)
            staging.fill(self.connection, staged, self._copy_source())
        except (DataError, LoadRefused, psycopg2.Error) as error:
            csv = self.lake_window.find(CSV)
            if csv is None or csv.parts != self.load.csv.parts:
                raise self._overtaken(csv) from error
            if isinstance(error, LoadRefused):
                error.todo += reread_hint.after_fix(self.lake_window)
            raise

    def _copy_source(self) -> CopySource:
        store, csv = self.lake_window.store, self.load.csv
        key = copy_manifest.write(self.lake_window, csv.parts)
        return CopySource(
            manifest_url=store.url(key),
            region=store.settings.region,
            credentials=self.copy_credentials,
            null_token=csv.null_token,
            compression=csv.compression,
            format=csv.format,
        )

    def _apply(self, cursor: extensions.cursor, staged: StagingTable) -> LedgerRow:
        """Lock, check again, apply, record: the transaction that loads a window exactly once."""
        load = self.load
        comment = catalog.lock(cursor, load.target)
        lookup = self._check_owner(cursor, comment)
        if row := self._loaded(lookup):
            return row
        self._refuse_outdated()
        counts = load.mode.apply(cursor, staged)
        row = LedgerRow(
            table=str(load.table.name),
            window=load.window,
            content=load.content,
            target=str(load.target),
            mode=load.mode.name,
            rows_staged=load.csv.rows,
            rows_loaded=counts.loaded,
            rows_replaced=counts.replaced,
            committed_at=datetime.now(UTC).replace(microsecond=0),
        )
        self.ledger.record(cursor, row)
        ownership.mark(cursor, load.target, comment, self.owner)
        if lookup.tables - {row.table}:  # of rows that the target has lost
            self.ledger.forget_other_tables(cursor, row.target)
        return row

    def _refuse_outdated(self) -> None:
        """Raise Overtaken where another run has read the window again: this load would restore old rows."""
        current = self.lake_window.find(CSV)
        if current is None or replace(self.load, csv=current).content != self.load.content:
            raise self._overtaken(current)

    def _overtaken(self, current: CsvMarker | None) -> Overtaken:
        change = "was deleted" if current is None else "lists other rows"
        return Overtaken(
            "the window was read again during its load",
            why=f"{self.lake_window.url(CSV)} {change}; nothing was loaded",
            todo="run the same command again",
        )

    def _forget_dropped_target(self) -> None:
        """Remove the ledger rows and markers of a dropped target's windows."""
        load, store, table = self.load, self.lake_window.store, self.lake_window.table
        with self.connection.cursor() as cursor:
            rows = self.ledger.rows(cursor)
            lost = [row.window for row in rows if row.target == str(load.target)]
            if others := [window.label for window in lost if window != load.window]:
                labels = ", ".join(others)
                message = "%s was dropped; the next run loads these windows of %s again: %s"
                log.warning(message, load.target, load.table.name, labels)
            # Markers first: after a crash in between, the ledger's rows repeat this.
            for window in lost:
                LakeWindow(store, table, window).delete(VIEWS, LOAD)
            for window in lost:
                self.ledger.forget(cursor, window)

    def _marker(self, row: LedgerRow, seconds: float) -> LoadMarker:
        """The load marker: a copy of the ledger's row, and the values that policies changed."""
        return LoadMarker(
            table=row.table,
            window=row.window.name,
            written_at=datetime.now(UTC),
            seconds=round(seconds, 3),
            lake_digest=self.load.csv.lake_digest,
            content=row.content,
            target=row.target,
            mode=row.mode,
            rows_staged=row.rows_staged,
            rows_loaded=row.rows_loaded,
            rows_replaced=row.rows_replaced,
            committed_at=row.committed_at,
            coerced=self.load.csv.coerced,
        )
