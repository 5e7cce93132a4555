"""The type map: what each MySQL type becomes in Parquet (Arrow) and in Redshift.

Lossless by construction, and the only place that knows it. Widths and limits of MySQL types are from
https://dev.mysql.com/doc/refman/9.0/en/data-types.html, of Redshift's from
https://docs.aws.amazon.com/redshift/latest/dg/c_Supported_data_types.html. `docs/types.md` is made
from this module.
"""

from __future__ import annotations

import enum
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from pipeline.errors import ConfigurationError
from pipeline.model.identifiers import SYSTEM_COLUMNS, all_spelled, fold, spelled

MAX_VARCHAR = 65535  # bytes, not characters
MAX_VARBYTE = 16_777_216
MAX_DECIMAL = 38
MAX_SCALE = 37  # MariaDB has 38


class ReadAs(str, enum.Enum):
    """How a column stands in the SELECT, so that its text on the wire is exact."""

    PLAIN = "plain"
    NUMBER = "number"
    """BIT arrives as bytes unless it is made a number."""
    DOUBLE = "double"
    """FLOAT is printed with six digits; as a double it is printed so that it reads back the same."""
    WKB = "wkb"
    """Geometry without the server's SRID prefix."""
    WKT = "wkt"
    """Geometry as text."""


@dataclass(frozen=True)
class Column:
    """One column on its whole way: its source spelling, its Arrow type, its warehouse name and type."""

    name: str
    source_type: str
    nullable: bool
    arrow: str
    redshift: str
    target: str
    read_as: ReadAs = ReadAs.PLAIN
    timezone: str | None = None
    """Of a DATETIME that holds the local time of a zone; UTC is made of it on the way."""


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
    """The column that a row of ``information_schema.columns`` describes.

    `row` has the view's upper-case names as keys; `target` is the name in the warehouse where it is to
    have another. Raises ConfigurationError for a type or a name the warehouse cannot hold.
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
        read_as=_READ_AS.get(data_type, ReadAs.PLAIN),
    )


def as_defined(
    columns: Iterable[Column], rename: Mapping[str, str], as_super: Sequence[str]
) -> tuple[Column, ...]:
    """The columns with the names and types that a table's definition gives them in the warehouse.

    `rename` maps source names to target names, `as_super` are the source names of JSON columns. Asked
    anew for each load: the lake keeps what a definition said when a window was read.
    """
    columns = tuple(columns)
    names = [column.name for column in columns]
    targets = {spelled(name, names): fold(target) for name, target in rename.items()}
    parsed = all_spelled(as_super, names)
    return tuple(
        replace(
            column,
            target=targets.get(column.name, column.target),
            redshift="SUPER" if column.name in parsed else column.redshift,
        )
        for column in columns
    )


def warehouse_name(column: str, rename: Mapping[str, str]) -> str:
    """The name of a source column in the warehouse, which a window need not have."""
    return fold(rename.get(spelled(column, rename) or "", column))


def as_boolean(column: Column) -> Column | None:
    """The column as BOOLEAN, None where it is neither TINYINT nor BIT(1)."""
    if not column.source_type.startswith(("tinyint", "bit(1)")):
        return None
    return replace(column, arrow="bool", redshift="BOOLEAN")


def as_well_known_text(column: Column) -> Column:
    """A geometry as its text; any other column as it is."""
    if column.read_as is not ReadAs.WKB:
        return column
    redshift = f"VARCHAR({MAX_VARCHAR})"
    return replace(column, arrow="string", redshift=redshift, read_as=ReadAs.WKT)


def is_text_of_number(column: Column) -> bool:
    """Whether it is a DECIMAL of more digits than Arrow and Redshift have, carried as its text."""
    return column.source_type.startswith("decimal") and column.arrow == "string"


def in_zone(columns: Iterable[Column], timezone: str, as_is: Iterable[str]) -> tuple[Column, ...]:
    """The columns, DATETIMEs as local times of the zone but for those of `as_is`, which stand for UTC."""
    columns = tuple(columns)
    spared = all_spelled(as_is, [column.name for column in columns])
    return tuple(
        replace(column, timezone=timezone)
        if column.source_type.startswith("datetime") and column.name not in spared
        else column
        for column in columns
    )


def _target(name: str, wanted: str) -> str:
    try:
        target = fold(wanted)
    except ValueError as error:
        raise _refused(name, str(error), _RENAME) from error
    if target in SYSTEM_COLUMNS:
        raise _refused(name, "every Redshift table has a column of that name already", _RENAME)
    return target


_RENAME = ", or give it another name with `rename:`"


def _refused(column: str, why: str, otherwise: str = "") -> ConfigurationError:
    return ConfigurationError(
        f"column {column} cannot be carried",
        why=why,
        todo=f"leave it out with `exclude:` in the table's definition{otherwise}",
    )


def _types_of(data_type: str, row: Mapping[str, object]) -> tuple[str, str]:
    column_type = str(row["COLUMN_TYPE"])
    if data_type in _INTEGERS:
        unsigned = "unsigned" in column_type or "zerofill" in column_type
        return _INTEGERS[data_type][unsigned]
    if data_type in _TEXTS:
        return (
            "string",
            f"VARCHAR({min(4 * max(_number(row, 'CHARACTER_MAXIMUM_LENGTH'), 1), MAX_VARCHAR)})",
        )
    if data_type in _BYTES:
        return (
            "binary",
            f"VARBYTE({min(max(_number(row, 'CHARACTER_OCTET_LENGTH'), 1), MAX_VARBYTE)})",
        )
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
    members = re.findall(r"'((?:[^']|'')*)'", column_type)
    lengths = [len(member.replace("''", "'")) for member in members]
    longest = max(lengths) if data_type == "enum" else sum(lengths) + len(lengths) - 1
    return min(max(4 * longest, 1), MAX_VARCHAR)


def _number(row: Mapping[str, object], key: str) -> int:
    return int(str(row[key]))


def of_one_target(columns: Iterable[Column]) -> tuple[Column, Column] | None:
    """The first two columns that would be one in the warehouse, None where each has a name of its own."""
    owners: dict[str, Column] = {}
    for column in columns:
        if (other := owners.setdefault(column.target, column)) is not column:
            return other, column
    return None


def fingerprint(columns: Iterable[Column]) -> str:
    """A digest of names, types and order: two windows with one fingerprint have one schema."""
    said = [{k: v for k, v in asdict(column).items() if v is not None} for column in columns]
    text = json.dumps(said, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
