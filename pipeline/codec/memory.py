"""Where the codec's own buffers come from, and how they go back to the system (see `codec.malloc`)."""

from __future__ import annotations

import pyarrow as pa

POOL = pa.system_memory_pool()


def give_back() -> None:
    """Let the system have what is free in the middle of the heap, which takes malloc a few ms."""
    POOL.release_unused()
