"""Refresh the views on the loaded tables: the latest rows by business key, and the user's own."""

from __future__ import annotations

import logging
from datetime import datetime
from pathlib import Path

from pipeline.config.settings import Settings
from pipeline.config.tables import Table
from pipeline.config.text_files import read_text
from pipeline.errors import ConfigurationError
from pipeline.lake.stages import CSV, LOAD, VIEWS
from pipeline.lake.window import LakeWindow
from pipeline.model.columns import as_defined, warehouse_name
from pipeline.model.identifiers import fold, spelled
from pipeline.model.markers import CsvMarker, LoadMarker, ViewsMarker
from pipeline.model.window import UTC
from pipeline.run import notes
from pipeline.warehouse import catalog
from pipeline.warehouse import connection as redshift
from pipeline.warehouse import sql as redshift_sql
from pipeline.warehouse.sql import Relation
from pipeline.warehouse.views import View, refresh_views

log = logging.getLogger(__name__)


def refresh_window(settings: Settings, lake_window: LakeWindow, table: Table) -> ViewsMarker:
    """Create or replace the views that a loaded window may have changed, and write the marker.

    Raises ConfigurationError for a view that cannot be created or read.
    """
    csv, loaded = lake_window.read(CSV), lake_window.read(LOAD)
    schema = settings.warehouse.schema_name
    views = user_views(settings.run.configs / "views", schema)
    with redshift.connected(settings.warehouse, settings.bastion) as connection:
        latest = latest_view(connection, table, csv, schema)
        views = [latest, *views] if latest else views
        changed = refresh_views(connection, views, schema)
    marker = ViewsMarker(
        table=str(table.name),
        window=lake_window.window.name,
        written_at=datetime.now(UTC),
        views=tuple(view.relation.name for view in views),
        changed=changed,
    )
    return lake_window.write_while(VIEWS, marker, lambda: _is_current(lake_window, loaded))


def _is_current(lake_window: LakeWindow, loaded: LoadMarker) -> bool:
    current = lake_window.find(LOAD)
    return current is not None and current.result == loaded.result


def latest_view(
    connection: redshift.Connection, table: Table, csv: CsvMarker, schema: str
) -> View | None:
    """``<target>_latest``: the newest row per business key, with every column of the target.

    Of rows with one cursor value the highest key wins. None where no such view is configured, or no window
    with its columns is loaded yet.
    """
    if table.latest_view is None:
        return None
    target = Relation(schema, table.target)
    present = catalog.table_columns(connection, target)
    columns = as_defined(csv.columns, table.rename, table.super)
    targets = {column.name: column.target for column in columns}

    def target_of(column: str) -> str:
        name = spelled(column, targets)
        return targets[name] if name else warehouse_name(column, table.rename)

    business_key = [target_of(column) for column in table.business_key]
    cursor = [target_of(table.cursor)] if table.cursor else []
    order = cursor + [name for name in map(target_of, csv.key) if name in present]
    if not order or not present.keys() >= {*business_key, *cursor}:
        text = f"{table.latest_view} is not created yet: no loaded window has its columns"
        notes.inform(log, text)
        return None
    texts = [name for name in business_key if present[name].startswith(("VARCHAR", "CHAR"))]
    query = redshift_sql.latest_rows(target, list(present), business_key, order, texts)
    return View(Relation(schema, table.latest_view), query)


def user_views(folder: Path, schema: str) -> list[View]:
    """The views of ``folder/*.sql``: the file name is the view's, the text one SELECT.

    ``{schema}``, the schema of the loaded tables, must qualify them, as in any late-binding view. Raises
    ConfigurationError for a file without it.
    """
    views = []
    for file in sorted(folder.glob("*.sql")):
        text = read_text(file).strip().rstrip(";").rstrip()
        if "{schema}" not in text:
            raise ConfigurationError(
                f"{file} has no table qualified by its schema",
                why="a late-binding view needs qualified names",
                todo="write {schema}.the_table",
            )
        views.append(View(Relation(schema, _view_name(file)), text.replace("{schema}", schema)))
    return views


def _view_name(file: Path) -> str:
    try:
        return fold(file.stem)
    except ValueError as error:
        raise ConfigurationError(
            f"{file} has a name that no view can have",
            why=str(error),
            todo="shorten the file's name",
        ) from error
