"""The lake: one S3 bucket and prefix, one client per process."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import boto3
import boto3.exceptions
import botocore.exceptions
from boto3.s3.transfer import TransferConfig
from botocore.config import Config

from pipeline.config.settings import Lake
from pipeline.errors import ConfigurationError, LakeError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MIB = 1 << 20
ATTEMPTS = 5
"""Attempts of a request."""
Result = TypeVar("Result")


@dataclass(frozen=True)
class StoredObject:
    """A listed object: its key below the prefix, its size in bytes."""

    key: str
    bytes: int


class Store:
    """A bucket below a prefix. Keys are relative to the prefix; every error is a LakeError.

    Writes are atomic. After a fork, `drop_inherited_connections` must precede any request (`store` calls it).
    """

    def __init__(self, settings: Lake) -> None:
        self.settings = settings
        self.prefix = settings.prefix.strip("/") + "/" if settings.prefix.strip("/") else ""
        self._client, self._pid = _valid_client(settings), os.getpid()
        self._is_bucket_checked = False
        self._transfer = TransferConfig(
            multipart_threshold=settings.part_size * MIB,
            multipart_chunksize=settings.part_size * MIB,
            max_concurrency=settings.concurrency,
            num_download_attempts=2,  # of a body, each after the client's own attempts
        )

    def drop_inherited_connections(self) -> None:
        """Close this process's copies of connections that its parent opened."""
        if self._pid != os.getpid():
            self._client.close()
            self._pid = os.getpid()

    def url(self, key: str) -> str:
        """``s3://bucket/prefix/key``"""
        return f"s3://{self.settings.bucket}/{self.prefix}{key}"

    def size(self, key: str) -> int | None:
        """The object's size in bytes from one HEAD, None when it does not exist."""
        try:
            head = self._call(f"check {self.url(key)}", self._client.head_object, Key=key)
        except _NotFound:
            self._check_bucket()
            return None
        return int(head["ContentLength"])

    def modified(self, key: str) -> datetime | None:
        """The server's time of the object's last write, None when it does not exist."""
        try:
            head = self._call(f"check {self.url(key)}", self._client.head_object, Key=key)
        except _NotFound:
            return None
        written: datetime = head["LastModified"]
        return written

    def sha256(self, key: str) -> str | None:
        """The SHA-256 that the server stores for an object's content, in hex, from one HEAD.

        None for a missing object, and where the server has no checksum of the whole, as for an upload in
        parts: https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
        """
        head = self._client.head_object
        try:
            response = self._call(f"check {self.url(key)}", head, Key=key, ChecksumMode="ENABLED")
        except _NotFound:
            return None
        checksum = str(response.get("ChecksumSHA256", ""))
        return base64.b64decode(checksum).hex() if checksum and "-" not in checksum else None

    def _check_bucket(self) -> None:
        """Raise LakeError for a missing bucket, which a HEAD reports like a missing object."""
        if not self._is_bucket_checked:
            self.check()
            self._is_bucket_checked = True

    def exists(self, key: str) -> bool:
        """Whether an object has exactly this key; a prefix of other keys does not count."""
        return self.size(key) is not None

    def get(self, key: str) -> bytes:
        """A small object's content; raises LakeError when it does not exist."""
        return self._get(key)[0]

    def get_if_exists(self, key: str) -> bytes | None:
        """A small object's content, None when it does not exist."""
        try:
            return self.get(key)
        except _NotFound:
            return None

    def get_with_etag(self, key: str) -> tuple[bytes, str] | None:
        """A small object's content and its ETag, None when it does not exist."""
        try:
            return self._get(key)
        except _NotFound:
            return None

    def _get(self, key: str) -> tuple[bytes, str]:
        action = f"read {self.url(key)}"
        response = self._call(action, self._client.get_object, Key=key)
        data: bytes = self._run(action, response["Body"].read)
        return data, str(response["ETag"])

    def tail(self, key: str, size: int) -> bytes:
        """The last `size` bytes of an object, or all of a smaller one."""
        action = f"read {self.url(key)}"
        response = self._call(action, self._client.get_object, Key=key, Range=f"bytes=-{size}")
        data: bytes = self._run(action, response["Body"].read)
        return data

    def put(self, key: str, data: bytes, sha256: str | None = None) -> None:
        """Store `data`; the server verifies its SHA-256 (hex), computed here unless given."""
        self._put(key, data, sha256)

    def put_if_absent(self, key: str, data: bytes) -> bool:
        """Store `data` unless the object exists; of concurrent writers exactly one gets True."""
        try:
            self._put(key, data, IfNoneMatch="*")
        except _Conflict:
            return False
        return True

    def put_if_match(self, key: str, data: bytes, etag: str | None) -> bool:
        """Store `data` if the object still has this ETag, or for None still does not exist."""
        if etag is None:
            return self.put_if_absent(key, data)
        try:
            self._put(key, data, IfMatch=etag)
        except (_Conflict, _NotFound):
            return False
        return True

    def _put(self, key: str, data: bytes, sha256: str | None = None, **options: Any) -> None:
        raw = bytes.fromhex(sha256) if sha256 else hashlib.sha256(data).digest()
        digest = base64.b64encode(raw).decode()
        put = self._client.put_object
        self._call(
            f"write {self.url(key)}", put, Key=key, Body=data, ChecksumSHA256=digest, **options
        )

    def upload(self, path: Path, key: str) -> None:
        """Store a file, a large one in parts, and verify its size; the server verifies its checksums."""
        action = f"upload {self.url(key)}"
        self._run(
            action,
            lambda: self._client.upload_file(
                str(path),
                self.settings.bucket,
                self.prefix + key,
                ExtraArgs={"ChecksumAlgorithm": "SHA256"},
                Config=self._transfer,
            ),
        )
        stored, sent = self.size(key), path.stat().st_size
        if stored != sent:
            raise LakeError(f"cannot {action}", why=f"sent {sent} bytes, stored {stored}")

    def download(self, key: str, path: Path) -> None:
        """Download an object into a file, atomically."""
        partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
        bucket = self.settings.bucket
        try:
            self._run(
                f"download {self.url(key)}",
                lambda: self._client.download_file(
                    bucket, self.prefix + key, str(partial), Config=self._transfer
                ),
            )
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)

    def list(
        self, prefix: str, after: str = "", before: str | None = None
    ) -> Iterator[StoredObject]:
        """The objects whose keys start with `prefix`, in key order: one LIST per 1000 objects.

        `after` and `before` are exclusive bounds on the key.
        """
        start: dict[str, Any] = {"StartAfter": self.prefix + after} if after else {}
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self.settings.bucket, Prefix=self.prefix + prefix, **start
        )
        iterator = iter(pages)
        while page := self._run(f"list {self.url(prefix)}", lambda: next(iterator, None)):
            for item in page.get("Contents", []):
                key = item["Key"].removeprefix(self.prefix)
                if before is not None and key >= before:
                    return
                yield StoredObject(key, item["Size"])

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects; missing ones are ignored."""
        for key in keys:
            self._call(f"delete {self.url(key)}", self._client.delete_object, Key=key)

    def check(self) -> None:
        """Raise LakeError unless the bucket exists and may be listed."""
        self._run(
            f"list {self.url('')}",
            lambda: self._client.list_objects_v2(
                Bucket=self.settings.bucket, Prefix=self.prefix, MaxKeys=1
            ),
        )

    def _call(self, action: str, operation: Callable[..., Any], Key: str, **options: Any) -> Any:  # noqa: N803 - boto3's name
        bucket, key = self.settings.bucket, self.prefix + Key
        return self._run(action, lambda: operation(Bucket=bucket, Key=key, **options))

    def _run(self, action: str, call: Callable[[], Result]) -> Result:
        try:
            return call()
        except (
            botocore.exceptions.BotoCoreError,
            botocore.exceptions.ClientError,
            boto3.exceptions.Boto3Error,
            boto3.exceptions.S3UploadFailedError,
        ) as error:
            raise _lake_error(action, self.settings, error) from error


class _NotFound(LakeError):
    """The object does not exist."""


class _Interrupted(Exception):
    """The body of a download did not arrive."""


class _Conflict(LakeError):
    """A conditional write failed: the object exists, or has another ETag."""


def _valid_client(settings: Lake) -> S3Client:
    """A client; raises ConfigurationError for a region or an endpoint that boto3 does not accept."""
    try:
        return _client(settings)
    except (botocore.exceptions.BotoCoreError, ValueError) as error:
        raise ConfigurationError(
            "the settings of [lake] are invalid",
            why=str(error),
            todo="correct S3_REGION or AWS_ENDPOINT_URL_S3",
        ) from error


def _client(settings: Lake) -> S3Client:
    secret, token = settings.secret_access_key, settings.session_token
    client: S3Client = boto3.session.Session().client(
        "s3",
        region_name=settings.region,
        endpoint_url=settings.endpoint,
        aws_access_key_id=settings.access_key_id,
        aws_secret_access_key=secret.get_secret_value() if secret else None,
        aws_session_token=token.get_secret_value() if token else None,
        config=Config(
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            max_pool_connections=max(10, settings.concurrency),
            connect_timeout=min(10.0, settings.silence / ATTEMPTS),
            read_timeout=settings.silence / ATTEMPTS,  # of one attempt; S3 itself computes nothing
            tcp_keepalive=True,
            s3={"addressing_style": "path"} if settings.endpoint else None,
        ),
    )
    client.meta.events.register("before-parse.s3.ListObjectsV2", _strip_listing)
    return client


_UNUSED_FIELDS = re.compile(
    rb"<(LastModified|ETag|StorageClass|Owner|ChecksumAlgorithm|ChecksumType)>.*?</\1>", re.DOTALL
)


def _strip_listing(response_dict: dict[str, Any], **_: Any) -> None:
    """Remove all but key and size from a listing's XML: parsing them takes four fifths of the listing's time.

    No key contains such a tag, as XML escapes `<`.
    """
    response_dict["body"] = _UNUSED_FIELDS.sub(b"", response_dict["body"])


def _lake_error(action: str, settings: Lake, error: BaseException) -> LakeError:
    if isinstance(error, boto3.exceptions.S3UploadFailedError) and error.__context__:
        error = error.__context__  # which has the error code
    if isinstance(error, boto3.exceptions.RetriesExceededError):  # of a download's body
        last: Any = error
        error = _Interrupted(str(last.last_exception))
    code, message = "", str(error)
    if isinstance(error, botocore.exceptions.ClientError):
        code = str(error.response.get("Error", {}).get("Code", ""))
        message = str(error.response.get("Error", {}).get("Message", "")) or code
    if code in ("404", "NoSuchKey", "NotFound"):
        todo = "restore it, or read the window again as docs/redo.md describes"
        return _NotFound(f"cannot {action}", why="there is no such object", todo=todo)
    # S3 answers ConditionalRequestConflict where another write of the object is in progress
    if code in ("PreconditionFailed", "412", "ConditionalRequestConflict"):
        return _Conflict(f"cannot {action}", why="it exists, or has changed")
    return LakeError(
        f"cannot {action}", why=_reason(code, message, settings), todo=_advice(code, error)
    )


def _reason(code: str, message: str, settings: Lake) -> str:
    if code == "NoSuchBucket":
        return f"there is no bucket {settings.bucket}"
    return f"{code}: {message}" if code and code not in message else message


def _advice(code: str, error: BaseException) -> str:
    if code == "NoSuchBucket":
        return "create the bucket, or correct S3_BUCKET_NAME"
    if code in ("403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"):
        return (
            "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and what the bucket's policy allows"
        )
    if isinstance(error, botocore.exceptions.NoCredentialsError):
        return "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where a role is attached"
    if isinstance(error, botocore.exceptions.ParamValidationError):
        return "correct S3_BUCKET_NAME or S3_PREFIX"
    away = (botocore.exceptions.HTTPClientError, botocore.exceptions.ConnectionError, _Interrupted)
    if isinstance(error, away):
        return "check AWS_ENDPOINT_URL_S3, S3_REGION and the network"
    return ""


def store(settings: Lake) -> Store:
    """The store of this process; a fork keeps it but for its connections.

    A new client would take each forked worker a quarter of a second.
    """
    shared = _cached_store(settings)
    shared.drop_inherited_connections()
    return shared


@lru_cache(maxsize=8)
def _cached_store(settings: Lake) -> Store:
    return Store(settings)
