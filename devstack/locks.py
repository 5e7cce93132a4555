"""Locks between the processes of a user on this machine."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from devstack.errors import StackError


@contextmanager
def one_at_a_time(name: str) -> Iterator[None]:
    """Hold the user's lock of this name; wait for the thread or process that holds it.

    The lock is flock(2) on a file in the system's temporary folder. It belongs to the open file, so
    threads exclude each other as well, and the kernel releases it when the process ends.

    Raises:
        StackError: the file belongs to another user, or is a link.
    """
    path = Path(tempfile.gettempdir()) / f"devstack-{os.geteuid()}-{name}.lock"
    try:
        # The folder is writable by others: follow no link, and let only the user open the file.
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StackError(f"cannot open the lock {path} ({error.strerror}): remove it") from error
    with os.fdopen(handle, "r+"):
        if os.fstat(handle).st_uid != os.geteuid():
            raise StackError(f"the lock {path} belongs to another user: remove it")
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
