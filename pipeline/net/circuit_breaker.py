"""A server that stays away is not asked by every task of a run.

After `PATIENCE` connections in a row that failed, each after its own retries, the tasks of this run fail
at once for `REST` seconds; then one of them tries again. What is known is shared by the processes of a
run: they are forked from the one that imports this module.
"""

from __future__ import annotations

import multiprocessing
import time
import zlib

PATIENCE = 3
REST = 30.0  # seconds

_fork = multiprocessing.get_context("fork")


class Breaker:
    """What a run knows of one server; told of another `address`, it begins anew."""

    def __init__(self) -> None:
        self._address = _fork.Value("q", 0)
        self._failures = _fork.Value("i", 0)
        self._until = _fork.Value("d", 0.0)

    def is_open(self, address: str) -> bool:
        """Whether the server is to be left alone now; who is told no is the one that may try."""
        self._turn_to(address)
        now = time.monotonic()
        with self._until.get_lock():
            if self._failures.value < PATIENCE:
                return False
            if now < self._until.value:
                return True
            self._until.value = now + REST
            return False

    def failed(self, address: str) -> None:
        """A connection could not be made."""
        self._turn_to(address)
        with self._until.get_lock():
            self._failures.value += 1
            self._until.value = time.monotonic() + REST

    def succeeded(self) -> None:
        """The server is there."""
        self._failures.value = 0

    def _turn_to(self, address: str) -> None:
        digest = zlib.crc32(address.encode())
        if self._address.value != digest:
            self._address.value, self._failures.value = digest, 0
