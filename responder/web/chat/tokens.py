"""Who a visitor is: unguessable ids and signed tokens, so that no session needs to be stored.

A token is bound to its purpose, its site and its visitor. The id alone proves nothing: it may appear in logs and in
staff pages, and still nobody can read a visitor's chat with it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import orjson

from responder.clock import Clock
from responder.errors import Refused

LONGEST_TOKEN = 512


class Purpose(StrEnum):
    """What a token opens: everything of one visitor, or only the stream of events (it travels in an address)."""

    VISITOR = "visitor"
    EVENTS = "events"


LIFETIME = {Purpose.VISITOR: timedelta(days=30), Purpose.EVENTS: timedelta(seconds=60)}


class BadToken(Refused):
    """Missing, forged, of another purpose, or expired."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Visitor:
    site_key: str
    id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    text: str
    expires_at: datetime


def new_visitor_id() -> str:
    return f"v_{secrets.token_urlsafe(16)}"


class VisitorTokens:
    """Makes and reads tokens; the same `secret_key` on every machine."""

    def __init__(self, secret_key: str, clock: Clock) -> None:
        self._keys = {
            purpose: hmac.digest(secret_key.encode(), f"web chat {purpose}".encode(), hashlib.sha256)
            for purpose in Purpose
        }
        self._clock = clock

    def issue(self, purpose: Purpose, visitor: Visitor) -> Token:
        expires_at = self._clock.now() + LIFETIME[purpose]
        claims = _encode(orjson.dumps([visitor.site_key, visitor.id, int(expires_at.timestamp())]))
        return Token(text=f"{claims}.{self._sign(purpose, claims)}", expires_at=expires_at)

    def read(self, purpose: Purpose, text: str) -> Visitor:
        """The visitor a token was made for; raises `BadToken`."""
        claims, _, signature = text[: LONGEST_TOKEN + 1].partition(".")
        if len(text) > LONGEST_TOKEN or not hmac.compare_digest(
            signature.encode(errors="replace"), self._sign(purpose, claims).encode()
        ):
            raise BadToken
        site_key, visitor_id, expires = orjson.loads(_decode(claims))
        if self._clock.now() >= datetime.fromtimestamp(expires, UTC):
            raise BadToken
        return Visitor(site_key=site_key, id=visitor_id)

    def _sign(self, purpose: Purpose, claims: str) -> str:
        return _encode(hmac.digest(self._keys[purpose], claims.encode(errors="replace"), hashlib.sha256))


def _encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
