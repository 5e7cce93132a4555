"""Redshift's SQL, as text: the only place that writes any.

Names are folded and quoted, strings never hold a backslash (Redshift reads it as an escape, and E''
is refused), nothing here uses TRUNCATE, DROP or RENAME of a loaded table.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.model.cursors import Bounds

_INTEGER = re.compile(r"-?[0-9]+")


@dataclass(frozen=True)
class Relation:
    """A table or view in a schema; a temporary table has none."""

    schema: str | None
    name: str

    def __str__(self) -> str:
        return f"{quoted(self.schema)}.{quoted(self.name)}" if self.schema else quoted(self.name)


def quoted(identifier: str) -> str:
    """A Redshift identifier: folded to lower case, as the server would."""
    return '"' + identifier.lower().replace('"', '""') + '"'


def listed(columns: Iterable[str]) -> str:
    """Identifiers, separated by commas."""
    return ", ".join(map(quoted, columns))


def literal(text: str) -> str:
    """A string literal; raises ValueError for a backslash, which servers read in two ways."""
    if "\\" in text:
        raise ValueError("a literal with a backslash does not mean the same on every server")
    return "'" + text.replace("'", "''") + "'"


@dataclass(frozen=True)
class CopySource:
    """What COPY reads: a manifest's URL, its region, how to log in to S3, how its files are written.

    `null_token` and `compression` are those of CSV; Parquet says both itself.
    """

    manifest_url: str
    region: str
    credentials: str
    null_token: str
    compression: str
    format: str = "csv"


def copy(stage: Relation, columns: Iterable[str], source: CopySource) -> str:
    """COPY by manifest; holds credentials, so it is never logged.

    CSV is loaded with an explicit column list. Parquet is loaded by position into all columns of the
    stage, and neither a region nor MAXERROR may be named:
    https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-copy-from-columnar.html
    """
    if source.format == "parquet":
        return (
            f"COPY {stage}\n"
            f"FROM {literal(source.manifest_url)}\n"
            f"{source.credentials}\n"
            f"MANIFEST FORMAT AS PARQUET STATUPDATE OFF"
        )
    return (
        f"COPY {stage} ({listed(columns)})\n"
        f"FROM {literal(source.manifest_url)}\n"
        f"{source.credentials}\n"
        f"REGION {literal(source.region)} MANIFEST\n"
        f"FORMAT AS CSV DELIMITER '|' QUOTE '\"' NULL AS {literal(source.null_token)}\n"
        f"{source.compression.upper()} TIMEFORMAT 'auto' DATEFORMAT 'auto'\n"
        f"COMPUPDATE OFF STATUPDATE OFF MAXERROR 0"
    )


def restore_empty(stage: Relation, column: str, token: str) -> str:
    """Bytes of length zero, for which COPY has no word, in place of those of the hexadecimal `token`."""
    return (
        f"UPDATE {stage} SET {quoted(column)} = CAST('' AS VARBYTE) "
        f"WHERE {quoted(column)} = FROM_HEX({literal(token)})"
    )


def count_empty(stage: Relation, column: str) -> str:
    """How many bytes of length zero a column has."""
    return f"SELECT COUNT(*) FROM {stage} WHERE OCTET_LENGTH({quoted(column)}) = 0"


def role_credentials(role: str) -> str:
    """COPY's clause for a role attached to the cluster."""
    return "IAM_ROLE default" if role == "default" else f"IAM_ROLE {literal(role)}"


def key_credentials(access_key: str, secret_key: str, token: str | None) -> str:
    """COPY's clause for an access key, in the form that every format takes."""
    pairs = [f"aws_access_key_id={access_key}", f"aws_secret_access_key={secret_key}"]
    pairs += [f"token={token}"] if token else []
    return f"CREDENTIALS {literal(';'.join(pairs))}"


def delete_window(target: Relation, cursor: str, bounds: Bounds) -> str:
    """Remove the rows of a window."""
    return f"DELETE FROM {target} WHERE {_between(cursor, bounds)}"


def delete_all(target: Relation) -> str:
    """Remove every row; unlike TRUNCATE it does not commit."""
    return f"DELETE FROM {target}"


