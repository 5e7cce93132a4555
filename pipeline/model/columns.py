"""The type map: the lossless Arrow (Parquet) and Redshift type of each MySQL type.

Widths and limits are from https://dev.mysql.com/doc/refman/9.0/en/data-types.html for MySQL and
https://docs.aws.amazon.com/redshift/latest/dg/c_Supported_data_types.html for Redshift. `docs/types.md` is
generated from this module.
"""

from __future__ import annotations

import enum
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from pipeline.errors import ConfigurationError
from pipeline.model.identifiers import SYSTEM_COLUMNS, all_spelled, fold, spelled
from pipeline.model.members import members

MAX_VARCHAR = 65535  # bytes, not characters
MAX_VARBYTE = 16_777_216
MAX_DECIMAL = 38
MAX_SCALE = 37  # MariaDB has 38


class ReadAs(str, enum.Enum):
    """The form of a column in the SELECT whose text on the wire is exact."""

    PLAIN = "plain"
    NUMBER = "number"
    """BIT as a number; it would arrive as bytes."""
    DOUBLE = "double"
    """FLOAT and DOUBLE(M,D) as a double, which round-trips; MySQL prints six digits, or D decimals."""
    WKB = "wkb"
    """Geometry without the server's SRID prefix, longitude first."""
    WKT = "wkt"
    """Geometry as text, longitude first."""


@dataclass(frozen=True)
class Column:
    """A column: source name and type, Arrow type, warehouse name (`target`) and type."""

    name: str
    source_type: str
    nullable: bool
    arrow: str
    redshift: str
    target: str
    read_as: ReadAs = ReadAs.PLAIN
    timezone: str | None = None
    """The zone of a DATETIME in local time, which is converted to UTC; None for any other column."""


_TIMESTAMP = "timestamp[us, tz=UTC]"

# (signed, unsigned) → (Arrow, Redshift); ZEROFILL is unsigned
_INTEGERS = {
    "tinyint": (("int16", "SMALLINT"), ("int16", "SMALLINT")),
    "smallint": (("int16", "SMALLINT"), ("int32", "INTEGER")),
    "mediumint": (("int32", "INTEGER"), ("int32", "INTEGER")),
    "int": (("int32", "INTEGER"), ("int64", "BIGINT")),
    "bigint": (("int64", "BIGINT"), ("decimal128(20, 0)", "DECIMAL(20,0)")),
}
_FIXED = {
    "year": ("int16", "SMALLINT"),
    "date": ("date32[day]", "DATE"),
    "datetime": (_TIMESTAMP, "TIMESTAMP"),
    "timestamp": (_TIMESTAMP, "TIMESTAMP"),
    "time": ("string", "VARCHAR(17)"),
    "json": ("string", f"VARCHAR({MAX_VARCHAR})"),
    "uuid": ("string", "VARCHAR(36)"),
    "inet4": ("string", "VARCHAR(15)"),
    "inet6": ("string", "VARCHAR(45)"),
    "float": ("float", "REAL"),
    "double": ("double", "DOUBLE PRECISION"),
}
_TEXTS = {"char", "varchar", "tinytext", "text", "mediumtext", "longtext"}
_BYTES = {"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob", "vector"}
_GEOMETRY = {
    "geometry",
    "point",
    "linestring",
    "polygon",
    "multipoint",
    "multilinestring",
    "multipolygon",
    "geometrycollection",
    "geomcollection",
}
_READ_AS = {"bit": ReadAs.NUMBER, "float": ReadAs.DOUBLE} | dict.fromkeys(_GEOMETRY, ReadAs.WKB)


def column_of(row: Mapping[str, object], target: str | None = None) -> Column:
    """The column of a row of ``information_schema.columns``, with upper-case keys.

    `target` is the name in the warehouse, the source name by default. Raises ConfigurationError for a type or
    a name that the warehouse cannot hold.
    """
    name = str(row["COLUMN_NAME"])
    data_type = str(row["DATA_TYPE"]).lower()
    try:
        arrow, redshift = _types_of(data_type, row)
    except (KeyError, ValueError) as error:
        raise _refused(name, f"its type is {row['COLUMN_TYPE']}") from error
    return Column(
        name=name,
        source_type=str(row["COLUMN_TYPE"]),
        nullable=row["IS_NULLABLE"] == "YES",
        arrow=arrow,
        redshift=redshift,
        target=_target(name, target or name),
        read_as=_read_as(data_type, str(row["COLUMN_TYPE"])),
    )


def _read_as(data_type: str, column_type: str) -> ReadAs:
    if data_type == "double" and "(" in column_type:
        return ReadAs.DOUBLE
    return _READ_AS.get(data_type, ReadAs.PLAIN)


