"""Views on the loaded tables: created once, made anew when their definition changes."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from pipeline.config.tables import Table
from pipeline.errors import ConfigurationError
from pipeline.lake.keys import Keys
from pipeline.lake.s3 import Store
from pipeline.model.columns import as_defined, warehouse_name
from pipeline.model.identifiers import fold, spelled
from pipeline.model.markers import CsvManifest, ViewsMarker
from pipeline.model.window import UTC, Window
from pipeline.warehouse import catalog
from pipeline.warehouse import connection as redshift
from pipeline.warehouse import sql as redshift_sql
from pipeline.warehouse.sql import Relation
from pipeline.warehouse.views import View

log = logging.getLogger(__name__)


def latest_view(
    connection: redshift.Connection, table: Table, csv: CsvManifest, schema: str
) -> View | None:
    """``<target>_latest``: the newest row per business key, None where none is configured.

    It shows every column the target has, whichever of them this window's rows have. Rows of one cursor
    value are told apart by the key, the highest wins. None, too, until a window is loaded that has the
    columns it is made by.
    """
    definition = table.definition
    if table.latest_view is None:
        return None
    source = Relation(schema, table.target)
    present = catalog.table_columns(connection, source)
    columns = as_defined(csv.columns, definition.rename, definition.super)
    targets = {column.name: column.target for column in columns}

    def named(column: str) -> str:
        meant = spelled(column, targets)
        return targets[meant] if meant else warehouse_name(column, definition.rename)

    business_key = [named(column) for column in definition.business_key]
    cursor = [named(definition.cursor)] if definition.cursor else []
    order = cursor + [name for name in map(named, csv.key) if name in present]
    if not order or not present.keys() >= {*business_key, *cursor}:
        log.info("%s waits for windows that have its columns", table.latest_view)
        return None
    texts = [name for name in business_key if present[name].startswith(("VARCHAR", "CHAR"))]
    query = redshift_sql.latest_rows(source, list(present), business_key, order, texts)
    return View(Relation(schema, table.latest_view), query)


def user_views(folder: Path, schema: str) -> list[View]:
    """The views of ``folder/*.sql``: the file's name is the view's, its text one SELECT.

    ``{schema}`` stands for the schema of the loaded tables; tables must be written with it, as a
    late-binding view asks for. Raises ConfigurationError for a file that does not.
    """
    views = []
    for file in sorted(folder.glob("*.sql")):
        text = file.read_text(encoding="utf-8").strip().rstrip(";").rstrip()
        if "{schema}" not in text:
            raise ConfigurationError(
                f"{file} names no table with its schema",
                why="a late-binding view needs qualified names",
                todo="write {schema}.the_table",
            )
        views.append(View(Relation(schema, fold(file.stem)), text.replace("{schema}", schema)))
    return views


def write_marker(
    store: Store, keys: Keys, window: Window, views: Sequence[View], changed: tuple[str, ...]
) -> ViewsMarker:
    """Say which views stand after this window."""
    marker = ViewsMarker(
        table=str(keys.table),
        window=window.name,
        written_at=datetime.now(UTC),
        views=tuple(view.relation.name for view in views),
        changed=changed,
    )
    store.put(keys.views_marker(window), marker.encode())
    return marker
