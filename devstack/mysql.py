"""MySQL as the source database, for what MariaDB does differently.

It differs in authentication (caching_sha2_password), JSON, collations (utf8mb4_0900_ai_ci), its
default sql_mode and more. Debian packages it in sid only.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from devstack import debian, packages
from devstack.errors import StackError
from devstack.source import COMMON_OPTIONS, SourceServer, data_options

PACKAGE = "mysql-server-core"
_SUITE = "sid"


@dataclass(frozen=True)
class MySQL(SourceServer):
    """A MySQL server with a private data directory."""

    kind: ClassVar[str] = "mysql"

    def prepare(self) -> None:
        """Create the data directory, atomically."""
        if self.data.exists():
            return
        draft = self.directory / "data.draft"
        shutil.rmtree(draft, ignore_errors=True)
        self._initialize(draft)
        draft.rename(self.data)

    def command(self) -> list[str]:
        """Run in the foreground, on 127.0.0.1 and a private socket, without the X protocol."""
        return [
            *_server(self.data),
            *COMMON_OPTIONS,
            f"--port={self.port}",
            "--socket=server.sock",  # relative to the data directory: the path length is limited
            f"--pid-file={self.directory / 'pid'}",
            "--mysqlx=OFF",
            "--innodb-redo-log-capacity=1G",
        ]

    def _initialize(self, data: Path) -> None:
        """Create the system tables and the accounts by the server itself."""
        accounts = self.directory / "accounts.sql"
        with open(os.open(accounts, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
            file.writelines(f"{statement};\n" for statement in self.account_statements())
        done = subprocess.run(
            [*_server(data), "--initialize-insecure", f"--init-file={accounts}"],
            capture_output=True,
            text=True,
            check=False,
        )
        accounts.unlink()
        # A failed statement of the file is reported, but the server exits with 0.
        if done.returncode != 0 or "[ERROR]" in done.stderr:
            raise StackError(f"MySQL cannot create {data}:\n{done.stderr.strip()}")


def is_available() -> bool:
    """Whether a MySQL server can be started without fetching one."""
    return _installed() is not None or debian.is_unpacked(PACKAGE, suite=_SUITE, folder=_cache())


def fetch() -> str:
    """Fetch a MySQL server if none is available; returns its program.

    Raises:
        StackError: no server is available and none can be fetched.
    """
    return next(part for part in _program() if part.endswith("mysqld"))


def _server(data: Path) -> list[str]:
    """The program, without the machine's configuration files and directories."""
    return [*_program(), *data_options(data), "--secure-file-priv=NULL"]


def _program() -> list[str]:
    """The installed MySQL server, else Debian's, unpacked once for all stacks of the user.

    Raises:
        StackError: no server is available and none can be fetched.
    """
    installed = _installed()
    if installed is not None:
        return [installed, "--no-defaults"]
    try:
        tree = debian.unpacked(PACKAGE, suite=_SUITE, folder=_cache())
    except StackError as error:
        raise StackError(f"no MySQL server found: install one with `mysqld`; {error}") from None
    share = tree / "usr/share/mysql"
    return [
        *debian.loader(tree),
        str(tree / "usr/sbin/mysqld"),
        "--no-defaults",
        f"--basedir={tree / 'usr'}",
        f"--lc-messages-dir={share}",
        f"--character-sets-dir={share / 'charsets'}",
        f"--plugin-dir={tree / 'usr/lib/mysql/plugin'}",
    ]


def _installed() -> str | None:
    program = packages.find_program(["mysqld"])
    return program if program and "MariaDB" not in packages.version(program) else None


def _cache() -> Path:
    folder = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(folder) / "devstack"
