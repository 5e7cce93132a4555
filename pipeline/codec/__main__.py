"""``python -m pipeline.codec``: compile the kernels at installation, and say where they are kept."""

from __future__ import annotations

import sys
import time

from pipeline.codec.jit import cache_directories
from pipeline.codec.warm import warm


def main() -> None:
    """Compile what is not in the cache yet."""
    started = time.monotonic()
    warm()
    places = ", ".join(cache_directories()) or "nowhere: no directory can be written"
    sys.stdout.write(f"kernels ready after {time.monotonic() - started:.1f} s, kept in {places}\n")


if __name__ == "__main__":
    main()
