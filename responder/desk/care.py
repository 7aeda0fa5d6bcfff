"""What surrounds a dialogue: whose it is, its tags, how far it was read, who is kept out, what is sent again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from connectors.contract import ConnectorError
from responder.db.engine import Connection
from responder.desk.base import DeskRoom
from responder.dialogue.handoffs import WITHDRAW_UNSENT, give_back_thread, open_handoff, take_over_thread
from responder.dialogue.states import CloseReason, HandoffReason, SendState
from responder.errors import NotFound, Refused
from responder.logs import get_logger
from responder.salon.profile import Operator
from responder.staff.audit import Actor

MOST_TAGS, LONGEST_TAG = 10, 30
TYPING_EVERY_S = 4.0

# The bot falls silent; the call for a person is not taken before that person comes, so the customer's wait goes on.
ASSIGN = """
UPDATE thread SET mode = 'human', operator_id = %(operator)s, turn_due_at = NULL, lease_token = NULL, lease_until = NULL
WHERE id = %(thread)s
"""
UNASSIGN = "UPDATE thread SET operator_id = NULL WHERE id = %(thread)s"

SET_TAGS = "UPDATE thread SET tags = %(tags)s WHERE id = %(thread)s"

SEEN = """
INSERT INTO thread_seen (thread_id, operator_id, message_id, at)
SELECT %(thread)s, %(operator)s, max(id), %(now)s FROM message
WHERE thread_id = %(thread)s AND id <= %(message)s
HAVING max(id) IS NOT NULL
ON CONFLICT (thread_id, operator_id) DO UPDATE SET message_id = excluded.message_id, at = excluded.at
WHERE thread_seen.message_id < excluded.message_id
"""

BAR = """
UPDATE thread SET barred_at = %(now)s, barred_by_id = %(operator)s, turn_due_at = NULL, unanswered_since = NULL,
    answered_to_id = last_inbound_id, lease_token = NULL, lease_until = NULL
