"""Load a window into its warehouse table, and publish the table's watermark."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.config.settings import Settings
from pipeline.config.tables import Table
from pipeline.errors import Overtaken
from pipeline.lake import id_ranges, watermark
from pipeline.lake.stages import CSV, LAKE
from pipeline.lake.watermark import Watermark
from pipeline.lake.window import LakeWindow
from pipeline.model.markers import CsvMarker, LakeMarker, LoadMarker
from pipeline.run.progress import Progress, silent
from pipeline.warehouse import connection as redshift
from pipeline.warehouse import copy
from pipeline.warehouse.ledger import Ledger
from pipeline.warehouse.loader import Loader
from pipeline.warehouse.modes import MODES
from pipeline.warehouse.window_load import WindowLoad


@dataclass(frozen=True)
class Loaded:
    """A loaded window: its marker, for the caller to write, and the table's watermark."""

    marker: LoadMarker
    watermark: Watermark
    csv: CsvMarker

    def is_current(self, lake_window: LakeWindow) -> bool:
        """Whether the lake still has the rows that were loaded."""
        csv = lake_window.find(CSV)
        return csv is not None and csv.result == self.csv.result


def load_window(
    settings: Settings, lake_window: LakeWindow, table: Table, progress: Progress = silent
) -> Loaded:
    """Load the window unless the ledger has it, and publish the table's watermark.

    Raises LoadRefused when COPY refuses a value, DataError when the window does not fit the target or counts
    differ; the target is unchanged then.
    """
    lake, csv = lake_window.read(LAKE), lake_window.read(CSV)
    _refuse_outdated(lake, csv)
    schema = settings.warehouse.schema_name
    bounds = id_ranges.bounds_of(lake_window, table.warehouse_cursor)
    mode = MODES[table.load_mode]
    load = WindowLoad(table, lake_window.window, csv, schema, bounds, mode)
    credentials = copy.credentials(settings.warehouse, settings.lake)
    with redshift.connected(settings.warehouse, settings.bastion) as connection:
        marker = Loader(connection, lake_window, load, credentials, progress).run()
        published = watermark.publish(
            lake_window.store,
            table,
            lambda: Ledger(schema, marker.table).windows(
                connection, marker.target, snapshots=table.is_snapshot
            ),
            watermark.Latest(lake, marker, settings.run.strategy),
        )
    return Loaded(marker, published, csv)


def _refuse_outdated(lake: LakeMarker, csv: CsvMarker) -> None:
    if csv.lake_digest != lake.digest:
        raise Overtaken(
            "the CSV was converted from an earlier extraction than the lake's",
            why=f"its lake digest is {csv.lake_digest[:12]}…, the lake's is {lake.digest[:12]}…",
            todo="run the same command again; the window is converted again",
        )
