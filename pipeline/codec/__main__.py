"""``python -m pipeline.codec``: compile the kernels at installation and print their cache."""

from __future__ import annotations

import sys
import time

from pipeline.codec.jit import cache_directories
from pipeline.codec.warm import warm


def main() -> None:
    """Compile the kernels missing from the cache."""
    started = time.monotonic()
    warm()
    places = ", ".join(cache_directories()) or "memory only: no cache directory is writable"
    sys.stdout.write(
        f"kernels ready after {time.monotonic() - started:.1f} s, cached in {places}\n"
    )


if __name__ == "__main__":
    main()
