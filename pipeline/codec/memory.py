"""Where Arrow's memory comes from, and when it goes back.

Blocks are made in one thread and dropped in another. Arrow's default pool, mimalloc, keeps what comes
back that way. malloc gives it back, as long as it maps large blocks one by one: by itself it stops doing
so for the sizes it has seen freed, up to 32 MB.
https://man7.org/linux/man-pages/man3/mallopt.3.html (M_MMAP_THRESHOLD)
"""

from __future__ import annotations

import ctypes

import pyarrow as pa

POOL = pa.system_memory_pool()
_MMAP_THRESHOLD = -3
_LEAST_MAPPED = 1 << 18


def use_everywhere() -> None:
    """Have this process's other uses of Arrow take their memory there, and large blocks go back."""
    pa.set_memory_pool(POOL)
    malloc_option = getattr(ctypes.CDLL(None), "mallopt", None)  # glibc has it, musl has not
    if malloc_option is not None:
        malloc_option(_MMAP_THRESHOLD, _LEAST_MAPPED)
