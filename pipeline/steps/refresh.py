"""Views on the loaded tables: created once, made anew when their definition changes."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg2

from pipeline.columns import as_defined, warehouse_name
from pipeline.config.tables import Table
from pipeline.errors import ConfigurationError
from pipeline.manifest import CsvManifest, ViewsMarker
from pipeline.names import Keys, fold, spelled
from pipeline.stores import catalogue, ledger_sql, redshift, redshift_sql
from pipeline.stores.redshift_sql import Relation
from pipeline.stores.s3 import Store
from pipeline.window import UTC, Window

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class View:
    """A view's name and the query it stands for."""

    relation: Relation
    query: str

    @property
    def digest(self) -> str:
        """Changes whenever the view must be made anew."""
        return hashlib.sha256(
            redshift_sql.create_view(self.relation, self.query).encode()
        ).hexdigest()


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
    present = catalogue.table_columns(connection, source)
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


def refresh_views(
    connection: redshift.Connection, views: Sequence[View], schema: str
) -> tuple[str, ...]:
    """Create each view that is missing or was made from another definition; return their names."""
    redshift.ensure(connection, ledger_sql.create_view_registry(schema), "create the view registry")
    stale = [view for view in views if not _stands(connection, view, schema)]
    for view in stale:
        _make(connection, view, schema)
    return tuple(view.relation.name for view in stale)


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


def _stands(connection: redshift.Connection, view: View, schema: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(ledger_sql.select_view(schema), (view.relation.name,))
        row = cursor.fetchone()
        if row is None or str(row[0]) != view.digest:
            return False
        return _problem(cursor, view) is None


def _problem(cursor: psycopg2.extensions.cursor, view: View) -> psycopg2.Error | None:
    """Why the view cannot be read; None when it can."""
    try:
        cursor.execute(redshift_sql.probe(view.relation))
    except psycopg2.Error as error:
        return error
    return None


def _make(connection: redshift.Connection, view: View, schema: str) -> None:
    """Create the view; raises ConfigurationError when its query is wrong.

    A late-binding view may be made before the tables beneath it: that they are missing is no error.
    """
    try:
        redshift.in_transaction(
            connection, lambda cursor: _create(cursor, view, schema), what=f"create {view.relation}"
        )
        with connection.cursor() as cursor:
            problem = _problem(cursor, view)
    except (psycopg2.ProgrammingError, psycopg2.NotSupportedError) as error:
        problem = error
    if problem and not isinstance(problem, psycopg2.errors.UndefinedTable):
        raise ConfigurationError(
            f"the view {view.relation} cannot be read",
            why=" ".join((problem.diag.message_primary or str(problem)).split()),
            todo=f"correct configs/views/{view.relation.name}.sql, or the table's business_key",
        ) from None


def _create(cursor: psycopg2.extensions.cursor, view: View, schema: str) -> None:
    cursor.execute(redshift_sql.create_view(view.relation, view.query))
    cursor.execute(ledger_sql.delete_view(schema), (view.relation.name,))
    now = datetime.now(UTC).replace(tzinfo=None)
    cursor.execute(ledger_sql.insert_view(schema), (view.relation.name, view.digest, now))
