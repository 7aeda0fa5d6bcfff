"""What staff do to a dialogue: take it over, answer, give it back, close it, correct what the rule made of a reply."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from psycopg.types.json import Jsonb

from connectors.contract import Messenger
from responder.clock import Clock
from responder.db.engine import Database
from responder.delivery.service import Delivery
from responder.dialogue.handoffs import give_back_thread, take_over_thread
from responder.dialogue.states import CloseReason
from responder.errors import NotFound, Refused
from responder.live import Live
from responder.timing.substance import classify_message
from responder.timing.timeline import Substance

FIND_THREAD = """
SELECT id, salon_id, channel_account_id, is_blocked FROM thread WHERE id = %(thread)s AND salon_id = %(salon)s
"""

QUEUE_REPLY = """
INSERT INTO message (salon_id, thread_id, enquiry_id, channel_account_id, direction, author, auto_reply, text, payload,
    composed_at, substance, idempotency_key, send_state, next_attempt_at, operator_id)
SELECT t.salon_id, t.id, e.id, t.channel_account_id, 'out', 'human', false, %(text)s, %(payload)s, %(now)s,
    %(substance)s, %(key)s, 'queued', %(now)s, %(operator)s
FROM thread t LEFT JOIN enquiry e ON e.thread_id = t.id AND e.closed_at IS NULL
WHERE t.id = %(thread)s
ON CONFLICT (thread_id, idempotency_key) WHERE direction = 'out' DO NOTHING
RETURNING id
"""

# a turn that is running has read what was settled here: without its lease it leaves nothing behind
MARK_ANSWERED = """
UPDATE thread SET answered_to_id = last_inbound_id, unanswered_since = NULL, turn_due_at = NULL, lease_token = NULL,
    lease_until = NULL
WHERE id = %(thread)s
"""

CLOSE_ENQUIRY = """
UPDATE enquiry SET closed_at = %(now)s, close_reason = %(reason)s::text,
    excluded = CASE WHEN %(reason)s::text = 'spam' THEN 'spam' ELSE excluded END
