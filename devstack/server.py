"""What all servers of the stack have in common: settings on disk, a life, an address."""

import json
import os
import secrets
from abc import ABC, abstractmethod
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, ClassVar

from typing_extensions import Self

from devstack import processes
from devstack.ports import free_port, is_free
from devstack.processes import Process


@dataclass(frozen=True)
class Server(ABC):
    """One server of the stack: its settings, and the few things that differ between servers.

    `directory` is private to the server. It holds `server.json` (settings, passwords included,
    mode 0600), `process.json` (the process that was started last), `log` and the server's data.
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


def start(server: Server) -> None:
    """Start the server and return when it answers.

    Raises:
        StackError: it ended or did not answer in time; nothing of it is left running.
    """
    server.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    _write_settings(server)
    server.prepare()
    process = processes.spawn(
        server.command(),
        log=server.log,
        cwd=server.directory,
        environment=server.process_environment(),
    )
    _write_private(server.directory / "process.json", vars(process))
    try:
        processes.wait_until(
            server.answers, process, name=server.kind, log=server.log, patience=server.patience
        )
    except BaseException:
        processes.stop(process)
        raise


def stop(directory: Path) -> bool:
    """Stop the server that runs in `directory`; whether there was one to stop."""
    process = process_of(directory)
    if process is None or not processes.is_running(process):
        return False
    processes.stop(process)
    return True


def process_of(directory: Path) -> Process | None:
    """The process that was started last in `directory`, running or not; None if none ever was."""
    record = directory / "process.json"
    return Process(**json.loads(record.read_text())) if record.exists() else None


def is_running(directory: Path) -> bool:
    """Whether the server of `directory` is alive."""
    process = process_of(directory)
    return process is not None and processes.is_running(process)


def saved_settings(directory: Path) -> dict[str, Any] | None:
    """The settings of the server in `directory`, without the directory; None if it is new."""
    settings = directory / "server.json"
    return json.loads(settings.read_text()) if settings.exists() else None


def new_password() -> str:
    """A random password that needs no quoting anywhere."""
    return secrets.token_hex(16)


def _write_settings(server: Server) -> None:
    names = [field.name for field in fields(server) if field.name != "directory"]
    _write_private(
        server.directory / "server.json", {name: getattr(server, name) for name in names}
    )


def _write_private(path: Path, content: dict[str, Any]) -> None:
    """Write JSON whole or not at all, readable by its owner only."""
    draft = path.with_suffix(".draft")
    with open(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
        json.dump(content, file, indent=2)
    draft.replace(path)
