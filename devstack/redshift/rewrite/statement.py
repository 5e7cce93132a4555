"""A client's statement to a plan: folding, refusals, and one rule per command."""

from __future__ import annotations

from collections.abc import Callable

from devstack.redshift.catalog import Journal
from devstack.redshift.errors import (
    RedshiftError,
    in_transaction_block,
    not_supported,
    syntax_error,
)
from devstack.redshift.names import LongNames
from devstack.redshift.plan import COMMIT, Answer, Copy, Plan, Run, Session
from devstack.redshift.refuse import refuse
from devstack.redshift.rewrite import settings
from devstack.redshift.rewrite.alter import rewrite_alter_table
from devstack.redshift.rewrite.merge import rewrite_merge
from devstack.redshift.rewrite.qualify import rewrite_qualify
from devstack.redshift.rewrite.query import rewrite_query
from devstack.redshift.rewrite.table import rewrite_create_table
from devstack.redshift.rewrite.views import LateViews
from devstack.redshift.tokens import (
    Tokens,
    find,
    parse,
    qualified_name,
    quote,
    split,
    sql_of,
    starts,
    words,
)

_QUERIES = {"select", "with", "insert", "update", "delete", "values", "explain", "declare", "("}
_PASSED = words(
    "drop grant revoke call fetch close move prepare execute deallocate savepoint "
    "release end commit rollback abort refresh"
)


class Rewriter:
    """Converts statements to plans; shared by all sessions of a server."""

    def __init__(self, names: LongNames, views: LateViews, journal: Journal) -> None:
        self._names = names
        self._views = views
        self._journal = journal
        self._rules: dict[str, Callable[[Tokens, Session], Plan]] = {
            "set": settings.rewrite_set,
            "reset": settings.rewrite_reset,
            "show": settings.rewrite_show,
            "begin": lambda tokens, _session: settings.rewrite_begin(tokens),
            "start": lambda tokens, _session: settings.rewrite_begin(tokens),
            "create": self._create,
            "alter": self._alter,
            "merge": self._merge,
            "copy": self._copy,
            "truncate": _truncate,
            "lock": _lock,
            "comment": _comment,
            "cancel": _cancel,
            "vacuum": _vacuum,
            "analyze": _analyze,
            "analyse": _analyze,
            "unload": _unload,
        }

    def plan(self, tokens: Tokens, session: Session) -> Plan:
        """The plan of a statement; raises RedshiftError if it is refused."""
        tokens = self._names.fold(tokens, session.case_sensitive)
        first = tokens[0].key
        if first != "copy":
            refuse(tokens)
        if first in self._rules:
            return self._rules[first](tokens, session)
        if first in _QUERIES:
            return self._query(tokens, session)
        if first in _PASSED:
            return Run(sql_of(tokens))
        raise syntax_error(tokens[0].text)

    def knows(self, first: str) -> bool:
        """Whether a statement can begin with this word."""
        return first in self._rules or first in _QUERIES or first in _PASSED

    def query(self, tokens: Tokens, session: Session) -> Tokens:
        """A query with late-binding views expanded and Redshift's spellings replaced."""
        tokens = self._views.expand(tokens, session)
        return rewrite_qualify(rewrite_query(tokens, session))

    def _query(self, tokens: Tokens, session: Session) -> Run:
        if starts(tokens, "delete") and not starts(tokens, "delete", "from"):
            tokens = [tokens[0], *parse(" FROM"), *tokens[1:]]  # optional on Redshift
        table = _written_table(tokens)
        return Run(sql_of(self.query(tokens, session)), table=table)

    def _create(self, tokens: Tokens, session: Session) -> Plan:
        heads = [token.key for token in tokens[1:5]]
        if "table" in heads[:3]:
            if (query_at := find(tokens, "as")) >= 0:
                tokens = [*tokens[: query_at + 1], *self.query(tokens[query_at + 1 :], session)]
            return rewrite_create_table(tokens)
        if "view" in heads:
            return self._views.rewrite_create(tokens, session, self.query)
        if heads[0] in ("user", "role"):
            return self._account(tokens)
        if heads[0] in ("schema", "group", "database") or {"procedure", "function"} & set(heads):
            return Run(sql_of(tokens))
        raise not_supported(f'SQL command "{sql_of(tokens)}" not supported.')

    def _account(self, tokens: Tokens) -> Run:
        """CREATE or ALTER USER; the proxy checks the password."""
        at = find(tokens, "password")
        name = tokens[2].name
        kept = tokens
        if at >= 0:
            if tokens[at + 1].key != "disable":
                self._journal.set_password(name, tokens[at + 1].value)
            kept = [*tokens[:at], *tokens[at + 2 :]]
        if tokens[0].key == "alter":
            return Run(f"ALTER ROLE {quote(name)} LOGIN", tag="ALTER USER")
        known = {"createdb", "nocreatedb"}
        options = " ".join(token.text for token in kept[3:] if token.key in known)
        superuser = " SUPERUSER" if find(tokens, "createuser") >= 0 else ""
        return Run(f"CREATE ROLE {quote(name)} LOGIN {options}{superuser}", tag="CREATE USER")

    def _alter(self, tokens: Tokens, session: Session) -> Plan:
        if starts(tokens, "alter", "table"):
            return rewrite_alter_table(tokens, session)
        if starts(tokens, "alter", "user"):
            return self._account(tokens)
        if len(tokens) > 1 and tokens[1].key in ("schema", "group", "database", "role"):
            return Run(sql_of(tokens))
        raise syntax_error(tokens[1].text if len(tokens) > 1 else ";")

    def _merge(self, tokens: Tokens, session: Session) -> Plan:
        return rewrite_merge(rewrite_query(tokens, session), session)

    def _copy(self, tokens: Tokens, _session: Session) -> Plan:
        return Copy(tokens)


