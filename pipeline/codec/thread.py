"""Producing in the caller's thread, consuming in a second one, with the memory of a few items."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")


def consume_in_thread(
    items: Iterator[Item], consume: Callable[[Item], None], *, ahead: int = 1
) -> None:
    """Call `consume` with every item, in order, in a second thread; return when it is through.

    While one item is consumed the next is produced, here; `ahead` is how many may wait in between, so
    ``ahead + 1`` are in memory besides the one in production.

    What either side raises is raised here, the consumer's error where both do; after the first one `consume`
    is not called again. `items` is closed in every case, if it is a generator.
    """
    failed = False

    def guarded(item: Item) -> None:
        nonlocal failed
        if failed:
            return
        try:
            consume(item)
        except BaseException:
            failed = True
            raise

    pending: deque[Future[None]] = deque()
    with ThreadPoolExecutor(1, "consume") as pool:
        try:
            for item in items:
                pending.append(pool.submit(guarded, item))
                del item  # or it would live until the next one exists
                while len(pending) > ahead:
                    pending.popleft().result()
            while pending:
                pending.popleft().result()
        except BaseException as error:
            failed = True
            # An error of the consumer counts: what it was given is not where the caller believes it.
            for consumed in pending if isinstance(error, Exception) else ():
                consumed.result()
            raise
        finally:
            if isinstance(items, Generator):
                items.close()