def insert_stage(
    target: Relation, stage: Relation, columns: Sequence[str], values: Mapping[str, str]
) -> str:
    """Add every row of the stage; `values` are its columns that have another type in the target."""
    chosen = ", ".join(values.get(column, quoted(column)) for column in columns)
    return f"INSERT INTO {target} ({listed(columns)})\nSELECT {chosen} FROM {stage}"


def count_case_ignored(table: Relation, column: str) -> str:
    """How many texts are another in upper case and yet compare equal: none, but where case is ignored.

    A database or a column may be so: https://docs.aws.amazon.com/redshift/latest/dg/r_COLLATE.html
    """
    text = quoted(column)
    return f"SELECT COUNT(*) FROM {table} WHERE {text} = UPPER({text}) AND MD5({text}) <> MD5(UPPER({text}))"


def count_nulls(table: Relation, column: str) -> str:
    """How many rows have no value in the column."""
    return f"SELECT COUNT(*) FROM {table} WHERE {quoted(column)} IS NULL"


def lock(table: Relation) -> str:
    """Must be the first statement of its transaction, so that what follows sees what others committed."""
    return f"LOCK TABLE {table}"


def count(table: Relation) -> str:
    """How many rows a table has."""
    return f"SELECT COUNT(*) FROM {table}"


def count_window(table: Relation, cursor: str, bounds: Bounds) -> str:
    """How many rows of a window a table has."""
    return f"SELECT COUNT(*) FROM {table} WHERE {_between(cursor, bounds)}"


def _between(cursor: str, bounds: Bounds) -> str:
    column = quoted(cursor)
    parts = [f"{column} >= {_bound(bounds.lower)}"] if bounds.lower is not None else []
    parts += [f"{column} < {_bound(bounds.upper)}"] if bounds.upper is not None else []
    return " AND ".join(parts) or "TRUE"


def _bound(text: str) -> str:
    """An integer stays a number: as text it would be taken for the column's type, which may not hold it."""
    return text if _INTEGER.fullmatch(text) else literal(text)


def probe(relation: Relation) -> str:
    """Fails where the relation, or one beneath it, is not there."""
    return f"SELECT 1 FROM {relation} LIMIT 0"


def create_schema(name: str) -> str:
    """What a person may run to have a schema to load into."""
    return f"CREATE SCHEMA {quoted(name)}"


# https://docs.aws.amazon.com/redshift/latest/dg/r_PG_NAMESPACE.html
SCHEMA = "SELECT 1 FROM pg_namespace WHERE nspname = %s"


def create_view(view: Relation, query: str) -> str:
    """A late-binding view: it survives whatever happens to the tables beneath it."""
    return f"CREATE OR REPLACE VIEW {view} AS\n{query}\nWITH NO SCHEMA BINDING"


def latest_rows(
    source: Relation,
    columns: Sequence[str],
    business_key: Sequence[str],
    order: Sequence[str],
    text_key: Sequence[str] = (),
) -> str:
    """The latest row per business key, by `order` descending; `text_key` are those of it that are text.

    A row without a value to order by is the oldest: NULL would come first in Redshift.
    """
    rank = free_name(columns)
    newest_first = ", ".join(f"{quoted(column)} DESC NULLS LAST" for column in order)
    return (
        f"SELECT {listed(columns)} FROM (\n"
        f"  SELECT {listed(columns)}, ROW_NUMBER() OVER (\n"
        f"    PARTITION BY {identity(business_key, text_key)} ORDER BY {newest_first}\n"
        f"  ) AS {rank} FROM {source}\n"
        f") AS ranked WHERE {rank} = 1"
    )


def identity(key: Sequence[str], text_key: Sequence[str]) -> str:
    """What to group by so that texts that differ by trailing spaces are not one, as Redshift has it."""
    return ", ".join([*map(quoted, key), *(f"LEN({quoted(column)})" for column in text_key)])


def free_name(columns: Iterable[str]) -> str:
    """A column's name that none of the columns has."""
    taken, rank = set(columns), "version_rank"
    while rank in taken:
        rank += "_"
    return quoted(rank)
