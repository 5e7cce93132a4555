"""Redshift's SQL, as text: the only place that writes any.

Names are folded and quoted, strings never hold a backslash (Redshift reads it as an escape, and E''
is refused), nothing here uses TRUNCATE, DROP or RENAME of a loaded table.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.columns import Column


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


def literal(text: str) -> str:
    """A string literal; raises ValueError for a backslash, which servers read in two ways."""
    if "\\" in text:
        raise ValueError("a literal with a backslash does not mean the same on every server")
    return "'" + text.replace("'", "''") + "'"


@dataclass(frozen=True)
class Layout:
    """What a warehouse table has besides columns: its key, and how it is distributed and sorted."""

    key: tuple[str, ...] = ()
    distkey: str | None = None
    sortkey: tuple[str, ...] = ()


def create_table(table: Relation, columns: Sequence[Column], layout: Layout) -> str:
    """CREATE TABLE IF NOT EXISTS for the columns of a source table.

    Only key columns are NOT NULL: a column that was NOT NULL once may be altered in the source.
    """
    lines = [
        f"{quoted(c.target)} {c.redshift}{' NOT NULL' if c.target in layout.key else ''}"
        for c in columns
    ]
    if layout.key:
        lines.append(f"PRIMARY KEY ({_list(layout.key)})")
    body = ",\n  ".join(lines)
    distkey, sortkey = layout.distkey, layout.sortkey
    attributes = f" DISTSTYLE KEY DISTKEY ({quoted(distkey)})" if distkey else ""
    attributes += f" COMPOUND SORTKEY ({_list(sortkey)})" if sortkey else ""
    return f"CREATE TABLE IF NOT EXISTS {table} (\n  {body}\n){attributes}"


def add_column(table: Relation, column: Column) -> str:
    """Redshift adds one column per statement."""
    return f"ALTER TABLE {table} ADD COLUMN {quoted(column.target)} {column.redshift}"


def widen_column(table: Relation, column: Column) -> str:
    """Redshift widens a VARCHAR in place, outside a transaction block."""
    return f"ALTER TABLE {table} ALTER COLUMN {quoted(column.target)} TYPE {column.redshift}"


def create_stage(stage: Relation, target: Relation) -> str:
    """A temporary table like the target, seen by this session alone."""
    return f"CREATE TEMPORARY TABLE {stage} (LIKE {target})"


@dataclass(frozen=True)
class CopySource:
    """What COPY reads: a manifest's URL, its region, how to log in to S3, how its files are written."""

    manifest_url: str
    region: str
    credentials: str
    null_token: str
    compression: str


