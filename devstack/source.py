"""Base class of the source databases: accounts, settings, connections."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import pymysql
from pymysql.connections import Connection
from pymysql.cursors import Cursor
from typing_extensions import Self

from devstack.ports import HOST, free_port
from devstack.server import Server, new_password

DATABASE = "settlement"
PIPELINE_USER = "pipeline"

# Options of MariaDB and MySQL for loading millions of rows on a laptop; after a power failure the data is
# seeded again. Names are not resolved, so accounts are of 127.0.0.1.
COMMON_OPTIONS = [
    "--bind-address=127.0.0.1",
    "--skip-name-resolve",
    "--character-set-server=utf8mb4",
    "--local-infile=1",
    "--max-allowed-packet=64M",
    "--innodb-buffer-pool-size=512M",
    "--innodb-flush-log-at-trx-commit=2",
    "--innodb-doublewrite=0",
    "--skip-log-bin",
    "--performance-schema=OFF",
]


def data_options(data: Path) -> list[str]:
    """Options also of the run that creates the data directory; creates a temporary directory beside it.

    On start a server removes every temporary table from its temporary directory, even those of another
    server that shares it.
    """
    temporary = data.parent / "tmp"
    temporary.mkdir(parents=True, exist_ok=True, mode=0o700)
    as_root = ["--user=root"] if os.geteuid() == 0 else []  # refused without this option
    return [*as_root, f"--datadir={data}", f"--tmpdir={temporary}"]


@dataclass(frozen=True)
class SourceServer(Server):
    """A MySQL-speaking server with two accounts: `root`, and the pipeline's with minimal rights."""

    root_password: str = field(repr=False)
    password: str = field(repr=False)

    # The account may read every database, including those that tests create. The global rights are for
    # open transactions, replica lag and view definitions.
    reader_rights: ClassVar[str] = "SELECT, SHOW VIEW, PROCESS, REPLICATION CLIENT"

    @classmethod
    def new(cls, directory: Path) -> Self:
        """Fresh settings: a free port and random passwords."""
        return cls(directory, free_port(), root_password=new_password(), password=new_password())

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.directory / "data"

    def connect(
        self, *, root: bool = False, database: str | None = DATABASE
    ) -> "Connection[Cursor]":
        """A connection in UTC and utf8mb4 that allows LOAD DATA LOCAL: as `pipeline`, or as root."""
        return pymysql.connect(
            host=HOST,
            port=self.port,
            user="root" if root else PIPELINE_USER,
            password=self.root_password if root else self.password,
            database=database,
            charset="utf8mb4",
            local_infile=True,
            connect_timeout=5,
            init_command="SET time_zone = '+00:00'",
        )

    def answers(self) -> bool:
        """Whether the pipeline's account can log in."""
        try:
            self.connect().close()
        except pymysql.err.OperationalError:
            return False
        return True

    def environment(self) -> dict[str, str]:
        """The pipeline's source."""
        return {
            "DB_HOST": HOST,
            "DB_PORT": str(self.port),
            "DB_USER": PIPELINE_USER,
            "DB_PASSWORD": self.password,
            "DB_DATABASE": DATABASE,
        }

    def account_statements(self) -> list[str]:
        """SQL that creates the accounts and the application's database in a new data directory."""
        root_hosts = ("localhost", HOST)
        return [
            "FLUSH PRIVILEGES",  # makes accounts available, in a bootstrap as well
            *(f"DROP USER IF EXISTS 'root'@'{host}'" for host in root_hosts),
            *(
                f"CREATE USER 'root'@'{host}' IDENTIFIED BY '{self.root_password}'"
                for host in root_hosts
            ),
            *(f"GRANT ALL ON *.* TO 'root'@'{host}' WITH GRANT OPTION" for host in root_hosts),
            f"CREATE USER '{PIPELINE_USER}'@'{HOST}' IDENTIFIED BY '{self.password}'",
            f"GRANT {self.reader_rights} ON *.* TO '{PIPELINE_USER}'@'{HOST}'",
            f"CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4",
        ]
