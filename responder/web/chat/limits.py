"""How much one visitor and one address may do: soft limits, so that one address of a mobile carrier still works."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from fastapi import Request

from responder.live import Live
from responder.web.chat.refusals import ChatRefusal


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    name: str
    most: int
    window_s: float
    retry_after_s: int


MESSAGES_BY_VISITOR = Limit(name="visitor", most=20, window_s=30, retry_after_s=15)
MESSAGES_BY_ADDRESS = Limit(name="address", most=120, window_s=30, retry_after_s=15)
READS_BY_VISITOR = Limit(name="reads", most=60, window_s=30, retry_after_s=15)
TYPING_BY_VISITOR = Limit(name="typing", most=20, window_s=30, retry_after_s=15)
NEW_VISITORS_BY_ADDRESS = Limit(name="new", most=30, window_s=3600, retry_after_s=60)

STREAMS_OF_VISITOR = 8  # tabs; one more asks instead of listening
STREAMS_OF_ADDRESS = 300


class Limits:
    def __init__(self, live: Live) -> None:
        self._live = live

    async def spend(self, limit: Limit, subject: str, *, message: str) -> None:
        """Count one use; raises a 429 refusal with `message` and `Retry-After` when that is one too many."""
        used = await self._live.count(f"chat:{limit.name}:{subject}", window_s=limit.window_s)
        if used > limit.most:
            raise ChatRefusal(429, "rate_limited", message, headers={"retry-after": str(limit.retry_after_s)})


class OpenStreams:
    """How many streams stand open at once, in this process: each costs memory for as long as it lasts."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()

    def enter(self, *, visitor_id: str, network: str, message: str) -> Callable[[], None]:
        """Take a place and give the function that leaves it; raises a 429 refusal when there is none."""
        subjects = {
            f"visitor:{visitor_id}": STREAMS_OF_VISITOR,
            f"network:{network}": STREAMS_OF_ADDRESS,
        }
        if any(self._open[subject] >= most for subject, most in subjects.items()):
            raise ChatRefusal(429, "rate_limited", message, headers={"retry-after": "60"})
        self._open.update(subjects.keys())

        def leave() -> None:
            self._open.subtract(subjects.keys())
            for subject in subjects:
                if self._open[subject] <= 0:
                    del self._open[subject]

        return leave


def network_of(request: Request) -> str:
    """The caller's network: an IPv4 address, or the /64 that one IPv6 subscriber holds. Behind a reverse proxy that
    `TRUSTED_PROXIES` names it is the forwarded one; what is no address at all counts as one network."""
    try:
        address = ip_address(request.client.host if request.client else "")
    except ValueError:
        return "unknown"
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or address.exploded[:19])
    return str(address)
