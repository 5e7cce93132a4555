"""Input of COPY: S3 objects by manifest or key prefix, decompressed while streaming.

Source: Amazon Redshift Database Developer Guide, "Using a manifest to specify data files",
"COPY from Amazon S3", "Loading compressed data files".
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import boto3
import pyarrow as pa
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from devstack.redshift.copy.command import CopyCommand
from devstack.redshift.errors import RedshiftError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class S3File:
    """One object to load."""

    bucket: str
    key: str

    @property
    def url(self) -> str:
        """The object's name in the system tables."""
        return f"s3://{self.bucket}/{self.key}"


@dataclass
class S3Access:
    """The S3 server and the keys used for every IAM role."""

    endpoint: str
    access_key: str
    secret_key: str = field(repr=False)
    region: str = "us-east-1"
    _clients: dict[tuple[str, ...], Any] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def client(self, command: CopyCommand) -> S3Client:
        """A client with the command's keys, or with those for roles."""
        keys = command.keys
        access = (self.access_key, self.secret_key, "")
        if keys is not None and keys.access_key:
            access = (keys.access_key, keys.secret_key, keys.token)
        wanted = (*access, command.region or self.region)
        with self._lock:
            if wanted not in self._clients:
                self._clients[wanted] = boto3.session.Session().client(
                    "s3",
                    endpoint_url=self.endpoint or None,
                    aws_access_key_id=access[0] or None,
                    aws_secret_access_key=access[1] or None,
                    aws_session_token=access[2] or None,
                    region_name=wanted[-1],
                    config=Config(
                        s3={"addressing_style": "path"} if self.endpoint else {},
                        retries={"max_attempts": 3},
                        request_checksum_calculation="when_required",
                        response_checksum_validation="when_required",
                    ),
                )
            return cast("S3Client", self._clients[wanted])


@contextmanager
def s3_errors() -> Iterator[None]:
    """Translate errors of S3, broken streams and invalid compressed data into Redshift's errors."""
    try:
        yield
    except ClientError as error:
        answer: dict[str, Any] = dict(error.response)
        meta = answer.get("ResponseMetadata", {})
        about = answer.get("Error", {})
        message = (
            f"S3ServiceException:{about.get('Message', '')},Status {meta.get('HTTPStatusCode', 0)},"
            f"Error {about.get('Code', '')},Rid {meta.get('RequestId', '')},CanRetry 1"
        )
        raise RedshiftError(message, detail=_detail(message, 8001)) from error
    except (BotoCoreError, OSError) as error:
        message = f"S3CurlException: {error}"
        raise RedshiftError(message, detail=_detail(message, 9001)) from error


def _detail(message: str, code: int) -> str:
    rule = "-" * 47
    return (
        f"\n  {rule}\n  error:  {message}\n  code:      {code}\n  context:   Listing bucket\n  "
        f"process:   padbmaster\n  {rule}\n"
    )


def files_of(command: CopyCommand, client: S3Client) -> list[S3File]:
    """The objects of the command, in order; raises RedshiftError if there are none."""
    with s3_errors():
        if command.manifest:
            return _manifest(command, client)
        files = _listed(client, command.bucket, command.key)
    if not files:
        message = f"The specified S3 prefix '{command.key}' does not exist"
        raise RedshiftError(message, detail=_detail(message, 8001))
    return files


def _listed(client: S3Client, bucket: str, prefix: str) -> list[S3File]:
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [
        S3File(bucket, entry["Key"])
        for page in pages
        for entry in page.get("Contents", [])
        if not entry["Key"].endswith("/")
    ]


def _manifest(command: CopyCommand, client: S3Client) -> list[S3File]:
    """The entries of a manifest; one that is missing is an error only if it is mandatory."""
    try:
        body = client.get_object(Bucket=command.bucket, Key=command.key)["Body"].read()
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") not in ("NoSuchKey", "404"):
            raise
        message = (
            f"Problem reading manifest file - The specified S3 key '{command.key}' does not exist"
        )
        raise RedshiftError(message, detail=_detail(message, 8001)) from error
    files: list[S3File] = []
    for url, mandatory, length in _entries(command, body):
        bucket, _, key = url.removeprefix("s3://").partition("/")
        size = _size(client, bucket, key)
        if size is None and mandatory:
            message = f"The specified S3 prefix '{key}' does not exist"
            raise RedshiftError(message, detail=_detail(message, 8001))
        if command.file_format == "parquet" and length is None:
            message = "Manifest file needs content_length for columnar formats"
            raise RedshiftError(f"{message}: {url}", detail=_detail(message, 8001))
        if command.file_format == "parquet" and size is not None and length != size:
            message = f"content_length of {url} is {length}, the file has {size} bytes"
            raise RedshiftError(message, detail=_detail(message, 8001))
        if size is not None:
            files.append(S3File(bucket, key))
    if not files:
        message = "No files to load: none of the files of the manifest exists"
        raise RedshiftError(message, detail=_detail(message, 8001))
    return files


def _entries(command: CopyCommand, body: bytes) -> Iterator[tuple[str, bool, int | None]]:
    try:
        entries = json.loads(body)["entries"]
        for entry in entries:
            url = entry["url"]
            if not url.startswith("s3://"):
                raise ValueError(f"not an S3 URL: {url}")
            length = entry.get("meta", {}).get("content_length")
            yield url, entry.get("mandatory", False) is True, length
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        message = (
            f"Problem reading manifest file - Invalid JSON in s3://{command.bucket}/{command.key}"
        )
        raise RedshiftError(message, detail=_detail(str(error), 8001)) from error


def _size(client: S3Client, bucket: str, key: str) -> int | None:
    try:
        return client.head_object(Bucket=bucket, Key=key)["ContentLength"]
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in ("404", "NoSuchKey", "NotFound"):
            return None
        raise


def open_file(client: S3Client, file: S3File, compression: str) -> BinaryIO:
    """The object's content as a stream of bytes, decompressed."""
    with s3_errors():
        body = client.get_object(Bucket=file.bucket, Key=file.key)["Body"]
    stream = pa.PythonFile(body, mode="r")
    if compression:
        stream = pa.CompressedInputStream(stream, compression)
    return cast("BinaryIO", stream)
