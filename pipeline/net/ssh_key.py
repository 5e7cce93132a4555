"""The private keys to log in to the bastion with: of a file, or of an SSH agent."""

from __future__ import annotations

import base64
import binascii
import io
import os
import stat
from collections.abc import Sequence
from pathlib import Path

import paramiko
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from pipeline.config.settings import Bastion
from pipeline.errors import ConfigurationError

_PUBLIC = (b"ssh-", b"ecdsa-", b"sk-", b"---- BEGIN SSH2 PUBLIC", b"-----BEGIN PUBLIC")
_PUTTY = b"PuTTY-User-Key-File"


class _Encrypted(Exception):
    """The key has a passphrase, and none was given."""


def private_keys(bastion: Bastion) -> Sequence[paramiko.PKey]:
    """The keys to try, in order: the file's; without a file, those of the agent.

    An agent also serves a file that is a public key, or has a passphrase that is not configured, as with
    `ssh -i`. Raises ConfigurationError where there is no usable key.
    """
    if bastion.key_path is None:
        if keys := _agent_keys():
            return keys
        raise _refusal("no private key for the bastion is set", "no SSH agent offers a key either")
    path = bastion.key_path.expanduser()
    content = _read(path)
    if content.lstrip().startswith(_PUBLIC):
        return _of_public_key(path, content)
    _refuse_open_mode(path)
    secret = bastion.key_passphrase
    try:
        return [_load(path, content, secret.get_secret_value().encode() if secret else None)]
    except _Encrypted:
        if keys := _agent_keys():
            return keys
        raise _refusal(
            "the bastion's private key has a passphrase",
            f"{path} is encrypted, SSH_BASTION_KEY_PASSPHRASE is not set, and no SSH agent offers a key",
            "set SSH_BASTION_KEY_PASSPHRASE, or add the key to an agent of this user with `ssh-add`",
        ) from None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        why = f"SSH_BASTION_KEY_PATH is {path}, and there is no such file"
        raise _refusal("the bastion's private key is missing", why) from None
    except OSError as error:
        raise _refusal("the bastion's private key cannot be read", str(error)) from error


def _refuse_open_mode(path: Path) -> None:
    """Raise ConfigurationError for a key of this user that others may read, as ssh does."""
    status = path.stat()
    mode = stat.S_IMODE(status.st_mode)
    if status.st_uid == os.getuid() and mode & 0o077:
        why = f"the mode of {path} is {mode:04o}, which ssh refuses too"
        raise _refusal(
            "the bastion's private key is accessible to others", why, f"chmod 600 {path}"
        )


def _load(path: Path, content: bytes, passphrase: bytes | None) -> paramiko.PKey:
    """The key of a file; raises ConfigurationError for none, `_Encrypted` without a passphrase."""
    try:
        return _decoded(content, None)
    except _Encrypted:
        if passphrase is None:
            raise
    except (ValueError, UnsupportedAlgorithm, paramiko.SSHException) as error:
        why = f"{path} has no private key in OpenSSH's format or PEM: {_first_line(error)}"
        todo = "check the file with `ssh-keygen -y -f`, or copy the key again"
        if content.startswith(_PUTTY):
            todo = f"convert it: puttygen {path} -O private-openssh -o <new file>"
        raise _refusal("the bastion's private key cannot be used", why, todo) from error
    try:
        return _decoded(content, passphrase)
    except (ValueError, UnsupportedAlgorithm, paramiko.SSHException) as error:
        raise _refusal(
            "the passphrase of the bastion's private key is wrong",
            f"SSH_BASTION_KEY_PASSPHRASE does not decrypt {path}",
            "correct SSH_BASTION_KEY_PASSPHRASE",
        ) from error


def _decoded(content: bytes, passphrase: bytes | None) -> paramiko.PKey:
    """The key of a file's content, in OpenSSH's format or PEM, as paramiko's."""
    try:
        try:
            key: object = serialization.load_ssh_private_key(content, passphrase)
        except ValueError:
            key = serialization.load_pem_private_key(content, passphrase)
    except TypeError as error:  # cryptography's error for a missing passphrase
        raise _Encrypted from error
    if isinstance(key, rsa.RSAPrivateKey):
        return paramiko.RSAKey.from_private_key(io.StringIO(_openssh(key)))
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return paramiko.ECDSAKey.from_private_key(io.StringIO(_openssh(key)))
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return paramiko.Ed25519Key.from_private_key(io.StringIO(_openssh(key)))
    raise ValueError(f"a key of the kind {type(key).__name__} is not supported")


def _openssh(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey,
) -> str:
    """The key in the one format that paramiko reads for every kind."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.OpenSSH,
        serialization.NoEncryption(),
    ).decode()


def _of_public_key(path: Path, content: bytes) -> Sequence[paramiko.PKey]:
    """The agent's key with this public key."""
    try:
        blob = base64.b64decode(content.split()[1])
    except (IndexError, binascii.Error):
        blob = b""
    if keys := [key for key in _agent_keys() if key.asbytes() == blob]:
        return keys
    raise _refusal(
        "the bastion's private key cannot be used",
        f"{path} is a public key, and no SSH agent has the private one",
        f"set SSH_BASTION_KEY_PATH to the private key, usually {path.with_suffix('')}",
    )


def _agent_keys() -> Sequence[paramiko.PKey]:
    """The keys of the agent that SSH_AUTH_SOCK names; none without an agent."""
    try:
        return paramiko.Agent().get_keys()
    except (paramiko.SSHException, OSError):
        return ()


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _refusal(what: str, why: str, todo: str = "") -> ConfigurationError:
    todo = todo or "set SSH_BASTION_KEY_PATH to a readable private key file"
    return ConfigurationError(what, why=why, todo=todo)
