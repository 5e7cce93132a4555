"""The lake: one S3 bucket and prefix, through one client per process."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import boto3
import boto3.exceptions
import botocore.exceptions
from boto3.s3.transfer import TransferConfig
from botocore.config import Config

from pipeline.config.settings import Lake
from pipeline.errors import LakeError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MIB = 1 << 20
Result = TypeVar("Result")


@dataclass(frozen=True)
class StoredObject:
    """An object as a listing shows it: key below the prefix, size in bytes."""

    key: str
    bytes: int


class Store:
    """A bucket below a prefix. Keys are relative to the prefix; every error is a LakeError.

    Objects appear whole or not at all. Connections are not to be shared between processes: after a
    fork `belong_here` comes first (`store` sees to it).
    """

    def __init__(self, settings: Lake) -> None:
        self.settings = settings
        self.prefix = settings.prefix.strip("/") + "/" if settings.prefix.strip("/") else ""
        self._client, self._pid = _client(settings), os.getpid()
        self._has_seen_bucket = False
        self._transfer = TransferConfig(
            multipart_threshold=settings.part_size * MIB,
            multipart_chunksize=settings.part_size * MIB,
            max_concurrency=settings.concurrency,
        )

    def belong_here(self) -> None:
        """Let go of connections that another process made: this one's copies of them are closed."""
        if self._pid != os.getpid():
            self._client.close()
            self._pid = os.getpid()

    def url(self, key: str) -> str:
        """``s3://bucket/prefix/key``"""
        return f"s3://{self.settings.bucket}/{self.prefix}{key}"

    def size(self, key: str) -> int | None:
        """The object's size in bytes, None when it does not exist: one HEAD."""
        try:
            head = self._call(f"look at {self.url(key)}", self._client.head_object, Key=key)
        except _Missing:
            self._see_bucket()
            return None
        return int(head["ContentLength"])

    def sha256(self, key: str) -> str | None:
        """The SHA-256 that the server has of an object's content, in hex: one HEAD.

        None where there is no such object, and where the server has none of the whole, as for an upload in
        parts: https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
        """
        head = self._client.head_object
        try:
            answer = self._call(f"look at {self.url(key)}", head, Key=key, ChecksumMode="ENABLED")
        except _Missing:
            return None
        checksum = str(answer.get("ChecksumSHA256", ""))
        return base64.b64decode(checksum).hex() if checksum and "-" not in checksum else None

    def _see_bucket(self) -> None:
        """Raise LakeError when there is no bucket: a HEAD cannot tell that from a missing object."""
        if not self._has_seen_bucket:
            self.check()
            self._has_seen_bucket = True

    def exists(self, key: str) -> bool:
        """Whether that very object exists; a prefix with objects below it is not one."""
        return self.size(key) is not None

    def get(self, key: str) -> bytes:
        """A small object's content; raises LakeError when it is missing."""
        body = self._call(f"read {self.url(key)}", self._client.get_object, Key=key)["Body"]
        data: bytes = self._translated(f"read {self.url(key)}", body.read)
        return data

    def get_if_there(self, key: str) -> bytes | None:
        """A small object's content, None when it does not exist: one GET."""
        try:
            return self.get(key)
        except _Missing:
            return None

    def get_tagged(self, key: str) -> tuple[bytes, str] | None:
        """A small object's content and the tag of this state of it; None when it does not exist."""
        doing = f"read {self.url(key)}"
        try:
            answer = self._call(doing, self._client.get_object, Key=key)
        except _Missing:
            return None
        data: bytes = self._translated(doing, answer["Body"].read)
        return data, str(answer["ETag"])

    def put(self, key: str, data: bytes, sha256: str | None = None) -> None:
        """Store `data`; the server checks its SHA-256, in hex, which a caller may know already."""
        self._put(key, data, sha256)

    def put_if_absent(self, key: str, data: bytes) -> bool:
        """Store `data` unless the object exists: of several writers exactly one gets True."""
        try:
            self._put(key, data, IfNoneMatch="*")
        except _Exists:
            return False
        return True

    def put_if_same(self, key: str, data: bytes, tag: str | None) -> bool:
        """Store `data` if the object is still in the state of that tag, or with None still absent."""
        if tag is None:
            return self.put_if_absent(key, data)
        try:
            self._put(key, data, IfMatch=tag)
        except (_Exists, _Missing):
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
        """Store a file, in parts when it is large, and confirm its size; the server checks checksums."""
        doing = f"upload {self.url(key)}"
        self._translated(
            doing,
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
            raise LakeError(f"cannot {doing}", why=f"{sent} bytes were sent, {stored} are stored")

    def download(self, key: str, path: Path) -> None:
        """Fetch an object into a file that appears whole or not at all."""
        partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
        bucket = self.settings.bucket
        try:
            self._translated(
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
        """All objects whose key starts with `prefix`, in key order: one LIST a thousand.

        With `after` and `before`, those between the two keys alone.
        """
        start: dict[str, Any] = {"StartAfter": self.prefix + after} if after else {}
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self.settings.bucket, Prefix=self.prefix + prefix, **start
        )
        iterator = iter(pages)
        while page := self._translated(f"list {self.url(prefix)}", lambda: next(iterator, None)):
            for item in page.get("Contents", []):
                key = item["Key"].removeprefix(self.prefix)
                if before is not None and key >= before:
                    return
                yield StoredObject(key, item["Size"])

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects; one that does not exist is no error."""
        for key in keys:
            self._call(f"delete {self.url(key)}", self._client.delete_object, Key=key)

    def check(self) -> None:
        """Raise LakeError unless the bucket is there and may be listed."""
        self._translated(
            f"list {self.url('')}",
            lambda: self._client.list_objects_v2(
                Bucket=self.settings.bucket, Prefix=self.prefix, MaxKeys=1
            ),
        )

    def _call(self, doing: str, operation: Callable[..., Any], Key: str, **options: Any) -> Any:  # noqa: N803 - boto3's name
        bucket, key = self.settings.bucket, self.prefix + Key
        return self._translated(doing, lambda: operation(Bucket=bucket, Key=key, **options))

    def _translated(self, doing: str, call: Callable[[], Result]) -> Result:
        try:
            return call()
        except (
            botocore.exceptions.BotoCoreError,
            botocore.exceptions.ClientError,
            boto3.exceptions.Boto3Error,
            boto3.exceptions.S3UploadFailedError,
        ) as error:
            raise _translate(doing, self.settings, error) from error


class _Missing(LakeError):
    """The object is not there."""


class _Exists(LakeError):
    """The object is there already, or is another than it should be."""


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
            retries={"mode": "standard", "total_max_attempts": 5},
            max_pool_connections=max(10, settings.concurrency),
            connect_timeout=10,
            s3={"addressing_style": "path"} if settings.endpoint else None,
        ),
    )
    client.meta.events.register("before-parse.s3.ListObjectsV2", _leave_out_what_is_not_read)
    return client


_NOT_READ = re.compile(
    rb"<(LastModified|ETag|StorageClass|Owner|ChecksumAlgorithm|ChecksumType)>.*?</\1>", re.DOTALL
)


def _leave_out_what_is_not_read(response_dict: dict[str, Any], **_: Any) -> None:
    """Take from a listing what stands beside key and size: reading it takes four fifths of a listing's time.

    A tag cannot be part of a key: `<` stands as an entity there.
    """
    response_dict["body"] = _NOT_READ.sub(b"", response_dict["body"])


def _translate(doing: str, settings: Lake, error: BaseException) -> LakeError:
    if isinstance(error, boto3.exceptions.S3UploadFailedError) and error.__context__:
        error = error.__context__  # it holds the code, the other only text
    code, message = "", str(error)
    if isinstance(error, botocore.exceptions.ClientError):
        code = str(error.response.get("Error", {}).get("Code", ""))
        message = str(error.response.get("Error", {}).get("Message", "")) or code
    if code in ("404", "NoSuchKey", "NotFound"):
        return _Missing(f"cannot {doing}", why="there is no such object")
    # the second is of a writer that was overtaken while it wrote
    if code in ("PreconditionFailed", "412", "ConditionalRequestConflict"):
        return _Exists(f"cannot {doing}", why="it exists already")
    return LakeError(
        f"cannot {doing}", why=_reason(code, message, settings), todo=_advice(code, error)
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
    if isinstance(error, botocore.exceptions.HTTPClientError | botocore.exceptions.ConnectionError):
        return "check AWS_ENDPOINT_URL_S3, S3_REGION and the network"
    return ""


def store(settings: Lake) -> Store:
    """The store of this process: made once, and kept over a fork, but for its connections.

    A forked worker that made a client of its own would spend a quarter of a second on it.
    """
    found = _store_of(settings)
    found.belong_here()
    return found


@lru_cache(maxsize=8)
def _store_of(settings: Lake) -> Store:
    return Store(settings)
