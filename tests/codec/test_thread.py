"""The second thread: order, back-pressure, and errors from either side."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from pipeline.codec.thread import consume_in_thread


class Boom(Exception):
    pass


def test_items_arrive_in_order_in_one_other_thread() -> None:
    seen: list[int] = []
    threads = set()

    def consume(item: int) -> None:
        seen.append(item)
        threads.add(threading.get_ident())

    consume_in_thread(iter(range(100)), consume)
    assert seen == list(range(100))
    assert len(threads) == 1
    assert threading.get_ident() not in threads


@pytest.mark.parametrize("ahead", [0, 1, 3])
def test_a_slow_consumer_holds_the_producer_back(ahead: int) -> None:
    made = 0
    gate = threading.Semaphore(0)
    most = 0

    def items() -> Iterator[int]:
        nonlocal made
        for item in range(10):
            made += 1
            gate.release()
            yield item

    def consume(item: int) -> None:
        nonlocal most
        gate.acquire()
        most = max(most, made - item)

    consume_in_thread(items(), consume, ahead=ahead)
    assert made == 10
    assert most <= ahead + 2


def test_the_consumer_s_error_is_raised_and_nothing_more_is_consumed() -> None:
    seen: list[int] = []
    closed = False

    def items() -> Iterator[int]:
        nonlocal closed
        try:
            yield from range(1000)
        finally:
            closed = True

    def consume(item: int) -> None:
        seen.append(item)
        if item == 3:
            raise Boom("disk full")

    with pytest.raises(Boom, match="disk full"):
        consume_in_thread(items(), consume)
    assert seen == [0, 1, 2, 3]
    assert closed


def test_an_error_at_the_last_item_is_not_lost() -> None:
    def consume(_: int) -> None:
        raise Boom

    with pytest.raises(Boom):
        consume_in_thread(iter([1]), consume)


def test_the_producer_s_error_is_raised_after_what_it_made_was_consumed_or_dropped() -> None:
    seen: list[int] = []

    def items() -> Iterator[int]:
        yield 1
        raise Boom("server gone")

    with pytest.raises(Boom, match="server gone"):
        consume_in_thread(items(), seen.append)
    assert seen in ([], [1])


def test_nothing_to_do() -> None:
    consume_in_thread(iter(()), lambda _: None)


def test_where_both_sides_fail_the_consumers_error_is_raised() -> None:
    """Whoever goes on after a lost connection must not believe that what was consumed is written."""
    consuming, lost = threading.Event(), threading.Event()

    def items() -> Iterator[int]:
        yield 1
        assert consuming.wait(10)
        lost.set()
        raise Boom("server gone")

    def consume(_: int) -> None:
        consuming.set()
        assert lost.wait(10)
        raise Boom("disk full")

    with pytest.raises(Boom, match="disk full"):
        consume_in_thread(items(), consume)
