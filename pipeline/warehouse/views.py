"""Views in the warehouse, replaced when their definition changes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg2

from pipeline.errors import ConfigurationError
from pipeline.model.identifiers import VIEWS
from pipeline.model.window import UTC
from pipeline.warehouse import catalog, ledger_sql
from pipeline.warehouse import connection as redshift
from pipeline.warehouse import sql as redshift_sql
from pipeline.warehouse.sql import Relation


@dataclass(frozen=True)
class View:
    """A view's name and query."""

    relation: Relation
    query: str

    @property
    def digest(self) -> str:
        """The digest of the view's definition."""
        return hashlib.sha256(
            redshift_sql.create_view(self.relation, self.query).encode()
        ).hexdigest()


def refresh_views(
    connection: redshift.Connection, views: Sequence[View], schema: str
) -> tuple[str, ...]:
    """Create each view that is missing, unreadable or of another definition; return their names."""
    registry = Relation(schema, VIEWS)
    catalog.ensure_table(connection, registry, ledger_sql.create_view_registry(schema))
    stale = [view for view in views if not _is_current(connection, view, schema)]
    for view in stale:
        _replace(connection, view, schema)
    return tuple(view.relation.name for view in stale)


def _is_current(connection: redshift.Connection, view: View, schema: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(ledger_sql.select_view(schema), (view.relation.name,))
        row = cursor.fetchone()
        if row is None or str(row[0]) != view.digest:
            return False
        return _read_error(cursor, view) is None


def _read_error(cursor: psycopg2.extensions.cursor, view: View) -> psycopg2.Error | None:
    """The error of reading the view, None when it can be read."""
    try:
        cursor.execute(redshift_sql.probe(view.relation))
    except psycopg2.Error as error:
        return error
    return None


def _replace(connection: redshift.Connection, view: View, schema: str) -> None:
    """Create or replace the view; raises ConfigurationError for an invalid query.

    A late-binding view may precede its tables: a missing one is no error.
    """
    try:
        redshift.in_transaction(
            connection, lambda cursor: _create(cursor, view, schema), what=f"create {view.relation}"
        )
        with connection.cursor() as cursor:
            problem = _read_error(cursor, view)
    except (psycopg2.ProgrammingError, psycopg2.NotSupportedError) as error:
        problem = error
    if problem and not isinstance(problem, psycopg2.errors.UndefinedTable):
        raise ConfigurationError(
            f"the view {view.relation} cannot be read",
            why=redshift.message(problem),
            todo=f"correct configs/views/{view.relation.name}.sql, or the table's business_key",
        ) from None


def _create(cursor: psycopg2.extensions.cursor, view: View, schema: str) -> None:
    cursor.execute(redshift_sql.create_view(view.relation, view.query))
    cursor.execute(ledger_sql.delete_view(schema), (view.relation.name,))
    now = datetime.now(UTC).replace(tzinfo=None)
    cursor.execute(ledger_sql.insert_view(schema), (view.relation.name, view.digest, now))
