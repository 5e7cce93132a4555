"""A row's way, as Luigi tasks. Top to bottom, it is the data path:

SourceReady → PlanChunks → ExtractChunk → UploadParquet → ConvertCSV → CopyToRedshift → RefreshViews

Tasks are wiring: what they do stands in `steps/`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import luigi

from pipeline.codec.warm import warm_before_forks
from pipeline.config.settings import settings
from pipeline.errors import DataError
from pipeline.lake import watermark
from pipeline.model.columns import fingerprint
from pipeline.model.cursors import Bounds
from pipeline.model.markers import CsvManifest, LakeManifest
from pipeline.run import limits, report
from pipeline.source import connection as mysql
from pipeline.source import table as source_table
from pipeline.spool.chunk_file import figures_of
from pipeline.spool.folder import Plan
from pipeline.steps import (
    assign_id_ranges,
    convert,
    extract,
    lost_columns,
    plan,
    refresh,
    upload,
    validate_table,
    window_closed,
)
from pipeline.tasks import exit_status
from pipeline.tasks.base import (
    LaterRun,
    LoadedTask,
    SpoolTask,
    WindowTask,
    make_room,
    unless_overtaken,
)
from pipeline.tasks.targets import MarkerTarget, lake
from pipeline.warehouse import connection as redshift
from pipeline.warehouse import ledger, loader
from pipeline.warehouse.views import refresh_views
from pipeline.warehouse.window_load import Load

# Chunks that a limited run asks for in one go: enough for its workers, few enough to stop in time.
_AT_ONCE = 8
warm_before_forks()


class SourceReady(WindowTask, luigi.ExternalTask):
    """The window is closed: nothing can commit into it any more. Else it is missing data, no failure."""

    @exit_status.noted
    def complete(self) -> bool:
        """Ask the source, unless an earlier answer covers this window."""
        definition = self.definition.definition
        cursor = definition.time_cursor(self.timezone)
        over = cursor.over(self.window) if cursor else None
        closed = window_closed.is_closed(self.window, settings().source, settings().bastion, over)
        return closed and (definition.cursor_type != "id" or self._has_ids())

    def _has_ids(self) -> bool:
        def described(connection: mysql.Connection) -> tuple[source_table.SourceTable, str]:
            source = self.described(connection)
            validate_table.check_table(self.definition, source)
            return source, self.definition.definition.cursor or ""

        lag = settings().source.lag
        return assign_id_ranges.is_fixed(
            lake(), self.keys, self.window, self.connected, described, lag
        )


class PlanChunks(SpoolTask):
    """The table is as its definition says, and it is known which chunks the window is read in."""

    def requires(self) -> luigi.Task:
        return self.clone(SourceReady)

    def output(self) -> luigi.LocalTarget:
        return luigi.LocalTarget(str(self.spool.plan_path))

    @property
    def is_stale(self) -> bool:
        """Whether the spooled rows were in the lake once, and somebody wants them extracted anew."""
        marker = self.keys.lake_marker(self.window)
        return self.spool.is_uploaded and not lake().exists(marker)

    @exit_status.noted
    def complete(self) -> bool:
        """Whether there is a plan to go by."""
        return super().complete() and not self.is_stale

    def run(self) -> None:
        if self.is_stale:
            self.spool.clear()
        with self.connected() as connection:
            source = self.described(connection)
            validate_table.check_table(self.definition, source)
            if self.timezone is None:
                validate_table.check_zone(self.definition, source, mysql.zone(connection))
            lost_columns.refuse_lost(lake(), self.definition, source)
            chunk_bytes = settings().run.chunk_mb * 10**6
            bounds = self._bounds(source)
            cut = plan.plan_chunks(connection, self.definition, source, bounds, chunk_bytes)
        for line in validate_table.peculiarities(self.definition, source):
            self.say(line)
        with unless_overtaken(self):
            self.spool.keep_plan(cut)

    def _bounds(self, source: source_table.SourceTable) -> Bounds:
        definition = self.definition.definition
        column = source.column(definition.cursor) if definition.cursor else None
        return self.bounds_of(definition.time_cursor(column.timezone if column else None))


class ExtractChunk(SpoolTask):
    """MySQL → one Parquet spool file: one chunk of the plan, read in one consistent snapshot."""

    chunk: int = luigi.IntParameter(description="index of the chunk in the plan")

    def requires(self) -> luigi.Task:
        return self.clone(PlanChunks)

    def output(self) -> luigi.LocalTarget | MarkerTarget:
        try:
            return luigi.LocalTarget(str(self._path))
        except FileNotFoundError:  # the plan is gone, as another run is done with the spool
            return MarkerTarget(self.keys.lake_marker(self.window))

    @property
    def resources(self) -> dict[str, int]:
        return {**super().resources, "mysql": 1}

    @property
    def _path(self) -> Path:
        return self.spool.chunk_path(self.spool.plan(), self.chunk)

    def run(self) -> None:
        with self.connected() as connection:
            source = self.described(connection)
        key = validate_table.key_of(self.definition, source)
        with unless_overtaken(self):
            chunks = self.spool.plan()
            self._refuse_altered(source, chunks)
            rules = self.definition.rules(key, (column.name for column in source.columns))
            chunk = extract.Chunk(source, key, chunks.spans[self.chunk], rules)
            figures = extract.extract_chunk(self.connected, chunk, self._path, self.progress)
            rate = figures.rows / max(figures.seconds, 1e-3)
            self.say(
                f"extracted {figures.rows:,} rows in {figures.seconds:.1f} s, {rate:,.0f} a second"
            )

    def _refuse_altered(self, source: source_table.SourceTable, planned: Plan) -> None:
        if fingerprint(source.columns) != planned.schema_fingerprint:
            self.spool.clear()
            raise DataError(
                f"the columns of {source.name} changed while the window was read",
                why="its chunks would not have one schema",
                todo="run it again; the window is planned and read anew",
            )


class UploadParquet(WindowTask):
    """Spool → lake: the window's chunks as Parquet parts. Its marker makes the window a backup."""

    def requires(self) -> luigi.Task:
        return self.clone(PlanChunks)

    def output(self) -> MarkerTarget:
        return MarkerTarget(self.keys.lake_marker(self.window))

    def run(self) -> Iterator[list[luigi.Task]]:
        with unless_overtaken(self):
            chunks = self.spool.plan()
            yield from self._extracted(chunks)
            paths = self.spool.chunk_paths(chunks)
            parts = [(path, figures_of(path)) for path in paths]
            without = chunks.rows_without_cursor
            definition, columns = self.definition.definition, parts[0][1].columns
            extent = upload.extent_of(definition, chunks.spans, columns)
            stored = upload.upload_window(
                *(lake(), self.keys, self.window, parts, without, extent, self._before_marker)
            )
            self.say(f"in the lake: {stored.rows:,} rows, {stored.bytes:,} bytes of Parquet")
            self.warn(stored.coerced)
            if without:
                what = "rows without a cursor left out (on_null_cursor: ignore)"
                report.note(self.table, self.window.label, what, without, whole=True)
        make_room()

    def _before_marker(self) -> None:
        """Mark the rows first: killed in between, a run reads anew; none takes for new what the lake had."""
        self.settle()
        self.spool.mark_uploaded()

    def _extracted(self, chunks: Plan) -> Iterator[list[luigi.Task]]:
        """Ask for the chunks: all at once, or a few at a time where the run is limited."""
        indices = range(len(chunks.spans))
        if not limits.are_set():
            yield [self.clone(ExtractChunk, chunk=index) for index in indices]
            return
        paths = self.spool.chunk_paths(chunks)
        while missing := [index for index in indices if not paths[index].exists()]:
            done = len(paths) - len(missing)
            self.progress(f"{done} of {len(paths)} chunks are in the spool", done / len(paths))
            begun = missing[: limits.take(min(len(missing), _AT_ONCE))]
            if not begun:
                self.say(f"{done} of {len(paths)} chunks are in the spool, the rest is for later")
                yield [self.clone(LaterRun)]
            yield [self.clone(ExtractChunk, chunk=index) for index in begun]


