"""A sampling profiler in the process itself: where is each thread, a few hundred times a second?

It needs no right to look into other processes. The kernels, Arrow and the socket work without the
GIL, so that the sampler's thread gets its turn while they do.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from types import FrameType
from typing import Any

# (end of the file's name, function or "" for any, what it is called); the innermost frame that fits
# decides. Waiting comes first: a thread that waits stands in the standard library.
_PLACES = (
    ("source/row_batches.py", "read_into", "read the socket"),
    ("source/row_batches.py", "_take_buffered", "read the socket"),
    ("codec/packets.py", "", "find rows and cells"),
    ("codec/stream.py", "_gather", "find rows and cells"),
    ("codec/decoder.py", "packets", "find rows and cells"),
    ("codec/decoder.py", "_append", "decode"),
    ("codec/decoder.py", "take", "make Arrow arrays"),
    ("codec/builders.py", "append", "decode"),
    ("codec/builders.py", "", "make Arrow arrays"),
    ("codec/checksum.py", "", "checksum of the keys"),
    ("codec/lines.py", "blocks", "make CSV"),
    ("codec/csv.py", "contains", "look for the NULL token"),
    ("codec/parquet.py", "", "choose Parquet settings"),
    ("parquet/core.py", "iter_batches", "read Parquet"),
    ("parquet/core.py", "__init__", "read Parquet"),
    ("parquet/core.py", "", "write Parquet"),
    ("policies/warehouse.py", "", "fit values to the warehouse"),
    ("stores/csv_parts.py", "write", "compress"),
    ("stores/csv_parts.py", "_end", "end and checksum a part"),
    ("stores/csv_parts.py", "_await", "wait for S3"),
    ("steps/csv_rows.py", "first", "wait for a row group"),
    ("steps/csv_rows.py", "batches", "read Parquet"),
    ("codec/memory.py", "", "give memory back"),
    ("stores/spool.py", "digest_of", "checksum of the Parquet file"),
    ("stores/s3.py", "", "speak to S3"),
    ("codec/thread.py", "consume_in_thread", "wait for the writer"),
    ("concurrent/futures/thread.py", "_worker", "wait for rows"),
    ("steps/extract.py", "add", "bounds of the cursor"),
    ("stores/mysql.py", "", "other statements"),
    ("steps/plan.py", "", "other statements"),
)
# Frames of the standard library by which a thread waits for something a frame further out names.
_WAITING = ("threading.py", "concurrent/futures/_base.py", "socket.py")


class Sampler:
    """Counts, per thread and place, how often a thread was there while the `with` block ran."""

    def __init__(self, interval: float = 0.004) -> None:
        self.interval = interval
        self._counts: Counter[tuple[str, str]] = Counter()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)
        self._seconds = 0.0

    def __enter__(self) -> Sampler:
        self._started = time.perf_counter()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._seconds = time.perf_counter() - self._started

    def table(self) -> list[dict[str, Any]]:
        """Seconds per thread and place, most first: a thread's share of its samples, of the time."""
        rounds = max(1, self._counts[("", "rounds")])
        rows = [
            {"thread": thread, "place": place, "seconds": round(count / rounds * self._seconds, 3)}
            for (thread, place), count in self._counts.most_common()
            if thread
        ]
        return sorted(rows, key=lambda row: (row["thread"] != "MainThread", -row["seconds"]))

    def _run(self) -> None:
        own = threading.get_ident()
        while not self._stop.wait(self.interval):
            names = {thread.ident: thread.name for thread in threading.enumerate()}
            self._counts[("", "rounds")] += 1
            for ident, frame in sys._current_frames().items():
                if ident != own:
                    thread = names.get(ident, "?").split("_")[0]
                    self._counts[(thread, place_of(frame))] += 1


def place_of(frame: FrameType | None) -> str:
    """What the innermost frame that stands in the list of places is called."""
    innermost = None
    while frame is not None:
        file, function = frame.f_code.co_filename, frame.f_code.co_name
        for end, name, place in _PLACES:
            if file.endswith(end) and name in ("", function):
                return place
        if innermost is None and not file.endswith(_WAITING):
            innermost = f"other: {file.rpartition('/')[2]} {function}"
        frame = frame.f_back
    return innermost or "other"
