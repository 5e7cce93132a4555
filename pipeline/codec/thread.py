"""Produce in the caller's thread, consume in a second one, with few items in memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")


def consume_in_thread(
    items: Iterator[Item], consume: Callable[[Item], None], *, ahead: int = 1
) -> None:
    """Call `consume` with every item, in order, in a second thread; return after the last.

    The next item is produced while one is consumed. Up to `ahead` items wait, so ``ahead + 1`` are in memory
    besides the one in production.

    Errors of either side are raised here, the consumer's if both fail; after an error `consume` is not called
    again. `items` is always closed if it is a generator.
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
                del item  # it would otherwise live until the next one exists
                while len(pending) > ahead:
                    pending.popleft().result()
            while pending:
                pending.popleft().result()
        except BaseException as error:
            failed = True
            # The consumer's error takes precedence: its item was not stored.
            for consumed in pending if isinstance(error, Exception) else ():
                consumed.result()
            raise
        finally:
            if isinstance(items, Generator):
                items.close()
