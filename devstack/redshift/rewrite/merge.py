"""MERGE, within Redshift's limits.

Source: Amazon Redshift Database Developer Guide, "MERGE".
"""

from __future__ import annotations

from devstack.redshift.errors import RedshiftError, not_supported, syntax_error
from devstack.redshift.plan import Run, Session
from devstack.redshift.rewrite.table import regclass
from devstack.redshift.tokens import Tokens, find, qualified_name, quote, sql_of, starts


def rewrite_merge(tokens: Tokens, session: Session) -> Run:
    """MERGE INTO target USING source [alias] ON … WHEN MATCHED … WHEN NOT MATCHED …"""
    if not starts(tokens, "merge", "into"):
        raise syntax_error(tokens[1].text if len(tokens) > 1 else ";")
    target, at = qualified_name(tokens, 2)
    if not target or not starts(tokens, "using", at=at):
        raise syntax_error(tokens[at].text if at < len(tokens) else ";")
    source, after = qualified_name(tokens, at + 1)
    if not source:
        raise syntax_error(tokens[at + 1].text)  # a subquery is not a source table
    _check_source(target, source, session)
    condition = find(tokens, "on", start=after)
    if condition < 0:
        raise syntax_error(";")
    remove = find(tokens, "remove", "duplicates", start=condition)
    if remove >= 0:
        return _remove_duplicates(tokens, target, at, condition, remove)
    _check_clauses(tokens, condition)
    return Run(sql_of(tokens), table=target[-1])


def _check_source(target: list[str], source: list[str], session: Session) -> None:
    """Check that the source is a table other than the target, not a view."""
    rows = session.lookup(
        f"SELECT relkind, oid = {regclass(target)} FROM pg_class WHERE oid = {regclass(source)}"
    )
    kind, same = rows[0]
    if kind == "v":
        raise not_supported("MERGE does not support views as a source")
    if same == "t":
        raise not_supported("Source table and target table of MERGE must not be the same")


def _check_clauses(tokens: Tokens, condition: int) -> None:
    """Check for both WHEN clauses, once each, MATCHED first, without additional conditions."""
    matched = find(tokens, "when", "matched", start=condition)
    unmatched = find(tokens, "when", "not", "matched", start=condition)
    if matched < 0 or unmatched < 0:
        raise RedshiftError(
            "MERGE requires both a WHEN MATCHED and a WHEN NOT MATCHED clause", "42601"
        )
    if unmatched < matched:
        raise syntax_error(tokens[unmatched].text)
    for at in (matched + 2, unmatched + 3):
        if not starts(tokens, "then", at=at):
            raise syntax_error(tokens[at].text if at < len(tokens) else ";")
    action = tokens[matched + 3].key
    if action not in ("update", "delete") or tokens[unmatched + 4].key != "insert":
        raise syntax_error(tokens[matched + 3].text)
    for start in (matched + 1, unmatched + 1):
        if start > unmatched and (again := find(tokens, "when", start=start)) >= 0:
            raise syntax_error(tokens[again].text)


def _remove_duplicates(
    tokens: Tokens, target: list[str], using: int, condition: int, remove: int
) -> Run:
    """The simplified mode: matching rows are replaced, others inserted, without duplicates."""
    if remove + 2 < len(tokens):
        raise syntax_error(tokens[remove + 2].text)
    name = ".".join(quote(part) for part in target)
    source = sql_of(tokens[using + 1 : condition])
    where = sql_of(tokens[condition + 1 : remove])
    return Run(
        f"INSERT INTO {name} SELECT DISTINCT * FROM {source}",
        before=(f"DELETE FROM {name} USING {source} WHERE {where}",),
        tag="MERGE ",
        table=target[-1],
    )
