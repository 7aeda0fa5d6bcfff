"""When an endpoint is left alone, and when it is tried again."""

from __future__ import annotations

import pytest

from responder.clock import FixedClock
from responder.llm.breaker import Breaker


@pytest.fixture
def breaker(clock: FixedClock) -> Breaker:
    return Breaker(clock, failures=3, cool_down_s=30)


def fail(breaker: Breaker, times: int) -> None:
    for _ in range(times):
        assert breaker.admit()
        breaker.failed()


def test_it_opens_after_failures_in_a_row(breaker: Breaker) -> None:
    """The third failure in a row closes the way; a success in between starts the count anew."""
    fail(breaker, 2)
    breaker.succeeded()
    fail(breaker, 2)
    assert breaker.admit()
    breaker.failed()
    assert not breaker.admit()


def test_one_probe_at_a_time_decides(breaker: Breaker, clock: FixedClock) -> None:
    """After the cool-down one call goes through; others wait for what it brings."""
    fail(breaker, 3)
    clock.advance(29)
    assert not breaker.admit()
    clock.advance(1)
    assert breaker.admit()
    assert not breaker.admit()
    breaker.succeeded()
    assert breaker.admit()


def test_a_failed_probe_rests_again(breaker: Breaker, clock: FixedClock) -> None:
    """One failure of the probe is enough for another cool-down."""
    fail(breaker, 3)
    clock.advance(30)
    fail(breaker, 1)
    assert not breaker.admit()
    clock.advance(30)
    assert breaker.admit()


def test_an_abandoned_probe_leaves_room_for_the_next(breaker: Breaker, clock: FixedClock) -> None:
    """A cancelled probe neither closes nor opens anything."""
    fail(breaker, 3)
    clock.advance(30)
    assert breaker.admit()
    breaker.abandoned()
    assert breaker.admit()