WHERE id = %(thread)s AND barred_at IS NULL
"""
UNBAR = "UPDATE thread SET barred_at = NULL, barred_by_id = NULL WHERE id = %(thread)s AND barred_at IS NOT NULL"

MARK_VIP = "UPDATE customer SET is_vip = %(is_vip)s WHERE id = %(customer)s AND is_vip <> %(is_vip)s"

CLOSE_BARRED = """
UPDATE enquiry SET closed_at = %(now)s, close_reason = %(reason)s WHERE thread_id = %(thread)s AND closed_at IS NULL
"""

FIND_SENT = "SELECT id, send_state FROM message WHERE id = %(message)s AND thread_id = %(thread)s AND direction = 'out'"
SEND_AGAIN = """
UPDATE message SET send_state = 'queued', next_attempt_at = %(now)s, failed_at = NULL, failure = NULL, attempts = 0
WHERE id = %(message)s AND send_state = %(state)s
"""

log = get_logger(__name__)


class Care(DeskRoom):
    async def assign(self, salon_id: int, thread_id: int, operator: Operator | None, *, actor: Actor) -> None:
        """Give a dialogue to a person; to oneself is taking it over. Nobody: it waits for anybody, the wait goes on.
        Raises `NotFound`."""
        now = self._clock.now()
        async with self._database.transaction() as connection:
            await self._thread(connection, salon_id, thread_id)
            values = {"thread": thread_id, "operator": None if operator is None else operator.id}
            if operator is None:
                await connection.execute(UNASSIGN, values)
            elif operator.id == actor.operator_id:
                await take_over_thread(connection, thread_id=thread_id, operator_id=operator.id, now=now)
            else:
                reason = HandoffReason.ASSIGNED
                await open_handoff(connection, thread_id=thread_id, reason=reason, detail="", now=now)
                await connection.execute(ASSIGN, values)
            about = {"operator": None if operator is None else operator.key}
            await self._record(connection, actor, salon_id, thread_id, "dialogue.assign", about)
        await self._tell(salon_id, thread_id)

    async def set_tags(self, salon_id: int, thread_id: int, tags: Iterable[str], *, actor: Actor) -> None:
        """Exactly these tags; raises `NotFound`, or `Refused` for too many or one that is too long."""
        chosen = tidy_tags(tags)
        async with self._database.transaction() as connection:
            await self._thread(connection, salon_id, thread_id)
            await connection.execute(SET_TAGS, {"thread": thread_id, "tags": chosen})
            await self._record(connection, actor, salon_id, thread_id, "dialogue.tags", {"count": len(chosen)})
        await self._tell(salon_id, thread_id)

    async def see(self, salon_id: int, thread_id: int, message_id: int, *, actor: Actor) -> None:
        """The operator has read as far as this message; never back again. Raises `NotFound`."""
        async with self._database.transaction() as connection:
            await self._thread(connection, salon_id, thread_id)
            if actor.operator_id is not None:
                values = {
                    "thread": thread_id,
                    "message": message_id,
                    "operator": actor.operator_id,
                    "now": self._clock.now(),
                }
                await connection.execute(SEEN, values)

    async def bar(self, salon_id: int, thread_id: int, *, actor: Actor) -> None:
        """From now on what this customer writes is kept and nothing more. An enquiry that was open ends and goes on
        counting as it stood: shutting somebody out improves no figure. Raises `NotFound`."""
        now = self._clock.now()
        async with self._database.transaction() as connection:
            await self._thread(connection, salon_id, thread_id)
            values = {
                "thread": thread_id,
                "operator": actor.operator_id,
                "now": now,
                "reason": CloseReason.BLOCKED.value,
            }
            await connection.execute(BAR, values)
            await connection.execute(CLOSE_BARRED, values)
            await connection.execute(WITHDRAW_UNSENT, values)
            await give_back_thread(connection, thread_id=thread_id, now=now)
            await self._record(connection, actor, salon_id, thread_id, "customer.bar")
        await self._tell(salon_id, thread_id)

    async def unbar(self, salon_id: int, thread_id: int, *, actor: Actor) -> None:
        """The next message opens an enquiry again; raises `NotFound`."""
        async with self._database.transaction() as connection:
            await self._thread(connection, salon_id, thread_id)
            await connection.execute(UNBAR, {"thread": thread_id})
            await self._record(connection, actor, salon_id, thread_id, "customer.unbar")
        await self._tell(salon_id, thread_id)

    async def mark_vip(self, salon_id: int, thread_id: int, *, is_vip: bool, actor: Actor) -> None:
        """What this customer opens from now on has the targets of a VIP, or those of everybody; an enquiry that is open
        keeps its own. Raises `NotFound`."""
        async with self._database.transaction() as connection:
            thread = await self._thread(connection, salon_id, thread_id)
            await connection.execute(MARK_VIP, {"customer": thread["customer_id"], "is_vip": is_vip})
            await self._record(connection, actor, salon_id, thread_id, "customer.vip", {"is_vip": is_vip})
        await self._tell(salon_id, thread_id)

    async def send_again(
        self, salon_id: int, thread_id: int, message_id: int, *, actor: Actor, may_arrive_twice: bool
    ) -> None:
        """Queue a reply that failed once more. One whose outcome is unknown may have arrived: only when the caller
        accepts that. Raises `NotFound`, or `Refused` for one that was not lost."""
        async with self._database.transaction() as connection:
            await self._thread(connection, salon_id, thread_id)
            row = await self._sent(connection, thread_id, message_id)
            state = row["send_state"]
            if state == SendState.UNKNOWN and not may_arrive_twice:
                raise Refused("It may have arrived.", code="may_arrive_twice")
            if state not in (SendState.FAILED, SendState.UNKNOWN):
                raise Refused("Only what failed can be sent again.", code="not_failed")
            values = {"message": message_id, "state": state, "now": self._clock.now()}
            await connection.execute(SEND_AGAIN, values)
            await self._record(connection, actor, salon_id, thread_id, "message.retry", {"message": message_id})
        await self._delivery.deliver_next(thread_id)
        await self._tell(salon_id, thread_id)

    async def typing(self, salon_id: int, thread_id: int, *, operator: Operator | None) -> None:
        """Colleagues see who is typing, and the customer that somebody is, where the channel can show it. Raises
        `NotFound`."""
        async with self._database.connection() as connection:
            thread = await self._thread(connection, salon_id, thread_id)
        await self._show(salon_id, thread_id, operator, "typing")
        messenger = self._messenger_of(thread["channel_account_id"])
        if messenger is None or not messenger.capabilities.has_typing or thread["barred_at"] is not None:
            return
        if await self._live.count(f"typing:{thread_id}", window_s=TYPING_EVERY_S) > 1:
            return
        try:
            await messenger.show_typing(thread["thread_key"])
        except ConnectorError as error:  # a sign, not a message
            log.info("typing_not_shown", thread_id=thread_id, error=type(error).__name__)

    async def present(self, salon_id: int, thread_id: int, *, operator: Operator | None) -> None:
        """Colleagues see that this one looks at the dialogue; raises `NotFound`."""
        async with self._database.connection() as connection:
            await self._thread(connection, salon_id, thread_id)
        await self._show(salon_id, thread_id, operator, "presence")

    async def _show(self, salon_id: int, thread_id: int, operator: Operator | None, what: str) -> None:
        if operator is None:
            return
        event = {"type": what, "thread_id": thread_id, "operator": operator.key, "name": operator.name}
        await self._live.publish(f"salon:{salon_id}", event)

    async def _sent(self, connection: Connection, thread_id: int, message_id: int) -> dict[str, Any]:
        values = {"thread": thread_id, "message": message_id}
        row: dict[str, Any] | None = await (await connection.execute(FIND_SENT, values)).fetchone()
        if row is None:
            raise NotFound(f"There is no message {message_id} of ours in this dialogue.")
        return row


def tidy_tags(tags: Iterable[str]) -> list[str]:
    """Trimmed, each once whatever its case, in the order given; raises `Refused`."""
    found: dict[str, str] = {}
    for tag in tags:
        text = " ".join(tag.split()).lstrip("#").strip()
        if len(text) > LONGEST_TAG:
            raise Refused("A tag is too long.", code="tag_too_long", tag=text, limit=LONGEST_TAG)
        if text:
            found.setdefault(text.casefold(), text)
    if len(found) > MOST_TAGS:
        raise Refused("Too many tags.", code="too_many_tags", count=len(found), limit=MOST_TAGS)
    return list(found.values())
