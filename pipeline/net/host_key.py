"""The bastion's host key, compared with known_hosts as ssh compares it with StrictHostKeyChecking=yes."""

from __future__ import annotations

import paramiko

from pipeline.config.settings import Bastion
from pipeline.errors import ConfigurationError
from pipeline.net.known_hosts import KnownHost, known_host, name_of

_RSA = ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa")
"""The algorithms of a host key of type ssh-rsa: https://www.rfc-editor.org/rfc/rfc8332"""


def known_of(bastion: Bastion) -> KnownHost:
    """The bastion's lines of the known_hosts file; raises ConfigurationError for none."""
    path = bastion.known_hosts.expanduser()
    name = name_of(bastion.host, bastion.port)
    try:
        known = known_host(path, bastion.host, bastion.port)
    except OSError as error:
        raise _unknown(bastion, f"SSH_BASTION_KNOWN_HOSTS cannot be read: {error}") from error
    if known.keys:
        return known
    if known.authorities:
        why = f"line {known.authorities[0]} of {path} names a certificate authority, which is not supported"
    elif known.damaged:
        why = f"line {known.damaged[0]} of {path} names {name} without a readable key"
    else:
        why = f"{path} has no key for {name}"
    raise _unknown(bastion, why)


def prefer_known(transport: paramiko.Transport, known: KnownHost) -> None:
    """Ask for a host key of a known type first: a server has one of each type."""
    options = transport.get_security_options()
    types = [algorithm for key in known.keys for algorithm in _algorithms(key.type)]
    first = [kind for kind in dict.fromkeys(types) if kind in options.key_types]
    options.key_types = (*first, *(kind for kind in options.key_types if kind not in first))


def check(bastion: Bastion, known: KnownHost, offered: paramiko.PKey) -> None:
    """Raise ConfigurationError unless the host key is known and not revoked."""
    path, blob, kind = bastion.known_hosts.expanduser(), offered.asbytes(), offered.get_name()
    if line := known.revoked_in(blob):
        raise ConfigurationError(
            f"the host key of the bastion {bastion.host} is revoked",
            why=f"line {line} of {path} revokes {kind} {offered.fingerprint}",
            todo="ask the bastion's administrator for its current key",
        )
    if known.line_of(blob) is not None:
        return
    presented = f"it presents {kind} {offered.fingerprint}"
    if same := [str(key.line) for key in known.keys if key.type == kind]:
        raise ConfigurationError(
            f"the host key of the bastion {bastion.host} has changed, or another server answers",
            why=f"{presented}; line {', '.join(same)} of {path} has another {kind} key",
            todo="verify the new key with the bastion's administrator, and replace the line",
        )
    others = ", ".join(f"{key.type} (line {key.line})" for key in known.keys)
    raise _unknown(bastion, f"{presented}; {path} has {others} alone")


def _algorithms(key_type: str) -> tuple[str, ...]:
    return _RSA if key_type == "ssh-rsa" else (key_type,)


def _unknown(bastion: Bastion, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"the host key of the bastion {bastion.host} is unknown",
        why=why,
        todo=f"ssh-keyscan -p {bastion.port} {bastion.host}, verify the key with its administrator, add it",
    )
