"""Which web pages may frame a chat and call its API: only those the salon listed, and our own."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from fastapi import Request

from responder.web.chat.desk import ChatSite
from responder.web.chat.refusals import ChatRefusal, let_read

_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:(\d{1,5}|\*))?")
_PORT = re.compile(r":\d{1,5}$")
ANY = "*"


def listed_origins(origins: Iterable[str]) -> tuple[str, ...]:
    """Origins in the form browsers send them, `http://localhost:*` for any port; anything else is left out, as it
    would break a header."""
    cleaned = (origin.strip().rstrip("/").lower() for origin in origins)
    return tuple(origin for origin in cleaned if origin == ANY or _ORIGIN.fullmatch(origin))


def frame_ancestors(site: ChatSite) -> str:
    """The value of the `frame-ancestors` directive."""
    return " ".join(("'self'", *listed_origins(site.allowed_origins)))


def admit_origin(request: Request, site: ChatSite) -> None:
    """Refuse a request that a page elsewhere makes without the salon's leave. Requests without `Origin` come from no
    page; their token must speak for them."""
    origin = request.headers.get("origin", "").lower()
    if not origin or _is_ours(request, origin):
        return
    spellings = {origin, _PORT.sub("", origin) + ":*", ANY}
    if spellings.isdisjoint(listed_origins(site.allowed_origins)):
        raise ChatRefusal(403, "origin_not_allowed", "This chat may not be used from that site.")
    let_read(request, request.headers["origin"])


def _is_ours(request: Request, origin: str) -> bool:
    same_site = request.headers.get("sec-fetch-site") == "same-origin"  # browsers set it, pages cannot
    return same_site or urlsplit(origin).netloc == request.headers.get("host", "").lower()
