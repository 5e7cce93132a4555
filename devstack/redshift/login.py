"""Start of a connection: TLS, authentication, server parameters.

Source: PostgreSQL documentation, "Frontend/Backend Protocol", section "Start-up".
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import ssl
from collections.abc import Callable
from dataclasses import dataclass

from devstack.redshift import wire
from devstack.redshift.errors import RedshiftError

_INVALID_PASSWORD = "28000"
_GREETING = {
    "server_version": "8.0.2",
    "server_encoding": "UNICODE",
    "client_encoding": "UNICODE",
    "DateStyle": "ISO, MDY",
    "TimeZone": "UTC",
    "integer_datetimes": "on",
    # standard_conforming_strings is left out: Redshift does not report it, and a libpq without
    # it doubles the backslashes of literals, which Redshift then reads as escapes.
}


@dataclass(frozen=True)
class Client:
    """A connected client: its user and database, or its cancel request."""

    user: str = ""
    database: str = ""
    application: str = ""
    cancel_key: bytes = b""


def negotiate(channel: wire.Channel, tls: ssl.SSLContext | None) -> tuple[wire.Channel, Client]:
    """Read start-up packets up to the client's identity; the channel may be upgraded to TLS."""
    while True:
        code, body = channel.startup()
        if code == wire.CANCEL_REQUEST:
            return channel, Client(cancel_key=body)
        if code == wire.SSL_REQUEST and tls is not None:
            channel.sock.sendall(b"S")
            try:
                channel = wire.Channel(tls.wrap_socket(channel.sock, server_side=True))
            except (ssl.SSLError, OSError) as error:
                raise wire.Disconnected(str(error)) from error
        elif code in (wire.SSL_REQUEST, wire.GSS_REQUEST):
            channel.sock.sendall(b"N")
        elif code >> 16 == 3:
            given = wire.parameters(body)
            user = given.get("user", "")
            database = given.get("database", user)
            return channel, Client(user, database, given.get("application_name", ""))
        else:
            raise RedshiftError(f"unsupported frontend protocol {code >> 16}.{code & 65535}")


def check_password(
    channel: wire.Channel, user: str, password_of: Callable[[str], str | None]
) -> None:
    """Request the password as an MD5 digest; raises RedshiftError if it is wrong."""
    salt = secrets.token_bytes(4)
    channel.write(wire.message(b"R", (5).to_bytes(4, "big") + salt))
    channel.flush()
    kind, body = channel.read()
    given = body.rstrip(b"\0").decode(errors="replace")
    password = password_of(user)
    expected = _md5_answer(user, password or "", salt)
    if kind != b"p" or password is None or not hmac.compare_digest(given, expected):
        raise RedshiftError(f'password authentication failed for user "{user}"', _INVALID_PASSWORD)


def _md5_answer(user: str, password: str, salt: bytes) -> str:
    inner = hashlib.md5((password + user).encode(), usedforsecurity=False).hexdigest()
    return "md5" + hashlib.md5(inner.encode() + salt, usedforsecurity=False).hexdigest()


def welcome(user: str, key: bytes) -> bytes:
    """The messages after authentication: server parameters, the cancel key, ReadyForQuery."""
    parameters = {**_GREETING, "session_authorization": user, "is_superuser": "on"}
    greeting = wire.message(b"R", (0).to_bytes(4, "big"))
    greeting += b"".join(wire.status(name, value) for name, value in parameters.items())
    return greeting + wire.message(b"K", key) + wire.ready(b"I")
