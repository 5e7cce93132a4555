"""MariaDB as the source database."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from devstack import packages
from devstack.errors import StackError
from devstack.source import COMMON_OPTIONS, SourceServer, data_options

PACKAGE = "mariadb-server-core"

# The definitions of the system tables, in the order of mariadb-install-db. That script needs programs
# of other packages; the server with `--bootstrap` does not. MariaDB 11
# names the files "mariadb_…", 10 "mysql_…".
_SYSTEM_TABLES = ("system_tables", "performance_tables", "system_tables_data")
_SYSTEM_ROUTINES = "maria_add_gis_sp_bootstrap.sql"


@dataclass(frozen=True)
class MariaDB(SourceServer):
    """A MariaDB server with a private data directory."""

    kind: ClassVar[str] = "mariadb"
    # MariaDB 10.5 took SHOW REPLICA STATUS out of REPLICATION CLIENT.
    reader_rights: ClassVar[str] = SourceServer.reader_rights + ", SLAVE MONITOR"

    def prepare(self) -> None:
        """Create the data directory, atomically."""
        if self.data.exists():
            return
        draft = self.directory / "data.draft"
        shutil.rmtree(draft, ignore_errors=True)
        (draft / "mysql").mkdir(parents=True)
        self._bootstrap(draft)
        draft.rename(self.data)

    def command(self) -> list[str]:
        """Run in the foreground, on 127.0.0.1 and a private socket."""
        return [
            *_server(self.data),
            *COMMON_OPTIONS,
            f"--port={self.port}",
            "--socket=server.sock",  # relative to the data directory: the path length is limited
            f"--pid-file={self.directory / 'pid'}",
            "--innodb-log-file-size=512M",
        ]

    def _bootstrap(self, data: Path) -> None:
        done = subprocess.run(
            [*_server(data), "--bootstrap", "--log-warnings=0"],
            input=_bootstrap_script(self.account_statements()),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise StackError(f"MariaDB cannot create {data}:\n{done.stderr.strip()}")


def _server(data: Path) -> list[str]:
    """The program, without the machine's configuration files."""
    return [_program(), "--no-defaults", *data_options(data)]


def _program() -> str:
    """The installed server; installs it if possible.

    Raises:
        StackError: the server is missing and cannot be installed.
    """
    installed = _installed()
    if installed is None and packages.can_install():
        installed = packages.find_or_install(_installed, PACKAGE)
    if installed is None:
        raise StackError(
            f"no MariaDB server found: install one with `sudo apt-get install {PACKAGE}` "
            "(or your system's package with `mariadbd`)"
        )
    return installed


def _installed() -> str | None:
    program = packages.find_program(["mariadbd", "mysqld"])
    return program if program and "MariaDB" in packages.version(program) else None


def _bootstrap_script(accounts: list[str]) -> str:
    """The input of mariadb-install-db to the server; `--bootstrap` ends statements at \\n."""
    folder = _share()
    names = [_existing(folder, name) for name in _SYSTEM_TABLES] + [folder / _SYSTEM_ROUTINES]
    return "\n".join(
        [
            "SET @current_hostname = 'localhost', @auth_root_socket = NULL;",
            "USE mysql;",
            *(path.read_text() for path in names),
            "DELETE FROM global_priv WHERE User = 'root';",
            *(f"{statement};" for statement in accounts),
            "",
        ]
    )


def _share() -> Path:
    prefix = Path(_program()).parent.parent
    candidates = [prefix / "share" / name for name in ("mysql", "mariadb")]
    for folder in candidates:
        if (folder / _SYSTEM_ROUTINES).exists():
            return folder
    raise StackError(f"MariaDB's system tables ({_SYSTEM_ROUTINES}) are not in {candidates}")


def _existing(folder: Path, name: str) -> Path:
    modern = folder / f"mariadb_{name}.sql"
    return modern if modern.exists() else folder / f"mysql_{name}.sql"
