"""Identifiers: what the warehouse makes of a name, and which column of a table a name means."""

from __future__ import annotations

from collections.abc import Iterable

# Bytes; https://docs.aws.amazon.com/redshift/latest/dg/r_names.html
MAX_IDENTIFIER_BYTES = 127
# The tables the pipeline keeps for itself in the warehouse.
LEDGER = "pipeline_ledger"
VIEWS = "pipeline_views"
# What PostgreSQL, and Redshift with it, has in every table: no column of ours may be named so, quoted or not.
SYSTEM_COLUMNS = frozenset({"oid", "tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"})


def fold(identifier: str) -> str:
    """The name a source identifier gets in the warehouse.

    Redshift folds to lower case even what is quoted, and holds 127 bytes; raises ValueError when the
    name does not fit or is empty.
    """
    folded = identifier.lower()
    size = len(folded.encode()) if folded.strip() else 0
    if not 0 < size <= MAX_IDENTIFIER_BYTES:
        raise ValueError(
            f"{identifier!r} is {size} bytes; Redshift holds 1 to {MAX_IDENTIFIER_BYTES}"
        )
    return folded


def spelled(name: str, among: Iterable[str]) -> str | None:
    """Which of a table's columns a name means: the one spelled so, else one that differs in case alone.

    MySQL folds fewer letters than Python does, so that a table may have both.

    >>> spelled("ƚ", ["Ƚ", "ƚ"]), spelled("ID", ["Id"]), spelled("no", ["id"])
    ('ƚ', 'Id', None)
    """
    columns = tuple(among)
    if name in columns:
        return name
    return next((column for column in columns if column.lower() == name.lower()), None)


def all_spelled(names: Iterable[str], among: Iterable[str]) -> frozenset[str]:
    """Those of a table's columns that the names mean."""
    columns = tuple(among)
    return frozenset(found for name in names if (found := spelled(name, columns)) is not None)


def in_one_case(name: str) -> bytes:
    """A column's name, the same for spellings that differ in the case of ASCII letters."""
    return name.encode().lower()


def left_out(names: Iterable[str], among: Iterable[str]) -> frozenset[str]:
    """Those of a window's columns that `exclude:` names, spelled so or in another case of ASCII letters.

    The column that is meant may have been left out before, and then one that is only like it is to stay.

    >>> sorted(left_out(["Ƚ", "SECRET"], ["ƚ", "secret", "id"]))
    ['secret']
    """
    folded = set(map(in_one_case, names))
    return frozenset(column for column in among if in_one_case(column) in folded)
