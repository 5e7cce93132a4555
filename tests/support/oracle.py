"""An oracle of its own for whole tables: what MySQL says in plain SQL, what psycopg2 reads in the warehouse.

Nothing of the product is asked: neither its type map, nor its codec, nor its SQL. Rows are compared as
multisets, so that a row too many or too few is seen and no key is needed.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

Cell = object
"""A value in a form that is equal on both sides just where the values are: text, a number, bits, None."""

_DOCUMENTED_DIGITS = 38
"""A DECIMAL of more digits, or with 38 of them behind the point, is documented to arrive as its text."""


class _Asked(NamedTuple):
    """How the two sides are asked for a column: `{}` is its quoted name."""

    source: str = "CAST({} AS CHAR)"
    warehouse: str = "{}"


_INTEGERS = ("tinyint", "smallint", "mediumint", "int", "bigint", "bit", "year")
_TEXTS = ("char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set", "json")
_BYTES = ("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob", "vector")
_SHAPES = ("geometry", "point", "linestring", "polygon", "multipoint", "multilinestring")
_MORE_SHAPES = ("multipolygon", "geometrycollection", "geomcollection")
_MOMENT = _Asked(
    "DATE_FORMAT({}, '%Y-%m-%d %H:%i:%s.%f')", "TO_CHAR({}, 'YYYY-MM-DD HH24:MI:SS.US')"
)
_HEX = "FROM_VARBYTE({}, 'hex')"
_AS_STORED = "LOWER(SUBSTR(HEX({}), 9))"  # without the SRID's four bytes

_ASKED = {
    **dict.fromkeys(_INTEGERS, _Asked("CAST({} + 0 AS CHAR)", "CAST({} AS VARCHAR)")),
    **dict.fromkeys(("float", "double"), _Asked("{} * 1e0")),
    **dict.fromkeys(_TEXTS, _Asked("CONVERT({} USING utf8mb4)")),
    **dict.fromkeys(_BYTES, _Asked("LOWER(HEX({}))", _HEX)),
    **dict.fromkeys(_SHAPES + _MORE_SHAPES, _Asked(_AS_STORED, _HEX)),
    **dict.fromkeys(("datetime", "timestamp"), _MOMENT),
    "date": _Asked("DATE_FORMAT({}, '%Y-%m-%d')", "TO_CHAR({}, 'YYYY-MM-DD')"),
}


@dataclass(frozen=True)
class SourceColumn:
    """A visible column, as information_schema has it."""

    name: str
    kind: str
    precision: int
    scale: int

    @property
    def is_long_decimal(self) -> bool:
        """Whether its values are documented to arrive as text."""
        return self.kind == "decimal" and (
            self.precision > _DOCUMENTED_DIGITS or self.scale >= _DOCUMENTED_DIGITS
        )

    def cell(self, value: Any) -> Cell:
        """The value in its comparable form."""
        if value is None:
            return None
        if self.kind == "float":
            return struct.pack("f", value)
        if self.kind == "double":
            return struct.pack("d", value)
        if self.kind == "decimal" and not self.is_long_decimal:
            return Decimal(value)
        return str(value)


def columns(connection: Any, database: str, table: str) -> tuple[SourceColumn, ...]:
    """The visible columns of a source table, in order."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COLUMN_NAME, LOWER(DATA_TYPE), COALESCE(NUMERIC_PRECISION, 0), "
            "COALESCE(NUMERIC_SCALE, 0) FROM information_schema.columns WHERE TABLE_SCHEMA = %s "
            "AND TABLE_NAME = %s AND EXTRA NOT LIKE '%%INVISIBLE%%' ORDER BY ORDINAL_POSITION",
            (database, table),
        )
        return tuple(SourceColumn(*row) for row in cursor.fetchall())


def in_source(
    connection: Any, database: str, table: str, of: Iterable[SourceColumn], where: str = "TRUE"
) -> Counter[tuple[Cell, ...]]:
    """The rows of a table, as MySQL itself writes their values."""
    chosen = [(c, _ASKED.get(c.kind, _Asked()).source.format(_mysql_name(c.name))) for c in of]
    return _rows(
        connection,
        chosen,
        f"FROM {_mysql_name(database)}.{_mysql_name(table)} WHERE {where}",
    )


def in_warehouse(
    connection: Any,
    schema: str,
    table: str,
    of: Iterable[SourceColumn],
    targets: Mapping[str, str] | None = None,
    where: str = "TRUE",
) -> Counter[tuple[Cell, ...]]:
    """The rows of a warehouse table in the source's columns; `targets` names those that were renamed."""
    names = targets or {}
    chosen = [
        (c, _ASKED.get(c.kind, _Asked()).warehouse.format(_name(names.get(c.name, c.name))))
        for c in of
    ]
    return _rows(connection, chosen, f"FROM {_name(schema)}.{_name(table)} WHERE {where}")


def differences(
    of: Iterable[SourceColumn],
    there: Counter[tuple[Cell, ...]],
    here: Counter[tuple[Cell, ...]],
) -> list[str]:
    """What the source has and the warehouse has not, and the other way round; empty where they agree."""
    names = [column.name for column in of]
    lost, made = list((there - here).elements()), list((here - there).elements())
    said = []
    for left, right in zip(sorted(lost, key=repr), sorted(made, key=repr), strict=False):
        unlike = zip(names, left, right, strict=True)
        said += [f"{n}: {a!r:.300} became {b!r:.300}" for n, a, b in unlike if a != b]
    if len(lost) != len(made):
        said.append(f"{len(lost)} rows of the source are not here, {len(made)} rows here not there")
    return said


def _rows(
    connection: Any, chosen: list[tuple[SourceColumn, str]], rest: str
) -> Counter[tuple[Cell, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(asked for _, asked in chosen)} {rest}")
        return Counter(
            tuple(column.cell(value) for (column, _), value in zip(chosen, row, strict=True))
            for row in cursor.fetchall()
        )


def _mysql_name(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _name(name: str) -> str:
    return '"' + name.lower().replace('"', '""') + '"'
