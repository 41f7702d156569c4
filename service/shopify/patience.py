"""How long one call goes on trying.

A wait Shopify asks for is followed as often as it is asked; passing faults are tried a few times with growing
pauses; both only until the call's seconds are used up. Everything else is raised at once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from tenacity import RetryCallState, Retrying

from service.errors import Throttled, Unreachable

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
SHORTEST_WAIT_SECONDS = 0.1  # Shopify may throttle and say in the same answer that there is enough
SPREAD_SECONDS = 0.5  # so that callers who were turned away together do not come back together


class Patience:
    """The three decisions tenacity asks for, for one call. Errors of the kinds `at_once` are not tried again."""

    def __init__(
        self,
        *,
        seconds: float,
        attempts: int,
        clock: Callable[[], float],
        jitter: Callable[[], float],
        log: logging.Logger,
        at_once: tuple[type[Exception], ...] = (),
    ) -> None:
        self._seconds, self._attempts = seconds, attempts
        self._clock, self._jitter, self._log, self._at_once = clock, jitter, log, at_once
        self._began = clock()
        self._faults = 0
        self._unmeasured_waits = 0

    def retrying(self, sleep: Callable[[float], None]) -> Retrying:
        return Retrying(
            sleep=sleep,
            retry=self._retry,
            wait=self._wait,
            stop=self._stop,
            before_sleep=self._tell,
            reraise=True,
        )

    def _retry(self, state: RetryCallState) -> bool:
        error = _error(state)
        if not isinstance(error, Throttled | Unreachable) or isinstance(error, self._at_once):
            return False
        if isinstance(error, Unreachable):
            self._faults += 1
        return True

    def _wait(self, state: RetryCallState) -> float:
        error = _error(state)
        spread = SPREAD_SECONDS * self._jitter()
        if not isinstance(error, Throttled):
            return _pause(self._faults) + spread
        if error.wait_seconds is not None:
            return max(error.wait_seconds, SHORTEST_WAIT_SECONDS) + spread
        self._unmeasured_waits += 1
        return _pause(self._unmeasured_waits) + spread

    def _stop(self, state: RetryCallState) -> bool:
        spent = max(self._clock() - self._began, state.idle_for)
        return self._faults >= self._attempts or spent + state.upcoming_sleep > self._seconds

    def _tell(self, state: RetryCallState) -> None:
        error = _error(state)
        told = getattr(error, "message", error)  # the hint waits until it is known that a person is needed
        self._log.warning("trying again in %.1f s: %s", state.upcoming_sleep, told)


def _pause(times: int) -> float:
    doubled: float = FIRST_PAUSE_SECONDS * 2 ** min(times - 1, 10)
    return min(doubled, LONGEST_PAUSE_SECONDS)


def _error(state: RetryCallState) -> Any:
    return state.outcome.exception() if state.outcome else None
