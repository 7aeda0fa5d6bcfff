"""The public web chat's port to the rest: its sites from the salons, its lines from the message table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

from connectors.contract import Button, ChannelKind, Inbound, Malformed, Messenger, RawRequest, RejectedRequest
from responder.clock import Clock
from responder.db.engine import Database
from responder.db.outages import DATABASE_ERRORS, is_about_values, is_outage
from responder.dialogue.states import Author
from responder.intake.service import Account, Stored
from responder.live import Live
from responder.salon.loader import SalonCache
from responder.salon.profile import ChannelAccount, SalonProfile
from responder.web.chat.desk import HISTORY_LINES, AcceptedMessage, ChatLine, ChatSite, LineAuthor
from responder.web.hooks import Door

LINES = """
SELECT m.id, m.direction, m.author, m.text, m.payload, m.provider_key, o.name AS operator,
    COALESCE(m.accepted_at, m.composed_at, m.received_at) AS at
FROM message m JOIN thread t ON t.id = m.thread_id LEFT JOIN operator o ON o.id = m.operator_id
WHERE t.channel_account_id = %(account)s AND t.thread_key = %(visitor)s AND m.id > %(after)s
  AND m.deleted_at IS NULL AND m.kind IN ('message', 'pressed')
  AND (m.direction = 'in' OR m.send_state IN ('sending', 'accepted', 'unknown'))
ORDER BY m.id DESC LIMIT %(limit)s
"""

FIND_THREAD = "SELECT id FROM thread WHERE channel_account_id = %(account)s AND thread_key = %(visitor)s"

FIND_KEY = """
SELECT id, received_at FROM message WHERE channel_account_id = %(account)s AND provider_key = %(key)s
"""


class NotStored(RejectedRequest):
    """The database is away: the page keeps the message and repeats."""

    status = 503


class SalonChatDesk:
    """`ChatDesk` over real salons."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        salons: SalonCache,
        door_of: Callable[[int], Door | None],
        accept: Callable[[Account, Sequence[Inbound], datetime], Awaitable[list[Stored]]],
        live: Live,
    ) -> None:
        self._database = database
        self._clock = clock
        self._salons = salons
        self._door_of = door_of
        self._accept = accept
        self._live = live

    async def site(self, site_key: str) -> ChatSite | None:
        for salon in await self._salons.all():
            for account in salon.channels:
                if account.kind == ChannelKind.WEBCHAT and account.settings.get("site_key") == site_key:
                    return _site(salon, account, site_key)
        return None

    async def accept(self, site: ChatSite, request: RawRequest) -> Sequence[AcceptedMessage]:
        door = self._door_of(site.channel_account_id)
        if door is None:
            raise NotStored("This chat is switched off at the moment.")
        messenger: Messenger = door.messenger
        result = messenger.receive(request)
        received_at = self._clock.now()
        try:
            stored = await self._accept(door.account, result.items, received_at)
            return [
                await self._accepted(site, item, outcome, received_at)
                for item, outcome in zip(result.items, stored, strict=True)
            ]
        except DATABASE_ERRORS as error:
            if is_about_values(error):
                raise Malformed("The message holds a value that cannot be stored.") from error
            if is_outage(error):
                raise NotStored("The message could not be stored just now; please repeat.") from error
            raise

    async def messages(self, site: ChatSite, visitor_id: str, after: int) -> Sequence[ChatLine]:
        return await self.lines(site.channel_account_id, visitor_id, after)

    async def typing(self, site: ChatSite, visitor_id: str) -> None:
        door = self._door_of(site.channel_account_id)
        async with self._database.connection() as connection:
            values = {"account": site.channel_account_id, "visitor": visitor_id}
            row = await (await connection.execute(FIND_THREAD, values)).fetchone()
        if row is not None and door is not None:
            event = {"type": "customer_typing", "thread_id": row["id"]}
            await self._live.publish(f"salon:{door.account.salon_id}", event)

    async def lines(self, account_id: int, visitor_id: str, after: int) -> Sequence[ChatLine]:
        """The lines of one visitor of an account after a line's id."""
        async with self._database.connection() as connection:
            cursor = await connection.execute(
                LINES,
                {
                    "account": account_id,
                    "visitor": visitor_id,
                    "after": after,
                    "limit": HISTORY_LINES,
                },
            )
            rows = await cursor.fetchall()
        return [_line(row) for row in reversed(rows)]

    async def _accepted(self, site: ChatSite, item: Inbound, outcome: Stored, received_at: datetime) -> AcceptedMessage:
        if outcome.message_id is not None:
            return AcceptedMessage(id=outcome.message_id, received_at=received_at, is_duplicate=False)
        async with self._database.connection() as connection:
            values = {"account": site.channel_account_id, "key": item.provider_key}
            row = await (await connection.execute(FIND_KEY, values)).fetchone()
        if row is None:
            raise NotStored("The message could not be stored just now; please repeat.")
        return AcceptedMessage(id=row["id"], received_at=row["received_at"], is_duplicate=True)


def _site(salon: SalonProfile, account: ChannelAccount, key: str) -> ChatSite:
    origins = account.settings.get("origins", ())
    return ChatSite(
        key=key,
        channel_account_id=account.id,
        name=salon.name,
        language=salon.language,
        languages=salon.languages,
        allowed_origins=origins if isinstance(origins, tuple) else (),
        phone=salon.phone,
    )


def _line(row: dict[str, Any]) -> ChatLine:
    is_mine = row["direction"] == "in"
    buttons = () if is_mine else row["payload"].get("buttons", ())
    return ChatLine(
        id=row["id"],
        author=LineAuthor.ME if is_mine else _author(row["author"]),
        text=row["text"],
        at=row["at"],
        buttons=tuple(Button(label=button["label"], payload=button["payload"]) for button in buttons),
        author_name=None if is_mine else row["operator"],
        client_message_id=row["provider_key"].partition(":")[2] if is_mine and row["provider_key"] else None,
    )


def _author(author: str) -> LineAuthor:
    match author:
        case Author.BOT:
            return LineAuthor.BOT
        case Author.SYSTEM:
            return LineAuthor.SYSTEM
        case _:
            return LineAuthor.PERSON
