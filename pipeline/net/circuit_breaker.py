"""A server that stays away is left alone for a while, not tried by every task of a run.

After `PATIENCE` connections in a row that failed, each after its own retries, the tasks of this run fail
at once for `REST` seconds; then one of them tries. The counts are part of the run's state, which its
processes share.
"""

from __future__ import annotations

import time
import zlib

from pipeline.run import state
from pipeline.run.state import Block, Server

PATIENCE = 3
REST = 30.0  # seconds


def is_open(address: str) -> bool:
    """Whether the server is to be left alone now; after the rest the first to ask may try."""
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
    """Count a connection that could not be made."""
    with state.current().locked() as block:
        server = _server(block, address)
        server.failures += 1
        server.until = time.monotonic() + REST


def succeeded(address: str) -> None:
    """Forget the failures of a server that answers."""
    with state.current().locked() as block:
        _server(block, address).failures = 0


def _server(block: Block, address: str) -> Server:
    """The server's place in the block; a new one takes a free place, else the one with the oldest failure."""
    digest = zlib.crc32(address.encode()) or 1
    for server in block.servers:
        if server.address == digest:
            return server
    place: Server = min(block.servers, key=lambda server: server.until)
    place.address, place.failures, place.until = digest, 0, 0.0
    return place
