"""Circuit breaker: stop connecting to an unreachable server for a while.

After `PATIENCE` consecutive failed connections, each after its own retries, the tasks of this run fail at
once for `REST` seconds; then one of them tries again. The counts are part of the run's shared state.
Only connections to the warehouse are counted (docs/decisions/0015).
"""

from __future__ import annotations

import time
import zlib

from pipeline.run import state
from pipeline.run.state import Block, Server

PATIENCE = 3
REST = 30.0  # seconds


def is_open(address: str) -> bool:
    """Whether to fail without connecting; after the rest the first caller may try."""
    now = time.monotonic()
    with state.current().locked() as block:
        server = _server(block, address)
        if server.failures < PATIENCE:
            return False
        if now < server.until:
            return True
        server.until = now + REST
        return False


def failed(address: str) -> None:
    """Count a failed connection."""
    with state.current().locked() as block:
        server = _server(block, address)
        server.failures += 1
        server.until = time.monotonic() + REST


def succeeded(address: str) -> None:
    """Reset the failures of a server that answered."""
    with state.current().locked() as block:
        _server(block, address).failures = 0


def _server(block: Block, address: str) -> Server:
    """The server's slot in the block; a new server takes a free slot, else that of the oldest failure."""
    digest = zlib.crc32(address.encode()) or 1
    for server in block.servers:
        if server.address == digest:
            return server
    slot: Server = min(block.servers, key=lambda server: server.until)
    slot.address, slot.failures, slot.until = digest, 0, 0.0
    return slot
