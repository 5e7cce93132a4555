"""Answers to the client, with Redshift's types, names and tags."""

from __future__ import annotations

import struct

from devstack.redshift import wire
from devstack.redshift.backend import Backend, Sink
from devstack.redshift.names import LongNames
from devstack.redshift.plan import Answer

SUPER_OID = 4000
VARBYTE_OID = 6551
"""The type numbers of Redshift's drivers (redshift_connector, RedshiftOID)."""

_PARAMETERS = {"TimeZone", "DateStyle", "session_authorization", "is_superuser"}


class Results:
    """Writes PostgreSQL's answers to one client."""

    def __init__(self, client: wire.Channel, names: LongNames, backend: Backend) -> None:
        self._client = client
        self._names = names
        rows = backend.query("SELECT 'super'::regtype::oid, 'varbyte'::regtype::oid")
        super_oid, varbyte_oid = (int(value or 0) for value in rows[0])
        self._types = {super_oid: SUPER_OID, varbyte_oid: VARBYTE_OID}
        self._hexadecimal: list[int] = []

    def answer(self, answer: Answer, described: bool = False) -> None:
        """Send rows of the proxy, preceded by their names unless `described`."""
        if answer.columns and not described:
            self._client.write(wire.row_description(answer.columns))
        for row in answer.rows:
            self._client.write(wire.row(row))
        self._client.write(wire.complete(answer.tag))

    def sink(self, tag: str = "") -> Sink:
        """The sink of a statement's messages; `tag` replaces the command tag if given."""

        def forward(kind: bytes, body: bytes) -> None:
            if kind == b"D":
                body = self._row(body) if self._hexadecimal else body
            elif kind == b"T":
                body = self.describe(body)
            elif kind == b"C" and tag:
                body = wire.text(_retagged(body, tag))
            elif kind == b"S":
                name, _ = wire.split_text(body)
                if name not in _PARAMETERS:
                    return
            elif kind == b"N":
                fields = wire.error_fields(body)
                kept = {key: value for key, value in fields.items() if key in "SCMDH"}
                body = wire.error({key: self._names.restore(v) for key, v in kept.items()})[5:]
            self._client.write(wire.message(kind, body))

        return forward

    def describe(self, body: bytes) -> bytes:
        """A RowDescription with long names and Redshift's type numbers."""
        (count,) = struct.unpack_from("!h", body)
        out, at = bytearray(body[:2]), 2
        self._hexadecimal = []
        for index in range(count):
            name, at = wire.split_text(body, at)
            table, column, oid, size, modifier, form = struct.unpack_from("!ihihih", body, at)
            at += 18
            oid = self._types.get(oid, oid)
            if oid == VARBYTE_OID:
                self._hexadecimal.append(index)
            out += wire.text(self._names.restore(name))
            out += struct.pack("!ihihih", table, column, oid, size, modifier, form)
        return bytes(out)

    def _row(self, body: bytes) -> bytes:
        """A row with VARBYTE as bare hexadecimal digits, without PostgreSQL's backslash-x."""
        cells = wire.cells(body)
        for index in self._hexadecimal:
            cell = cells[index]
            if cell is not None:
                cells[index] = cell.removeprefix(b"\\x")
        return wire.data_row(cells)[5:]


def _retagged(body: bytes, tag: str) -> str:
    """The tag to show; one that ends in a space gets the row count of the original."""
    if not tag.endswith(" "):
        return tag
    return tag + wire.split_text(body)[0].rsplit(" ", 1)[-1]
