"""Retries: exponential backoff with jitter, bounded in attempts and in time."""

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
LONGEST = 120.0  # seconds, all attempts together


def retried(
    attempt: Callable[[], Result],
    *,
    what: str,
    when: Callable[[BaseException], bool],
    tries: int = TRIES,
    longest: float = LONGEST,
) -> Result:
    """Call `attempt` until it succeeds, waiting ~0.5, 1, 2, 4 … seconds between attempts.

    No attempt starts later than `longest` seconds after the first; pass infinity where a single attempt
    may take longer. Only an exception for which `when` is true is retried; any other, and the last one,
    is raised unchanged. Each failure is logged under the name `what`.
    """

    def log_failure(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        wait = state.next_action.sleep if state.next_action else 0.0
        log.warning(
            "%s: attempt %d failed, next in %.1f s: %s", what, state.attempt_number, wait, error
        )

    policy = Retrying(
        retry=retry_if_exception(when),
        stop=stop_after_attempt(tries) | stop_after_delay(longest),
        wait=wait_exponential_jitter(multiplier=0.5, max=30.0, jitter=0.5),
        before_sleep=log_failure,
        reraise=True,
    )
    return policy(attempt)
