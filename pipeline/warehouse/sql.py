"""Redshift's SQL as text: names, literals, COPY, and the statements on rows.

Names are folded and quoted. Literals contain no backslash, which Redshift reads as an escape. No statement
truncates, drops or renames a loaded table.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.model.cursors import Bounds

_INTEGER = re.compile(r"-?[0-9]+")


@dataclass(frozen=True)
class Relation:
    """A table or view; a temporary table has no schema."""

    schema: str | None
    name: str

    def __str__(self) -> str:
        return f"{quoted(self.schema)}.{quoted(self.name)}" if self.schema else quoted(self.name)


def quoted(identifier: str) -> str:
    """A quoted identifier, folded to lower case as the server would."""
    return '"' + identifier.lower().replace('"', '""') + '"'


def listed(columns: Iterable[str]) -> str:
    """Quoted identifiers, separated by commas."""
    return ", ".join(map(quoted, columns))


def literal(text: str) -> str:
    """A string literal; raises ValueError for a backslash, whose meaning differs between servers."""
    if "\\" in text:
        raise ValueError("a literal with a backslash does not mean the same on every server")
    return "'" + text.replace("'", "''") + "'"


@dataclass(frozen=True)
class CopySource:
    """What COPY reads: a manifest, its region, the credentials clause, the format of its files.

    `null_token` and `compression` apply to CSV only.
    """

    manifest_url: str
    region: str
    credentials: str
    null_token: str
    compression: str
    format: str = "csv"


def copy(staging: Relation, columns: Iterable[str], source: CopySource) -> str:
    """COPY by manifest. The statement contains credentials: do not log it.

    CSV is loaded with a column list, Parquet by position into all columns of the staging table, without
    REGION and MAXERROR, which COPY does not accept for it:
    https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-copy-from-columnar.html
    """
    if source.format == "parquet":
        return (
            f"COPY {staging}\n"
            f"FROM {literal(source.manifest_url)}\n"
            f"{source.credentials}\n"
            f"MANIFEST FORMAT AS PARQUET STATUPDATE OFF"
        )
    return (
        f"COPY {staging} ({listed(columns)})\n"
        f"FROM {literal(source.manifest_url)}\n"
        f"{source.credentials}\n"
        f"REGION {literal(source.region)} MANIFEST\n"
        f"FORMAT AS CSV DELIMITER '|' QUOTE '\"' NULL AS {literal(source.null_token)}\n"
        f"{source.compression.upper()} TIMEFORMAT 'auto' DATEFORMAT 'auto'\n"
        f"COMPUPDATE OFF STATUPDATE OFF MAXERROR 0"
    )


def restore_empty(staging: Relation, column: str, token: str) -> str:
    """Replace `token` (hex) by bytes of length zero, which COPY cannot express."""
    return (
        f"UPDATE {staging} SET {quoted(column)} = CAST('' AS VARBYTE) "
        f"WHERE {quoted(column)} = FROM_HEX({literal(token)})"
    )


def count_empty(staging: Relation, column: str) -> str:
    """Count the values of length zero."""
    return f"SELECT COUNT(*) FROM {staging} WHERE OCTET_LENGTH({quoted(column)}) = 0"


def role_credentials(role: str) -> str:
    """COPY's credentials clause for a role attached to the cluster."""
    return "IAM_ROLE default" if role == "default" else f"IAM_ROLE {literal(role)}"


def key_credentials(access_key: str, secret_key: str, token: str | None) -> str:
    """COPY's credentials clause for an access key, in the form that every file format accepts."""
    pairs = [f"aws_access_key_id={access_key}", f"aws_secret_access_key={secret_key}"]
    pairs += [f"token={token}"] if token else []
    return f"CREDENTIALS {literal(';'.join(pairs))}"


def delete_window(target: Relation, cursor: str, bounds: Bounds) -> str:
    """Delete the rows of a window."""
    return f"DELETE FROM {target} WHERE {between(cursor, bounds)}"


def delete_all(target: Relation) -> str:
    """Delete every row; unlike TRUNCATE it does not commit."""
    return f"DELETE FROM {target}"


def insert_staged(
    target: Relation, staging: Relation, columns: Sequence[str], values: Mapping[str, str]
) -> str:
    """Insert every staged row; `values` are expressions for columns of another type in the target."""
    chosen = ", ".join(values.get(column, quoted(column)) for column in columns)
    return f"INSERT INTO {target} ({listed(columns)})\nSELECT {chosen} FROM {staging}"


