"""ALTER TABLE … APPEND FROM source: moves the rows, in its own transaction.

Source: Amazon Redshift Database Developer Guide, "ALTER TABLE APPEND".
"""

from __future__ import annotations

from devstack.redshift.errors import in_transaction_block, not_supported, syntax_error
from devstack.redshift.plan import Run, Session
from devstack.redshift.rewrite.table import regclass
from devstack.redshift.tokens import Tokens, qualified_name, quote

Columns = dict[str, "list[str | None]"]
"""By column name: type, NOT NULL, encoding, distribution and sort key, identity."""


def rewrite_append(target: list[str], rest: Tokens, session: Session) -> Run:
    """`rest` are the tokens after the target's name; raises RedshiftError for what Redshift refuses."""
    if session.in_block:
        raise in_transaction_block("ALTER TABLE APPEND")
    source, at = qualified_name(rest, 2)
    if len(rest) < 3 or rest[1].key != "from" or not source:
        raise syntax_error(rest[1].text if len(rest) > 1 else ";")
    options = [token.key for token in rest[at:]]
    if len(options) > 1 or set(options) - {"ignoreextra", "filltarget"}:
        raise syntax_error(rest[at].text)
    _check_tables(target, source, session)
    ours, theirs = _columns(session, target), _columns(session, source)
    _check_columns(ours, theirs, "".join(options))
    listed = ", ".join(quote(name) for name in ours if name in theirs)
    into, origin = (".".join(quote(part) for part in name) for name in (target, source))
    return Run(
        f"INSERT INTO {into} ({listed}) SELECT {listed} FROM {origin}",
        after=(f"TRUNCATE {origin}",),
        tag="ALTER TABLE APPEND",
        table=target[-1],
    )


def _check_tables(target: list[str], source: list[str], session: Session) -> None:
    """Check that both are permanent tables of one distribution and sort style."""
    styles = [
        session.lookup(
            "SELECT relpersistence, relkind, coalesce(diststyle, 'AUTO'), coalesce(sortstyle, 'AUTO')"
            " FROM pg_class LEFT JOIN standin.table_attribute t ON t.relid = oid"
            f" WHERE oid = {regclass(name)}"
        )[0]
        for name in (target, source)
    ]
    if any(style[:2] != ["p", "r"] for style in styles):
        raise not_supported("ALTER TABLE APPEND needs two permanent tables")
    if styles[0] != styles[1]:
        raise not_supported("Source and target tables have different distribution or sort styles")


def _check_columns(ours: Columns, theirs: Columns, option: str) -> None:
    missing, extra = set(ours) - set(theirs), set(theirs) - set(ours)
    if (extra and option != "ignoreextra") or (missing and option != "filltarget"):
        raise not_supported("Source and target tables must have the same columns")
    for name in set(ours) & set(theirs):
        if ours[name] != theirs[name]:
            raise not_supported(f'Column "{name}" has different attributes in the two tables')
        if ours[name][-1] == "a":
            raise not_supported(f'Identity column "{name}" cannot be appended')


def _columns(session: Session, name: list[str]) -> Columns:
    rows = session.lookup(
        "SELECT attname, standin.type_name(atttypid, atttypmod), attnotnull, encoding, distkey,"
        f" sortkey, attidentity FROM standin.relation_column WHERE relid = {regclass(name)}"
        " ORDER BY attnum"
    )
    return {row[0] or "": row[1:] for row in rows}
