"""The owner of a target: one source table, as one lake names it.

Rows of two sources in one target cannot be distinguished: a merge replaces rows of the other with an equal
key, a snapshot deletes them all. The ledger names the tables with windows in a target. The target's comment
ends in a mark that names the lake too, and remains where the ledger is lost. The source's host is not part of
an owner, as servers move. A target without rows has no owner (docs/decisions/0021).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from psycopg2 import extensions

from pipeline.errors import ConfigurationError
from pipeline.lake.s3 import Store
from pipeline.model.identifiers import LEDGER
from pipeline.model.table_name import TableName
from pipeline.run import notes
from pipeline.warehouse import catalog
from pipeline.warehouse import connection as redshift
from pipeline.warehouse import sql as redshift_sql
from pipeline.warehouse.catalog import Comment
from pipeline.warehouse.ledger import tables_by_target
from pipeline.warehouse.sql import Relation

log = logging.getLogger(__name__)

_START = "[pipeline: rows of "
_MARK = re.compile(
    rf"{re.escape(_START)}(?P<table>(?:(?!{re.escape(_START)}).)+?) from (?P<lake>s3://[^\s\]]+)\]",
    re.DOTALL,
)


@dataclass(frozen=True, order=True)
class Owner:
    """A source table, as ``db.table``, and the URL of its lake."""

    table: str
    lake: str

    @classmethod
    def of(cls, table: TableName, lake: Store) -> Owner:
        """The owner that loads of a table from a lake are for."""
        # A prefix may contain blanks and brackets.
        return cls(str(table), quote(lake.url(""), safe=":/!$&'()*+,;=@~"))

    @property
    def mark(self) -> str:
        """The mark in the target's comment."""
        return f"{_START}{self.table} from {self.lake}]"

    def marked(self, comment: str) -> str:
        """The comment with this owner's mark in place of any other; other text is kept."""
        if self.mark in comment and not others_in(comment, self):
            return comment
        text = _MARK.sub("", comment).strip()
        return f"{text} {self.mark}" if text else self.mark


def others_in(comment: str, owner: Owner) -> frozenset[Owner]:
    """The owners that a comment names, except this one."""
    marks = _MARK.finditer(comment.replace(owner.mark, ""))
    return frozenset(Owner(mark["table"], mark["lake"]) for mark in marks)


@dataclass(frozen=True)
class Claims:
    """What comment and ledger tell about a target: the `tables` are those with windows in it."""

    target: Relation
    comment: str
    tables: frozenset[str]

    def allow(self, owner: Owner) -> bool:
        """Whether the target's rows, if it has any, are the owner's alone."""
        has_mark = owner.mark in self.comment
        is_known = has_mark or owner.table in self.tables
        return is_known and not others_in(self.comment, owner) and self.tables <= {owner.table}

    def refused(self, owner: Owner) -> ConfigurationError:
        """The error of a load of this owner into the target, which has rows."""
        named = {other.table for other in others_in(self.comment, owner)}
        tables = sorted(self.tables | named)
        others = [table for table in tables if table != owner.table]
        what = f"{self.target} holds rows of {' and '.join(tables)}"
        if not tables:
            what = f"{self.target} has rows of an unknown table"
        elif not others:
            what += " from another lake"
        return ConfigurationError(what, why=self._reason(owner), todo=self._advice(owner, others))

    def _reason(self, owner: Owner) -> str:
        """The evidence: the marks in the comment, and the ledger's tables."""
        marks = [f"{other.table} from {other.lake}" for other in others_in(self.comment, owner)]
        evidence = [f"its comment names {' and '.join(sorted(marks))}"] if marks else []
        if self.tables:
            evidence.append(f"{LEDGER} has windows of {' and '.join(sorted(self.tables))} in it")
        known = " and ".join(evidence) or f"neither its comment nor {LEDGER} names one"
        return f"{known}; this load is of {owner.table} from {owner.lake}"

    def _advice(self, owner: Owner, others: Collection[str]) -> str:
        script = "; ".join(["BEGIN", *self._takeover(owner, others), "COMMIT"])
        return (
            f"give {owner.table} another `target:`; or, if nobody needs the rows of {self.target}, delete"
            f" them; or, if they are {owner.table}'s, as after a RENAME TABLE or a move of the lake, run in"
            f" the warehouse: {script};"
        )

    def _takeover(self, owner: Owner, others: Collection[str]) -> list[str]:
        """The statements that make all rows the owner's.

        They rename the windows of another table, or remove them where the owner has windows itself, which
        may be the same.
        """
        ledger = Relation(self.target.schema, LEDGER)
        target = _literal(str(self.target))
        change = f"UPDATE {ledger} SET table_name = {_literal(owner.table)}"
        if owner.table in self.tables or len(others) > 1:
            change = f"DELETE FROM {ledger}"
        statements = [
            f"{change} WHERE target = {target} AND table_name = {_literal(other)}"
            for other in others
            if other in self.tables
        ]
        comment = _literal(owner.marked(self.comment))
        return [*statements, redshift_sql.comment_on(self.target, comment)]


def refused_view(target: Relation) -> ConfigurationError:
    """The error of a load into a view."""
    return ConfigurationError(
        f"{target} is a view, which cannot be loaded",
        why="the warehouse has a view of the target's name",
        todo="give the table another `target:`, or drop or rename the view",
    )


def check(cursor: extensions.cursor, claims: Claims, owner: Owner) -> None:
    """Raise ConfigurationError where the target has rows that are not the owner's alone."""
    if not claims.allow(owner) and _has_rows(cursor, claims.target):
        raise claims.refused(owner)


def mark(cursor: extensions.cursor, target: Relation, comment: Comment, owner: Owner) -> None:
    """Write the owner's mark into the target's comment, in the caller's transaction.

    Only the table's owner and superusers may: for others the ledger alone names the source.
    """
    text = owner.marked(comment.text)
    if text == comment.text:
        return
    statement = redshift_sql.comment_on(target, cursor.mogrify("%s", (text,)).decode())
    if comment.is_ours_to_change:
        cursor.execute(statement)
        return
    notes.warn(
        log,
        f"{target} has no comment that names its source, as another account owns it; its owner may run:"
        f" {redshift_sql.comment_on(target, _literal(text))}",
    )


def refusals(
    cursor: extensions.cursor, schema: str, owners: Mapping[str, Owner]
) -> dict[str, ConfigurationError]:
    """The errors that loads of these owners into the tables of these names would meet; nothing is created."""
    comments = catalog.comments(cursor, schema)
    ledger = tables_by_target(cursor, schema) if LEDGER in comments else {}
    refused = {}
    for name in owners.keys() & comments.keys():
        target, owner = Relation(schema, name), owners[name]
        if comments[name].is_of_view:
            refused[name] = refused_view(target)
            continue
        claims = Claims(target, comments[name].text, ledger.get(str(target), frozenset()))
        if not claims.allow(owner) and _has_rows(cursor, target):
            refused[name] = claims.refused(owner)
    return refused


def _has_rows(cursor: extensions.cursor, table: Relation) -> bool:
    return redshift.scalar(cursor, redshift_sql.any_row(table)) is not None


def _literal(text: str) -> str:
    """A literal for a person to run in Redshift, which reads a backslash as an escape."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