class ConvertCSV(WindowTask):
    """Lake → CSV parts and the COPY manifest; with copy_format: parquet, the manifest alone."""

    def requires(self) -> luigi.Task:
        return self.clone(UploadParquet)

    def output(self) -> MarkerTarget:
        return MarkerTarget(self.keys.csv_marker(self.window))

    def run(self) -> Iterator[luigi.Task]:
        yield from self.unless_time_is_up()
        manifest = upload.read_manifest(lake(), self.keys, self.window)
        local, run = self.spool.files(), settings().run
        csv = convert.make_ready(
            *(lake(), self.keys, self.window, manifest, self.definition),
            *(local, run, self.progress),
        )
        self.spool.clear()
        form = "CSV" if csv.format == "csv" else "Parquet"
        self.say(f"as {form}: {csv.rows:,} rows in {len(csv.parts)} parts, {csv.bytes:,} bytes")
        self.warn(each for each in csv.coerced if each not in manifest.coerced)


class CopyToRedshift(LoadedTask):
    """CSV → warehouse table: stage, COPY, check, merge and ledger row."""

    def requires(self) -> luigi.Task:
        return self.clone(ConvertCSV)

    def output(self) -> MarkerTarget:
        return MarkerTarget(self.keys.load_marker(self.window))

    @property
    def resources(self) -> dict[str, int]:
        # Redshift runs one COPY into a table at a time
        return {**super().resources, f"warehouse {self.definition.target}": 1}

    def run(self) -> Iterator[luigi.Task]:
        yield from self.unless_time_is_up()
        manifest = upload.read_manifest(lake(), self.keys, self.window)
        csv = convert.read_manifest(lake(), self.keys, self.window)
        self._refuse_outdated(manifest, csv)
        warehouse, strategy = settings().warehouse, settings().run.strategy
        bounds = self.bounds_of(self.definition.definition.loaded_cursor)
        what = Load(self.definition, self.window, csv, warehouse.schema_name, bounds)
        credentials = loader.credentials(warehouse, settings().lake)
        with redshift.connected(warehouse, settings().bastion) as connection:
            marker = loader.load_window(connection, lake(), what, credentials, self.progress)
            of = (connection, what.schema, marker.table, marker.target)
            snapshots = self.definition.definition.cursor_type == "full"
            loaded = partial(ledger.windows, *of, snapshots=snapshots)
            mark = watermark.publish(lake(), self.definition, loaded, manifest, marker, strategy)
        self.settle()
        loader.write_marker(lake(), self.keys, self.window, marker)
        until = f"{mark.loaded_until:%Y-%m-%d %H:%M}" if mark.loaded_until else "nothing"
        self.say(
            f"loaded {marker.rows_loaded:,} of {marker.rows_staged:,} rows, "
            f"{marker.rows_replaced:,} replaced; without a gap until {until}"
        )

    def _refuse_outdated(self, manifest: LakeManifest, csv: CsvManifest) -> None:
        if csv.lake_digest != manifest.digest:
            lake().delete([self.keys.csv_marker(self.window)])
            raise DataError(
                "the CSV was made from an earlier extraction than the one in the lake",
                why=f"that was {csv.lake_digest[:12]}…, this is {manifest.digest[:12]}…",
                todo="run it again; the CSV's marker is deleted, so that it is made anew",
            )


class RefreshViews(LoadedTask):
    """Warehouse table → views: made once, and anew when their definition changes."""

    def requires(self) -> luigi.Task:
        return self.clone(CopyToRedshift)

    def output(self) -> MarkerTarget:
        return MarkerTarget(self.keys.views_marker(self.window))

    def run(self) -> None:
        csv = convert.read_manifest(lake(), self.keys, self.window)
        warehouse, configs = settings().warehouse, settings().run.configs
        views = refresh.user_views(configs / "views", warehouse.schema_name)
        with redshift.connected(warehouse, settings().bastion) as connection:
            latest = refresh.latest_view(connection, self.definition, csv, warehouse.schema_name)
            views = [latest, *views] if latest else views
            changed = refresh_views(connection, views, warehouse.schema_name)
        refresh.write_marker(lake(), self.keys, self.window, views, changed)