def as_defined(
    columns: Iterable[Column], rename: Mapping[str, str], as_super: Sequence[str]
) -> tuple[Column, ...]:
    """The columns with the warehouse names and types of a table's current definition.

    `rename` maps source names to target names; `as_super` has the source names of SUPER columns. Each load
    applies them: the lake has the definition of the time of the read.
    """
    columns = tuple(columns)
    names = [column.name for column in columns]
    targets = {spelled(name, names): fold(target) for name, target in rename.items()}
    supers = all_spelled(as_super, names)
    return tuple(
        replace(
            column,
            target=targets.get(column.name, column.target),
            redshift="SUPER" if column.name in supers else column.redshift,
        )
        for column in columns
    )


def warehouse_name(column: str, rename: Mapping[str, str]) -> str:
    """The warehouse name of a source column, which may be missing from a window."""
    return fold(rename.get(spelled(column, rename) or "", column))


def as_boolean(column: Column) -> Column | None:
    """The column as BOOLEAN; None where it is neither TINYINT nor BIT(1)."""
    if not column.source_type.startswith(("tinyint", "bit(1)")):
        return None
    return replace(column, arrow="bool", redshift="BOOLEAN")


def as_well_known_text(column: Column) -> Column:
    """A geometry column as text; any other column unchanged."""
    if column.read_as is not ReadAs.WKB:
        return column
    redshift = f"VARCHAR({MAX_VARCHAR})"
    return replace(column, arrow="string", redshift=redshift, read_as=ReadAs.WKT)


def is_text_of_number(column: Column) -> bool:
    """Whether the column is a DECIMAL with too many digits for Arrow or Redshift, replicated as text."""
    return column.source_type.startswith("decimal") and column.arrow == "string"


def in_zone(columns: Iterable[Column], timezone: str, as_is: Iterable[str]) -> tuple[Column, ...]:
    """The columns, with the zone set for each DATETIME but those of `as_is`, which are in UTC."""
    columns = tuple(columns)
    excluded = all_spelled(as_is, [column.name for column in columns])
    return tuple(
        replace(column, timezone=timezone)
        if column.source_type.startswith("datetime") and column.name not in excluded
        else column
        for column in columns
    )


def _target(name: str, target_name: str) -> str:
    try:
        target = fold(target_name)
    except ValueError as error:
        raise _refused(name, str(error), _RENAME) from error
    if target in SYSTEM_COLUMNS:
        raise _refused(name, "every Redshift table has a system column of that name", _RENAME)
    return target


_RENAME = ", or rename it with `rename:`"


def _refused(column: str, why: str, alternative: str = "") -> ConfigurationError:
    return ConfigurationError(
        f"column {column} cannot be replicated",
        why=why,
        todo=f"leave it out with `exclude:` in the table's definition{alternative}",
    )


def _types_of(data_type: str, row: Mapping[str, object]) -> tuple[str, str]:
    column_type = str(row["COLUMN_TYPE"])
    if data_type in _INTEGERS:
        unsigned = "unsigned" in column_type or "zerofill" in column_type
        return _INTEGERS[data_type][unsigned]
    if data_type in _TEXTS:
        length = 4 * max(_number(row, "CHARACTER_MAXIMUM_LENGTH"), 1)
        return "string", f"VARCHAR({min(length, MAX_VARCHAR)})"
    if data_type in _BYTES:
        length = max(_number(row, "CHARACTER_OCTET_LENGTH"), 1)
        return "binary", f"VARBYTE({min(length, MAX_VARBYTE)})"
    if data_type in _GEOMETRY:
        return "binary", f"VARBYTE({MAX_VARBYTE})"
    if data_type in ("enum", "set"):
        return "string", f"VARCHAR({_members_bytes(data_type, column_type)})"
    if data_type == "decimal":
        return _decimal(_number(row, "NUMERIC_PRECISION"), _number(row, "NUMERIC_SCALE"))
    if data_type == "bit":
        wide = _number(row, "NUMERIC_PRECISION") > 63
        return ("decimal128(20, 0)", "DECIMAL(20,0)") if wide else ("int64", "BIGINT")
    return _FIXED[data_type]


def _decimal(precision: int, scale: int) -> tuple[str, str]:
    if precision > MAX_DECIMAL or scale > MAX_SCALE:
        return "string", f"VARCHAR({precision + 3})"
    return f"decimal128({precision}, {scale})", f"DECIMAL({precision},{scale})"


def _members_bytes(data_type: str, column_type: str) -> int:
    lengths = [len(member) for member in members(column_type)]
    longest = max(lengths) if data_type == "enum" else sum(lengths) + len(lengths) - 1
    return min(max(4 * longest, 1), MAX_VARCHAR)


def _number(row: Mapping[str, object], key: str) -> int:
    return int(str(row[key]))


def same_target(columns: Iterable[Column]) -> tuple[Column, Column] | None:
    """The first two columns with one name in the warehouse; None where all names differ."""
    owners: dict[str, Column] = {}
    for column in columns:
        if (other := owners.setdefault(column.target, column)) is not column:
            return other, column
    return None


def fingerprint(columns: Iterable[Column]) -> str:
    """A digest of names, types and order: equal for windows with equal schemas."""
    fields = [{k: v for k, v in asdict(column).items() if v is not None} for column in columns]
    text = json.dumps(fields, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
