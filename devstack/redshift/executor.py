"""Execution of one client's statements: rewrite, run on the embedded PostgreSQL, answer as Redshift."""

from __future__ import annotations

import logging

from devstack.redshift import wire
from devstack.redshift.backend import Backend
from devstack.redshift.catalog import Journal
from devstack.redshift.copy.load import Loader
from devstack.redshift.copy.source import S3Access
from devstack.redshift.errors import (
    BackendError,
    RedshiftError,
    as_redshift,
    failed_transaction,
    syntax_error,
)
from devstack.redshift.names import LongNames
from devstack.redshift.plan import Answer, Copy, Plan, Run, Session
from devstack.redshift.results import Results
from devstack.redshift.rewrite.settings import defaults
from devstack.redshift.rewrite.statement import Rewriter
from devstack.redshift.tokens import Tokens, statements

_log = logging.getLogger(__name__)
_ENDS = ("commit", "end", "rollback", "abort")


class Executor:
    """Plans and runs the statements of one session, for both query protocols."""

    def __init__(
        self,
        client: wire.Channel,
        backend: Backend,
        journal: Journal,
        names: LongNames,
        rewriter: Rewriter,
        access: S3Access,
        quoted_null_is_null: bool,
    ) -> None:
        self.client = client
        self.backend = backend
        self.results = Results(client, names, backend)
        self._names = names
        self._rewriter = rewriter
        self._state = Session(backend.query, settings=defaults())
        self._state.quoted_null_is_null = quoted_null_is_null
        self._loader = Loader(backend, journal, access, self._state)

    def plan(self, tokens: Tokens) -> Plan:
        """The plan of a statement; raises RedshiftError if it is refused."""
        if self.backend.status == b"E" and tokens[0].key not in _ENDS:
            raise failed_transaction()
        self._state.in_block = self.backend.status != b"I"
        return self._rewriter.plan(tokens, self._state)

    def run(self, plan: Plan, described: bool = False) -> None:
        """Run a plan and send the answer to the client, without ReadyForQuery.

        `described`: the client has received the columns of the answer already.
        """
        if isinstance(plan, Answer):
            self.results.answer(plan, described)
        elif isinstance(plan, Copy):
            rows = self._loader.run(plan.tokens)
            notice = f"Load into table '{rows.table}' completed, {rows.count} record(s) loaded"
            self.client.write(
                wire.error({"S": "INFO", "C": "00000", "M": notice + " successfully."}, b"N")
            )
            self.client.write(wire.complete("COPY"))
        else:
            self._run_backend(plan)

    def _run_backend(self, plan: Run) -> None:
        parts = (*plan.before, plan.main, *plan.after)
        try:
            self.backend.relay(parts, len(plan.before), self.results.sink(plan.tag))
        except BackendError as error:
            raise BackendError(as_redshift(error.fields, plan.table)) from error

    def fail(self, error: RedshiftError | BackendError) -> None:
        """Send an error to the client; an open transaction block fails with it."""
        if isinstance(error, RedshiftError) and self.backend.status == b"T":
            # Refused by the proxy: the block must fail in PostgreSQL as well.
            try:
                self.backend.query("SELECT standin.fail()")
            except BackendError as expected:
                _log.debug("failed the transaction block: %s", expected)
        fields = error.fields() if isinstance(error, RedshiftError) else as_redshift(error.fields)
        fields = {key: self._names.restore(value) for key, value in fields.items()}
        self.client.write(wire.error(fields))

    def finish(self) -> None:
        """Send ReadyForQuery to the client."""
        self.client.write(wire.ready(self.backend.status))
        self.client.flush()


def one_statement(sql: str) -> Tokens:
    """The single statement of a Parse message; an empty list for none."""
    parsed = statements(sql)
    if len(parsed) > 1:
        raise syntax_error(";")
    return parsed[0] if parsed else []