def _written_table(tokens: Tokens) -> str:
    """The table of a data-changing statement, for error messages."""
    for keywords in (("insert", "into"), ("delete", "from"), ("update",)):
        if starts(tokens, *keywords):
            name, _ = qualified_name(tokens, len(keywords))
            return name[-1] if name else ""
    return ""


def _truncate(tokens: Tokens, session: Session) -> Plan:
    """TRUNCATE [TABLE] name, which commits its transaction.

    Source: "TRUNCATE".
    """
    at = 2 if starts(tokens, "truncate", "table") else 1
    name, after = qualified_name(tokens, at)
    if not name or after < len(tokens):
        raise syntax_error(tokens[after].text if after < len(tokens) else ";")
    return Run(sql_of(tokens), after=(COMMIT,) if session.in_block else (), table=name[-1])


def _lock(tokens: Tokens, _session: Session) -> Plan:
    """LOCK [TABLE] name [, …]: always ACCESS EXCLUSIVE. Source: "LOCK"."""
    at = 2 if starts(tokens, "lock", "table") else 1
    for part in split(tokens[at:]):
        name, after = qualified_name(part, 0)
        if not name or after < len(part):
            raise syntax_error(part[after].text if after < len(part) else ";")
    return Run(f"LOCK TABLE {sql_of(tokens[at:])}", tag="LOCK TABLE")


def _comment(tokens: Tokens, _session: Session) -> Plan:
    """COMMENT ON kind name IS 'text' or NULL. Source: "COMMENT"."""
    kinds = ("table", "column", "constraint", "database", "view", "schema")
    if not starts(tokens, "comment", "on"):
        raise syntax_error(tokens[1].text if len(tokens) > 1 else ";")
    if len(tokens) < 3 or tokens[2].key not in kinds:
        raise syntax_error(tokens[2].text if len(tokens) > 2 else ";")
    return Run(sql_of(tokens), tag="COMMENT")


def _cancel(tokens: Tokens, _session: Session) -> Plan:
    """CANCEL process ['message']. Source: "CANCEL"; the message is ignored."""
    if len(tokens) not in (2, 3) or not tokens[1].text.isdigit():
        raise syntax_error(tokens[1].text if len(tokens) > 1 else ";")
    return Run(f"DO 'BEGIN PERFORM standin.cancel({tokens[1].text}); END'", tag="CANCEL")


def _vacuum(_tokens: Tokens, session: Session) -> Plan:
    """VACUUM is accepted and does nothing. Source: "VACUUM"."""
    if session.in_block:
        raise in_transaction_block("VACUUM")
    return Answer("VACUUM")


def _analyze(tokens: Tokens, session: Session) -> Plan:
    """ANALYZE gathers PostgreSQL's statistics; ANALYZE COMPRESSION suggests nothing.

    Source: "ANALYZE", "ANALYZE COMPRESSION".
    """
    if starts(tokens, "analyze", "compression"):
        if session.in_block:
            raise in_transaction_block("ANALYZE COMPRESSION")
        return Answer("ANALYZE", ("Table", "Column", "Encoding", "Est_reduction_pct"))
    at = 2 if starts(tokens, "analyze", "verbose") else 1
    name, _ = qualified_name(tokens, at)
    if not name or name[0] in ("predicate", "all"):
        return Answer("ANALYZE")
    return Run("ANALYZE " + ".".join(quote(part) for part in name), tag="ANALYZE")


def _unload(_tokens: Tokens, _session: Session) -> Plan:
    raise RedshiftError("UNLOAD is not supported by the stand-in", "0A000")
