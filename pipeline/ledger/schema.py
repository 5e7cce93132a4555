"""The warehouse table's columns follow the source's, as far as that is safe."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.columns import Column
from pipeline.errors import DataError
from pipeline.stores import redshift, redshift_sql
from pipeline.stores.redshift_sql import Layout, Relation


def follow(
    connection: redshift.Connection, target: Relation, columns: Sequence[Column], layout: Layout
) -> None:
    """Create the target, or add and widen columns of it; nothing is ever dropped or narrowed.

    Raises DataError, naming both types, for a change that cannot be followed.
    """
    what = f"create {target}"
    redshift.ensure(connection, redshift_sql.create_table(target, columns, layout), what)
    present = redshift.table_columns(connection, target)
    for column in columns:
        if change := _change(target, column, present.get(column.target)):
            redshift.ensure(connection, change, f"alter {target}")


def _change(target: Relation, column: Column, have: str | None) -> str | None:
    """The statement that makes room for the column's values, None where there is room."""
    if have is None:
        return redshift_sql.add_column(target, column)
    if _holds(have, column.redshift):
        return None
    if _holds(column.redshift, have):
        return redshift_sql.widen_column(target, column)
    raise DataError(
        f"{target} holds {column.target} as {have}",
        why=f"the source column is {column.source_type}, which needs {column.redshift}",
        todo=f"give {target} a column of that type by hand, or set another `target:`",
    )


def _holds(one: str, other: str) -> bool:
    """Whether every value of type `other` fits into `one`: VARCHAR and VARBYTE by their length.

    A catalogue may keep a VARBYTE's length to itself; COPY refuses what is too long, it cuts nothing off.
    """
    if one == other:
        return True
    kind, _, length = one.partition("(")
    other_kind, _, other_length = other.partition("(")
    by_length = kind == other_kind and kind in ("VARCHAR", "VARBYTE")
    return by_length and (not length or int(length.rstrip(")")) >= int(other_length.rstrip(")")))
