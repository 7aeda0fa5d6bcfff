"""A message goes out: sent off any transaction, stamped when the messenger accepted it, retried, never silently lost.

A row arrives here `sending` (the turn that wrote it sends it at once) or `queued` (everything later). If the process
dies in between, the attempt's time runs out and the sweep of any process finds the row. While the process lives, it
keeps what it knows of its attempts until the database has it (`outcomes`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connectors.contract import (
    Button,
    ConnectorError,
    Messenger,
    Outbound,
    OutcomeUnknown,
    Receipt,
    RecipientUnreachable,
)
from responder import metrics
from responder.clock import Clock
from responder.db.engine import Database
from responder.delivery import statements as sql
from responder.delivery.outcomes import Outcomes
from responder.delivery.rules import (
    ATTEMPT_LASTS,
    SEND_LASTS_S,
    UNKNOWN_PAUSE_S,
    NextStep,
    after_failure,
    after_silence,
)
from responder.dialogue.handoffs import open_handoff
from responder.dialogue.states import Author, HandoffReason, SendState
from responder.live import Live
from responder.logs import get_logger

log = get_logger(__name__)
BATCH = 50
BATCH_OF_ACCOUNT = 20  # an account in trouble leaves room for the others
SETTLE_WITHIN_S = 5.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Parcel:
    """One outbound row on its way. `clock_start_at` is only for the wait histogram. `is_prompt`: written a moment ago,
    and its thread has moved up with it."""

    message_id: int
    thread_id: int
    salon_id: int
    channel_account_id: int
    thread_key: str
    author: Author
    text: str
    idempotency_key: str
    composed_at: datetime
    attempts: int = 1
    payload: dict[str, Any] = field(default_factory=dict)
    clock_start_at: datetime | None = None
    is_prompt: bool = False

    def outbound(self) -> Outbound:
        return Outbound(
            thread_key=self.thread_key,
            text=self.text,
            idempotency_key=self.idempotency_key,
            buttons=tuple(
                Button(label=button["label"], payload=button["payload"]) for button in self.payload.get("buttons", ())
            ),
            ask_contact=self.payload.get("ask_contact"),
        )


class Delivery:
    """Sends through whatever `messenger_of` gives for an account; None there means the account is switched off."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock,
        messenger_of: Callable[[int], Messenger | None],
        live: Live,
    ) -> None:
        self._database = database
        self._clock = clock
        self._messenger_of = messenger_of
        self._live = live
        self._outcomes = Outcomes()
        self._being_sent: set[int] = set()
        self._threads: dict[int, asyncio.Task[None]] = {}
        self._recover_from = 0.0  # monotonic: not before this moment is another process's attempt called lost

    async def deliver(self, parcel: Parcel) -> bool:
        """One attempt for a row in state `sending`; True when the messenger accepted it."""
        self._being_sent.add(parcel.message_id)
        try:
            return await self._attempt(parcel)
        finally:
            self._being_sent.discard(parcel.message_id)

    async def _attempt(self, parcel: Parcel) -> bool:
        messenger = self._messenger_of(parcel.channel_account_id)
        if messenger is None:
            now = self._clock.now()
            await self._leave(parcel, NextStep(state=SendState.FAILED, at=None, failure="channel account is off"), now)
            return False
        started = self._clock.monotonic()
        try:
            receipt = await _send(messenger, parcel)
        except ConnectorError as error:
            await self._failed(parcel, error, messenger)
            return False
        accepted_at = receipt.accepted_at or self._clock.now()
        metrics.SENDS.labels(messenger.kind, "accepted").inc()
        metrics.SEND_SECONDS.labels(messenger.kind).observe(self._clock.monotonic() - started)
        await self._outcomes.note(
            parcel.message_id, lambda: self._stamp(parcel, accepted_at, receipt.provider_message_id)
        )
        if parcel.clock_start_at is not None:
            wait_s = (accepted_at - parcel.clock_start_at).total_seconds()
            metrics.WAIT_SECONDS.labels(messenger.kind, parcel.author).observe(max(wait_s, 0.0))
        return True

    async def deliver_next(self, thread_id: int) -> bool:
        """Send the oldest queued row of a thread, if it is that row's time; False when there was none."""
        parcel = await self._take(thread_id)
        if parcel is None:
            return False
        return await self.deliver(parcel)

    async def sweep(self) -> int:
        """Find rows whose time has come (retries, attempts of dead processes) and see to them, without waiting for any
        messenger; gives how many."""
        try:
            return await self._sweep()
        except Exception:
            # whoever holds a receipt writes it first when the database is back
            self._recover_from = self._clock.monotonic() + UNKNOWN_PAUSE_S
            raise

    @property
    def held(self) -> frozenset[int]:
        """Messages whose outcome is known here and not yet in the database."""
        return self._outcomes.held

    async def idle(self) -> None:
        """Return when nothing the sweep began is still being sent."""
        while self._threads:
            await asyncio.wait(tuple(self._threads.values()))

    async def close(self) -> None:
        """Let what is being sent end, and write what is known of it."""
        tasks = tuple(self._threads.values())
        if tasks:
            await asyncio.wait(tasks, timeout=SETTLE_WITHIN_S)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._outcomes.settle(within_s=SETTLE_WITHIN_S)

    async def _sweep(self) -> int:
        now = self._clock.now()
        lost: list[dict[str, Any]] = []
        async with self._database.connection() as connection:
            if self._clock.monotonic() >= self._recover_from:
                ours = sorted(self._being_sent | self._outcomes.held)
                values = {"now": now, "limit": BATCH, "ours": ours}
                lost = await (await connection.execute(sql.FIND_LOST, values)).fetchall()
        for row in lost:
            await self._recover(row, now)
        values = {"now": now, "limit": BATCH, "of_account": BATCH_OF_ACCOUNT, "ours": list(self._threads)}
        async with self._database.connection() as connection:
            due = await (await connection.execute(sql.FIND_DUE_THREADS, values)).fetchall()
        for row in due:
            self._begin(row["thread_id"])
        return len(lost) + len(due)

    def _begin(self, thread_id: int) -> None:
        """Side by side: a messenger that hangs holds up its own threads only, and no sweep."""
        task = asyncio.create_task(self._deliver_all(thread_id), name=f"deliver-{thread_id}")
        self._threads[thread_id] = task
        task.add_done_callback(lambda done: self._ended(thread_id, done))

    def _ended(self, thread_id: int, task: asyncio.Task[None]) -> None:
        del self._threads[thread_id]
        if not task.cancelled() and (error := task.exception()) is not None:  # the sweep will find the thread again
            log.error("delivery_failed", thread_id=thread_id, error=type(error).__name__)

    async def _stamp(self, parcel: Parcel, accepted_at: datetime, provider_message_id: str) -> None:
        values = {"id": parcel.message_id, "accepted_at": accepted_at, "provider_message_id": provider_message_id}
        async with self._database.connection() as connection:
            stamp = sql.STAMP_ACCEPTED if parcel.is_prompt else sql.STAMP_ACCEPTED_LATER
            await connection.execute(stamp, values, prepare=True)

    async def _deliver_all(self, thread_id: int) -> None:
        while await self.deliver_next(thread_id):
            pass

    async def _take(self, thread_id: int) -> Parcel | None:
        now = self._clock.now()
        async with self._database.connection() as connection:
            cursor = await connection.execute(
                sql.BEGIN_ATTEMPT, {"thread": thread_id, "now": now, "until": now + ATTEMPT_LASTS}
            )
            row = await cursor.fetchone()
        return None if row is None else parcel_of(row)

    async def _recover(self, row: dict[str, Any], now: datetime) -> None:
        """An attempt whose process died, or an unknown outcome whose pause is over."""
        parcel = parcel_of(row)
        messenger = self._messenger_of(parcel.channel_account_id)
        is_safe_to_repeat = messenger is not None and messenger.capabilities.send_is_idempotent
        if row["send_state"] == SendState.UNKNOWN or is_safe_to_repeat:
            step = NextStep(state=SendState.QUEUED, at=now, failure=row["failure"] or "the attempt was cut short")
        else:
            step = after_silence(attempts=parcel.attempts, now=now, failure="the attempt was cut short")
        await self._leave(parcel, step, now)

    async def _failed(self, parcel: Parcel, error: ConnectorError, messenger: Messenger) -> None:
        now = self._clock.now()
        step = after_failure(
            error,
            attempts=parcel.attempts,
            composed_at=parcel.composed_at,
            now=now,
            capabilities=messenger.capabilities,
        )
        metrics.SENDS.labels(messenger.kind, step.state.value).inc()
        log.warning(
            "send_failed",
            message_id=parcel.message_id,
            channel=messenger.kind.value,
            next=step.state.value,
            error=step.failure,
        )
        await self._leave(parcel, step, now, is_blocked=isinstance(error, RecipientUnreachable))

    async def _leave(self, parcel: Parcel, step: NextStep, now: datetime, *, is_blocked: bool = False) -> None:
        values = {
            "id": parcel.message_id,
            "thread": parcel.thread_id,
            "attempts": parcel.attempts,
            "state": step.state.value,
            "at": step.at,
            "failure": step.failure,
            "failed_at": now if step.state is SendState.FAILED else None,
            "now": now,
        }
        await self._outcomes.note(parcel.message_id, lambda: self._write_step(parcel, step, values, is_blocked))
        await self._live.publish(f"salon:{parcel.salon_id}", {"type": "message", "thread_id": parcel.thread_id})

    async def _write_step(self, parcel: Parcel, step: NextStep, values: dict[str, Any], is_blocked: bool) -> None:
        async with self._database.transaction() as connection:
            left = await connection.execute(sql.LEAVE_ATTEMPT, values)
            if is_blocked:
                await connection.execute(sql.MARK_BLOCKED, values)
            elif left.rowcount and step.state is SendState.FAILED and parcel.author is Author.BOT:
                await open_handoff(
                    connection,
                    thread_id=parcel.thread_id,
                    reason=HandoffReason.FAILED,
                    detail="reply could not be delivered",
                    now=values["now"],
                )


async def _send(messenger: Messenger, parcel: Parcel) -> Receipt:
    """The connector's send, at most `SEND_LASTS_S`: an attempt must be over before anybody may call it lost."""
    try:
        async with asyncio.timeout(SEND_LASTS_S):
            return await messenger.send(parcel.outbound())
    except TimeoutError:
        raise OutcomeUnknown(f"no answer within {SEND_LASTS_S:g} s") from None


def parcel_of(row: dict[str, Any]) -> Parcel:
    """A parcel from a row of `BEGIN_ATTEMPT` or `FIND_LOST`."""
    return Parcel(
        message_id=row["id"],
        thread_id=row["thread_id"],
        salon_id=row["salon_id"],
        channel_account_id=row["channel_account_id"],
        thread_key=row["thread_key"],
        author=Author(row["author"]),
        text=row["text"],
        idempotency_key=row["idempotency_key"],
        composed_at=row["composed_at"],
        attempts=row["attempts"],
        payload=row["payload"],
        clock_start_at=row["clock_start_at"],
    )
