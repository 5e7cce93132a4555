"""What the pipeline relies on in S3 holds for the stack's S3 server."""

import base64
import hashlib

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from devstack.seaweed import BUCKET
from devstack.stack import Stack


def _stranger(stack: Stack, access_key: str, secret_key: str):  # type: ignore[no-untyped-def]
    return boto3.client(
        "s3",
        endpoint_url=stack.lake.endpoint,
        region_name="us-east-1",
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
    )


def test_a_wrong_secret_is_refused(small_stack: Stack) -> None:
    stranger = _stranger(small_stack, small_stack.lake.access_key, "wrong")
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        stranger.list_objects_v2(Bucket=BUCKET)


def test_an_unknown_key_is_refused(small_stack: Stack) -> None:
    with pytest.raises(ClientError, match="InvalidAccessKeyId"):
        _stranger(small_stack, "unknown", "wrong").list_objects_v2(Bucket=BUCKET)


def test_anonymous_requests_are_refused(small_stack: Stack) -> None:
    anonymous = boto3.client(
        "s3",
        endpoint_url=small_stack.lake.endpoint,
        region_name="us-east-1",
        config=Config(signature_version=UNSIGNED),
    )
    with pytest.raises(ClientError, match="AccessDenied"):
        anonymous.list_objects_v2(Bucket=BUCKET)


def test_a_missing_bucket_is_an_error(small_stack: Stack) -> None:
    with pytest.raises(ClientError, match="NoSuchBucket"):
        small_stack.lake.client().put_object(Bucket="missing", Key="a", Body=b"")


def test_an_object_is_created_once_on_condition(small_stack: Stack) -> None:
    client = small_stack.lake.client()
    client.put_object(Bucket=BUCKET, Key="once", Body=b"first", IfNoneMatch="*")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        client.put_object(Bucket=BUCKET, Key="once", Body=b"second", IfNoneMatch="*")
    assert client.get_object(Bucket=BUCKET, Key="once")["Body"].read() == b"first"


def test_checksums_are_verified_kept_and_returned(small_stack: Stack) -> None:
    client = small_stack.lake.client()
    digest = base64.b64encode(hashlib.sha256(b"content").digest()).decode()
    client.put_object(Bucket=BUCKET, Key="sum", Body=b"content", ChecksumSHA256=digest)
    head = client.head_object(Bucket=BUCKET, Key="sum", ChecksumMode="ENABLED")
    assert head["ChecksumSHA256"] == digest
    assert head["ETag"].strip('"') == hashlib.md5(b"content").hexdigest()  # noqa: S324 (S3's ETag)
    with pytest.raises(ClientError, match="BadDigest"):
        client.put_object(Bucket=BUCKET, Key="sum2", Body=b"other", ChecksumSHA256=digest)
    with pytest.raises(ClientError, match="404"):
        client.head_object(Bucket=BUCKET, Key="sum2")
