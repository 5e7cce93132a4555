"""Keys, host keys and rights at the bastion: what ssh accepts works, the rest is named with its cause."""

from __future__ import annotations

import os
import re
import socket
import socketserver
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paramiko
import pytest

from devstack import lifecycle
from devstack.ports import free_port
from devstack.sshd import Sshd
from pipeline.config.settings import Bastion
from pipeline.errors import ConfigurationError, PipelineError, SourceError
from pipeline.net.ssh_tunnel import Faults, route
from pipeline.source.connection import SourceLost

pytestmark = pytest.mark.local

Change = Callable[[str], str]
PASSPHRASE = "pässphrase 密"


class _Greeter(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.request.sendall(b"hello")


@pytest.fixture(scope="module")
def far_port() -> Iterator[int]:
    """The port of a server that greets, behind the bastion."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Greeter) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield int(server.server_address[1])
        server.shutdown()


class TwoKeys(Sshd):
    """A bastion with host keys of two types."""

    change: Change = staticmethod(lambda text: text)

    def prepare(self) -> None:
        super().prepare()
        rsa = self.directory / "host_key_rsa"
        if not rsa.exists():
            make_key(rsa, "-t", "rsa")
        config = self.directory / "sshd_config"
        text = config.read_text() + f'HostKey "{rsa}"\n'
        config.write_text(self.change(text))


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoKeys]:
    sshd = TwoKeys.new(tmp_path_factory.mktemp("bastion") / "sshd")
    lifecycle.start(sshd)
    yield sshd
    lifecycle.stop(sshd.directory)


@pytest.fixture
def bastion(sshd: TwoKeys, monkeypatch: pytest.MonkeyPatch) -> Bastion:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    return bastion_of(sshd)


def bastion_of(sshd: Sshd, **changes: Any) -> Bastion:
    variables = sshd.environment()
    return Bastion.model_validate(
        {
            "host": variables["SSH_BASTION_HOST"],
            "port": sshd.port,
            "user": variables["SSH_BASTION_USER"],
            "key_path": sshd.client_key,
            "known_hosts": sshd.known_hosts,
            **changes,
        }
    )


def changed(bastion: Bastion, **changes: Any) -> Bastion:
    return Bastion.model_validate({**bastion.model_dump(), **changes})


def make_key(path: Path, *options: str, passphrase: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["ssh-keygen", "-q", "-N", passphrase, *options, "-f", str(path)], check=True)
    return path


def greeting(bastion: Bastion, port: int) -> bytes:
    """What the server behind the bastion says."""
    with route(bastion, "127.0.0.1", port, Faults(SourceError, SourceLost)) as way:

        def receive() -> bytes:
            with socket.create_connection((way.host, way.port), timeout=30) as connection:
                data = connection.recv(5)
            if not data:
                raise ConnectionError("closed without a greeting")
            return data

        return way.connect(receive)


def error_of(bastion: Bastion, port: int, kind: type[PipelineError]) -> str:
    with pytest.raises(kind) as caught:
        greeting(bastion, port)
    assert type(caught.value) in (ConfigurationError, SourceError, SourceLost)
    return str(caught.value)


# Keys


@pytest.mark.parametrize(
    "options",
    [
        ("-t", "ed25519"),
        ("-t", "rsa"),
        ("-t", "rsa", "-m", "PEM"),
        ("-t", "rsa", "-m", "PKCS8"),
        ("-t", "ecdsa", "-b", "384"),
        ("-t", "ecdsa", "-m", "PEM"),
        ("-t", "ecdsa", "-m", "PKCS8"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("passphrase", ["", PASSPHRASE], ids=["plain", "encrypted"])
def test_a_key_of_every_kind_and_format_that_ssh_reads_logs_in(
    bastion: Bastion,
    sshd: TwoKeys,
    far_port: int,
    tmp_path: Path,
    options: tuple[str, ...],
    passphrase: str,
):
    key = make_key(tmp_path / "key", *options, passphrase=passphrase)
    with (sshd.directory / "authorized_keys").open("a") as authorized:
        authorized.write(f"restrict,port-forwarding {key.with_suffix('.pub').read_text()}")
    with_key = changed(bastion, key_path=key, key_passphrase=PASSPHRASE)
    assert greeting(with_key, far_port) == b"hello"


def no_key(path: Path, content: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


def half(key: bytes) -> bytes:
    return key[: len(key) // 2]


def damaged(key: bytes) -> bytes:
    lines = key.splitlines(keepends=True)
    return b"".join([*lines[:2], b"AAAA" + lines[2][4:], *lines[3:]])


@pytest.mark.parametrize(
    "content",
    [
        half,
        damaged,
        lambda _key: b"",
        lambda _key: b"\xff\xfe\x00",
        lambda _key: b"PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n",
        lambda _key: b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ],
    ids=["half", "damaged", "empty", "binary", "PuTTY's", "certificate"],
)
def test_a_file_that_holds_no_usable_key_is_named(
    bastion: Bastion, far_port: int, tmp_path: Path, content: Callable[[bytes], bytes]
):
    assert bastion.key_path
    path = no_key(tmp_path / "key", content(bastion.key_path.read_bytes()))
    message = error_of(changed(bastion, key_path=path), far_port, ConfigurationError)
    assert "private key cannot be used" in message
    assert str(path) in message


def test_a_passphrase_that_is_missing_or_wrong_is_named(
    bastion: Bastion, far_port: int, tmp_path: Path
):
    for options in (("-t", "ed25519"), ("-t", "rsa", "-m", "PEM")):
        key = make_key(tmp_path / options[1], *options, passphrase=PASSPHRASE)
        message = error_of(changed(bastion, key_path=key), far_port, ConfigurationError)
        assert f"{key} is encrypted" in message
        assert "SSH_BASTION_KEY_PASSPHRASE" in message
        wrong = changed(bastion, key_path=key, key_passphrase="other")
        message = error_of(wrong, far_port, ConfigurationError)
        assert f"SSH_BASTION_KEY_PASSPHRASE does not decrypt {key}" in message
        assert "other" not in repr(wrong.key_passphrase)


def test_a_public_key_is_named_as_one(bastion: Bastion, far_port: int):
    assert bastion.key_path
    public = bastion.key_path.with_suffix(".pub")
    message = error_of(changed(bastion, key_path=public), far_port, ConfigurationError)
    assert f"{public} is a public key" in message
    assert f"usually {bastion.key_path}" in message


def test_a_key_that_others_may_read_is_refused_as_by_ssh(
    bastion: Bastion, far_port: int, tmp_path: Path
):
    assert bastion.key_path
    path = no_key(tmp_path / "key", bastion.key_path.read_bytes(), mode=0o640)
    message = error_of(changed(bastion, key_path=path), far_port, ConfigurationError)
    assert f"the mode of {path} is 0640" in message
    assert f"chmod 600 {path}" in message


@pytest.mark.parametrize("name", ["nothing", "nothing/below", "."])
def test_a_key_file_that_cannot_be_read_is_named(
    bastion: Bastion, far_port: int, tmp_path: Path, name: str
):
    path = tmp_path / name
    message = error_of(changed(bastion, key_path=path), far_port, ConfigurationError)
    assert str(path) in message


@pytest.fixture
def agent(tmp_path: Path, bastion: Bastion, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An SSH agent with the bastion's key."""
    address = str(tmp_path / "agent")
    process = subprocess.Popen(["ssh-agent", "-D", "-a", address], stdout=subprocess.DEVNULL)
    try:
        monkeypatch.setenv("SSH_AUTH_SOCK", address)
        add = ["ssh-add", "-q", str(bastion.key_path)]
        while subprocess.run(add, capture_output=True, check=False).returncode == 2:
            assert process.poll() is None  # 2: the agent does not answer yet
        yield
    finally:
        process.terminate()
        process.wait()


@pytest.mark.parametrize("given", ["none", "public", "encrypted"])
def test_an_agent_serves_where_the_file_does_not_hold_a_key_that_can_be_used(
    agent: None, bastion: Bastion, far_port: int, tmp_path: Path, given: str
):
    assert bastion.key_path
    path = {"none": None, "public": bastion.key_path.with_suffix(".pub")}.get(given)
    if given == "encrypted":
        path = no_key(tmp_path / "key", bastion.key_path.read_bytes())
        subprocess.run(
            ["ssh-keygen", "-q", "-p", "-P", "", "-N", PASSPHRASE, "-f", str(path)], check=True
        )
    assert greeting(changed(bastion, key_path=path), far_port) == b"hello"


def test_neither_key_nor_agent_is_refused(bastion: Bastion, far_port: int):
    message = error_of(changed(bastion, key_path=None), far_port, ConfigurationError)
    assert "SSH_BASTION_KEY_PATH" in message


def test_a_user_or_key_that_the_bastion_does_not_know_is_refused(
    bastion: Bastion, far_port: int, tmp_path: Path
):
    for change in ({"user": "nobody-ü"}, {"key_path": make_key(tmp_path / "k", "-t", "ed25519")}):
        message = error_of(changed(bastion, **change), far_port, SourceError)
        assert "refused the login of" in message
        assert "ssh-ed25519 SHA256:" in message
        assert "SSH_BASTION_USER" in message


# Host keys


def lines_of(sshd: Sshd) -> dict[str, str]:
    """The parts of a line for this bastion."""
    kind, key = (sshd.directory / "host_key.pub").read_text().split()[:2]
    rsa = (sshd.directory / "host_key_rsa.pub").read_text().split()[1]
    other = (sshd.directory / "client_key.pub").read_text().split()[1]
    name = f"[127.0.0.1]:{sshd.port}"
    salt = "|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|"
    return {
        "name": name,
        "port": str(sshd.port),
        "kind": kind,
        "key": key,
        "rsa": rsa,
        "other": other,
        "hash": paramiko.HostKeys.hash_host(name, salt),
    }


ACCEPTED = {
    "comments and blank lines": "# a comment\n\n  \n{name} {kind} {key} admin@example\n",
    "hashed": "{hash} {kind} {key}\n",
    "several names": "bastion.example,10.0.0.9,{name} {kind} {key}\n",
    "a pattern": "[127.0.0.*]:{port} {kind} {key}\n",
    "one character": "[127.0.0.?]:{port} {kind} {key}\n",
    "without the port": "127.0.0.1 {kind} {key}\n",
    "windows' line ends": "{name} {kind} {key}\r\n",
    "unknown key types": "{name} ssh-strange AAAA\n{name} {kind} {key}\n",
    "damaged lines": "{name}\n{name} {kind}\n{name} {kind} ==!\n|1|x {kind} {key}\n{name} {kind} {key}\n",
    "bytes of another encoding": "b\udce4stion ssh-rsa AAAA\n{name} {kind} {key}\n",
    "an authority too": "@cert-authority * ssh-rsa AAAA\n{name} {kind} {key}\n",
    "another key revoked": "@revoked * {kind} {other}\n{name} {kind} {key}\n",
    "an older key too": "{name} {kind} {other}\n{name} {kind} {key}\n",
    "only the second type": "{name} ssh-rsa {rsa}\n",
    "an authority and a tab": "@cert-authority\t*\tssh-rsa AAAA\n{name}\t{kind}\t{key}\n",
}


@pytest.mark.parametrize("lines", ACCEPTED.values(), ids=ACCEPTED)
def test_a_host_key_is_found_among_lines_of_every_kind(
    bastion: Bastion, sshd: TwoKeys, far_port: int, tmp_path: Path, lines: str
):
    known = tmp_path / "known_hosts"
    known.write_bytes(os.fsencode(lines.format_map(lines_of(sshd))))
    assert greeting(changed(bastion, known_hosts=known), far_port) == b"hello"


REFUSED = {
    "another key": ("\n{name} {kind} {other}\n", r"line 2 of .* has another ssh-ed25519 key"),
    "revoked": ("{name} {kind} {key}\n@revoked {name} {kind} {key}\n", r"line 2 of .* revokes"),
    "an authority alone": (
        "@cert-authority * ssh-rsa AAAA\n",
        r"line 1 of .* names a certificate authority",
    ),
    "a type that the server lacks": (
        "{name} ecdsa-sha2-nistp256 AAAA\n",
        r"it presents .*has ecdsa-sha2-nistp256 \(line 1\) alone",
    ),
    "another host": ("bastion.example {kind} {key}\n", r"has no key for \[127"),
    "another port": ("[127.0.0.1]:9 {kind} {key}\n", r"has no key for \[127"),
    "excluded": ("*,!{name},!127.0.0.1 {kind} {key}\n", r"has no key for \[127"),
    "damaged": ("{name} {kind} ==!\n", r"line 1 of .* without a readable key"),
    "empty": ("", r"has no key for \[127"),
}


@pytest.mark.parametrize("lines", REFUSED.values(), ids=REFUSED)
def test_a_host_key_that_is_not_known_is_refused_with_line_and_cause(
    bastion: Bastion, sshd: TwoKeys, far_port: int, tmp_path: Path, lines: tuple[str, str]
):
    known = tmp_path / "known_hosts"
    known.write_text(lines[0].format_map(lines_of(sshd)))
    message = error_of(changed(bastion, known_hosts=known), far_port, ConfigurationError)
    assert re.search(lines[1], message), message
    assert "the host key of the bastion" in message


# The way beyond the bastion


@pytest.mark.parametrize(
    "forbidden",
    [
        lambda text: text.replace("AllowTcpForwarding local", "AllowTcpForwarding no"),
        lambda text: text + "PermitOpen 127.0.0.1:9\n",
    ],
    ids=["AllowTcpForwarding no", "PermitOpen"],
)
def test_a_bastion_that_does_not_forward_is_the_reason(
    far_port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forbidden: Change
):
    monkeypatch.setattr(TwoKeys, "change", staticmethod(forbidden))
    sshd = TwoKeys.new(tmp_path / "sshd")
    lifecycle.start(sshd)
    try:
        message = error_of(bastion_of(sshd), far_port, SourceError)
    finally:
        lifecycle.stop(sshd.directory)
    assert f"does not forward to 127.0.0.1:{far_port}: it prohibits the forwarding" in message


def test_a_port_that_is_closed_beyond_the_bastion_is_the_reason(bastion: Bastion):
    port = free_port()
    message = error_of(bastion, port, SourceLost)
    assert f"does not forward to 127.0.0.1:{port}: it cannot connect there" in message


@pytest.mark.parametrize("host", ["no-such-host.invalid", "ü" * 70, ""])
def test_a_bastion_that_cannot_be_reached_is_named(
    bastion: Bastion, far_port: int, tmp_path: Path, host: str
):
    known = tmp_path / "known_hosts"
    known.write_text("* ssh-rsa AAAA\n")
    message = error_of(changed(bastion, host=host, known_hosts=known), far_port, SourceError)
    assert f"cannot open a tunnel through {bastion.user}@{host}:{bastion.port}" in message


def test_a_server_that_is_no_sshd_is_named(bastion: Bastion, far_port: int, tmp_path: Path):
    known = tmp_path / "known_hosts"
    known.write_text("* ssh-rsa AAAA\n")
    message = error_of(changed(bastion, port=far_port, known_hosts=known), far_port, SourceError)
    assert "Error reading SSH protocol banner" in message
