"""The port between the public chat and the rest of Responder, and the values that cross it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from connectors.contract import Button, RawRequest
from responder.salon.profile import Localised

HISTORY_LINES = 200  # as far back as a chat shows


class LineAuthor(StrEnum):
    """Who a line is from, as the visitor sees it."""

    ME = "me"
    BOT = "bot"
    PERSON = "person"
    SYSTEM = "system"


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatSite:
    """One web chat account of a salon. `key` is public; `allowed_origins` (`https://salon.example`, or `*`) may frame
    the chat and call its API. Texts left out are taken from the catalogue."""

    key: str
    channel_account_id: int
    name: Localised
    language: str
    languages: tuple[str, ...]
    allowed_origins: tuple[str, ...] = ()
    phone: str | None = None  # shown where scripts do not run
    privacy_url: str | None = None
    greeting: Localised | None = None
    starters: tuple[Localised, ...] = ()  # what a visitor who has said nothing yet may press


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatLine:
    """One message as the visitor sees it; `id` orders lines. `client_message_id` is what the page called its own."""

    id: int
    author: LineAuthor
    text: str
    at: datetime
    buttons: tuple[Button, ...] = ()
    author_name: str | None = None
    client_message_id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AcceptedMessage:
    """A visitor's message is stored; `is_duplicate` when it had been before."""

    id: int
    received_at: datetime
    is_duplicate: bool


class ChatDesk(Protocol):
    async def site(self, site_key: str) -> ChatSite | None:
        """The chat of that public key; None when there is none or it is switched off."""

    async def accept(self, site: ChatSite, request: RawRequest) -> Sequence[AcceptedMessage]:
        """Store what a verified visitor sent (`connectors.messengers.webchat.visitor_request`) and have it answered.
        Raises `connectors.contract.RejectedRequest`, shown to the caller: pages repeat a 5xx, not a 4xx."""

    async def messages(self, site: ChatSite, visitor_id: str, after: int) -> Sequence[ChatLine]:
        """Lines with a greater id, by id, at most the latest `HISTORY_LINES`. A reply is among them from the moment it
        is handed to the messenger (`sending` or later), never while queued and never when withdrawn."""

    async def typing(self, site: ChatSite, visitor_id: str) -> None:
        """Tell staff that this visitor is typing; of a visitor who has never written, nothing."""


def live_topic(channel_account_id: int, visitor_id: str) -> str:
    """Where nudges for one visitor's chat are published: `{"kind": "message"}` or `{"kind": "typing"}`."""
    return f"thread:{channel_account_id}:{visitor_id}"
