"""Luigi's central scheduler, with its visualiser."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from typing_extensions import Self

from devstack.ports import HOST, free_port, is_listening
from devstack.server import Server

# The project's settings for the scheduler, used if the file exists.
CONFIGURATION = Path(__file__).resolve().parent.parent / "configs" / "luigid.cfg"


@dataclass(frozen=True)
class Luigid(Server):
    """`luigid` with private state and log directories."""

    kind: ClassVar[str] = "luigid"

    @classmethod
    def new(cls, directory: Path) -> Self:
        """Fresh settings: a free port."""
        return cls(directory, free_port())

    @property
    def address(self) -> str:
        """The visualiser's URL."""
        return f"http://{HOST}:{self.port}"

    def prepare(self) -> None:
        """Create the log directory and the workers' configuration; luigid creates its state file."""
        (self.directory / "logs").mkdir(exist_ok=True)
        self._client_configuration.write_text(
            f"[core]\ndefault-scheduler-host = {HOST}\ndefault-scheduler-port = {self.port}\n"
        )

    def command(self) -> list[str]:
        """Run in the foreground. Without `--address` it would listen on every interface."""
        return [
            str(Path(sys.executable).parent / "luigid"),
            *("--address", HOST, "--port", str(self.port)),
            *("--state-path", str(self.directory / "state.pickle")),
            *("--logdir", str(self.directory / "logs")),
        ]

    def process_environment(self) -> dict[str, str]:
        """The scheduler's configuration, in place of the caller's, which is for workers."""
        return {"LUIGI_CONFIG_PATH": str(CONFIGURATION) if CONFIGURATION.exists() else ""}

    def answers(self) -> bool:
        """Whether the scheduler accepts connections."""
        return is_listening(self.port)

    def environment(self) -> dict[str, str]:
        """The configuration file with the scheduler's address; Luigi merges it into `luigi.cfg`."""
        return {
            "LUIGI_SCHEDULER_HOST": HOST,
            "LUIGI_SCHEDULER_PORT": str(self.port),
            "LUIGI_CONFIG_PATH": str(self._client_configuration),
        }

    @property
    def _client_configuration(self) -> Path:
        return self.directory / "client.cfg"
