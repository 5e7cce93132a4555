"""One client's session: its statements are rewritten, run, and answered as Redshift would."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from devstack.redshift import extended, wire
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


class ClientSession:
    """Serves one client until it disconnects."""

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
        self._names = names
        self._rewriter = rewriter
        self.state = Session(backend.query, settings=defaults())
        self.state.quoted_null_is_null = quoted_null_is_null
        self._loader = Loader(backend, journal, access, self.state)
        self._journal = journal
        self.results = Results(client, names, backend)
        self._extended = extended.Extended(self)

    def serve(self) -> None:
        """Answer the client's messages until it ends the session or is gone."""
        while True:
            kind, body = self.client.read()
            if kind == b"X":
                return
            if kind == b"Q":
                self._extended.reset()
                self._simple_query(wire.split_text(body)[0])
            elif kind in b"dcf":
                pass  # the rest of a COPY FROM STDIN that has been refused
            else:
                self._extended.handle(kind, body)

    def _simple_query(self, sql: str) -> None:
        try:
            found = statements(sql)
            if not found:
                self.client.write(wire.message(b"I"))
            self._run_all(found)
        except (RedshiftError, BackendError) as error:
            self.fail(error)
        self.client.write(wire.ready(self.backend.status))
        self.client.flush()

    def _run_all(self, found: Sequence[Tokens]) -> None:
        """Run the statements of one query; several are one transaction if none is open yet."""
        own = len(found) > 1 and self.backend.status == b"I"
        own = own and not any(tokens[0].key in ("begin", "start") for tokens in found)
        if own:
            self.backend.query("BEGIN")
        try:
            for tokens in found:
                self.run(self.plan(tokens))
        except (RedshiftError, BackendError):
            if own:
                self.backend.query("ROLLBACK")
            raise
        if own and self.backend.status == b"T":
            self.backend.query("COMMIT")

    def plan(self, tokens: Tokens) -> Plan:
        """What is to be done for a statement; raises RedshiftError if it is refused."""
        if self.backend.status == b"E" and tokens[0].key not in _ENDS:
            raise failed_transaction()
        self.state.in_block = self.backend.status != b"I"
        return self._rewriter.plan(tokens, self.state)

    def run(self, plan: Plan, described: bool = False) -> None:
        """Do what a plan says, and send the client its answer (but not ReadyForQuery).

        `described` says that the client knows the columns of the answer already.
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
        """Tell the client of an error; an open transaction block is failed with it."""
        if isinstance(error, RedshiftError) and self.backend.status == b"T":
            # Refused by the proxy: the block has to be a failed one in PostgreSQL too.
            try:
                self.backend.query("SELECT standin.fail()")
            except BackendError as expected:
                _log.debug("failed the transaction block: %s", expected)
        fields = error.fields() if isinstance(error, RedshiftError) else as_redshift(error.fields)
        fields = {key: self._names.restore(value) for key, value in fields.items()}
        self.client.write(wire.error(fields))

    def one_statement(self, sql: str) -> Tokens:
        """The single statement of a Parse message; an empty list if there is none."""
        found = statements(sql)
        if len(found) > 1:
            raise syntax_error(";")
        return found[0] if found else []
