"""What follows an attempt to send: when to try again, when to give up, when a repeat is allowed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.contract import (
    Capabilities,
    ConnectorError,
    CredentialsRefused,
    OutcomeUnknown,
    PermanentError,
    TransientError,
)
from responder.dialogue.states import SendState

GIVE_UP_AFTER = timedelta(hours=1)  # a reply older than this helps nobody
SEND_LASTS_S = 20.0  # no connector's call lasts longer
ATTEMPT_LASTS = timedelta(seconds=25)  # longer than a send: after it the sender is dead, or without a database
FIRST_BACKOFF_S, BACKOFF_LIMIT_S = 1.0, 60.0
UNKNOWN_PAUSE_S = 10.0  # time for a delivery status to settle the question
REPEATS_AFTER_UNKNOWN = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class NextStep:
    """The state an attempt leaves a message in; `at` is when to look again."""

    state: SendState
    at: datetime | None
    failure: str


def after_failure(
    error: ConnectorError, *, attempts: int, composed_at: datetime, now: datetime, capabilities: Capabilities
) -> NextStep:
    """The next step after the `attempts`-th attempt failed with `error`."""
    failure = f"{type(error).__name__}: {error}"[:500]
    if now - composed_at > GIVE_UP_AFTER:
        return NextStep(state=SendState.FAILED, at=None, failure=failure)
    if isinstance(error, OutcomeUnknown):
        if capabilities.send_is_idempotent:
            return NextStep(state=SendState.QUEUED, at=now + _backoff(attempts), failure=failure)
        return after_silence(attempts=attempts, now=now, failure=failure)
    if isinstance(error, TransientError):
        wait = max(_backoff(attempts), timedelta(seconds=error.retry_after_s or 0))
        return NextStep(state=SendState.QUEUED, at=now + wait, failure=failure)
    if isinstance(error, CredentialsRefused):  # mended by people; what waits then still goes out
        return NextStep(state=SendState.QUEUED, at=now + timedelta(seconds=BACKOFF_LIMIT_S), failure=failure)
    if isinstance(error, PermanentError):
        return NextStep(state=SendState.FAILED, at=None, failure=failure)
    return NextStep(state=SendState.QUEUED, at=now + _backoff(attempts), failure=failure)


def after_silence(*, attempts: int, now: datetime, failure: str) -> NextStep:
    """The outcome of an attempt is not known and the channel cannot tell: one repeat after a pause. A customer
    without an answer is worse than one repeated line (docs/decisions/0005)."""
    if attempts > REPEATS_AFTER_UNKNOWN:
        return NextStep(state=SendState.FAILED, at=None, failure=failure)
    return NextStep(state=SendState.UNKNOWN, at=now + timedelta(seconds=UNKNOWN_PAUSE_S), failure=failure)


def _backoff(attempts: int) -> timedelta:
    return timedelta(seconds=min(FIRST_BACKOFF_S * 2 ** max(attempts - 1, 0), BACKOFF_LIMIT_S))
