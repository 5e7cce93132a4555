"""MySQL's SQL, as text, of tables and their rows; `activity_sql` and `session_sql` have the rest."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from pipeline.model.columns import Column, ReadAs, is_text_of_number
from pipeline.model.span import Span
from pipeline.model.table_name import TableName

_EXPRESSIONS = {
    ReadAs.PLAIN: "{0}",
    ReadAs.NUMBER: "{0} + 0",
    ReadAs.DOUBLE: "{0} * 1e0",  # to add nothing would make 0 of -0
    ReadAs.WKB: "ST_AsWKB({0})",
    ReadAs.WKT: "ST_AsText({0})",
}

COLUMNS = """
SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, IS_NULLABLE, CHARACTER_MAXIMUM_LENGTH,
       CHARACTER_OCTET_LENGTH, NUMERIC_PRECISION, NUMERIC_SCALE, DATETIME_PRECISION, EXTRA,
       ORDINAL_POSITION, PRIVILEGES
FROM information_schema.columns WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s
ORDER BY ORDINAL_POSITION
"""
# The primary key comes first: MySQL names it PRIMARY, and a table has at most one.
INDEXES = """
SELECT INDEX_NAME, COLUMN_NAME
FROM information_schema.statistics WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s
ORDER BY INDEX_NAME <> 'PRIMARY', INDEX_NAME, SEQ_IN_INDEX
"""
# MySQL's and MariaDB's: columns of InnoDB, whoever may read them.
STORED_COLUMNS = tuple(
    f"""
