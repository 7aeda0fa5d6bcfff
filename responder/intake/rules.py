"""When an inbound item deserves a turn, and how long the turn waits for the rest of a burst."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.contract import Inbound, InboundKind

OPENS_ENQUIRY = frozenset({InboundKind.MESSAGE, InboundKind.PRESSED, InboundKind.STARTED})
BURST_CAP_SHARE = 0.5  # of the reply budget: however long a burst goes on, the answer is begun by then


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """How long to wait for more: `quiet_s` after each message, never beyond `cap_s` after the first unanswered one."""

    quiet_s: float
    cap_s: float

    @classmethod
    def within(cls, budget_s: float, *, quiet_s: float) -> Pace:
        return cls(quiet_s=quiet_s, cap_s=max(quiet_s, budget_s * BURST_CAP_SHARE))

    def quiet_after(self, item: Inbound) -> timedelta:
        """Nothing follows a press, a start or a shared contact; typed words come in bursts."""
        is_complete = item.kind is not InboundKind.MESSAGE or item.contact is not None
        return timedelta(seconds=0 if is_complete else self.quiet_s)

    @property
    def cap(self) -> timedelta:
        return timedelta(seconds=self.cap_s)


@dataclass(frozen=True, kw_only=True, slots=True)
class ClockStart:
    """Start of the clock (timing.md, "Stamps"): `sent_at`, clamped to `received_at`, which also stands in for none."""

    at: datetime
    skew_s: float

    @classmethod
    def of(cls, *, sent_at: datetime | None, received_at: datetime) -> ClockStart:
        if sent_at is None:
            return cls(at=received_at, skew_s=0.0)
        return cls(at=min(sent_at, received_at), skew_s=max((sent_at - received_at).total_seconds(), 0.0))
