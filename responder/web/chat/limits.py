"""How much one visitor and one address may do: soft limits, so that one address of a mobile carrier still works."""

from __future__ import annotations

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
NEW_VISITORS_BY_ADDRESS = Limit(name="new", most=30, window_s=3600, retry_after_s=60)


class Limits:
    def __init__(self, live: Live) -> None:
        self._live = live

    async def spend(self, limit: Limit, subject: str, *, message: str) -> None:
        """Count one use; raises a 429 refusal with `message` and `Retry-After` when that is one too many."""
        used = await self._live.count(f"chat:{limit.name}:{subject}", window_s=limit.window_s)
        if used > limit.most:
            raise ChatRefusal(429, "rate_limited", message, headers={"retry-after": str(limit.retry_after_s)})


def network_of(request: Request) -> str:
    """The caller's network: an IPv4 address, or the /64 that one IPv6 subscriber holds. Behind a proxy the server must
    be told to trust its forwarding headers (uvicorn's `--forwarded-allow-ips`)."""
    host = request.client.host if request.client else "unknown"
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or address.exploded[:19])
    return str(address)
