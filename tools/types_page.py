"""docs/types.md, generated from the type map."""

from __future__ import annotations

import re

from pipeline.model.columns import Column, ReadAs, column_of

_HEAD = """\
# Types

Generated from the type map, `pipeline/model/columns.py`, by `make docs`.

A value is replicated unchanged, or its window fails and names the value, unless a [policy](policies.md)
covers it. Unsigned integers widen, as Redshift has none. A VARCHAR(n) becomes VARCHAR(4 n), as Redshift
counts bytes. Nothing becomes a boolean by default. Times keep their microseconds; floating point is written
as the shortest text that reads back the same.

"""
_NOTES = """
- **read as**: FLOAT is selected as a double, because MySQL prints it with six digits; BIT as a number;
  geometry as WKB.
- With `geometry: wkt` geometry is VARCHAR(65535). With `booleans: [paid]` the TINYINT or BIT(1) column paid
  is BOOLEAN, and a value other than 0 and 1 stops the window.
- NULL stays NULL and `''` stays `''`, for every type.
- Generated columns keep their type. Invisible columns are left out, as are those of `exclude:`. The log names
  the invisible ones, and each DECIMAL of more than 38 digits, which is text.
- JSON is text, or SUPER for the columns of `super:`; MariaDB's JSON is LONGTEXT.
- Column names that Redshift folds to one, reserves, or finds too long (over 127 bytes) are refused until
  `rename:` changes them. A table of more than 1,600 columns is refused until `exclude:` leaves some out.
- Changes of a type: [schema-changes.md](schema-changes.md).
"""
_EXAMPLES: tuple[tuple[str, dict[str, object]], ...] = (
    ("tinyint(1)", {}),
    ("tinyint unsigned", {}),
    ("smallint", {}),
    ("smallint unsigned", {}),
    ("mediumint", {}),
    ("int", {}),
    ("int unsigned", {}),
    ("bigint", {}),
    ("bigint unsigned", {}),
    ("decimal(15,4)", {"NUMERIC_PRECISION": 15, "NUMERIC_SCALE": 4}),
    ("decimal(65,30)", {"NUMERIC_PRECISION": 65, "NUMERIC_SCALE": 30}),
    ("float", {}),
    ("double", {}),
    ("bit(8)", {"NUMERIC_PRECISION": 8}),
    ("bit(64)", {"NUMERIC_PRECISION": 64}),
    ("char(10)", {"CHARACTER_MAXIMUM_LENGTH": 10}),
    ("varchar(255)", {"CHARACTER_MAXIMUM_LENGTH": 255}),
    ("varchar(20000)", {"CHARACTER_MAXIMUM_LENGTH": 20000}),
    ("tinytext", {"CHARACTER_MAXIMUM_LENGTH": 255}),
    ("text", {"CHARACTER_MAXIMUM_LENGTH": 65535}),
    ("longtext", {"CHARACTER_MAXIMUM_LENGTH": 4294967295}),
    ("enum('new','done')", {}),
    ("set('a','b')", {}),
    ("json", {}),
    ("binary(16)", {"CHARACTER_OCTET_LENGTH": 16}),
    ("varbinary(255)", {"CHARACTER_OCTET_LENGTH": 255}),
    ("blob", {"CHARACTER_OCTET_LENGTH": 65535}),
    ("longblob", {"CHARACTER_OCTET_LENGTH": 4294967295}),
    ("date", {}),
    ("datetime(6)", {}),
    ("timestamp", {}),
    ("time(6)", {}),
    ("year", {}),
    ("geometry", {}),
    ("uuid", {}),
    ("inet4", {}),
    ("inet6", {}),
)
_READ_AS = {
    ReadAs.PLAIN: "",
    ReadAs.NUMBER: "number",
    ReadAs.DOUBLE: "double",
    ReadAs.WKB: "WKB",
    ReadAs.WKT: "WKT",
}


def page() -> str:
    """The page's text."""
    lines = ["| MySQL | read as | Arrow, Parquet | Redshift |", "| --- | --- | --- | --- |"]
    for source_type, facts in _EXAMPLES:
        column = _column(source_type, facts)
        cells = (f"`{source_type}`", _READ_AS[column.read_as], column.arrow, column.redshift)
        lines.append(f"| {' | '.join(cells)} |")
    return _HEAD + "\n".join(lines) + "\n" + _NOTES


def _column(source_type: str, facts: dict[str, object]) -> Column:
    data_type = re.split(r"[( ]", source_type, maxsplit=1)[0]
    row = {"COLUMN_NAME": "c", "DATA_TYPE": data_type, "COLUMN_TYPE": source_type}
    return column_of({**row, "IS_NULLABLE": "YES", **facts})
