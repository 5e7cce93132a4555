"""The data path as Luigi tasks, in order:

SourceReady → PlanChunks → ExtractChunk → UploadParquet → ConvertCSV → CopyToRedshift → RefreshViews

Tasks are wiring; the work is in `steps/`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import luigi

from pipeline.config.settings import settings
from pipeline.errors import DataError
from pipeline.lake import id_ranges
from pipeline.lake.stages import CSV, LAKE, LOAD, VIEWS
from pipeline.model.columns import fingerprint
from pipeline.run import exit_status, limits, notes, outcomes
from pipeline.source import connection as mysql
from pipeline.source.replicated_table import key_of
from pipeline.source.table import SourceTable
from pipeline.spool.chunk_file import figures_of
from pipeline.spool.folder import Plan
from pipeline.spool.state import SpoolState
from pipeline.steps import (
    assign_id_ranges,
    column_changes,
    convert,
    extract,
    load,
    lost_columns,
    plan,
    refresh,
    upload,
    validate_table,
    window_closed,
)
from pipeline.tasks.base import (
    LaterRun,
    LoadedTask,
    SpoolTask,
    WindowTask,
    make_room,
    unless_overtaken,
    with_room,
)
from pipeline.tasks.targets import MarkerTarget

log = logging.getLogger(__name__)
# Chunks that a limited run schedules at a time: enough for its workers, few enough to stop in time.
_BATCH = 8


class SourceReady(WindowTask, luigi.ExternalTask):
    """The window is closed: nothing can commit into it. An open one is missing data, not a failure."""

    @exit_status.recorded
    def complete(self) -> bool:
        """Whether the window is closed and, with an id cursor, has its ids."""
        cursor = self.definition.source_cursor(self.timezone)
        over = cursor.over(self.window)
        closed = window_closed.is_closed(self.window, settings().source, settings().bastion, over)
        if not closed:
            self._log_wait()
        return closed and (not cursor.needs_assigned_bounds or self._has_ids())

    def _log_wait(self) -> None:
        """Log the first of the table's windows that is open; the report at the end has their number."""
        text = f"{self.table}: window {self.window} is not closed yet; a later run takes it"
        notes.inform(log, text, about=f"open windows of {self.table}")

    def _has_ids(self) -> bool:
        def read_table(connection: mysql.Connection) -> tuple[SourceTable, str]:
            source = self.source_table(connection)
            validate_table.check_table(self.definition, source)
            return source, self.definition.cursor or ""

        lag = settings().source.lag
        return assign_id_ranges.assign(self.lake_window, self.connected, read_table, lag)


class PlanChunks(SpoolTask):
    """Check the table against its definition, and cut the window into chunks."""

    def requires(self) -> luigi.Task:
        return self.clone(SourceReady)

    def output(self) -> luigi.LocalTarget:
        return luigi.LocalTarget(str(self.spool.plan_path))

    @exit_status.recorded
    def complete(self) -> bool:
        """Whether there is a valid plan, or another run has finished the window."""
        state = self.spool_state
        return state.has_plan or state is SpoolState.OVERTAKEN

    def run(self) -> None:
        if self.spool_state is SpoolState.STALE:
            self.spool.clear_window()
        with self.connected() as connection:
            source = self.source_table(connection)
            validate_table.check_table(self.definition, source)
            if self.timezone is None:
                validate_table.check_zone(self.definition, source, mysql.zone(connection))
            lost_columns.refuse_lost_columns(self.lake_window.store, self.definition, source)
            column_changes.log_changes(self.lake_window.store, self.definition, source)
            column = source.column(self.definition.cursor) if self.definition.cursor else None
            cursor = self.definition.source_cursor(column.timezone if column else None)
            bounds = id_ranges.bounds_of(self.lake_window, cursor)
            chunk_bytes = settings().run.chunk_mb * 10**6
            planned = plan.plan_chunks(connection, self.definition, source, bounds, chunk_bytes)
        for line in validate_table.deviations(self.definition, source):
            self.log(line)
        with unless_overtaken(self):
            with_room(self, lambda: self.spool.keep_plan(planned))


class ExtractChunk(SpoolTask):
    """MySQL → one Parquet spool file: one chunk, read in one consistent snapshot."""

    chunk: int = luigi.IntParameter(description="index of the chunk in the plan")

    def requires(self) -> luigi.Task:
        return self.clone(PlanChunks)

    def output(self) -> luigi.LocalTarget | MarkerTarget:
        try:
            return luigi.LocalTarget(str(self._path))
        except FileNotFoundError:  # another run has finished the window and cleared the plan
            return self.marker(LAKE)

    @property
    def resources(self) -> dict[str, int]:
        return {**super().resources, "mysql": 1}

    @property
    def _path(self) -> Path:
        return self.spool.chunk_path(self.spool.plan(), self.chunk)

    def run(self) -> None:
        try:
            with_room(self, self._extract)
        except mysql.SnapshotEnded as error:
            self.log(f"reading the table again: {error.why}")
            self._extract()

    def _extract(self) -> None:
        with self.connected() as connection:
            source = self.source_table(connection)
        key = key_of(self.definition, source)
        with unless_overtaken(self):
            chunks = self.spool.plan()
            self._refuse_altered(source, chunks)
            rules = self.definition.rules(key, (column.name for column in source.columns))
            chunk = extract.Chunk(source, key, chunks.spans[self.chunk], rules)
            figures = extract.extract_chunk(self.connected, chunk, self._path, self.progress)
            rate = figures.rows / max(figures.seconds, 1e-3)
            self.log(
                f"extracted {figures.rows:,} rows in {figures.seconds:.1f} s, {rate:,.0f} rows/s",
                rows=figures.rows,
            )

    def _refuse_altered(self, source: SourceTable, planned: Plan) -> None:
        if fingerprint(source.columns) != planned.schema_fingerprint:
            self.spool.clear_window()
            raise DataError(
                f"the columns of {source.name} changed while the window was read",
                why="its chunks would have different schemas",
                todo="run the same command again; the window is planned and read again",
            )