def copy(stage: Relation, columns: Iterable[str], source: CopySource) -> str:
    """COPY by manifest with an explicit column list; holds credentials, so it is never logged."""
    return (
        f"COPY {stage} ({_list(columns)})\n"
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
    """COPY's clause for an access key."""
    clause = f"ACCESS_KEY_ID {literal(access_key)} SECRET_ACCESS_KEY {literal(secret_key)}"
    return f"{clause} SESSION_TOKEN {literal(token)}" if token else clause


@dataclass(frozen=True)
class Merge:
    """The statements that bring a stage into a target, one row per key, the newest by cursor."""

    target: Relation
    stage: Relation
    columns: tuple[str, ...]
    key: tuple[str, ...]
    cursor: str
    text_key: tuple[str, ...] = ()
    """Those of the key that are text. Redshift overlooks trailing spaces when it compares, so that
    lengths are compared too: https://docs.aws.amazon.com/redshift/latest/dg/r_Character_types.html"""

    @property
    def keep_newest(self) -> str:
        """A second stage with one row per key: the newest by cursor."""
        rank = _rank(self.columns)
        return (
            f"CREATE TEMPORARY TABLE {self.newest} AS\n"
            f"SELECT {_list(self.columns)} FROM (\n"
            f"  SELECT {_list(self.columns)}, ROW_NUMBER() OVER (\n"
            f"    PARTITION BY {self._identity} ORDER BY {quoted(self.cursor)} DESC NULLS LAST\n"
            f"  ) AS {rank} FROM {self.stage}\n"
            f") AS ranked WHERE {rank} = 1"
        )

    @property
    def count_newest(self) -> str:
        """How many keys the stage has."""
        return count(self.newest)

    @property
    def newest(self) -> Relation:
        """The second stage."""
        return Relation(None, f"{self.stage.name}_newest")

    @property
    def delete_older(self) -> str:
        """Remove what the stage has in the same or a newer version."""
        return (
            f"DELETE FROM {self.target} USING {self.newest} AS stage\n"
            f"WHERE {self._same_key(str(self.target))}\n"
            f"AND ({self.target}.{quoted(self.cursor)} IS NULL "
            f"OR {self.target}.{quoted(self.cursor)} <= stage.{quoted(self.cursor)})"
        )

    @property
    def insert_missing(self) -> str:
        """Add what the target does not have, or no longer has."""
        return (
            f"INSERT INTO {self.target} ({_list(self.columns)})\n"
            f"SELECT {_list(self.columns)} FROM {self.newest} AS stage\n"
            f"WHERE NOT EXISTS (SELECT 1 FROM {self.target} AS loaded "
            f"WHERE {self._same_key('loaded')})"
        )

    @property
    def count_unmerged(self) -> str:
        """Rows of the stage that the target has neither in this nor in a newer version: must be 0."""
        return (
            f"SELECT COUNT(*) FROM {self.newest} AS stage\n"
            f"WHERE NOT EXISTS (SELECT 1 FROM {self.target} AS loaded WHERE {self._same_key('loaded')}\n"
            f"AND (stage.{quoted(self.cursor)} IS NULL "
            f"OR loaded.{quoted(self.cursor)} >= stage.{quoted(self.cursor)}))"
        )

    def _same_key(self, other: str) -> str:
        same = [f"{other}.{quoted(k)} = stage.{quoted(k)}" for k in self.key]
        same += [f"LEN({other}.{quoted(k)}) = LEN(stage.{quoted(k)})" for k in self.text_key]
        return " AND ".join(same)

    @property
    def _identity(self) -> str:
        return ", ".join([*map(quoted, self.key), *(f"LEN({quoted(k)})" for k in self.text_key)])


def delete_window(target: Relation, cursor: str, start: str, end: str) -> str:
    """Remove the rows of a window (bounds as timestamps in UTC)."""
    column = quoted(cursor)
    return f"DELETE FROM {target} WHERE {column} >= {literal(start)} AND {column} < {literal(end)}"


def delete_all(target: Relation) -> str:
    """Remove every row; unlike TRUNCATE it does not commit."""
    return f"DELETE FROM {target}"


def insert_stage(target: Relation, stage: Relation, columns: Sequence[str]) -> str:
    """Add every row of the stage."""
    return f"INSERT INTO {target} ({_list(columns)})\nSELECT {_list(columns)} FROM {stage}"


def lock(table: Relation) -> str:
    """Must be the first statement of its transaction, so that what follows sees what others committed."""
    return f"LOCK TABLE {table}"


def count(table: Relation) -> str:
    """How many rows a table has."""
    return f"SELECT COUNT(*) FROM {table}"


def count_window(table: Relation, cursor: str, start: str, end: str) -> str:
    """How many rows of a span a table has (bounds as timestamps in UTC)."""
    column = quoted(cursor)
    bounds = f"{column} >= {literal(start)} AND {column} < {literal(end)}"
    return f"SELECT COUNT(*) FROM {table} WHERE {bounds}"


def probe(relation: Relation) -> str:
    """Fails where the relation, or one beneath it, is not there."""
    return f"SELECT 1 FROM {relation} LIMIT 0"


TABLE_COLUMNS = """
SELECT column_name, data_type, character_maximum_length, numeric_precision, numeric_scale
FROM svv_columns WHERE table_schema = %s AND table_name = %s ORDER BY ordinal_position
"""


def create_view(view: Relation, query: str) -> str:
    """A late-binding view: it survives whatever happens to the tables beneath it."""
    return f"CREATE OR REPLACE VIEW {view} AS\n{query}\nWITH NO SCHEMA BINDING"


def latest_rows(
    source: Relation, columns: Sequence[str], business_key: Sequence[str], order: Sequence[str]
) -> str:
    """The latest row per business key, by `order` descending."""
    newest_first = ", ".join(f"{quoted(column)} DESC" for column in order)
    rank = _rank(columns)
    return (
        f"SELECT {_list(columns)} FROM (\n"
        f"  SELECT {_list(columns)}, ROW_NUMBER() OVER (\n"
        f"    PARTITION BY {_list(business_key)} ORDER BY {newest_first}\n"
        f"  ) AS {rank} FROM {source}\n"
        f") AS ranked WHERE {rank} = 1"
    )


def _rank(columns: Iterable[str]) -> str:
    """A column's name that none of the columns has."""
    taken, rank = set(columns), "version_rank"
    while rank in taken:
        rank += "_"
    return quoted(rank)


def _list(columns: Iterable[str]) -> str:
    return ", ".join(map(quoted, columns))
