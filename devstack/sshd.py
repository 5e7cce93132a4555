"""An SSH bastion: an sshd that allows TCP forwarding only."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from typing_extensions import Self

from devstack import packages
from devstack.errors import StackError
from devstack.ports import HOST, free_port, is_listening
from devstack.server import Server

PACKAGE = "openssh-server"

# StrictModes would refuse a key below a world-writable directory such as /tmp; the server's directory is
# private. Without PAM, only the user who runs the server (or root) can log in.
_CONFIGURATION = """\
ListenAddress {host}:{port}
HostKey "{directory}/host_key"
AuthorizedKeysFile "{directory}/authorized_keys"
PidFile "{directory}/pid"
AllowUsers {user}
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
StrictModes no
UsePAM no
AllowTcpForwarding local
AllowStreamLocalForwarding no
AllowAgentForwarding no
X11Forwarding no
PermitTunnel no
PermitTTY no
ForceCommand /bin/false
LogLevel VERBOSE
"""


@dataclass(frozen=True)
class Sshd(Server):
    """An sshd with its own host key and client key."""

    kind: ClassVar[str] = "sshd"

    @classmethod
    def new(cls, directory: Path) -> Self:
        """Fresh settings: a free port."""
        return cls(directory, free_port())

    @property
    def client_key(self) -> Path:
        """The private key that may log in."""
        return self.directory / "client_key"

    @property
    def known_hosts(self) -> Path:
        """A known_hosts file with this server's host key."""
        return self.directory / "known_hosts"

    @property
    def host_key_line(self) -> str:
        """This server's line of a known_hosts file."""
        kind, key = (self.directory / "host_key.pub").read_text().split()[:2]
        return f"[{HOST}]:{self.port} {kind} {key}"

    def prepare(self) -> None:
        """Create both key pairs once; write the configuration and the known_hosts file."""
        _program()
        for key in (self.directory / "host_key", self.client_key):
            if not key.exists():
                _create_key(key)
        public = self.client_key.with_suffix(".pub").read_text()
        (self.directory / "authorized_keys").write_text(f"restrict,port-forwarding {public}")
        self.known_hosts.write_text(self.host_key_line + "\n")
        (self.directory / "sshd_config").write_text(
            _CONFIGURATION.format(host=HOST, port=self.port, directory=self.directory, user=_user())
        )
        if os.geteuid() == 0:  # root's sshd requires this directory, which its service would create
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)

    def command(self) -> list[str]:
        """Run in the foreground and log to standard error."""
        return [_program(), "-D", "-e", "-f", str(self.directory / "sshd_config")]

    def answers(self) -> bool:
        """Whether the server accepts connections."""
        return is_listening(self.port)

    def environment(self) -> dict[str, str]:
        """The pipeline's bastion."""
        return {
            "SSH_BASTION_HOST": HOST,
            "SSH_BASTION_PORT": str(self.port),
            "SSH_BASTION_USER": _user(),
            "SSH_BASTION_KEY_PATH": str(self.client_key),
            "SSH_BASTION_KNOWN_HOSTS": str(self.known_hosts),
        }


def _user() -> str:
    """The current user, the only one that an unprivileged sshd can log in."""
    return pwd.getpwuid(os.geteuid()).pw_name


def _program() -> str:
    """The installed sshd; installs it where that starts no service.

    Raises:
        StackError: sshd is missing and cannot be installed.
    """
    program = _installed()
    # Under systemd the package would immediately open port 22 to the network: left to the user.
    if program is None and packages.can_install() and not Path("/run/systemd/system").exists():
        program = packages.find_or_install(_installed, PACKAGE)
    if program is None:
        raise StackError(f"no sshd found: install one with `sudo apt-get install {PACKAGE}`")
    return program


def _installed() -> str | None:
    return packages.find_program(["sshd"])


def _create_key(path: Path) -> None:
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", path.name, "-f", str(path)],
        check=True,
        stdin=subprocess.DEVNULL,
    )
