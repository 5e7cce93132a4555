"""One client's session: messages of both query protocols until it disconnects."""

from __future__ import annotations

from collections.abc import Sequence

from devstack.redshift import wire
from devstack.redshift.errors import BackendError, RedshiftError
from devstack.redshift.executor import Executor
from devstack.redshift.extended import Extended
from devstack.redshift.tokens import Tokens, statements


class ClientSession:
    """Serves one client until it disconnects."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._extended = Extended(executor)

    def serve(self) -> None:
        """Answer the client's messages until the session ends."""
        while True:
            kind, body = self._executor.client.read()
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
            parsed = statements(sql)
            if not parsed:
                self._executor.client.write(wire.message(b"I"))
            self._run_all(parsed)
        except (RedshiftError, BackendError) as error:
            self._executor.fail(error)
        self._executor.finish()

    def _run_all(self, parsed: Sequence[Tokens]) -> None:
        """Run the statements of one query; several form one transaction if none is open."""
        backend = self._executor.backend
        own = len(parsed) > 1 and backend.status == b"I"
        own = own and not any(tokens[0].key in ("begin", "start") for tokens in parsed)
        if own:
            backend.query("BEGIN")
        try:
            for tokens in parsed:
                self._executor.run(self._executor.plan(tokens))
        except (RedshiftError, BackendError):
            if own:
                backend.query("ROLLBACK")
            raise
        if own and backend.status == b"T":
            backend.query("COMMIT")
