"""What a server of the stack is: its settings and the few things in which servers differ."""

import secrets
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from typing_extensions import Self

from devstack.ports import free_port, is_free


@dataclass(frozen=True)
class Server(ABC):
    """One server of the stack. The fields are its settings, which `devstack.lifecycle` keeps.

    `directory` is private to the server.
    """

    directory: Path
    port: int

    kind: ClassVar[str]
    patience: ClassVar[float] = 60.0  # seconds until a start is given up

    @classmethod
    @abstractmethod
    def new(cls, directory: Path) -> Self:
        """Settings of a server that has not been started yet: free ports, random passwords."""

    @abstractmethod
    def prepare(self) -> None:
        """Write what the server needs before each start; existing data is kept."""

    @abstractmethod
    def command(self) -> list[str]:
        """The command line that runs the server in the foreground."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether the server is ready for its clients. Never raises for one that is not."""

    @abstractmethod
    def environment(self) -> dict[str, str]:
        """The variables that point the pipeline at this server."""

    def process_environment(self) -> dict[str, str]:
        """Variables of the server's own process, beside those of the caller."""
        return {}

    def with_free_ports(self) -> Self:
        """The same server; on another port where its own has been taken meanwhile."""
        return self if is_free(self.port) else replace(self, port=free_port())

    @property
    def address(self) -> str:
        """Where clients reach the server, for people to read."""
        return f"127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """The server's output."""
        return self.directory / "log"


def new_password() -> str:
    """A random password that needs no quoting anywhere."""
    return secrets.token_hex(16)
