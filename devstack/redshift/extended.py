"""The extended query protocol: Parse, Bind, Describe, Execute, Close, Sync.

Statements that PostgreSQL can run are prepared there. Those of the proxy (COPY, DDL with a side
catalogue, refusals) are kept here by name and run on Execute.
"""

from __future__ import annotations

from devstack.redshift import wire
from devstack.redshift.errors import BackendError, RedshiftError, not_supported
from devstack.redshift.executor import Executor, one_statement
from devstack.redshift.plan import Answer, Plan, Run

_NO_PARAMETERS = wire.message(b"t", b"\0\0")
_NO_DATA = wire.message(b"n")


class Extended:
    """The state of the extended protocol in one session."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._prepared: dict[str, Plan] = {}
        self._tags: dict[str, str] = {}
        self._portals: dict[str, Plan] = {}
        self._portal_tags: dict[str, str] = {}
        self._skipping = False

    def reset(self) -> None:
        """Forget the unnamed statement and portal, as a simple query does."""
        self._prepared.pop("", None)
        self._portals.pop("", None)

    def handle(self, kind: bytes, body: bytes) -> None:
        """Process one message; after an error, skip everything up to Sync."""
        executor = self._executor
        if kind == b"S":
            self._skipping = False
            try:
                executor.backend.send(wire.message(b"S"))
                executor.backend.wait(executor.results.sink())
            except BackendError as error:
                executor.fail(error)
            executor.finish()
            return
        if self._skipping:
            return
        if kind == b"H":
            executor.client.flush()
            return
        try:
            {b"P": self._parse, b"B": self._bind, b"D": self._describe}.get(
                kind, {b"E": self._execute, b"C": self._close}.get(kind, self._unknown)
            )(body)
        except (RedshiftError, BackendError) as error:
            self._skipping = True
            executor.fail(error)

    def _unknown(self, body: bytes) -> None:
        raise not_supported(f"a message of this kind ({len(body)} bytes) is not supported")

    def _parse(self, body: bytes) -> None:
        name, at = wire.split_text(body)
        sql, at = wire.split_text(body, at)
        tokens = one_statement(sql)
        plan = self._executor.plan(tokens) if tokens else Run("")
        self._prepared.pop(name, None)
        if isinstance(plan, Run) and plan.alone:
            self._tags[name] = plan.tag
            message = wire.message(b"P", wire.text(name) + wire.text(plan.main) + body[at:])
            self._executor.backend.step(message, b"1", self._executor.results.sink())
            return
        if int.from_bytes(body[at : at + 2], "big"):
            raise not_supported("parameters are not supported in this statement")
        self._prepared[name] = plan
        self._executor.client.write(wire.message(b"1"))

    def _bind(self, body: bytes) -> None:
        portal, at = wire.split_text(body)
        name, _ = wire.split_text(body, at)
        self._portals.pop(portal, None)
        if name in self._prepared:
            self._portals[portal] = self._prepared[name]
            self._executor.client.write(wire.message(b"2"))
        else:
            self._portal_tags[portal] = self._tags.get(name, "")
            message = wire.message(b"B", body)
            self._executor.backend.step(message, b"2", self._executor.results.sink())

    def _describe(self, body: bytes) -> None:
        statement = body[:1] == b"S"
        name, _ = wire.split_text(body, 1)
        plan = (self._prepared if statement else self._portals).get(name)
        if plan is None:
            message = wire.message(b"D", body)
            self._executor.backend.step(message, b"Tn", self._executor.results.sink())
            return
        if statement:
            self._executor.client.write(_NO_PARAMETERS)
        rows = isinstance(plan, Answer) and plan.columns
        self._executor.client.write(wire.row_description(rows) if rows else _NO_DATA)

    def _execute(self, body: bytes) -> None:
        name, _ = wire.split_text(body)
        plan = self._portals.get(name)
        if plan is None:
            sink = self._executor.results.sink(self._portal_tags.get(name, ""))
            self._executor.backend.step(wire.message(b"E", body), b"CIs", sink)
        else:
            self._executor.run(plan, described=True)

    def _close(self, body: bytes) -> None:
        name, _ = wire.split_text(body, 1)
        kept = self._prepared if body[:1] == b"S" else self._portals
        if kept.pop(name, None) is None:
            message = wire.message(b"C", body)
            self._executor.backend.step(message, b"3", self._executor.results.sink())
        else:
            self._executor.client.write(wire.message(b"3"))
