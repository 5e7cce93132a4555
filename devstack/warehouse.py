"""The Redshift stand-in (`devstack.redshift`) as a server of the stack."""

import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

from typing_extensions import Self

from devstack.ports import HOST, free_port
from devstack.seaweed import SeaweedFS
from devstack.server import Server, new_password

USER = "awsuser"
DATABASE = "dev"
SCHEMA = "public"
IAM_ROLE = "arn:aws:iam::000000000000:role/devstack"

_CHECKOUT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class RedshiftStandIn(Server):
    """The stand-in; its COPY reads from the stack's S3 server."""

    password: str = field(repr=False)
    s3_endpoint: str = ""
    s3_access_key: str = ""
    s3_secret_key: str = field(default="", repr=False)

    kind: ClassVar[str] = "redshift"

    @classmethod
    def new(cls, directory: Path) -> Self:
        """Fresh settings: a free port and a random password; `reading` adds those of the lake."""
        return cls(directory, free_port(), password=new_password())

    def reading(self, lake: SeaweedFS) -> Self:
        """The same server with this lake."""
        return replace(
            self,
            s3_endpoint=lake.endpoint,
            s3_access_key=lake.access_key,
            s3_secret_key=lake.secret_key,
        )

    def prepare(self) -> None:
        """Remove the port file of an earlier run; the stand-in creates its data directory."""
        self._port_file.unlink(missing_ok=True)

    def command(self) -> list[str]:
        """Run the proxy, which starts its PostgreSQL."""
        return [
            *(sys.executable, "-m", "devstack.redshift"),
            *("--port", str(self.port), "--port-file", str(self._port_file)),
            *("--data", str(self.directory / "data")),
            *("--s3-endpoint", self.s3_endpoint),
            *("--s3-access-key", self.s3_access_key, "--user", USER, "--database", DATABASE),
        ]

    def process_environment(self) -> dict[str, str]:
        """The secrets, kept out of the process list, and the module's path."""
        return {
            "STANDIN_S3_SECRET_KEY": self.s3_secret_key,
            "STANDIN_PASSWORD": self.password,
            "PYTHONPATH": str(_CHECKOUT),
        }

    def answers(self) -> bool:
        """Whether the port file exists, which is written once connections are accepted."""
        return self._port_file.exists() and self._port_file.read_text().strip() == str(self.port)

    def environment(self) -> dict[str, str]:
        """The pipeline's warehouse; sslmode `prefer`, since the stand-in has no TLS."""
        return {
            "REDSHIFT_HOST": HOST,
            "REDSHIFT_PORT": str(self.port),
            "REDSHIFT_USER": USER,
            "REDSHIFT_PASSWORD": self.password,
            "REDSHIFT_DATABASE": DATABASE,
            "REDSHIFT_SCHEMA": SCHEMA,
            "REDSHIFT_SSLMODE": "prefer",
            "REDSHIFT_IAM_ROLE": IAM_ROLE,
        }

    @property
    def _port_file(self) -> Path:
        return self.directory / "port"
