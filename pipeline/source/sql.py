"""SQL of tables and their rows; that of activity and sessions is in `activity_sql` and `session_sql`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from pipeline.model.columns import Column, ReadAs, is_text_of_number
from pipeline.model.cursors import Bounds
from pipeline.model.span import Span
from pipeline.model.table_name import TableName

_EXPRESSIONS = {
    ReadAs.PLAIN: "{0}",
    ReadAs.NUMBER: "{0} + 0",
    ReadAs.DOUBLE: "{0} * 1e0",  # + 0 turns -0 into 0
    # MySQL prints latitude first for SRID 4326 and other geographic ones. MariaDB skips the comment.
    ReadAs.WKB: "ST_AsWKB({0} /*!80000 , 'axis-order=long-lat' */)",
    ReadAs.WKT: "ST_AsText({0} /*!80000 , 'axis-order=long-lat' */)",
}

COLUMNS = """
SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, IS_NULLABLE, CHARACTER_MAXIMUM_LENGTH,
       CHARACTER_OCTET_LENGTH, NUMERIC_PRECISION, NUMERIC_SCALE, DATETIME_PRECISION, EXTRA,
       ORDINAL_POSITION, PRIVILEGES, CHARACTER_SET_NAME
FROM information_schema.columns WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s
ORDER BY ORDINAL_POSITION
"""
# The primary key, PRIMARY in MySQL, comes first.
INDEXES = """
SELECT INDEX_NAME, COLUMN_NAME
FROM information_schema.statistics WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s
ORDER BY INDEX_NAME <> 'PRIMARY', INDEX_NAME, SEQ_IN_INDEX
"""
# The columns in InnoDB, whatever the account may read (MySQL, MariaDB).
INNODB_COLUMNS = tuple(
    f"""
SELECT c.NAME FROM information_schema.{prefix}_COLUMNS AS c
JOIN information_schema.{prefix}_TABLES AS t ON t.TABLE_ID = c.TABLE_ID WHERE t.NAME = %s ORDER BY c.POS
"""
    for prefix in ("INNODB", "INNODB_SYS")
)
# A grant names databases by a LIKE pattern.
DATABASE_GRANTS = """
SELECT COUNT(*) FROM (
  SELECT GRANTEE FROM information_schema.user_privileges WHERE PRIVILEGE_TYPE = 'SELECT'
  UNION ALL SELECT GRANTEE FROM information_schema.schema_privileges
  WHERE PRIVILEGE_TYPE = 'SELECT' AND (TABLE_SCHEMA = %s OR %s LIKE TABLE_SCHEMA)
) AS granted
WHERE GRANTEE = CONCAT('''', LEFT(CURRENT_USER(), CHAR_LENGTH(CURRENT_USER())
  - CHAR_LENGTH(SUBSTRING_INDEX(CURRENT_USER(), '@', -1)) - 1), '''@''',
  SUBSTRING_INDEX(CURRENT_USER(), '@', -1), '''')
"""
# InnoDB's estimates; a row takes at least a byte.
SIZE = """
SELECT COALESCE(TABLE_ROWS, 0), COALESCE(DATA_LENGTH, 0), GREATEST(COALESCE(AVG_ROW_LENGTH, 0), 1)
FROM information_schema.tables WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s
"""
# NULL for a view.
ENGINE = "SELECT ENGINE FROM information_schema.tables WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s"
# MariaDB has a type of its own for tables with system versioning.
TABLES = """
SELECT TABLE_NAME, TABLE_TYPE, COALESCE(TABLE_ROWS, 0) AS TABLE_ROWS
FROM information_schema.tables WHERE TABLE_SCHEMA = %s
AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED', 'VIEW') ORDER BY TABLE_NAME
"""
CLOCK = "SELECT UTC_TIMESTAMP(6)"
# By a day of winter and one of summer, not by name: a server started in London in winter calls its zone GMT.
# SYSTEM is the operating system's zone.
ZONE = """
SELECT CASE
  WHEN CONVERT_TZ(winter, @@global.time_zone, '+00:00') = winter
   AND CONVERT_TZ(summer, @@global.time_zone, '+00:00') = summer THEN 'UTC'
  WHEN @@global.time_zone = 'SYSTEM' THEN CONCAT('SYSTEM, ', @@system_time_zone)
  ELSE @@global.time_zone END
FROM (SELECT TIMESTAMP(MAKEDATE(YEAR(UTC_TIMESTAMP()), 15)) AS winter,
             TIMESTAMP(MAKEDATE(YEAR(UTC_TIMESTAMP()), 196)) AS summer) AS dates
"""
# The step between a server's ids; above 1 where several servers write.
ID_STEP = "SELECT @@global.auto_increment_increment"
# Requires REPEATABLE READ, which `session_sql` sets.
SNAPSHOT = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"


_INTEGER = re.compile(r"-?[0-9]+")


def quoted(identifier: str) -> str:
    """The identifier in backquotes, with any characters."""
    return "`" + identifier.replace("`", "``") + "`"


def literal(value: str) -> str:
    """The literal of a bound, a date or an integer; raises ValueError for anything else."""
    if _INTEGER.fullmatch(value):
        return value  # MySQL compares an integer with a string as floating point
    if not set(value) <= set("0123456789-: ."):
        raise ValueError(f"{value!r} is not a bound")
    return f"'{value}'"


# Types whose comparison with a literal agrees with ORDER BY. ENUM and SET sort by number and compare as text;
# TIME, and DECIMAL beyond Arrow's 38 digits, are read as text.
_COMPARABLE = re.compile(
    r"((tiny|small|medium|big)?int|decimal|char|varchar|(tiny|medium|long)?text"
    r"|date|datetime|timestamp|(var)?binary|(tiny|medium|long)?blob)\b"
)


def has_literal(column: Column) -> bool:
    """Whether `value_literal` of the column's values sorts as the column does."""
    is_converted = is_text_of_number(column) or column.arrow == "bool"
    return bool(_COMPARABLE.match(column.source_type)) and not is_converted


def value_literal(value: object) -> str:
    """A literal that equals the value in any sql_mode and character set; raises TypeError where none does."""
    if isinstance(value, bool) or value is None:
        raise TypeError(f"{value!r} has no literal")
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, bytes):
        return f"X'{value.hex()}'"
    if isinstance(value, str):
        return f"_utf8mb4 X'{value.encode().hex()}'"
    if isinstance(value, datetime):
        return f"'{value.replace(tzinfo=None).isoformat(' ', 'microseconds')}'"
    if isinstance(value, date):
        return f"'{value.isoformat()}'"
    raise TypeError(f"{type(value).__name__} has no literal")