WHERE thread_id = %(thread)s AND closed_at IS NULL
RETURNING id
"""

# the measures follow by themselves: a trigger marks the enquiry (migration 0004)
CORRECT_SUBSTANCE = """
UPDATE message SET substance = %(substance)s, substance_corrected_at = %(now)s, substance_corrected_by = %(operator)s
WHERE id = %(message)s AND thread_id = %(thread)s AND direction = 'out' AND author IN ('human', 'human_device')
RETURNING id
"""

IS_IN_THREAD = "SELECT 1 FROM message WHERE id = %(message)s AND thread_id = %(thread)s"

# confirming twice keeps the first; the timers of the booking's enquiry are looked at
CONFIRM_VISIT = """
WITH visit AS (
    UPDATE appointment SET confirmed_at = COALESCE(confirmed_at, %(now)s),
        confirmed_by_id = COALESCE(confirmed_by_id, %(operator)s)
    WHERE id = %(appointment)s AND thread_id = %(thread)s AND salon_id = %(salon)s AND state = 'booked'
    RETURNING id, enquiry_id
), watched AS (
    UPDATE enquiry SET next_check_at = LEAST(next_check_at, %(now)s) FROM visit WHERE enquiry.id = visit.enquiry_id
)
SELECT id FROM visit
"""

FIND_OPERATOR = "SELECT id FROM operator WHERE salon_id = %(salon)s AND key = %(key)s AND is_active"


class Desk:
    """Every action is scoped by salon: a dialogue of another one is not found."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock,
        delivery: Delivery,
        live: Live,
        messenger_of: Callable[[int], Messenger | None],
    ) -> None:
        self._database = database
        self._clock = clock
        self._delivery = delivery
        self._live = live
        self._messenger_of = messenger_of

    async def take_over(self, salon_id: int, thread_id: int, *, operator: str | None) -> None:
        """The bot falls silent at once; raises `NotFound`."""
        async with self._database.transaction() as connection:
            await self._thread(connection, salon_id, thread_id)
            await take_over_thread(
                connection,
                thread_id=thread_id,
                operator_id=await self._operator(connection, salon_id, operator),
                now=self._clock.now(),
            )
        await self._tell(salon_id, thread_id)

    async def reply(
        self, salon_id: int, thread_id: int, text: str, *, operator: str | None, key: str | None = None
    ) -> None:
        """Answer as a person, taking the dialogue over; the same `key` twice sends once. Raises `NotFound`, or
        `Refused` when the text is empty or longer than the channel carries."""
        text = text.strip()
        if not text:
            raise Refused("The reply is empty: write something first.", code="reply_empty")
        now = self._clock.now()
        async with self._database.transaction() as connection:
            thread = await self._thread(connection, salon_id, thread_id)
            messenger = self._messenger_of(thread["channel_account_id"])
            if messenger is not None and len(text) > messenger.capabilities.text_limit:
                limit = messenger.capabilities.text_limit
                raise Refused(
                    f"The reply has {len(text)} characters; this channel carries at most {limit}.",
                    code="reply_too_long",
                    length=len(text),
                    limit=limit,
                )
            operator_id = await self._operator(connection, salon_id, operator)
            await take_over_thread(connection, thread_id=thread_id, operator_id=operator_id, now=now)
            await connection.execute(
                QUEUE_REPLY,
                {
                    "thread": thread_id,
                    "text": text,
                    "payload": Jsonb({}),
                    "now": now,
                    "substance": classify_message(text).value,
                    "key": key or f"desk-{secrets.token_hex(8)}",
                    "operator": operator_id,
                },
            )
            await connection.execute(MARK_ANSWERED, {"thread": thread_id})
        await self._delivery.deliver_next(thread_id)
        await self._tell(salon_id, thread_id)

    async def give_back(self, salon_id: int, thread_id: int) -> None:
        """The bot answers again, at once what nobody has answered; raises `NotFound`."""
        async with self._database.transaction() as connection:
            await self._thread(connection, salon_id, thread_id)
            await give_back_thread(connection, thread_id=thread_id, now=self._clock.now())
        await self._tell(salon_id, thread_id)

    async def confirm_visit(self, salon_id: int, thread_id: int, appointment_id: int, *, operator: str | None) -> None:
        """A manager vouches for a booking; harmless when repeated. Raises `NotFound`."""
        async with self._database.transaction() as connection:
            await self._thread(connection, salon_id, thread_id)
            values = {
                "salon": salon_id,
                "thread": thread_id,
                "appointment": appointment_id,
                "operator": await self._operator(connection, salon_id, operator),
                "now": self._clock.now(),
            }
            if await (await connection.execute(CONFIRM_VISIT, values)).fetchone() is None:
                raise NotFound(f"There is no booking {appointment_id} in this dialogue.")
        await self._tell(salon_id, thread_id)

    async def close(self, salon_id: int, thread_id: int, *, reason: CloseReason = CloseReason.RESOLVED) -> None:
        """Close the open enquiry and let the bot have the next one; raises `NotFound`."""
        now = self._clock.now()
        async with self._database.transaction() as connection:
            await self._thread(connection, salon_id, thread_id)
            await connection.execute(MARK_ANSWERED, {"thread": thread_id})
            await connection.execute(CLOSE_ENQUIRY, {"thread": thread_id, "now": now, "reason": reason.value})
            await give_back_thread(connection, thread_id=thread_id, now=now)
        await self._tell(salon_id, thread_id)

    async def correct_substance(
        self, salon_id: int, thread_id: int, message_id: int, substance: Substance, *, operator: str | None
    ) -> None:
        """Say whether a person's message was of use; figures know at once. Raises `NotFound`, or `Refused` for what no
        person wrote: the bot's substance is set by its code."""
        async with self._database.transaction() as connection:
            await self._thread(connection, salon_id, thread_id)
            values = {
                "message": message_id,
                "thread": thread_id,
                "substance": substance.value,
                "now": self._clock.now(),
                "operator": await self._operator(connection, salon_id, operator),
            }
            if await (await connection.execute(CORRECT_SUBSTANCE, values)).fetchone() is None:
                if await (await connection.execute(IS_IN_THREAD, values)).fetchone() is None:
                    raise NotFound(f"There is no message {message_id} in this dialogue.")
                raise Refused("Only what a person of the salon wrote can be corrected.")
        await self._tell(salon_id, thread_id)

    async def _thread(self, connection: Any, salon_id: int, thread_id: int) -> dict[str, Any]:
        row: dict[str, Any] | None = await (
            await connection.execute(FIND_THREAD, {"thread": thread_id, "salon": salon_id})
        ).fetchone()
        if row is None:
            raise NotFound(f"There is no dialogue {thread_id}.", code="no_dialogue", dialogue=thread_id)
        return row

    async def _operator(self, connection: Any, salon_id: int, key: str | None) -> int | None:
        if key is None:
            return None
        row = await (await connection.execute(FIND_OPERATOR, {"salon": salon_id, "key": key})).fetchone()
        if row is None:
            raise NotFound(f"There is no operator {key!r} in this salon.", code="no_operator", operator=key)
        operator_id: int = row["id"]
        return operator_id

    async def _tell(self, salon_id: int, thread_id: int) -> None:
        await self._live.publish(f"salon:{salon_id}", {"type": "dialogue", "thread_id": thread_id})
