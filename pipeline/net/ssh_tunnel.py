"""SSH tunnel through a bastion: a local port forwarded to the server."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import paramiko
import sshtunnel

from pipeline.config.settings import Bastion
from pipeline.errors import ConfigurationError, PipelineError

KEEPALIVE = 15.0  # seconds; idle connections are commonly dropped after 60


@contextmanager
def route(
    bastion: Bastion | None, host: str, port: int, fault: type[PipelineError]
) -> Iterator[tuple[str, int]]:
    """Yield the address to connect to: `host` and `port`, or the tunnel's local end.

    The bastion's host key must be in the known_hosts file. Raises ConfigurationError when it is not or
    when the private key file is missing, and `fault`, the error class of the server, when the bastion
    is unreachable or rejects the login. The tunnel is closed with the context.
    """
    if bastion is None:
        yield host, port
        return
    try:
        forwarder = _forwarder(bastion, host, port)
        forwarder.start()
    except (sshtunnel.BaseSSHTunnelForwarderError, paramiko.SSHException, OSError) as error:
        raise fault(
            f"cannot open a tunnel through {bastion.user}@{bastion.host}:{bastion.port}",
            why=str(error) or type(error).__name__,
            todo="check SSH_BASTION_HOST, _PORT, _USER and _KEY_PATH with `ssh` by hand",
        ) from error
    try:
        yield "127.0.0.1", forwarder.local_bind_port
    finally:
        forwarder.stop()


def _forwarder(bastion: Bastion, host: str, port: int) -> sshtunnel.SSHTunnelForwarder:
    return sshtunnel.SSHTunnelForwarder(
        (bastion.host, bastion.port),
        ssh_username=bastion.user,
        ssh_pkey=_private_key(bastion),
        ssh_host_key=_host_key(bastion),
        remote_bind_address=(host, port),
        local_bind_address=("127.0.0.1", 0),
        set_keepalive=KEEPALIVE,
        allow_agent=False,
        host_pkey_directories=[],
        ssh_config_file=None,
    )


def _private_key(bastion: Bastion) -> str:
    if bastion.key_path is None or not bastion.key_path.expanduser().is_file():
        raise ConfigurationError(
            "the bastion's private key is missing",
            why=f"SSH_BASTION_KEY_PATH is {bastion.key_path}",
            todo="set SSH_BASTION_KEY_PATH to a readable private key file",
        )
    return str(bastion.key_path.expanduser())


def _host_key(bastion: Bastion) -> paramiko.PKey:
    """The host key that the bastion presents, checked against known_hosts, which may list several."""
    known = bastion.known_hosts.expanduser()
    try:
        hosts = paramiko.HostKeys(str(known))
    except OSError as error:
        raise _unknown_host(bastion, str(error)) from error
    name = bastion.host if bastion.port == 22 else f"[{bastion.host}]:{bastion.port}"
    keys = hosts.lookup(name)
    if not keys:
        raise _unknown_host(bastion, f"{known} has no key for {name}")
    with socket.create_connection((bastion.host, bastion.port), timeout=10) as connection:
        transport = paramiko.Transport(connection)
        try:
            transport.start_client(timeout=10)
            offered = transport.get_remote_server_key()
        finally:
            transport.close()
    if keys.get(offered.get_name()) != offered:
        raise _unknown_host(
            bastion, f"it presents a {offered.get_name()} key that {known} does not contain"
        )
    return offered


def _unknown_host(bastion: Bastion, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"the host key of the bastion {bastion.host} is unknown",
        why=why,
        todo=f"ssh-keyscan -p {bastion.port} {bastion.host}, verify the key with its administrator, add it",
    )
