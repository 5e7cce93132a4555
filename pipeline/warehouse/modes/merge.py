"""load: merge. The target has one row per key, the newest by cursor, whatever the order of the windows."""

from __future__ import annotations

from psycopg2 import extensions

from pipeline.errors import ConfigurationError, DataError
from pipeline.lake.reread_hint import REREAD
from pipeline.model.load_modes import LoadModeName
from pipeline.warehouse import connection as redshift
from pipeline.warehouse import sql as redshift_sql
from pipeline.warehouse.window_load import Counts, StagingTable, WindowLoad

name: LoadModeName = "merge"
needs_key: bool = True
keeps_versions: bool = False
replaces_table: bool = False


def prepare(cursor: extensions.cursor, staging: StagingTable) -> None:
    """Create a second staging table with one row per key; raises DataError where a primary key repeats."""
    _check_case(cursor, staging)
    merge = staging.merge
    cursor.execute(merge.keep_newest)
    _check_keys(staging.load, redshift.scalar(cursor, merge.count_newest))


def apply(cursor: extensions.cursor, staging: StagingTable) -> Counts:
    """Replace older versions of the staged rows, insert missing ones; raises DataError for one left out."""
    if not staging.load.csv.rows:
        return Counts()
    merge = staging.merge
    replaced = redshift.affected(cursor, merge.delete_older)
    loaded = redshift.affected(cursor, merge.insert_missing)
    if unmerged := redshift.scalar(cursor, merge.count_unmerged):
        raise DataError(
            f"{unmerged} rows of the staging table did not reach {staging.load.target}",
            why="their keys are equal in the warehouse but not in the source",
            todo="check that `key:` identifies a row; nothing was loaded",
        )
    return Counts(loaded, replaced)


def _check_case(cursor: extensions.cursor, staging: StagingTable) -> None:
    """Raise ConfigurationError where the warehouse ignores case: keys that differ in case would merge."""
    load = staging.load
    for name in sorted(load.texts.intersection(load.key)):
        if redshift.scalar(cursor, redshift_sql.count_case_ignored(staging.relation, name)):
            raise ConfigurationError(
                f"the warehouse ignores the case of {name}, a key column",
                why="the database was created with COLLATE CASE_INSENSITIVE",
                todo="load into a CASE_SENSITIVE database, or use load: append",
            )


def _check_keys(load: WindowLoad, distinct: int) -> None:
    """Raise DataError where a primary key repeats; columns of `key:` may, and the newest row stays."""
    if load.table.key or distinct == load.csv.rows:
        return
    raise DataError(
        f"{load.csv.rows} rows have only {distinct} distinct keys",
        why=f"{', '.join(load.key)} is the source's primary key, but a row was read twice: its cursor"
        " was set back within the window while its chunks were read",
        todo=REREAD,
    )
