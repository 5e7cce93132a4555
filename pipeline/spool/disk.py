"""The disk of the spool: its free space, and the errors of a disk that is full or cannot be written."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import DiskError

# No space, a quota, a limit on the size of a file (ulimit -f).
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_UNWRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EIO)
_LARGER = "set PIPELINE_SPOOL to a folder on a larger disk"


class DiskFull(DiskError):
    """The disk, a quota or a limit leaves no room for a file of the spool."""


@contextmanager
def writing(folder: Path, need: Callable[[], str] = str) -> Iterator[None]:
    """Translate errors of writing below `folder` to DiskError; other errors pass.

    `need` returns what the file needs, as a clause of the message.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise _full(folder, error, need()) from error
        # of another place, such as a key file, unless the folder is named
        if error.errno in _UNWRITABLE and str(folder) in str(error):
            raise _unwritable(folder, error) from error
        raise


def check(folder: Path) -> str:
    """The free space of the folder's disk, as text; raises DiskError where it cannot be written."""
    place = _existing(folder)
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        raise _unwritable(folder, OSError(errno.EACCES, f"{place} is not a writable folder"))
    usage = shutil.disk_usage(place)
    if usage.free == 0:
        raise _full(folder, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "")
    return f"{folder}: {megabytes(usage.free)} of {megabytes(usage.total)} are free"


def free(folder: Path) -> int:
    """The free bytes of the folder's disk; the folder need not exist yet."""
    return shutil.disk_usage(_existing(folder)).free


def megabytes(size: float) -> str:
    """A number of bytes for people."""
    return f"{size / 1e6:,.1f} MB"


def too_small(folder: Path, need: int) -> DiskFull:
    """The error of a disk that has less free space than a chunk needs."""
    return DiskFull(
        f"the disk of the spool folder {folder} has {megabytes(free(folder))} free",
        why=f"a chunk of this table needs up to {megabytes(need)}",
        todo=f"free space there, {_LARGER}, or lower PIPELINE_CHUNK_MB",
    )


def _full(folder: Path, error: OSError, need: str) -> DiskFull:
    space = f"{megabytes(free(folder))} are free{f', {need}' if need else ''}"
    return DiskFull(
        f"the disk of the spool folder {folder} is full",
        why=f"{space} ({os.strerror(error.errno or 0)})",
        todo=f"free space there or raise its quota, {_LARGER}, or lower PIPELINE_CHUNK_MB (a chunk) and"
        " PIPELINE_SPOOL_GB (uploaded rows that are kept); then run the same command again",
    )


def _unwritable(folder: Path, error: OSError) -> DiskError:
    return DiskError(
        f"the spool folder {folder} cannot be written",
        why=error.strerror or str(error),
        todo="make it writable for this user, or set PIPELINE_SPOOL to another folder",
    )


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    place = folder.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    return place