def select_rows(
    table: TableName, columns: Sequence[Column], span: Span, order: Sequence[str] = ()
) -> str:
    """Select the rows of a span, each column by an expression whose text is exact."""
    chosen = ", ".join(
        _EXPRESSIONS[column.read_as].format(quoted(column.name)) for column in columns
    )
    ordered = f" ORDER BY {', '.join(map(quoted, order))}" if order else ""
    return f"SELECT {chosen} FROM {qualified(table)}{_where(span)}{ordered}"


def measure(table: TableName, columns: Sequence[Column], span: Span) -> str:
    """Select the greatest length of each column in a span: the server computes every value of them.

    Without columns, count the rows.
    """
    lengths = ", ".join(
        f"MAX(LENGTH({_EXPRESSIONS[column.read_as].format(quoted(column.name))}))"
        for column in columns
    )
    return f"SELECT {lengths or 'COUNT(*)'} FROM {qualified(table)}{_where(span)}"


def select_nothing(table: TableName) -> str:
    """Select no row of all columns: fails on an unreadable column and on a broken view."""
    return f"SELECT * FROM {qualified(table)} LIMIT 0"


def join_by_key(table: TableName, key: Sequence[str]) -> str:
    """Join the table with itself by columns of its primary key; EXPLAIN shows whether they are all of it."""
    equal = " AND ".join(f"b.{quoted(name)} = a.{quoted(name)}" for name in key)
    name = qualified(table)
    return (
        f"SELECT STRAIGHT_JOIN 1 FROM {name} AS a, {name} AS b FORCE INDEX (PRIMARY) WHERE {equal}"
    )


def explain(query: str) -> str:
    """The plan of a query, one row per table; MySQL 9 has another default format."""
    return f"EXPLAIN FORMAT=TRADITIONAL {query}"


def count_rows(table: TableName, span: Span) -> str:
    """Count the rows of a span."""
    return f"SELECT COUNT(*) FROM {qualified(table)}{_where(span)}"


def cursor_at(table: TableName, span: Span, offset: int) -> str:
    """Select the cursor of the span's row at `offset` in cursor order."""
    column = quoted(span.cursor or "")
    return (
        f"SELECT {column} FROM {qualified(table)}{_where(span)} "
        f"ORDER BY {column} LIMIT 1 OFFSET {offset:d}"
    )


