"""State of one run: a block of shared memory, an append-only file, and the run's start time.

With more than one worker Luigi forks a process for each task. State created before the fork is shared:
`tasks.luigi_hooks.install` creates it for a command line, the first `complete()` of a task elsewhere (a
notebook, a test). A process with several runs calls `reset` between them.
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
"""Addresses counted in a run: one warehouse, and room to spare."""


class Server(ctypes.Structure):
    """Failures of one server in this run (`net.circuit_breaker`)."""

    _fields_: ClassVar = [
        ("address", ctypes.c_uint32),
        ("failures", ctypes.c_uint32),
        ("until", ctypes.c_double),
    ]
    address: int  # digest of the address; 0 for a free slot
    failures: int  # consecutive failed connections
    until: float  # monotonic clock


class Block(ctypes.Structure):
    """Numbers shared by the processes of a run."""

    _fields_: ClassVar = [
        ("until", ctypes.c_double),
        ("chunks", ctypes.c_int64),
        ("worst", ctypes.c_int32),
        ("servers", Server * SERVERS),
    ]
    until: float  # no new work from then on, monotonic clock; 0 for no limit
    chunks: int  # chunks left to start; -1 for no limit
    worst: int  # highest exit status so far
    servers: ctypes.Array[Server]


class RunState:
    """State shared by this process and the processes forked from it."""

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
        """The block, locked against other threads and processes.

        The lock is on the file: the kernel releases it when a process is killed.
        """
        with self._threads:  # a file lock is held by the process, not by one thread
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
        """Add a line to the file unless it is present; returns whether it was added."""
        with self.locked():
            if line in self.lines():
                return False
            self._file.write(line + b"\n")
            return True

    def lines(self) -> list[bytes]:
        """The lines of the file, from all processes."""
        size = os.fstat(self._file.fileno()).st_size
        return os.pread(self._file.fileno(), size, 0).splitlines()

    def close(self) -> None:
        """Close the file; the memory is freed with the object."""
        self._file.close()


class PerProcess(Generic[Value]):
    """A value of its own for each process of a run: created on first use, dropped with the run.

    A forked process starts with a copy of its parent's.
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
    """The state of this run, created on first use."""
    return RunState()


def reset() -> None:
    """Begin a new run: no limits, no failures, no notes."""
    if current.cache_info().currsize:
        current().close()
        current.cache_clear()


def _unnamed_file() -> IO[bytes]:
    """An unnamed file, in memory where the system supports it, independent of disk space."""
    if hasattr(os, "memfd_create"):
        return open(os.memfd_create("pipeline-run"), "r+b", buffering=0)
    return tempfile.TemporaryFile(prefix="pipeline-", buffering=0)
