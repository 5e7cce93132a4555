"""The one state of a run: a block of shared memory, an append-only file, and the instant the run began.

Luigi forks a process for each task where it has more than one worker. What is made before the fork is
shared by all of them: `tasks.luigi_hooks.install` makes it for a command line, the first look at a task
where there is none (a notebook, a test). A process that does one run after another calls `reset` in between.
"""

from __future__ import annotations

import ctypes
import fcntl
import mmap
import os
import tempfile
import threading
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from functools import lru_cache
from typing import IO, Any, ClassVar, Generic, TypeVar

Value = TypeVar("Value")

SERVERS = 8
"""Servers that a run keeps count of; it has to do with a source, a warehouse and a bastion."""


class Server(ctypes.Structure):
    """How one server answered in this run (`net.circuit_breaker`)."""

    _fields_: ClassVar = [
        ("address", ctypes.c_uint32),
        ("failures", ctypes.c_uint32),
        ("until", ctypes.c_double),
    ]
    address: int  # a digest of it; 0 for a free place
    failures: int  # connections in a row that could not be made
    until: float  # of the monotonic clock


class Block(ctypes.Structure):
    """The numbers that the processes of a run share."""

    _fields_: ClassVar = [
        ("until", ctypes.c_double),
        ("chunks", ctypes.c_int64),
        ("worst", ctypes.c_int32),
        ("servers", Server * SERVERS),
    ]
    until: float  # when the run begins nothing new, of the monotonic clock; 0 for no limit
    chunks: int  # how many it may still begin; -1 for no limit
    worst: int  # the highest exit status of a failure so far
    servers: ctypes.Array[Server]


class RunState:
    """What the processes of a run share, for this process and those that are forked from it."""

    def __init__(self) -> None:
        self.began = datetime.now(timezone.utc)
        self.began_monotonic = time.monotonic()
        self.of_process: dict[Hashable, Any] = {}
        self._block = Block.from_buffer(mmap.mmap(-1, ctypes.sizeof(Block)))
        self._block.chunks = -1
        self._file = _unnamed_file()
        self._threads = threading.Lock()

    @contextmanager
    def locked(self) -> Iterator[Block]:
        """The block, for this thread of this process alone.

        The lock is the file's: the kernel takes it from a process that is killed.
        """
        with self._threads:  # a file's lock does not tell the threads of a process apart
            fcntl.lockf(self._file, fcntl.LOCK_EX)
            try:
                yield self._block
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN)

    def append(self, line: bytes) -> None:
        """Add a line to the file."""
        with self.locked():
            self._file.write(line + b"\n")

    def append_new(self, line: bytes) -> bool:
        """Add a line to the file unless it has it; whether it was added."""
        with self.locked():
            if line in self.lines():
                return False
            self._file.write(line + b"\n")
            return True

    def lines(self) -> list[bytes]:
        """The lines of the file, whichever process added them."""
        size = os.fstat(self._file.fileno()).st_size
        return os.pread(self._file.fileno(), size, 0).splitlines()

    def close(self) -> None:
        """Give up the file; the memory goes with the object."""
        self._file.close()


class PerProcess(Generic[Value]):
    """A value that each process of a run has for itself: made at its first use, gone with the run.

    A forked process begins with a copy of its parent's.
    """

    def __init__(self, make: Callable[[], Value]) -> None:
        self._make = make

    def __call__(self) -> Value:
        """This process's value."""
        values = current().of_process
        if self not in values:
            values[self] = self._make()
        value: Value = values[self]
        return value


@lru_cache(maxsize=1)
def current() -> RunState:
    """The state of this run, made here where there is none yet."""
    return RunState()


def reset() -> None:
    """Begin a new run: no limits, failures or notes, and nothing known of any server."""
    if current.cache_info().currsize:
        current().close()
        current.cache_clear()


def _unnamed_file() -> IO[bytes]:
    """A file that no folder has, in memory where the system offers that: a full disk is no matter to it."""
    if hasattr(os, "memfd_create"):
        return open(os.memfd_create("pipeline-run"), "r+b", buffering=0)
    return tempfile.TemporaryFile(prefix="pipeline-", buffering=0)
