"""The one retry policy: exponential backoff with jitter, bounded in tries and in time."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    stop_after_delay,
    wait_exponential_jitter,
)

log = logging.getLogger(__name__)
Result = TypeVar("Result")

TRIES = 5
LONGEST = 120.0  # seconds, all tries together


def retried(
    attempt: Callable[[], Result],
    *,
    what: str,
    when: Callable[[BaseException], bool],
    tries: int = TRIES,
    longest: float = LONGEST,
) -> Result:
    """Call `attempt` until it succeeds, waiting ~0.5, 1, 2, 4 … seconds between tries.

    After `longest` seconds, counted from the first try's beginning, there is no other: infinite where a
    try may take longer than that by itself.

    Only an exception for which `when` is true is tried again; any other, and the last one, is raised
    as it came. Each try is logged under the name `what`.
    """

    def say(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        wait = state.next_action.sleep if state.next_action else 0.0
        log.warning(
            "%s: try %d failed, next in %.1f s: %s", what, state.attempt_number, wait, error
        )

    policy = Retrying(
        retry=retry_if_exception(when),
        stop=stop_after_attempt(tries) | stop_after_delay(longest),
        wait=wait_exponential_jitter(multiplier=0.5, max=30.0, jitter=0.5),
        before_sleep=say,
        reraise=True,
    )
    return policy(attempt)
