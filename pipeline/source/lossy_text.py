"""Text that the source cannot send as it is: counted in the source, since what arrives is a valid text.

A character that Unicode lacks arrives as ``?``; two codes of one character arrive as one; two numbers of an
ENUM may have one text. A chunk that has columns of such character sets, or such an ENUM or SET in its key,
costs one more query, in the snapshot of its rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipeline.config.policies import Rules
from pipeline.errors import DataError
from pipeline.model.charsets import HAVE_REPLACEMENT
from pipeline.model.columns import Column
from pipeline.model.markers import Coercion
from pipeline.model.members import shared_text
from pipeline.model.span import Span
from pipeline.policies.extraction import abbreviated, refusal
from pipeline.source import connection as mysql
from pipeline.source import sql as mysql_sql
from pipeline.source import text_sql
from pipeline.source.connection import Connection
from pipeline.source.table import SourceTable

KIND = "unmappable_text"


@dataclass(frozen=True)
class _Check:
    """A column, the condition by which its text is not the source's, and its original value as text."""

    column: Column
    condition: str
    original: str
    shown: str
    """The format of the original value in a message."""
    reason: str
    """Why two values of a key may become one; empty for a column that is no key."""


def changed_text(
    connection: Connection, source: SourceTable, key: Sequence[str], span: Span, rules: Rules
) -> list[Coercion]:
    """The texts of a span that the source replaces, where the policy accepts them.

    Raises DataError where it does not, and for values of `key` that their text does not identify.
    """
    checks = list(_checks(source, key))
    if not checks:
        return []
    query = mysql_sql.count_each(source.name, span, [check.condition for check in checks])
    (counts,) = mysql.rows_of(connection, query)
    coerced = []
    for check, rows in zip(checks, map(int, counts.values()), strict=True):
        if rows:
            example = _example(connection, source, key, span, check)
            coerced.append(_accepted(source, check, rows, example, rules))
    return coerced


def _checks(source: SourceTable, key: Sequence[str]) -> Iterator[_Check]:
    """The columns whose text may differ from the source's."""
    for column in source.columns:
        name, is_key = column.name, column.name in key
        if is_key and (shared := shared_text(column.source_type)):
            condition = text_sql.has_shared_text(name, shared)
            reason = f"in {column.source_type} another number has the same text"
            yield _Check(column, condition, text_sql.number(name), "the number {}", reason)
        if charset := source.lossy_charsets.get(name):
            has_replacement = charset in HAVE_REPLACEMENT
            condition = text_sql.is_unmapped(name, charset, has_replacement=has_replacement)
            condition += f" OR {text_sql.is_ambiguous(name, charset)}" if is_key else ""
            condition = text_sql.is_not_refuted(name, condition)
            reason = f"UTF-8 does not distinguish it from another text of {charset}"
            original = text_sql.stored_bytes(name)
            yield _Check(column, condition, original, f"X{{}} ({charset})", reason * is_key)


def _accepted(
    source: SourceTable, check: _Check, rows: int, example: str, rules: Rules
) -> Coercion:
    """The count of a replaced text; raises DataError where it is refused."""
    column = check.column.name
    if check.reason:
        raise DataError(
            f"{rows} values of the key column {column} of {source.name} are ambiguous as text",
            why=f"one of them is {example}; {check.reason}, so two keys could become one",
            todo=f"change them in the source, or name columns other than {column} in `key:`",
        )
    policy = rules.policy(column, KIND)
    coercion = Coercion(column=column, kind=KIND, policy=policy, rows=rows, example=example)
    if policy == "error":
        raise refusal(rules, coercion)
    return coercion


def _example(
    connection: Connection, source: SourceTable, key: Sequence[str], span: Span, check: _Check
) -> str:
    """The original of one such value, with the other columns of its row's key."""
    columns = (source.column(name) for name in key)
    others = [column for column in columns if column and column.name != check.column.name]
    chosen = [check.original, *map(text_sql.utf8_text, others)]
    query = mysql_sql.first_where(source.name, span, check.condition, chosen)
    (row,) = mysql.rows_of(connection, query)
    original, *values = row.values()
    texts = (
        value and abbreviated(bytes.fromhex(value).decode(errors="replace")) for value in values
    )
    where = ", ".join(f"{c.name}={text}" for c, text in zip(others, texts, strict=True))
    return check.shown.format(abbreviated(original)) + (f" where {where}" if where else "")
