"""docs/types.md, generated from the type map."""

from __future__ import annotations

import re

from pipeline.model.charsets import LOSSLESS
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
- **read as**: FLOAT is selected as a double, because MySQL prints it with six digits; DOUBLE(M,D) too, as its
  D decimals may be those of another double; BIT as a number; geometry as WKB.
- Geometry has the order in which the source stores it: x or longitude first, then y or latitude, in every
  spatial reference system. MySQL itself prints latitude first for a geographic SRID such as 4326. The SRID is
  not replicated.
- With `geometry: wkt` geometry is VARCHAR(65535). With `booleans: [paid]` the TINYINT or BIT(1) column paid
  is BOOLEAN, and a value other than 0 and 1 stops the window.
- NULL stays NULL and `''` stays `''`, for every type.
- Generated columns keep their type. Invisible columns are left out, as are those of `exclude:`. The log names
  the invisible ones, and each DECIMAL of more than 38 digits, which is text.
- JSON is text, or SUPER for the columns of `super:`; MariaDB's JSON is LONGTEXT.
- Column names that Redshift folds to one, reserves, or finds too long (over 127 bytes) are refused until
  `rename:` changes them. A table of more than 1,600 columns is refused until `exclude:` leaves some out.
- Changes of a type: [schema-changes.md](schema-changes.md).

## Character sets

The source converts text to UTF-8. These sets lose nothing: {lossless}.

In the others, such as cp1250, cp1251, greek, gbk or sjis, some codes have no Unicode character, and the
source sends `?` or U+FFFD for them; in armscii8, cp932, eucjpms, sjis and ujis some codes share a character.
`tests/stack/test_charsets.py` converts the codes of every set on MariaDB and MySQL.

- **A text without its character** stops the window, with its bytes and its row's key, unless
  [`on_unmappable_text: replace`](policies.md) accepts and counts the replacement. Codes that share a
  character arrive as that character.
- **As a key** (the primary key, or `key:`) both are refused whatever the policy: X'98' and `?` of cp1251
  would be one key.
- **Cost**: one more query per chunk, which scans the chunk's rows in the source; for two columns of 20
  characters it took five to eight times as long as COUNT(*). It is sent only for tables that have columns of
  such sets, or a key as below. To avoid it, exclude the column, or use utf8mb4 in the source.
- A surrogate in ucs2 (in MariaDB also in utf32) is invalid UTF-8 (`on_invalid_utf8`).
- **Bytes that are invalid in their own set**, as in a restored tablespace: utf8mb4 is sent as stored
  (`on_invalid_utf8`), and a set that may lose is counted as above. For any other set of several bytes
  (utf8mb3, ucs2, utf16, utf32) the source sends `?`, which is not detected.

**ENUM and SET** are replicated as text. Where several numbers of a key have one text, all but one are
refused: a member that is declared twice, 0 of an ENUM with the member `''`, and the member `''` of a SET.
`ENUM('a')` has no such member: its 0 is the key `''`.
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
    ("double(10,2)", {}),
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
    lossless = ", ".join(sorted(LOSSLESS - {"binary"}))
    return _HEAD + "\n".join(lines) + "\n" + _NOTES.format(lossless=lossless)


def _column(source_type: str, facts: dict[str, object]) -> Column:
    data_type = re.split(r"[( ]", source_type, maxsplit=1)[0]
    row = {"COLUMN_NAME": "c", "DATA_TYPE": data_type, "COLUMN_TYPE": source_type}
    return column_of({**row, "IS_NULLABLE": "YES", **facts})