def count_case_ignored(table: Relation, column: str) -> str:
    """Count the texts that differ from their upper case but compare equal to it: 0 unless case is ignored.

    A database or a column may ignore case: https://docs.aws.amazon.com/redshift/latest/dg/r_COLLATE.html
    """
    text = quoted(column)
    return f"SELECT COUNT(*) FROM {table} WHERE {text} = UPPER({text}) AND MD5({text}) <> MD5(UPPER({text}))"


def count_nulls(table: Relation, column: str) -> str:
    """Count the rows where the column is NULL."""
    return f"SELECT COUNT(*) FROM {table} WHERE {quoted(column)} IS NULL"


def lock(table: Relation) -> str:
    """LOCK, the first statement of its transaction: the snapshot of the next one has all earlier commits."""
    return f"LOCK TABLE {table}"


def count(table: Relation) -> str:
    """Count the rows of a table."""
    return f"SELECT COUNT(*) FROM {table}"


def any_row(table: Relation) -> str:
    """One row, if the table has any."""
    return f"SELECT 1 FROM {table} LIMIT 1"


def comment_on(table: Relation, text: str) -> str:
    """COMMENT ON TABLE; `text` is a literal."""
    return f"COMMENT ON TABLE {table} IS {text}"


def count_window(table: Relation, cursor: str, bounds: Bounds) -> str:
    """Count the rows of a window."""
    return f"SELECT COUNT(*) FROM {table} WHERE {between(cursor, bounds)}"


def between(cursor: str, bounds: Bounds) -> str:
    """The condition of a range of the cursor."""
    column = quoted(cursor)
    parts = [f"{column} >= {bound(bounds.lower)}"] if bounds.lower is not None else []
    parts += [f"{column} < {bound(bounds.upper)}"] if bounds.upper is not None else []
    return " AND ".join(parts) or "TRUE"


def bound(text: str) -> str:
    """A bound as SQL: an integer unquoted, as a literal takes the column's type, which may be too small."""
    return text if _INTEGER.fullmatch(text) else literal(text)


def probe(relation: Relation) -> str:
    """A query that fails where the relation, or one it reads, is missing."""
    return f"SELECT 1 FROM {relation} LIMIT 0"


def create_schema(name: str) -> str:
    """CREATE SCHEMA, for a person to run."""
    return f"CREATE SCHEMA {quoted(name)}"


# https://docs.aws.amazon.com/redshift/latest/dg/r_PG_NAMESPACE.html
SCHEMA = "SELECT 1 FROM pg_namespace WHERE nspname = %s"


def create_view(view: Relation, query: str) -> str:
    """A late-binding view, which survives changes of its tables."""
    return f"CREATE OR REPLACE VIEW {view} AS\n{query}\nWITH NO SCHEMA BINDING"


def latest_rows(
    source: Relation,
    columns: Sequence[str],
    key: Sequence[str],
    order: Sequence[str],
    text_key: Sequence[str] = (),
    values: Mapping[str, str] = {},
) -> str:
    """The latest row per key, by `order` descending; `values` are expressions to select for columns.

    NULL counts as the oldest; Redshift would sort it first. `text_key` are the key's text columns: their
    lengths keep texts apart that differ in trailing spaces, which Redshift ignores.
    """
    rank = quoted(free_name("version_rank", columns))
    newest_first = ", ".join(f"{quoted(c)} DESC NULLS LAST" for c in order)
    parts = ", ".join([*map(quoted, key), *(f"LEN({quoted(c)})" for c in text_key)])
    chosen = (f"{values[c]} AS {quoted(c)}" if c in values else quoted(c) for c in columns)
    return (
        f"SELECT {', '.join(chosen)} FROM (\n"
        f"  SELECT {listed(columns)}, ROW_NUMBER() OVER (\n"
        f"    PARTITION BY {parts} ORDER BY {newest_first}\n"
        f"  ) AS {rank} FROM {source}\n"
        f") AS ranked WHERE {rank} = 1"
    )


def free_name(name: str, taken: Collection[str]) -> str:
    """The name, with underscores appended until it is not taken."""
    while name in taken:
        name += "_"
    return name
