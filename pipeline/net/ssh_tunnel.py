"""SSH tunnel through a bastion: a local port forwarded to the server."""

from __future__ import annotations

import getpass
import logging
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import paramiko
import sshtunnel

from pipeline.config.settings import Bastion
from pipeline.errors import PipelineError
from pipeline.net import host_key
from pipeline.net.silence import LOGIN_TIMEOUT, keep_alive
from pipeline.net.ssh_key import private_keys

KEEPALIVE = 15.0  # seconds; idle connections are commonly dropped after 60

Result = TypeVar("Result")
_LOG = "pipeline.net.ssh_tunnel.library"
_PROHIBITED = 1  # RFC 4254, 5.1: SSH_OPEN_ADMINISTRATIVELY_PROHIBITED


@dataclass(frozen=True)
class Faults:
    """The error classes of a route's server: for any failure, and for one that may pass by itself."""

    failed: type[PipelineError]
    lost: type[PipelineError]


@dataclass(frozen=True)
class Route:
    """The address to connect to: the server's, or the local end of a tunnel to it."""

    host: str
    port: int
    _refusal: Callable[[], PipelineError | None] = field(default=lambda: None, repr=False)

    def connect(self, attempt: Callable[[], Result]) -> Result:
        """Call `attempt`, which connects; its error is the bastion's where that refused to forward."""
        try:
            return attempt()
        except Exception as error:
            if refusal := self._refusal():
                raise refusal from error
            raise


@contextmanager
def route(bastion: Bastion | None, host: str, port: int, faults: Faults) -> Iterator[Route]:
    """Yield the route to `host` and `port`, which is closed with the context.

    Raises ConfigurationError for an unknown host key or an unusable private key, and an error of `faults`
    when the bastion is unreachable or rejects the login.
    """
    if bastion is None:
        yield Route(host, port)
        return
    keys = private_keys(bastion)
    transport = _connected(bastion, faults)
    try:
        _log_in(transport, bastion, keys, faults)
        forwarder = _forwarder(transport, keys[0], bastion, (host, port))
        forwarder.start()
        try:
            refusal = _Refusal(transport, bastion, f"{host}:{port}", faults)
            yield Route("127.0.0.1", forwarder.local_bind_port, refusal)
        finally:
            forwarder.stop()
    except (sshtunnel.BaseSSHTunnelForwarderError, paramiko.SSHException) as error:
        raise _failure(bastion, faults.lost, error) from error
    finally:
        transport.close()


class _Transport(paramiko.Transport):
    """A connection to the bastion that keeps the error of the last channel it could not open."""

    refusal: paramiko.SSHException | None = None

    def open_channel(self, *arguments: Any, **options: Any) -> paramiko.Channel:
        """Open a channel, as the base class does."""
        try:
            channel = super().open_channel(*arguments, **options)
        except paramiko.SSHException as error:
            self.refusal = error
            raise
        self.refusal = None
        return channel


@dataclass(frozen=True)
class _Refusal:
    """The error of a channel that the bastion did not open; None if it has opened the last one."""

    transport: _Transport
    bastion: Bastion
    target: str
    faults: Faults

    def __call__(self) -> PipelineError | None:
        error = self.transport.refusal
        if error is None:
            return None
        what = f"the bastion {self.bastion.host} does not forward to {self.target}"
        code = error.code if isinstance(error, paramiko.ChannelException) else None
        if code == _PROHIBITED:
            why = "it prohibits the forwarding"
            todo = (
                "permit it on the bastion: AllowTcpForwarding, PermitOpen in sshd_config, options in "
                "authorized_keys"
            )
            return self.faults.failed(what, why=why, todo=todo)
        why = f"it cannot connect there: {error}"
        todo = f"check host, port and firewall of {self.target} as seen from the bastion"
        return self.faults.lost(what, why=why, todo=todo)


def _forwarder(
    transport: _Transport, key: paramiko.PKey, bastion: Bastion, remote: tuple[str, int]
) -> sshtunnel.SSHTunnelForwarder:
    """sshtunnel's forwarder on a connection that is logged in: its own login only logs why it fails."""
    forwarder = sshtunnel.SSHTunnelForwarder(
        (bastion.host, bastion.port),
        ssh_username=bastion.user,
        ssh_pkey=key,  # required, and not used
        remote_bind_address=remote,
        local_bind_address=("127.0.0.1", 0),
        logger=_silent_log(),
        allow_agent=False,
        host_pkey_directories=[],
        ssh_config_file=None,
    )
    forwarder._transport = transport  # `start` connects only where there is no active one
    return forwarder


def _silent_log() -> logging.Logger:
    """The libraries' log: failures are raised here, and the libraries log them with tracebacks."""
    log = logging.getLogger(_LOG)
    log.setLevel(logging.CRITICAL + 1)
    return log


def _connected(bastion: Bastion, faults: Faults) -> _Transport:
    """A connection to the bastion with a verified host key, before the login."""
    known = host_key.known_of(bastion)
    try:
        connection = socket.create_connection((bastion.host, bastion.port), timeout=LOGIN_TIMEOUT)
        keep_alive(connection, bastion.silence)
    except (OSError, UnicodeError) as error:
        raise _failure(bastion, faults.lost, error) from error
    transport = _Transport(connection)
    try:
        transport.set_log_channel(_silent_log().name)
        transport.banner_timeout = transport.auth_timeout = LOGIN_TIMEOUT
        host_key.prefer_known(transport, known)
        transport.start_client(timeout=LOGIN_TIMEOUT)
        host_key.check(bastion, known, transport.get_remote_server_key())
    except BaseException as error:
        transport.close()
        if isinstance(error, paramiko.SSHException | OSError | EOFError):
            raise _failure(bastion, faults.lost, error) from error
        raise
    transport.set_keepalive(int(KEEPALIVE))
    return transport


def _log_in(
    transport: _Transport, bastion: Bastion, keys: Sequence[paramiko.PKey], faults: Faults
) -> None:
    """Log in with the first key that the bastion accepts."""
    user = bastion.user or getpass.getuser()
    reason: Exception | None = None
    for key in keys:
        try:
            if not transport.auth_publickey(user, key):
                return
            reason = paramiko.AuthenticationException("It demands more than a key.")
        except (paramiko.SSHException, EOFError) as error:
            reason = error
        if not transport.is_active():  # as after too many keys
            break
    offered = ", ".join(f"{key.get_name()} {key.fingerprint}" for key in keys)
    raise faults.failed(
        f"the bastion {bastion.host}:{bastion.port} refused the login of {user}",
        why=f"{_text(reason)} of {offered}",
        todo="check SSH_BASTION_USER and SSH_BASTION_KEY_PATH, and the user's authorized_keys there",
    ) from reason


def _failure(bastion: Bastion, kind: type[PipelineError], error: BaseException) -> PipelineError:
    return kind(
        f"cannot open a tunnel through {bastion.user}@{bastion.host}:{bastion.port}",
        why=_text(error),
        todo="check SSH_BASTION_HOST, _PORT, _USER and _KEY_PATH with `ssh` by hand",
    )


def _text(error: BaseException | None) -> str:
    return (str(error) or type(error).__name__).rstrip(".")
