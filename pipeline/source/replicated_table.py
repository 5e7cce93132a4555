"""A source table with the columns, names, types, zone and key of its definition."""

from __future__ import annotations

from dataclasses import replace

from pipeline.config.tables import Table
from pipeline.errors import ConfigurationError
from pipeline.model.columns import Column, as_boolean, as_well_known_text, in_zone
from pipeline.model.identifiers import all_spelled
from pipeline.source import table as source_table
from pipeline.source.connection import Connection
from pipeline.source.table import SourceTable


def zone_of(table: Table, timezone: str | None) -> str | None:
    """The zone of the table's DATETIMEs; None for the server's, which must be UTC.

    `timezone` is the default of all tables (DB_TIMEZONE).
    """
    return table.source_timezone or timezone


def replicated_table(connection: Connection, table: Table, timezone: str | None) -> SourceTable:
    """The source table without excluded columns, with the definition's names, types and zone.

    `timezone` is the default of all tables (DB_TIMEZONE). Raises ConfigurationError for a missing table, and
    for a type that a column cannot have.
    """
    zone = zone_of(table, timezone)
    source = source_table.describe(connection, table.name, table.exclude, table.rename)
    source = _with_chosen_types(table, source)
    if zone is None or zone == "UTC":
        return source
    zoned = in_zone(source.columns, zone, table.datetimes_as_is)
    return replace(source, columns=zoned)


def key_of(table: Table, source: SourceTable) -> tuple[str, ...]:
    """The columns that identify a row, in the source's spelling: the definition's, else the primary key.

    Empty where one of them is left out: the others do not identify a row.
    """
    named = [source.column(name) for name in table.key or source.primary_key]
    key = tuple(column.name for column in named if column)
    return key if len(key) == len(named) else ()


def hidden_columns(table: Table, source: SourceTable) -> str:
    """The warning about hidden columns that `exclude:` does not name; empty for none."""
    names = source.hidden.summary(table.exclude) if source.hidden else ""
    return f"columns left out, as the account may not read them: {names}" if names else ""


def _with_chosen_types(table: Table, source: SourceTable) -> SourceTable:
    """The table with the definition's types in place of the type map's.

    Raises ConfigurationError where one of `booleans` is neither TINYINT nor BIT(1).
    """
    booleans = all_spelled(table.booleans, (column.name for column in source.columns))
    columns = []
    for column in source.columns:
        chosen: Column | None = column
        if column.name in booleans:
            chosen = as_boolean(column)
        elif table.geometry == "wkt":
            chosen = as_well_known_text(column)
        if chosen is None:
            raise ConfigurationError(
                f"booleans names the column {column.name} of {source.name}",
                why=f"it is {column.source_type}; only TINYINT and BIT(1) can be true or false",
                todo="correct `booleans:` in the table's definition",
            )
        columns.append(chosen)
    return replace(source, columns=tuple(columns))
