"""A connection whose server is a script: what it sends, over a plain or an encrypted socket."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pymysql import err
from pymysql.connections import Connection
from pymysql.constants import CLIENT, FIELD_TYPE

from pipeline.errors import DataError
from pipeline.source.row_batches import read_batches
from tests.support import wire
from tests.support.certificates import server_context

TEXT = [wire.column("string")]
OK = b"\x00\x00\x00\x02\x00\x00\x00"
KILLED = b"\xff" + struct.pack("<H", 1317) + b"#70100Query execution was interrupted"


def definition(name: str) -> bytes:
    names = b"".join(wire.cell(text) for text in (b"def", b"d", b"t", b"t", name.encode(), b"c"))
    kind = struct.pack("<HIBHBxx", 45, 255, FIELD_TYPE.VAR_STRING, 0, 0)
    return names + b"\x0c" + kind


def head(columns: int = 1) -> list[bytes]:
    """What comes before the rows."""
    return [bytes([columns]), *(definition(f"c{place}") for place in range(columns)), wire.EOF]


def answer(*rows: bytes | None, ending: bytes = wire.EOF) -> bytes:
    contents = [*head(), *(wire.payload([row]) for row in rows), ending]
    return wire.packets(contents, sequence=1)[0]


@dataclass
class Script:
    """Answers each command with the next of `answers`, then closes."""

    near: socket.socket
    far: socket.socket
    context: ssl.SSLContext | None = None
    answers: list[bytes] = field(default_factory=list)
    commands: list[bytes] = field(default_factory=list)

    def run(self) -> None:
        sock = self.context.wrap_socket(self.far, server_side=True) if self.context else self.far
        with sock:
            for reply in self.answers:
                header = self._exactly(sock, 4)
                self.commands.append(self._exactly(sock, int.from_bytes(header[:3], "little")))
                try:
                    sock.sendall(reply)
                except OSError:  # the client has closed the connection
                    return

    @staticmethod
    def _exactly(sock: socket.socket, size: int) -> bytes:
        data = b""
        while len(data) < size and (piece := sock.recv(size - len(data))):
            data += piece
        return data


Play = Callable[..., "Connection[Any]"]


@pytest.fixture(params=["plain", "encrypted"])
def play(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Play]:
    """Makes a connection to a server that gives these answers."""
    threads: list[threading.Thread] = []
    near, far = socket.socketpair()

    def start(*answers: bytes, **options: Any) -> Connection[Any]:
        script = Script(near, far, answers=list(answers))
        client = near
        if request.param == "encrypted":
            script.context = server_context(tmp_path)
        thread = threading.Thread(target=script.run)
        thread.start()
        threads.append(thread)
        if request.param == "encrypted":
            trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
            client = trusting.wrap_socket(near)
        connection = Connection(defer_connect=True, charset="utf8mb4", **options)
        connection._sock, connection._rfile = client, client.makefile("rb")  # type: ignore[attr-defined]
        connection._current_timeout = None  # type: ignore[attr-defined]
        return connection

    yield start
    near.close()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()


def read(connection: Connection[Any], **options: int) -> list[str | None]:
    batches = read_batches(connection, "SELECT c", TEXT, **options)
    return [value for decoded in batches for value in decoded.batch.column(0).to_pylist()]


def test_the_connection_goes_on_after_the_last_row(play: Play) -> None:
    long = b"x" * 3_000_000
    committed = wire.packets([OK], sequence=1)[0]
    connection = play(answer(b"a", None, long, b"b"), committed, answer(), answer(b"z"))
    assert read(connection) == ["a", None, long.decode(), "b"]
    connection.commit()
    assert read(connection) == []
    assert read(connection) == ["z"]


def test_an_abandoned_stream_closes_the_connection(play: Play) -> None:
    connection = play(answer(*[b"x" * 1000] * 5000))
    batches = read_batches(connection, "SELECT c", TEXT, batch_rows=10)
    next(batches)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        batches.close()  # type: ignore[attr-defined]
    assert not connection.open
    with pytest.raises(err.InterfaceError):
        connection.query("SELECT 1")


def test_an_error_in_mid_stream_is_the_server_s_own(play: Play) -> None:
    connection = play(answer(b"a", ending=KILLED))
    with pytest.raises(err.OperationalError, match="Query execution was interrupted") as raised:
        read(connection)
    assert raised.value.args[0] == 1317


def test_an_error_instead_of_rows_leaves_the_connection_usable(play: Play) -> None:
    wrong = b"\xff" + struct.pack("<H", 1146) + b"#42S02Table 'd.t' doesn't exist"
    connection = play(wire.packets([wrong], sequence=1)[0], answer(b"a"))
    with pytest.raises(err.ProgrammingError, match="doesn't exist"):
        read(connection)
    assert read(connection) == ["a"]


@pytest.mark.parametrize("cut", [1, 9, 12, 20])
def test_a_server_that_goes_away_is_a_lost_connection(play: Play, cut: int) -> None:
    connection = play(answer(b"a", b"b", b"c")[:-cut])
    with pytest.raises(err.OperationalError) as raised:
        read(connection)
    assert raised.value.args[0] == 2013
    assert not connection.open


def test_a_server_that_falls_silent_is_a_lost_connection(play: Play) -> None:
    connection = play(answer(b"a")[:-3], b"", read_timeout=0.2)
    with pytest.raises(err.OperationalError, match="timed out") as raised:
        read(connection)
    assert raised.value.args[0] == 2013
    assert not connection.open


def test_a_packet_numbered_zero_is_a_server_that_shuts_down(play: Play) -> None:
    rows = wire.packets([*head(), wire.payload([b"a"])], sequence=1)[0]
    connection = play(rows + wire.packets([KILLED], sequence=0)[0])
    with pytest.raises(err.OperationalError) as raised:
        read(connection)
    assert raised.value.args[0] == 2013


def test_a_lost_packet_is_what_pymysql_says_of_it(play: Play) -> None:
    rows = wire.packets([*head(), wire.payload([b"a"])], sequence=1)[0]
    connection = play(rows + wire.packets([wire.EOF], sequence=77)[0])
    with pytest.raises(err.InternalError, match="got 77 expected 5"):
        read(connection)


def test_a_packet_that_is_no_row_is_an_internal_error(play: Play) -> None:
    connection = play(wire.packets([*head(), b"\x09short", wire.EOF], sequence=1)[0])
    with pytest.raises(err.InternalError, match="malformed row"):
        read(connection)
    assert not connection.open


def test_a_result_with_other_columns_is_refused(play: Play) -> None:
    connection = play(wire.packets([*head(2), wire.EOF], sequence=1)[0])
    with pytest.raises(err.ProgrammingError, match="2 columns, expected 1"):
        read(connection)
    assert not connection.open


def test_a_statement_without_a_result_is_refused(play: Play) -> None:
    connection = play(wire.packets([OK], sequence=1)[0])
    with pytest.raises(err.ProgrammingError, match="0 columns"):
        read(connection)


def test_a_second_result_is_refused(play: Play) -> None:
    connection = play(answer(b"a", ending=b"\xfe\x00\x00\x0a\x00"))
    with pytest.raises(err.NotSupportedError, match="more than one result"):
        read(connection)


def test_a_value_that_is_none_closes_the_connection(play: Play) -> None:
    connection = play(answer(b"twelve"))
    with pytest.raises(DataError, match="'twelve'"):
        list(read_batches(connection, "SELECT c", [wire.column("int32")]))
    assert not connection.open


@pytest.mark.parametrize("flag", [CLIENT.COMPRESS, CLIENT.DEPRECATE_EOF])
def test_protocols_that_would_be_misread_are_refused(flag: int) -> None:
    connection = Connection(defer_connect=True, client_flag=flag)
    with pytest.raises(err.NotSupportedError):
        read(connection)
