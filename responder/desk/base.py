"""What every room of the desk stands on: a dialogue of the salon or none, a record of it, a word to the pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from connectors.contract import Messenger
from responder.clock import Clock
from responder.db.engine import Connection, Database
from responder.delivery.service import Delivery
from responder.errors import NotFound
from responder.live import Live
from responder.staff.audit import Actor, record

FIND_THREAD = """
SELECT id, salon_id, channel_account_id, thread_key, customer_id, mode, is_blocked, barred_at, operator_id
FROM thread WHERE id = %(thread)s AND salon_id = %(salon)s
"""


class DeskRoom:
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

    async def _thread(self, connection: Connection, salon_id: int, thread_id: int) -> dict[str, Any]:
        row: dict[str, Any] | None = await (
            await connection.execute(FIND_THREAD, {"thread": thread_id, "salon": salon_id})
        ).fetchone()
        if row is None:
            raise NotFound(f"There is no dialogue {thread_id}.", code="no_dialogue", dialogue=thread_id)
        return row

    async def _record(
        self,
        connection: Connection,
        actor: Actor,
        salon_id: int,
        thread_id: int,
        action: str,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        subject, now = f"thread:{thread_id}", self._clock.now()
        await record(connection, actor, salon_id=salon_id, action=action, subject=subject, details=details, now=now)

    async def _tell(self, salon_id: int, thread_id: int) -> None:
        await self._live.publish(f"salon:{salon_id}", {"type": "dialogue", "thread_id": thread_id})