def cursor_after(table: TableName, span: Span) -> str:
    """Select the smallest cursor of the span above its lower bound."""
    column = quoted(span.cursor or "")
    above = f" AND {column} > {literal(span.lower)}" if span.lower is not None else ""
    return f"SELECT MIN({column}) FROM {qualified(table)}{_where(span)}{above}"


def highest(table: TableName, cursor: str) -> str:
    """Select the table's largest cursor."""
    return f"SELECT MAX({quoted(cursor)}) FROM {qualified(table)}"


def lowest(table: TableName, cursor: str) -> str:
    """Select the table's smallest cursor other than the zero date."""
    column = quoted(cursor)
    return f"SELECT MIN({column}) FROM {qualified(table)} WHERE {column} > 0"


def count_without_cursor(
    table: TableName, cursor: str, reach: Bounds, *, zero_is_a_value: bool = False
) -> str:
    """Count the rows in no window: with NULL or the zero date as the cursor, or a value outside `reach`."""
    column = quoted(cursor)
    outside = [f"{column} IS NULL"]
    outside += [] if zero_is_a_value else [f"{column} = 0"]
    outside += [f"{column} < {literal(reach.lower)}"] if reach.lower is not None else []
    outside += [f"{column} >= {literal(reach.upper)}"] if reach.upper is not None else []
    return f"SELECT COUNT(*) FROM {qualified(table)} WHERE {' OR '.join(outside)}"


def count_partial_dates(table: TableName, span: Span) -> str:
    """Count the rows of a span whose cursor is a date without a month or a day."""
    column = quoted(span.cursor or "")
    partial = f"(MONTH({column}) = 0 OR DAYOFMONTH({column}) = 0)"
    return f"SELECT COUNT(*) FROM {qualified(table)}{_where(span) or ' WHERE TRUE'} AND {partial}"


def count_each(table: TableName, span: Span, conditions: Sequence[str]) -> str:
    """Count the rows of a span that meet each of the conditions: one row, in their order."""
    counts = (f"COUNT(CASE WHEN {each} THEN 1 END) AS c{i}" for i, each in enumerate(conditions))
    return f"SELECT {', '.join(counts)} FROM {qualified(table)}{_where(span)}"


def first_where(table: TableName, span: Span, condition: str, chosen: Sequence[str]) -> str:
    """Select expressions of the first row of a span that meets a condition."""
    where = f"{_where(span) or ' WHERE TRUE'} AND ({condition})"
    return f"SELECT {', '.join(chosen)} FROM {qualified(table)}{where} LIMIT 1"


def show_create(table: TableName) -> str:
    """Show the CREATE TABLE of the table, with its current AUTO_INCREMENT."""
    return f"SHOW CREATE TABLE {qualified(table)}"


def set_next_id(table: TableName, next_id: int) -> str:
    """Set the table's next id; advice, not run by the pipeline."""
    return f"ALTER TABLE {qualified(table)} AUTO_INCREMENT = {next_id:d}"


def add_index(table: TableName, columns: Sequence[str]) -> str:
    """Add an index of the columns; advice, not run by the pipeline."""
    return f"ALTER TABLE {qualified(table)} ADD INDEX ({', '.join(map(quoted, columns))})"


def qualified(table: TableName) -> str:
    """The table's name with its database."""
    return f"{quoted(table.database)}.{quoted(table.table)}"


def _where(span: Span) -> str:
    if span.cursor is None:
        return ""
    column = quoted(span.cursor)
    bounds = [f"{column} >= {literal(span.lower)}"] if span.lower is not None else []
    bounds += [f"{column} < {literal(span.upper)}"] if span.upper is not None else []
    bounds += [f"MONTH({column}) > 0", f"DAYOFMONTH({column}) > 0"] if span.whole_dates else []
    if span.after:
        # The bound of the first column is what positions the index.
        first, value = span.after[0]
        bounds += [f"{quoted(first)} >= {value}", _after(span.after)]
    return f" WHERE {' AND '.join(bounds)}" if bounds else ""


def _after(position: Sequence[tuple[str, str]]) -> str:
    """Lexicographic `>`, spelled out: MySQL uses no index for a row comparison."""
    (name, value), *rest = position
    column = quoted(name)
    if not rest:
        return f"{column} > {value}"
    return f"({column} > {value} OR ({column} = {value} AND {_after(rest)}))"
