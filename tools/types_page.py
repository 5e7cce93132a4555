"""docs/types.md, generated from the type map."""

from __future__ import annotations

import re

from pipeline.model.columns import Column, ReadAs, column_of

_HEAD = """\
# Types

Generated from the type map, `pipeline/model/columns.py`, by `make docs`.

A value arrives unchanged, or its window fails and names the value, unless a [policy](policies.md) permits a
change. Unsigned integers widen, as Redshift has no unsigned types. Redshift counts text in bytes, so a
VARCHAR(n) becomes one of 4 n. No type becomes a boolean by itself. Times keep their microseconds. Floating
point is written as the shortest text that reads back the same.

"""
_NOTES = """
- **read as**: FLOAT is selected as a double, because MySQL prints it with six digits; BIT as a number;
  geometry as WKB.
- With `geometry: wkt` geometry is VARCHAR(65535); with `booleans: [paid]` the TINYINT or BIT(1) column paid
  is BOOLEAN, and a value of it that is neither 0 nor 1 stops the window.
- NULL stays NULL and `''` stays `''`, for every type.
- Generated columns are replicated as their type. Invisible columns and those of `exclude:` are left out. The
  log names them, and each DECIMAL of more than 38 digits, which is text.
- MariaDB's JSON is LONGTEXT. JSON is loaded as text, or as SUPER for the columns of `super:`.
- Column names that Redshift folds into one, reserves, or cannot hold (over 127 bytes) are refused until
  `rename:` gives them another name.
- Types that change: [schema-changes.md](schema-changes.md).
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
