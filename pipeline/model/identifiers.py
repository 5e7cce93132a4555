"""Identifiers: their form in the warehouse, and the matching of names to columns."""

from __future__ import annotations

from collections.abc import Iterable

# Bytes; https://docs.aws.amazon.com/redshift/latest/dg/r_names.html
MAX_IDENTIFIER_BYTES = 127
# Columns of a table; https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_TABLE_NEW.html
MAX_COLUMNS = 1_600
# The pipeline's own tables in the warehouse.
LEDGER = "pipeline_ledger"
VIEWS = "pipeline_views"
# Columns of every table in PostgreSQL and Redshift: no other column may have their names, even quoted.
SYSTEM_COLUMNS = frozenset({"oid", "tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"})


def fold(identifier: str) -> str:
    """The warehouse name of a source identifier.

    Redshift folds even quoted names to lower case and allows 127 bytes; raises ValueError for an empty or
    longer name.
    """
    folded = identifier.lower()
    size = len(folded.encode()) if folded.strip() else 0
    if not 0 < size <= MAX_IDENTIFIER_BYTES:
        raise ValueError(
            f"{identifier!r} is {size} bytes; Redshift holds 1 to {MAX_IDENTIFIER_BYTES}"
        )
    return folded


def spelled(name: str, among: Iterable[str]) -> str | None:
    """The column that a name refers to: the exact match, else one that differs only in case.

    MySQL folds fewer letters than Python, so a table may have both.

    >>> spelled("ƚ", ["Ƚ", "ƚ"]), spelled("ID", ["Id"]), spelled("no", ["id"])
    ('ƚ', 'Id', None)
    """
    columns = tuple(among)
    if name in columns:
        return name
    return next((column for column in columns if column.lower() == name.lower()), None)


def all_spelled(names: Iterable[str], among: Iterable[str]) -> frozenset[str]:
    """The columns that the names refer to."""
    columns = tuple(among)
    return frozenset(column for name in names if (column := spelled(name, columns)) is not None)


def in_one_case(name: str) -> bytes:
    """A column's name with ASCII letters in lower case."""
    return name.encode().lower()


def left_out(names: Iterable[str], among: Iterable[str]) -> frozenset[str]:
    """The columns of a window that `exclude:` names, ignoring the case of ASCII letters only.

    The column referred to may be excluded already, and a column with a similar name must be kept.

    >>> sorted(left_out(["Ƚ", "SECRET"], ["ƚ", "secret", "id"]))
    ['secret']
    """
    folded = set(map(in_one_case, names))
    return frozenset(column for column in among if in_one_case(column) in folded)
