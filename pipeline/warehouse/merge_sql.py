"""The statements that bring a stage into a target, one row per key, the newest by cursor."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.warehouse.sql import Relation, count, free_name, identity, listed, quoted


@dataclass(frozen=True)
class Merge:
    """A stage, a target, and what makes a row of one the same as a row of the other."""

    target: Relation
    stage: Relation
    columns: tuple[str, ...]
    key: tuple[str, ...]
    cursor: str
    text_key: tuple[str, ...] = ()
    """Those of the key that are text. Redshift overlooks trailing spaces when it compares, so that
    lengths are compared too: https://docs.aws.amazon.com/redshift/latest/dg/r_Character_types.html"""
    tie_break: tuple[str, ...] = ()
    """What tells rows of one key and one cursor value apart: the highest wins."""
    values: Mapping[str, str] = field(default_factory=dict)
    """Columns of the stage that have another type in the target, each as a value of that type."""

    @property
    def keep_newest(self) -> str:
        """A second stage with one row per key: the newest by cursor, in the target's types."""
        rank = free_name(self.columns)
        order = ", ".join(f"{quoted(c)} DESC NULLS LAST" for c in (self.cursor, *self.tie_break))
        values = (
            f"{self.values[c]} AS {quoted(c)}" if c in self.values else quoted(c)
            for c in self.columns
        )
        return (
            f"CREATE TEMPORARY TABLE {self.newest} AS\n"
            f"SELECT {', '.join(values)} FROM (\n"
            f"  SELECT {listed(self.columns)}, ROW_NUMBER() OVER (\n"
            f"    PARTITION BY {identity(self.key, self.text_key)} ORDER BY {order}\n"
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
            f"INSERT INTO {self.target} ({listed(self.columns)})\n"
            f"SELECT {listed(self.columns)} FROM {self.newest} AS stage\n"
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
        return _same(other, self.key, self.text_key)


def delete_versions(
    target: Relation,
    stage: Relation,
    version: Sequence[str],
    texts: Collection[str],
    values: Mapping[str, str],
) -> str:
    """Remove the versions of rows that the stage has; `version` tells them apart, `texts` are text in it.

    `values` are columns of the stage that have another type in the target, each as a value of that type.
    """
    chosen = ", ".join(f"{values.get(c, quoted(c))} AS {quoted(c)}" for c in version)
    same = _same(str(target), version, [c for c in version if c in texts])
    return (
        f"DELETE FROM {target} WHERE EXISTS (\n"
        f"  SELECT 1 FROM (SELECT {chosen} FROM {stage}) AS stage\n"
        f"  WHERE {same}\n)"
    )


def _same(other: str, columns: Sequence[str], texts: Sequence[str]) -> str:
    """Whether a row of `other` has the stage's values; of those that are text the lengths count too."""
    same = [f"{other}.{quoted(c)} = stage.{quoted(c)}" for c in columns]
    same += [f"LEN({other}.{quoted(c)}) = LEN(stage.{quoted(c)})" for c in texts]
    return " AND ".join(same)
