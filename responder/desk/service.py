"""What staff do to a dialogue: take it over, answer, give it back, close it, correct what the rule made of a reply."""

from __future__ import annotations

import secrets
from typing import Any

from psycopg.types.json import Jsonb

from responder.db.engine import Connection, Database
from responder.desk.attachments import Attachments
from responder.desk.base import DeskRoom
from responder.desk.care import Care
from responder.desk.hints import LONGEST as LONGEST_HINT
from responder.desk.hints import ReadHint, with_hint
from responder.desk.notes import Notes
from responder.desk.saved_replies import SavedReplies
from responder.desk.visits import Visits
from responder.dialogue.handoffs import give_back_thread, take_over_thread
from responder.dialogue.meaning import Context, Meaning
from responder.dialogue.state import DialogueState
from responder.dialogue.states import CloseReason
from responder.errors import NotFound, Refused
from responder.staff.audit import Actor
from responder.timing.substance import classify_message
from responder.timing.timeline import Substance

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

LOCK_STATE = "SELECT state FROM thread WHERE id = %(thread)s FOR UPDATE"
SET_STATE = "UPDATE thread SET state = %(state)s WHERE id = %(thread)s"

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


class Desk(DeskRoom):
    """The dialogue itself: who answers, what is said, when it is over; and the rooms around it. `read_hint` reads a
    text as the rules read a customer's."""

    def __init__(self, database: Database, *, read_hint: ReadHint | None = None, **parts: Any) -> None:
        super().__init__(database, **parts)
        self._read_hint = read_hint
        self.attachments = Attachments(database, **parts)
        self.care = Care(database, **parts)
        self.notes = Notes(database, **parts)
        self.saved_replies = SavedReplies(database, **parts)
        self.visits = Visits(database, **parts)

    async def take_over(self, salon_id: int, thread_id: int, *, actor: Actor) -> None:
        """The bot falls silent at once; raises `NotFound`."""
        async with self._database.transaction() as connection:
            await self._thread(connection, salon_id, thread_id)
            await take_over_thread(
                connection,
                thread_id=thread_id,
                operator_id=actor.operator_id,
                now=self._clock.now(),
            )
            await self._record(connection, actor, salon_id, thread_id, "dialogue.take_over")
        await self._tell(salon_id, thread_id)

    async def reply(self, salon_id: int, thread_id: int, text: str, *, actor: Actor, key: str | None = None) -> None:
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
            await take_over_thread(connection, thread_id=thread_id, operator_id=actor.operator_id, now=now)
            await connection.execute(
                QUEUE_REPLY,
                {
                    "thread": thread_id,
                    "text": text,
                    "payload": Jsonb({}),
                    "now": now,
                    "substance": classify_message(text).value,
                    "key": key or f"desk-{secrets.token_hex(8)}",
                    "operator": actor.operator_id,
                },
            )
            await connection.execute(MARK_ANSWERED, {"thread": thread_id})
            await self._record(connection, actor, salon_id, thread_id, "dialogue.reply")
        await self._delivery.deliver_next(thread_id)
        await self._tell(salon_id, thread_id)

    async def give_back(self, salon_id: int, thread_id: int, *, actor: Actor, hint: str = "") -> None:
        """The bot answers again, at once what nobody has answered, knowing the hint. Raises `NotFound`, or `Refused`
        for a hint that is too long."""
        hint, now = hint.strip(), self._clock.now()
        if len(hint) > LONGEST_HINT:
            raise Refused("The hint is too long.", code="hint_too_long", length=len(hint), limit=LONGEST_HINT)
        async with self._database.transaction() as connection:
            await self._thread(connection, salon_id, thread_id)
            await give_back_thread(connection, thread_id=thread_id, now=now)
            if hint:
                await self._tell_bot(connection, salon_id, thread_id, hint)
                await self.notes.keep(connection, salon_id, thread_id, hint, actor=actor, is_hint=True)
            await self._record(connection, actor, salon_id, thread_id, "dialogue.give_back", {"hint": bool(hint)})
        await self._tell(salon_id, thread_id)

    async def _tell_bot(self, connection: Connection, salon_id: int, thread_id: int, hint: str) -> None:
        row = await (await connection.execute(LOCK_STATE, {"thread": thread_id})).fetchone()
        state = DialogueState.from_json(row["state"] if row else {})
        context = Context(language=state.language or "ru", service=state.service)
        meaning = Meaning() if self._read_hint is None else await self._read_hint(salon_id, hint, context)
        document = Jsonb(with_hint(state, meaning, hint).to_json())
        await connection.execute(SET_STATE, {"thread": thread_id, "state": document})

    async def confirm_visit(self, salon_id: int, thread_id: int, appointment_id: int, *, actor: Actor) -> None:
        """A manager vouches for a booking; harmless when repeated. Raises `NotFound`."""
        async with self._database.transaction() as connection:
            await self._thread(connection, salon_id, thread_id)
            values = {
                "salon": salon_id,
                "thread": thread_id,
                "appointment": appointment_id,
                "operator": actor.operator_id,
                "now": self._clock.now(),
            }
            if await (await connection.execute(CONFIRM_VISIT, values)).fetchone() is None:
                raise NotFound(f"There is no booking {appointment_id} in this dialogue.")
            about = {"appointment": appointment_id}
            await self._record(connection, actor, salon_id, thread_id, "visit.confirm", about)
        await self._tell(salon_id, thread_id)

    async def close(
        self, salon_id: int, thread_id: int, *, actor: Actor, reason: CloseReason = CloseReason.RESOLVED
    ) -> None:
        """Close the open enquiry and let the bot have the next one; raises `NotFound`."""
        now = self._clock.now()
        async with self._database.transaction() as connection:
            await self._thread(connection, salon_id, thread_id)
            await connection.execute(MARK_ANSWERED, {"thread": thread_id})
            await connection.execute(CLOSE_ENQUIRY, {"thread": thread_id, "now": now, "reason": reason.value})
            await give_back_thread(connection, thread_id=thread_id, now=now)
            about = {"reason": reason.value}
            await self._record(connection, actor, salon_id, thread_id, "dialogue.close", about)
        await self._tell(salon_id, thread_id)

    async def correct_substance(
        self, salon_id: int, thread_id: int, message_id: int, substance: Substance, *, actor: Actor
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
                "operator": actor.operator_id,
            }
            if await (await connection.execute(CORRECT_SUBSTANCE, values)).fetchone() is None:
                if await (await connection.execute(IS_IN_THREAD, values)).fetchone() is None:
                    raise NotFound(f"There is no message {message_id} in this dialogue.")
                raise Refused("Only what a person of the salon wrote can be corrected.")
            about = {"message": message_id, "substance": substance.value}
            await self._record(connection, actor, salon_id, thread_id, "message.substance", about)
        await self._tell(salon_id, thread_id)
