"""Memory pool of the codec's buffers (see `codec.malloc`)."""

from __future__ import annotations

import pyarrow as pa

POOL = pa.system_memory_pool()


def release_unused() -> None:
    """Return free memory in the middle of the heap to the system; takes malloc a few ms."""
    POOL.release_unused()
