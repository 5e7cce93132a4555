"""The statements that merge a staging table into a target: one row per key, the newest by cursor."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.warehouse.sql import Relation, count, latest_rows, listed, quoted


@dataclass(frozen=True)
class Merge:
    """The merge of a staging table into a target."""

    target: Relation
    staging: Relation
    columns: tuple[str, ...]
    key: tuple[str, ...]
    cursor: str
    text_key: tuple[str, ...] = ()
    """The key's text columns. Redshift ignores trailing spaces in comparisons, so lengths are compared
    too: https://docs.aws.amazon.com/redshift/latest/dg/r_Character_types.html"""
    tie_break: tuple[str, ...] = ()
    """The columns that order rows of one key and cursor value: the highest wins."""
    values: Mapping[str, str] = field(default_factory=dict)
    """The staged columns of another type in the target, each as an expression of that type."""

    @property
    def keep_newest(self) -> str:
        """Create a second staging table with the newest row per key, in the target's types."""
        order = (self.cursor, *self.tie_break)
        columns, key, texts = self.columns, self.key, self.text_key
        newest = latest_rows(self.staging, columns, key, order, texts, self.values)
        return f"CREATE TEMPORARY TABLE {self.newest} AS\n{newest}"

    @property
    def count_newest(self) -> str:
        """Count the keys of the staging table."""
        return count(self.newest)

    @property
    def repeated_key(self) -> str:
        """Select a key of several staged rows: surplus rows, lowest and highest cursor, key.

        Surplus rows have the cursor value of another; keys with the most of them come first.
        """
        cursor, key = quoted(self.cursor), [quoted(name) for name in self.key]
        surplus = f"COUNT(*) - COUNT(DISTINCT {cursor})"
        group = ", ".join([*key, *(f"LEN({quoted(name)})" for name in self.text_key)])
        return (
            f"SELECT {surplus} AS surplus, MIN({cursor}), MAX({cursor}), {', '.join(key)}\n"
            f"FROM {self.staging} GROUP BY {group} HAVING COUNT(*) > 1 ORDER BY surplus DESC LIMIT 1"
        )

    @property
    def newest(self) -> Relation:
        """The second staging table."""
        return Relation(None, f"{self.staging.name}_newest")

    @property
    def delete_older(self) -> str:
        """Delete the rows that are staged in the same or a newer version."""
        return (
            f"DELETE FROM {self.target} USING {self.newest} AS staged\n"
            f"WHERE {self._same_key(str(self.target))}\n"
            f"AND ({self.target}.{quoted(self.cursor)} IS NULL "
            f"OR {self.target}.{quoted(self.cursor)} <= staged.{quoted(self.cursor)})"
        )

    @property
    def insert_missing(self) -> str:
        """Insert the staged rows whose keys the target lacks."""
        return (
            f"INSERT INTO {self.target} ({listed(self.columns)})\n"
            f"SELECT {listed(self.columns)} FROM {self.newest} AS staged\n"
            f"WHERE NOT EXISTS (SELECT 1 FROM {self.target} AS loaded "
            f"WHERE {self._same_key('loaded')})"
        )

    @property
    def count_unmerged(self) -> str:
        """Count the staged rows that the target has in no such or newer version: must be 0."""
        return (
            f"SELECT COUNT(*) FROM {self.newest} AS staged\n"
            f"WHERE NOT EXISTS (SELECT 1 FROM {self.target} AS loaded WHERE {self._same_key('loaded')}\n"
            f"AND (staged.{quoted(self.cursor)} IS NULL "
            f"OR loaded.{quoted(self.cursor)} >= staged.{quoted(self.cursor)}))"
        )

    def _same_key(self, other: str) -> str:
        return _same(other, self.key, self.text_key)


def delete_versions(
    target: Relation,
    staging: Relation,
    version: Sequence[str],
    texts: Collection[str],
    values: Mapping[str, str],
) -> str:
    """Delete the row versions that are staged; `version` identifies one, `texts` are its text columns.

    `values` are the staged columns of another type in the target, each as an expression of that type.
    """
    chosen = ", ".join(f"{values.get(c, quoted(c))} AS {quoted(c)}" for c in version)
    same = _same(str(target), version, [c for c in version if c in texts])
    return (
        f"DELETE FROM {target} WHERE EXISTS (\n"
        f"  SELECT 1 FROM (SELECT {chosen} FROM {staging}) AS staged\n"
        f"  WHERE {same}\n)"
    )


def _same(other: str, columns: Sequence[str], texts: Sequence[str]) -> str:
    """The condition that a row of `other` has the staged values, text with the same length."""
    same = [f"{other}.{quoted(c)} = staged.{quoted(c)}" for c in columns]
    same += [f"LEN({other}.{quoted(c)}) = LEN(staged.{quoted(c)})" for c in texts]
    return " AND ".join(same)
