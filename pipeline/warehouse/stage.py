"""The stage: a window's rows in a temporary table of this session's own, counted and checked.

It is filled before the target's lock is taken, so that readers wait for the merge alone
(docs/decisions/0004).
"""

from __future__ import annotations

from psycopg2 import extensions

from pipeline.errors import ConfigurationError, DataError
from pipeline.lake.keys import Keys
from pipeline.lake.s3 import Store
from pipeline.warehouse import connection as redshift
from pipeline.warehouse import copy, schema_evolution, table_sql
from pipeline.warehouse import sql as redshift_sql
from pipeline.warehouse.schema_evolution import Target
from pipeline.warehouse.sql import CopySource, Relation
from pipeline.warehouse.window_load import ANEW, Load


def check_parts(store: Store, load: Load) -> None:
    """Raise DataError unless what COPY is to read is there, as large as its manifest says."""
    keys, window = Keys(load.table.name), load.window
    in_lake = load.csv.format == "parquet"
    folder = keys.lake_folder(window) if in_lake else keys.csv_folder(window)
    stored = {f.key: f.bytes for f in store.list(folder)}
    for part in load.csv.parts:
        if stored.get(part.key) != part.bytes:
            raise DataError(
                f"{store.url(part.key)} is not what its manifest says",
                why=f"{part.bytes} bytes were written, {stored.get(part.key, 'none')} are there",
                todo=ANEW
                if in_lake
                else "delete the window's CSV marker, and it is converted again",
            )


def fill(
    connection: redshift.Connection,
    store: Store,
    load: Load,
    stage: Relation,
    target: Target,
    credentials: str,
) -> None:
    """COPY the window into a new stage; for a merge, make another of it that has each key once.

    Raises LoadRefused when COPY refuses a value, DataError when counts differ.
    """
    staged = {column.target: column.redshift for column in load.staged}
    source = CopySource(
        manifest_url=store.url(load.csv.copy_manifest),
        region=store.settings.region,
        credentials=credentials,
        null_token=load.csv.null_token,
        compression=load.csv.compression,
        format=load.csv.format,
    )
    with connection.cursor() as cursor:
        cursor.execute(table_sql.create_stage(stage, staged, load.layout))
        load.check_count("COPY reports", copy.copy(connection, stage, tuple(staged), source))
        _restore_empty(cursor, load, stage)
        rows = redshift.scalar(cursor, redshift_sql.count(stage))
        load.check_count("the stage holds", rows)
        _check_nulls(cursor, load, stage, target)
        if load.table.definition.load_mode == "merge":
            _check_case(cursor, load, stage)
            merge = load.merge(stage, target)
            cursor.execute(merge.keep_newest)
            _check_keys(load, redshift.scalar(cursor, merge.count_newest))


def _restore_empty(cursor: extensions.cursor, load: Load, stage: Relation) -> None:
    """COPY has no word for bytes of length zero: something else came for them (docs/decisions/0011)."""
    for name, token in load.csv.empty_tokens.items():
        rows = copy.restore_empty(cursor, stage, load.stage_name(name), token)
        if rows != load.csv.empty_bytes[name]:
            raise DataError(
                f"{rows} values of {name} have the length zero in the warehouse",
                why=f"the CSV manifest has {load.csv.empty_bytes[name]}; nothing was loaded",
                todo=f"make them NULL with `columns: {{{name}: {{on_empty_bytes: null}}}}`",
            )


def _check_nulls(cursor: extensions.cursor, load: Load, stage: Relation, target: Target) -> None:
    """A column that was part of a key once is NOT NULL in the warehouse still."""
    for column in load.definitions:
        if column.target not in target.required or not column.nullable:
            continue
        if rows := redshift.scalar(cursor, redshift_sql.count_nulls(stage, column.target)):
            raise schema_evolution.not_null(target, column.target, load.layout, rows)


def _check_case(cursor: extensions.cursor, load: Load, stage: Relation) -> None:
    """Where the warehouse ignores case, two keys of the source may be one, and a row be lost."""
    for name in sorted(load.texts.intersection(load.key)):
        if redshift.scalar(cursor, redshift_sql.count_case_ignored(stage, name)):
            raise ConfigurationError(
                f"the warehouse takes values of {name} that differ in case for one, and it is a key",
                why="the database was made with COLLATE CASE_INSENSITIVE",
                todo="load into a database that is CASE_SENSITIVE, or with load: append",
            )


def _check_keys(load: Load, distinct: int) -> None:
    """A primary key is unique; what `key:` names instead may repeat, and the newest row stays."""
    if load.table.definition.key or distinct == load.csv.rows:
        return
    raise DataError(
        f"{load.csv.rows} rows have only {distinct} different keys",
        why=f"{', '.join(load.key)} is the primary key in the source, but a row was read twice: its cursor"
        " was set back within the window between the reading of two chunks",
        todo=ANEW,
    )
