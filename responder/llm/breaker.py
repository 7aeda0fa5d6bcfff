"""A circuit breaker: an endpoint that keeps failing is left alone for a while, so that customers do not wait for it."""

from __future__ import annotations

from responder.clock import Clock

FAILURES = 5
COOL_DOWN_S = 30.0


class Breaker:
    """Closed until `failures` in a row; then open for `cool_down_s`; then one probe at a time decides."""

    def __init__(self, clock: Clock, *, failures: int = FAILURES, cool_down_s: float = COOL_DOWN_S) -> None:
        self._clock = clock
        self._limit = failures
        self._cool_down_s = cool_down_s
        self._failures = 0
        self._rests_until: float | None = None  # set while open
        self._is_probing = False

    @property
    def is_open(self) -> bool:
        return self._rests_until is not None

    def admit(self) -> bool:
        """Whether a call may be made now; one that was admitted must be reported by one of the methods below."""
        if self._rests_until is None:
            return True
        if self._is_probing or self._clock.monotonic() < self._rests_until:
            return False
        self._is_probing = True
        return True

    def succeeded(self) -> None:
        self._failures, self._rests_until, self._is_probing = 0, None, False

    def failed(self) -> None:
        self._failures += 1
        if self._is_probing or self._failures >= self._limit:
            self._rests_until = self._clock.monotonic() + self._cool_down_s
        self._is_probing = False

    def abandoned(self) -> None:
        """The call ended without telling anything about the endpoint (cancelled, or given too little time)."""
        self._is_probing = False
