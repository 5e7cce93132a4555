"""The rows of two sides that differ, by the hashes of their keys and of themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

Hashes = tuple[int, int]
"""The hashes of a row's key and of the row."""


@dataclass(frozen=True)
class RowDifferences:
    """Row counts: same key with other values, missing in the warehouse, repeated there.

    `left` are the hashes of keys that only the warehouse has.
    """

    changed: int
    missing: int
    repeated: int
    left: Counter[int]


def compare_rows(
    source: Iterable[Hashes], warehouse: Iterable[Hashes], *, one_row_per_key: bool
) -> RowDifferences:
    """Compare all rows of one part of a table.

    With `one_row_per_key` the warehouse has one row of each key; the source may have several, and one of them
    must be equal.
    """
    here, there = Counter(source), Counter(warehouse)
    only_here, only_there = _by_key(here - there), _by_key(there - here)
    if one_row_per_key:
        for key, _ in here & there:
            only_here.pop(key, None)
        only_here = Counter(dict.fromkeys(only_here, 1))
    changed = only_here & only_there
    rest = only_there - changed
    keys = {key for key, _ in here}
    return RowDifferences(
        changed=changed.total(),
        missing=(only_here - changed).total(),
        repeated=sum(rows for key, rows in rest.items() if key in keys),
        left=Counter({key: rows for key, rows in rest.items() if key not in keys}),
    )


def _by_key(rows: Counter[Hashes]) -> Counter[int]:
    keys: Counter[int] = Counter()
    for (key, _), count in rows.items():
        keys[key] += count
    return keys
