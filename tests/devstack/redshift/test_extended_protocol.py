"""The extended query protocol, which other drivers than psycopg2 use."""

import hashlib
import socket
import struct
from collections.abc import Iterator

import pytest

from devstack.redshift import wire
from tests.devstack.redshift.conftest import PASSWORD, Lake, Standalone

pytestmark = pytest.mark.local  # it speaks to the stand-in's own port


class Client:
    """A session that speaks the protocol message by message."""

    def __init__(self, port: int) -> None:
        self._channel = wire.Channel(socket.create_connection(("127.0.0.1", port)))
        self._channel.write(wire.startup({"user": "awsuser", "database": "dev"}))
        self._channel.flush()
        _, body = self._channel.read()
        inner = hashlib.md5(f"{PASSWORD}awsuser".encode()).hexdigest()  # noqa: S324 - the protocol's
        answer = hashlib.md5(inner.encode() + body[4:]).hexdigest()  # noqa: S324 - the protocol's
        self.send(wire.message(b"p", wire.text("md5" + answer)))
        self.until_ready()

    def send(self, *messages: bytes) -> None:
        self._channel.write(b"".join(messages))
        self._channel.flush()

    def until_ready(self) -> list[tuple[bytes, bytes]]:
        """All messages up to ReadyForQuery."""
        found: list[tuple[bytes, bytes]] = []
        while not found or found[-1][0] != b"Z":
            found.append(self._channel.read())
        return found

    def execute(self, sql: str, *parameters: str) -> list[tuple[bytes, bytes]]:
        """Parse, bind, describe, execute and sync; what is answered."""
        values = b"".join(
            struct.pack("!i", len(value.encode())) + value.encode() for value in parameters
        )
        bound = wire.text("") * 2 + struct.pack("!hh", 0, len(parameters)) + values
        self.send(
            wire.message(b"P", wire.text("") + wire.text(sql) + struct.pack("!h", 0)),
            wire.message(b"B", bound + struct.pack("!h", 0)),
            wire.message(b"D", b"P" + wire.text("")),
            wire.message(b"E", wire.text("") + struct.pack("!i", 0)),
            wire.message(b"S"),
        )
        return self.until_ready()

    def close(self) -> None:
        self._channel.close()


@pytest.fixture
def client(standin: Standalone) -> Iterator[Client]:
    client = Client(standin.port)
    yield client
    client.close()


def _kinds(messages: list[tuple[bytes, bytes]]) -> bytes:
    return b"".join(kind for kind, _ in messages)


def test_a_query_with_parameters_is_prepared_and_run(client: Client) -> None:
    messages = client.execute("SELECT nvl($1::int, 0) + 1", "41")
    assert _kinds(messages) == b"12TDCZ"
    assert wire.cells(messages[3][1]) == [b"42"]


def test_redshifts_own_statements_run_there_too(client: Client, lake: Lake) -> None:
    client.execute("CREATE TEMP TABLE extended (a int DISTKEY, s super)")
    url = lake.put("x.csv", b'1|"[1]"\n2|\n')
    copy = f"COPY extended FROM '{url}' IAM_ROLE default CSV DELIMITER '|'"
    assert _kinds(client.execute(copy)) == b"12nNCZ"
    messages = client.execute("SELECT s, pg_last_copy_count() FROM extended ORDER BY a")
    assert [wire.cells(body) for kind, body in messages if kind == b"D"] == [
        [b"[1]", b"2"],
        [None, b"2"],
    ]
    assert _kinds(client.execute("SHOW query_group")) == b"12TDCZ"


def test_after_an_error_everything_up_to_sync_is_passed_over(client: Client) -> None:
    messages = client.execute("SELECT * FROM nowhere")
    assert _kinds(messages) == b"EZ"
    assert wire.error_fields(messages[0][1])["C"] == "42P01"
    assert _kinds(client.execute("CREATE INDEX i ON t (a)")) == b"EZ"
    assert _kinds(client.execute("SELECT 1")) == b"12TDCZ"


def test_an_error_fails_an_open_block(client: Client) -> None:
    client.execute("BEGIN")
    assert client.execute("SELECT 1/0")[-1] == (b"Z", b"E")
    assert wire.error_fields(client.execute("SELECT 1")[0][1])["C"] == "25P02"
    assert client.execute("ROLLBACK")[-1] == (b"Z", b"I")


def test_an_empty_statement_is_answered(client: Client) -> None:
    assert _kinds(client.execute("")) == b"12nIZ"
    client.send(wire.query(" ; "))
    assert _kinds(client.until_ready()) == b"IZ"