class UploadParquet(WindowTask):
    """Spool → lake: the window's chunks as Parquet parts; with its marker the window is backed up."""

    def requires(self) -> luigi.Task:
        return self.clone(PlanChunks)

    def output(self) -> MarkerTarget:
        return self.marker(LAKE)

    def run(self) -> Iterator[list[luigi.Task]]:
        with unless_overtaken(self):
            planned = self.spool.plan()
            yield from self._extracted(planned)
            chunks = [(path, figures_of(path)) for path in self.spool.chunk_paths(planned)]
            extent = upload.extent_of(self.definition, planned, chunks[0][1].columns)
            without = planned.rows_without_cursor
            stored = upload.upload_window(
                self.lake_window, chunks, extent, without, self._before_marker
            )
            outcomes.read(self.table, stored.rows, stored.bytes)
            text = f"in the lake: {stored.rows:,} rows, {stored.bytes:,} bytes of Parquet"
            self.log(text, rows=stored.rows)
            self.log_coercions(stored.coerced)
            if without:
                change = "rows without a cursor left out (on_null_cursor: ignore)"
                notes.note(self.table, self.window.label, change, without, whole=True)
        make_room()

    def _before_marker(self) -> None:
        """Mark the spool first: after a crash in between, the rows are read again rather than reused."""
        self.release()
        self.spool.mark_uploaded()

    def _extracted(self, planned: Plan) -> Iterator[list[luigi.Task]]:
        """Schedule the chunks: all together, or in batches where the run is limited."""
        indices = range(len(planned.spans))
        if not limits.are_set():
            yield [self.clone(ExtractChunk, chunk=index) for index in indices]
            return
        paths = self.spool.chunk_paths(planned)
        while missing := [index for index in indices if not paths[index].exists()]:
            done = len(paths) - len(missing)
            self.progress(f"{done} of {len(paths)} chunks are in the spool", done / len(paths))
            begun = missing[: limits.take(min(len(missing), _BATCH))]
            if not begun:
                self.log(
                    f"{done} of {len(paths)} chunks are in the spool, the rest is left to a later run"
                )
                yield [self.clone(LaterRun)]
            yield [self.clone(ExtractChunk, chunk=index) for index in begun]


class ConvertCSV(WindowTask):
    """Lake → CSV parts and the COPY manifest; with copy_format: parquet, only the manifest."""

    def requires(self) -> luigi.Task:
        return self.clone(UploadParquet)

    def output(self) -> MarkerTarget:
        return self.marker(CSV)

    @exit_status.recorded
    def complete(self) -> bool:
        """Whether the CSV is of the lake's rows."""
        return self.lake_window.is_done(CSV)

    def run(self) -> Iterator[luigi.Task]:
        yield from self.unless_time_is_up()
        spooled, run = self.spool.files(), settings().run
        window, lake = self.lake_window, self.lake_window.read(LAKE)
        csv = with_room(
            self,
            lambda: convert.prepare_copy(
                window, lake, self.definition, spooled, run, self.progress
            ),
        )
        self.spool.clear_window()
        form = "CSV" if csv.format == "csv" else "Parquet"
        text = f"as {form}: {csv.rows:,} rows in {len(csv.parts)} parts, {csv.bytes:,} bytes"
        self.log(text, rows=csv.rows)
        self.log_coercions(convert.coerced_by_conversion(csv, lake))


class CopyToRedshift(LoadedTask):
    """CSV → warehouse table: staging table, COPY, checks, load mode and ledger row."""

    def requires(self) -> luigi.Task:
        return self.clone(ConvertCSV)

    def output(self) -> MarkerTarget:
        return self.marker(LOAD)

    @exit_status.recorded
    def complete(self) -> bool:
        """Whether the lake's rows are loaded, and their CSV is there for the views."""
        window = self.lake_window
        return bool(super().complete()) and window.is_done(LOAD) and window.has(CSV)

    @property
    def resources(self) -> dict[str, int]:
        # Redshift runs one COPY into a table at a time
        return {**super().resources, f"warehouse {self.definition.target}": 1}

    def run(self) -> Iterator[luigi.Task]:
        yield from self.unless_time_is_up()
        loaded = load.load_window(settings(), self.lake_window, self.definition, self.progress)
        self.release()
        window = self.lake_window
        window.write_while(LOAD, loaded.marker, lambda: loaded.is_current(window))
        outcomes.loaded(self.table, loaded.marker.rows_loaded)
        reached, marker = loaded.watermark.loaded_until, loaded.marker
        until = f"{reached:%Y-%m-%d %H:%M}" if reached else "nothing"
        self.log(
            f"loaded {marker.rows_loaded:,} of {marker.rows_staged:,} rows, "
            f"{marker.rows_replaced:,} replaced; without a gap until {until}",
            rows=marker.rows_staged + marker.rows_replaced,
        )


class RefreshViews(LoadedTask):
    """Warehouse table → views: created, and replaced when their definition changes."""

    def requires(self) -> luigi.Task:
        return self.clone(CopyToRedshift)

    def output(self) -> MarkerTarget:
        return self.marker(VIEWS)

    def run(self) -> None:
        refresh.refresh_window(settings(), self.lake_window, self.definition)
