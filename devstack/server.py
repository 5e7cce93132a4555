"""Base class of the servers of the stack."""

import secrets
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from typing_extensions import Self

from devstack.ports import free_port, is_free


@dataclass(frozen=True)
class Server(ABC):
    """One server of the stack. Its fields are its settings, saved by `devstack.lifecycle`.

    `directory` is private to the server.
    """

    directory: Path
    port: int

    kind: ClassVar[str]
    patience: ClassVar[float] = 60.0  # seconds until a start counts as failed

    @classmethod
    @abstractmethod
    def new(cls, directory: Path) -> Self:
        """Settings of a new server: free ports, random passwords."""

    @abstractmethod
    def prepare(self) -> None:
        """Write the files needed before each start; existing data is kept."""

    @abstractmethod
    def command(self) -> list[str]:
        """The command line that runs the server in the foreground."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether the server is ready for clients; does not raise if it is not."""

    @abstractmethod
    def environment(self) -> dict[str, str]:
        """The variables that point the pipeline at this server."""

    def process_environment(self) -> dict[str, str]:
        """Variables of the server's process, in addition to those of the caller."""
        return {}

    def with_free_ports(self) -> Self:
        """The same server, with another port if its own has been taken meanwhile."""
        return self if is_free(self.port) else replace(self, port=free_port())

    @property
    def address(self) -> str:
        """The server's address, for display."""
        return f"127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """The server's output."""
        return self.directory / "log"


def new_password() -> str:
    """A random password that needs no quoting anywhere."""
    return secrets.token_hex(16)
