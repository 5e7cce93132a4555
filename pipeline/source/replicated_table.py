"""A source table as its definition has it: columns, names, types and zone."""

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
    """The zone whose local time the table's DATETIMEs hold; None for the server's, which must be UTC.

    `timezone` is that of tables which name none (DB_TIMEZONE).
    """
    return table.source_timezone or timezone


def replicated_table(connection: Connection, table: Table, timezone: str | None) -> SourceTable:
    """The source table, without what the definition leaves out, with its names, types and zone.

    `timezone` is that of tables which name none (DB_TIMEZONE). Raises ConfigurationError where there is no
    such table, or where the definition asks for what a column cannot be.
    """
    zone = zone_of(table, timezone)
    source = source_table.describe(connection, table.name, table.exclude, table.rename)
    source = _with_chosen_types(table, source)
    if zone is None or zone == "UTC":
        return source
    zoned = in_zone(source.columns, zone, table.datetimes_as_is)
    return replace(source, columns=zoned)


def _with_chosen_types(table: Table, source: SourceTable) -> SourceTable:
    """The table with columns of the types that the definition asks for in place of the type map's.

    Raises ConfigurationError where one of `booleans` is no column, or no number of one digit.
    """
    wanted = all_spelled(table.booleans, (column.name for column in source.columns))
    shaped = as_well_known_text if table.geometry == "wkt" else _as_it_is
    chosen = []
    for column in source.columns:
        boolean = as_boolean(column) if column.name in wanted else shaped(column)
        if boolean is None:
            raise ConfigurationError(
                f"booleans names the column {column.name} of {source.name}",
                why=f"it is {column.source_type}; only TINYINT and BIT(1) can be true or false",
                todo="correct `booleans:` in the table's definition",
            )
        chosen.append(boolean)
    return replace(source, columns=tuple(chosen))


def _as_it_is(column: Column) -> Column:
    return column
