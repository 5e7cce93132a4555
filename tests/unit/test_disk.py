"""Errors of the disk: translated where the spool is written, and only these."""

from __future__ import annotations

import errno
import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.errors import DiskError
from pipeline.spool import disk
from pipeline.spool.disk import DiskFull
from pipeline.spool.folder import appearing


@pytest.fixture
def small_files() -> Iterator[None]:
    """A limit on the size of a file, as `ulimit -f` sets it."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def fill(path: Path) -> None:
    with appearing(path, need=lambda: "the file needs 10 MB") as partial:
        partial.write_bytes(bytes(10_000))


def test_a_limit_on_the_size_of_files_is_a_full_disk(tmp_path: Path, small_files: None):
    with pytest.raises(DiskFull) as caught:
        fill(tmp_path / "deep" / "file")
    text = str(caught.value)
    assert f"the disk of the spool folder {tmp_path / 'deep'} is full" in text
    assert "MB are free, the file needs 10 MB (File too large)" in text
    assert "PIPELINE_SPOOL" in text
    assert os.listdir(tmp_path / "deep") == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_disk_without_room_is_full_whatever_writes_to_it(tmp_path: Path, number: int):
    """PyArrow's errors name no file."""
    with pytest.raises(DiskFull, match=os.strerror(number)), disk.writing(tmp_path):
        raise OSError(number, "Error writing bytes to file")


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.EIO, errno.ENOTDIR])
def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, number: int):
    with pytest.raises(DiskError, match="cannot be written") as caught, disk.writing(tmp_path):
        raise OSError(number, os.strerror(number), str(tmp_path / "file"))
    assert not isinstance(caught.value, DiskFull)
    assert caught.value.exit_status == 46


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.EACCES, "Permission denied", "/root/.ssh/key"),
        FileNotFoundError(errno.ENOENT, "No such file", "chunk"),
        ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"),
        TimeoutError("timed out"),
        ValueError("no error of a disk"),
    ],
)
def test_other_errors_pass(tmp_path: Path, error: Exception):
    with pytest.raises(type(error)) as caught, disk.writing(tmp_path):
        raise error
    assert caught.value is error


def test_the_room_of_a_folder_that_is_not_there_is_that_of_its_disk(tmp_path: Path):
    assert "are free" in disk.check(tmp_path / "not" / "there")
    assert not (tmp_path / "not").exists()
    assert disk.free(tmp_path / "not" / "there") > 0