SELECT c.NAME FROM information_schema.{prefix}_COLUMNS AS c
JOIN information_schema.{prefix}_TABLES AS t ON t.TABLE_ID = c.TABLE_ID WHERE t.NAME = %s ORDER BY c.POS
"""
    for prefix in ("INNODB", "INNODB_SYS")
)
# A grant on databases names them by a pattern.
READS_DATABASE = """
SELECT COUNT(*) FROM (
  SELECT GRANTEE FROM information_schema.user_privileges WHERE PRIVILEGE_TYPE = 'SELECT'
  UNION ALL SELECT GRANTEE FROM information_schema.schema_privileges
  WHERE PRIVILEGE_TYPE = 'SELECT' AND (TABLE_SCHEMA = %s OR %s LIKE TABLE_SCHEMA)
) AS granted
WHERE GRANTEE = CONCAT('''', LEFT(CURRENT_USER(), CHAR_LENGTH(CURRENT_USER())
  - CHAR_LENGTH(SUBSTRING_INDEX(CURRENT_USER(), '@', -1)) - 1), '''@''',
  SUBSTRING_INDEX(CURRENT_USER(), '@', -1), '''')
"""
# Estimates: InnoDB samples them. A row takes at least a byte.
SIZE = """
SELECT COALESCE(TABLE_ROWS, 0), COALESCE(DATA_LENGTH, 0), GREATEST(COALESCE(AVG_ROW_LENGTH, 0), 1)
FROM information_schema.tables WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s
"""
# A table with system versioning is a kind of its own to MariaDB.
TABLES = """
SELECT TABLE_NAME, TABLE_TYPE, COALESCE(TABLE_ROWS, 0) AS TABLE_ROWS
FROM information_schema.tables WHERE TABLE_SCHEMA = %s
AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED', 'VIEW') ORDER BY TABLE_NAME
"""
CLOCK = "SELECT UTC_TIMESTAMP(6)"
# A name does not tell: London is GMT to a server started there in winter. So a day of winter and one of
# summer are compared. SYSTEM is the operating system's zone.
ZONE = """
SELECT CASE
  WHEN CONVERT_TZ(winter, @@global.time_zone, '+00:00') = winter
   AND CONVERT_TZ(summer, @@global.time_zone, '+00:00') = summer THEN 'UTC'
  WHEN @@global.time_zone = 'SYSTEM' THEN CONCAT('SYSTEM, ', @@system_time_zone)
  ELSE @@global.time_zone END
FROM (SELECT TIMESTAMP(MAKEDATE(YEAR(UTC_TIMESTAMP()), 15)) AS winter,
             TIMESTAMP(MAKEDATE(YEAR(UTC_TIMESTAMP()), 196)) AS summer) AS dates
"""
# By how much ids of one server step; more than one where several servers write.
ID_STEP = "SELECT @@global.auto_increment_increment"
# Of sessions that are REPEATABLE READ, as `session_sql` has them.
SNAPSHOT = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"


_INTEGER = re.compile(r"-?[0-9]+")


def quoted(identifier: str) -> str:
    """A MySQL identifier, whatever characters it has."""
    return "`" + identifier.replace("`", "``") + "`"


def literal(value: str) -> str:
    """The literal of a bound; bounds are dates and integers, anything else is refused."""
    if _INTEGER.fullmatch(value):
        return value  # MySQL compares an integer with a string as floating point
    if not set(value) <= set("0123456789-: ."):
        raise ValueError(f"{value!r} is not a bound")
    return f"'{value}'"


# Of these types a column compares with a literal as ORDER BY sorts it. ENUM and SET sort by number and
# compare as text, a DECIMAL beyond Arrow's 38 digits and a TIME are text here.
_COMPARABLE = re.compile(
    r"((tiny|small|medium|big)?int|decimal|char|varchar|(tiny|medium|long)?text"
    r"|date|datetime|timestamp|(var)?binary|(tiny|medium|long)?blob)\b"
)


def has_literal(column: Column) -> bool:
    """Whether rows behind a value of the column can be asked for with `value_literal`."""
    is_read_otherwise = is_text_of_number(column) or column.arrow == "bool"
    return bool(_COMPARABLE.match(column.source_type)) and not is_read_otherwise


def value_literal(value: object) -> str:
    """A value as a literal that compares equal to it, whatever sql_mode and character sets are set."""
    if isinstance(value, bool) or value is None:
        raise TypeError(f"{value!r} is no value of a key")
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, bytes):
        return f"X'{value.hex()}'"
    if isinstance(value, str):
        return f"_utf8mb4 X'{value.encode().hex()}'"
    if isinstance(value, datetime):
        return f"'{value:%Y-%m-%d %H:%M:%S.%f}'"
    if isinstance(value, date):
        return f"'{value:%Y-%m-%d}'"
    raise TypeError(f"{type(value).__name__} has no literal")


def select_rows(
    table: TableName, columns: Sequence[Column], span: Span, order: Sequence[str] = ()
) -> str:
    """The rows of a span, each column in the form in which its text is exact."""
    chosen = ", ".join(
        _EXPRESSIONS[column.read_as].format(quoted(column.name)) for column in columns
    )
    ordered = f" ORDER BY {', '.join(map(quoted, order))}" if order else ""
    return f"SELECT {chosen} FROM {_qualified(table)}{_where(span)}{ordered}"


def select_nothing(table: TableName) -> str:
    """No row of every column: refused where one of them may not be read, or where a view is broken."""
    return f"SELECT * FROM {_qualified(table)} LIMIT 0"


def join_by_key(table: TableName, key: Sequence[str]) -> str:
    """Each row with those of the same values of primary key columns; whether it is one row, EXPLAIN says."""
    equal = " AND ".join(f"b.{quoted(name)} = a.{quoted(name)}" for name in key)
    name = _qualified(table)
    return (
        f"SELECT STRAIGHT_JOIN 1 FROM {name} AS a, {name} AS b FORCE INDEX (PRIMARY) WHERE {equal}"
    )


def explain(query: str) -> str:
    """How the server would answer a query, one row a table; MySQL 9 has other forms by default."""
    return f"EXPLAIN FORMAT=TRADITIONAL {query}"


def count_rows(table: TableName, span: Span) -> str:
    """How many rows a span has."""
    return f"SELECT COUNT(*) FROM {_qualified(table)}{_where(span)}"


def cursor_at(table: TableName, span: Span, offset: int) -> str:
    """The cursor of the row with `offset` rows of the span before it, in cursor order."""
    column = quoted(span.cursor or "")
    return (
        f"SELECT {column} FROM {_qualified(table)}{_where(span)} "
        f"ORDER BY {column} LIMIT 1 OFFSET {offset:d}"
    )


def cursor_after(table: TableName, span: Span) -> str:
    """The smallest cursor of the span above its lower bound."""
    column = quoted(span.cursor or "")
    above = f" AND {column} > {literal(span.lower)}" if span.lower is not None else ""
    return f"SELECT MIN({column}) FROM {_qualified(table)}{_where(span)}{above}"


def highest(table: TableName, cursor: str) -> str:
    """The largest cursor of the table."""
    return f"SELECT MAX({quoted(cursor)}) FROM {_qualified(table)}"


def lowest(table: TableName, cursor: str) -> str:
    """The smallest cursor of the table but for the zero date."""
    column = quoted(cursor)
    return f"SELECT MIN({column}) FROM {_qualified(table)} WHERE {column} > 0"


def count_without_cursor(table: TableName, cursor: str, *, zero_is_one: bool = False) -> str:
    """How many rows have no cursor, or the zero date, and so belong to no window."""
    column = quoted(cursor)
    zero = "" if zero_is_one else f" OR {column} = 0"
    return f"SELECT COUNT(*) FROM {_qualified(table)} WHERE {column} IS NULL{zero}"


def count_partial_dates(table: TableName, span: Span) -> str:
    """How many rows of a span have a cursor without a month or a day, which is on no calendar."""
    column = quoted(span.cursor or "")
    partial = f"(MONTH({column}) = 0 OR DAYOFMONTH({column}) = 0)"
    return f"SELECT COUNT(*) FROM {_qualified(table)}{_where(span) or ' WHERE TRUE'} AND {partial}"


def show_create(table: TableName) -> str:
    """The statement that would make the table, AUTO_INCREMENT as it is now among its options."""
    return f"SHOW CREATE TABLE {_qualified(table)}"


def set_next_id(table: TableName, following: int) -> str:
    """What a person may run to have ids go on behind those there were."""
    return f"ALTER TABLE {_qualified(table)} AUTO_INCREMENT = {following:d}"


def add_index(table: TableName, columns: Sequence[str]) -> str:
    """What a person may run to have the table read by a column."""
    return f"ALTER TABLE {_qualified(table)} ADD INDEX ({', '.join(map(quoted, columns))})"


def _qualified(table: TableName) -> str:
    return f"{quoted(table.database)}.{quoted(table.table)}"


def _where(span: Span) -> str:
    if span.cursor is None:
        return ""
    column = quoted(span.cursor)
    bounds = [f"{column} >= {literal(span.lower)}"] if span.lower is not None else []
    bounds += [f"{column} < {literal(span.upper)}"] if span.upper is not None else []
    bounds += [f"MONTH({column}) > 0", f"DAYOFMONTH({column}) > 0"] if span.whole_dates else []
    if span.after:
        # The first bound alone lets the index begin in the right place.
        first, value = span.after[0]
        bounds += [f"{quoted(first)} >= {value}", _behind(span.after)]
    return f" WHERE {' AND '.join(bounds)}" if bounds else ""


def _behind(position: Sequence[tuple[str, str]]) -> str:
    """Lexicographic `>`, spelled out: MySQL does not use an index for a comparison of rows."""
    (name, value), *rest = position
    column = quoted(name)
    if not rest:
        return f"{column} > {value}"
    return f"({column} > {value} OR ({column} = {value} AND {_behind(rest)}))"
