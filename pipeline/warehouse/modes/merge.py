"""load: merge. The target has one row per key, the newest by cursor, whatever the order of the windows."""

from __future__ import annotations

from psycopg2 import extensions

from pipeline.errors import ConfigurationError, DataError
from pipeline.lake.reread_hint import REREAD
from pipeline.model.load_modes import LoadModeName
from pipeline.policies.extraction import abbreviated
from pipeline.warehouse import connection as redshift
from pipeline.warehouse import sql as redshift_sql
from pipeline.warehouse.window_load import Counts, StagingTable

name: LoadModeName = "merge"
needs_key: bool = True
keeps_versions: bool = False
replaces_table: bool = False


def prepare(cursor: extensions.cursor, staging: StagingTable) -> None:
    """Create a second staging table with one row per key; raises DataError where a primary key repeats."""
    _check_case(cursor, staging)
    merge = staging.merge
    cursor.execute(merge.keep_newest)
    _check_keys(cursor, staging)


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


def _check_keys(cursor: extensions.cursor, staging: StagingTable) -> None:
    """Raise DataError where a primary key repeats; columns of `key:` may, and the newest row stays."""
    load = staging.load
    distinct = redshift.scalar(cursor, staging.merge.count_newest)
    if not load.table.key and distinct != load.csv.rows:
        why, todo = _repeated(cursor, staging)
        problem = f"{load.csv.rows} rows have only {distinct} distinct keys"
        raise DataError(problem, why=why, todo=todo)


def _repeated(cursor: extensions.cursor, staging: StagingTable) -> tuple[str, str]:
    """Why a primary key repeats, and the next action.

    Chunks, and the parts of a resumed read, share no cursor value: a row that was read twice has two.
    """
    load = staging.load
    cursor.execute(staging.merge.repeated_key)
    surplus, lowest, highest, *values = cursor.fetchone() or (0, None, None)
    pairs = zip(load.key, values, strict=True)
    rows = f"rows with {', '.join(f'{name}={abbreviated(value)}' for name, value in pairs)} have"
    equal = "keys that differ in the source are equal in the warehouse"
    todo = "name other columns in `key:`, or keep every row with load: append"
    if surplus:
        return f"{rows} the same {load.cursor}, {lowest}: {equal}", todo
    moved = "a row that moved within the window during the read was read twice"
    why = f"{rows} {load.cursor} {lowest} and {highest}: {moved}, or {equal}"
    return why, f"{REREAD}; if it recurs, {todo}"
