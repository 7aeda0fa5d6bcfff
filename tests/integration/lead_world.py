"""A salon with one customer who asked for a haircut, as rows; and, run as a program, a worker made to be killed.

    python -m tests.integration.lead_world DATABASE_URL BITRIX24_URL [before|after]

With the last argument the process kills itself (SIGKILL) before or after its CRM call.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from connectors.contract import Crm, CrmReceipt, LeadCard
from connectors.crm.bitrix24 import Bitrix24Crm
from responder.clock import Clock, SystemClock
from responder.db.engine import Connection, Database
from responder.jobs import make_app, register, run_worker
from responder.leads.service import PUSH_LEAD, LeadPusher, record_lead
from responder.salon.profile import SalonProfile
from tests.factories import salon_profile

LATER_ENQUIRY = """
WITH first AS (UPDATE enquiry SET closed_at = clock_start_at WHERE id = %(first)s RETURNING *)
INSERT INTO enquiry (salon_id, thread_id, customer_id, channel_account_id, clock_start_at, received_at)
SELECT salon_id, thread_id, customer_id, channel_account_id, clock_start_at + interval '1 day',
    received_at + interval '1 day' FROM first
RETURNING id
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """Ids of the rows; the enquiry came at `now` and the bot answered 1.5 s later."""

    salon_id: int
    enquiry_id: int
    thread_id: int
    customer_id: int
    specialist_id: int
    service_id: int
    now: datetime


async def make_world(database: Database, *, now: datetime, slug: str = "primer") -> World:
    async with database.transaction() as connection:
        salon = await _insert(connection, "salon", slug=slug)
        service = await _insert(connection, "service", salon_id=salon, key="womens_haircut", name="Стрижка")
        specialist = await _insert(connection, "specialist", salon_id=salon, key="anna", name="Анна")
        account = await _insert(
            connection, "channel_account", salon_id=salon, key="telegram", name="Telegram", kind="telegram"
        )
        customer = await _insert(connection, "customer", salon_id=salon)
        thread = await _insert(
            connection, "thread", salon_id=salon, channel_account_id=account, thread_key="77", customer_id=customer
        )
        enquiry = await _insert(
            connection,
            "enquiry",
            salon_id=salon,
            thread_id=thread,
            customer_id=customer,
            channel_account_id=account,
            clock_start_at=now,
            received_at=now,
        )
        place = {
            "salon_id": salon,
            "thread_id": thread,
            "enquiry_id": enquiry,
            "channel_account_id": account,
        }
        await _insert(connection, "message", **place, direction="in", author="customer", received_at=now, sent_at=now)
        await _insert(
            connection,
            "message",
            **place,
            direction="out",
            author="bot",
            auto_reply=True,
            substance="substantive",
            composed_at=now + timedelta(seconds=1),
            accepted_at=now + timedelta(seconds=1.5),
            send_state="accepted",
        )
    return World(
        salon_id=salon,
        enquiry_id=enquiry,
        thread_id=thread,
        customer_id=customer,
        specialist_id=specialist,
        service_id=service,
        now=now,
    )


async def later_enquiry(database: Database, world: World) -> World:
    """The same customer writes again after the first enquiry was closed."""
    async with database.transaction() as connection:
        row = await (await connection.execute(LATER_ENQUIRY, {"first": world.enquiry_id})).fetchone()
    assert row is not None
    return replace(world, enquiry_id=row["id"])


async def make_appointment(connection: Connection, world: World, *, state: str, starts_at: datetime) -> int:
    ends_at = starts_at + timedelta(hours=1)
    return await _insert(
        connection,
        "appointment",
        salon_id=world.salon_id,
        specialist_id=world.specialist_id,
        service_id=world.service_id,
        customer_id=world.customer_id,
        state=state,
        starts_at=starts_at,
        ends_at=ends_at,
        busy=f"[{starts_at.isoformat()},{ends_at.isoformat()})",
    )


async def note_lead(connection: Connection, world: World, **changes: Any) -> int:
    """`record_lead` for the customer of this world, with any argument replaced."""
    arguments: dict[str, Any] = {
        "salon_id": world.salon_id,
        "enquiry_id": world.enquiry_id,
        "thread_id": world.thread_id,
        "customer_id": world.customer_id,
        "appointment_id": None,
        "name": "Ольга",
        "phone": "+79990000001",
        "service": "womens_haircut",
        "specialist": None,
        "wish": "завтра после шести",
        "source": {"ref": "vk_ad_17", "utm": {"source": "vk", "campaign": "autumn"}},
        "now": world.now,
    }
    return await record_lead(connection, **(arguments | changes))


def make_pusher(database: Database, clock: Clock, **crms: Crm) -> LeadPusher:
    async def accounts(_salon_id: int) -> Mapping[str, Crm]:
        return crms

    async def salon(salon_id: int) -> SalonProfile:
        return salon_profile(id=salon_id)

    return LeadPusher(
        database=database,
        clock=clock,
        crm_accounts=accounts,
        salon_of=salon,
        transcript_url=lambda thread_id: f"https://responder.example/dialogues/{thread_id}",
    )


async def _insert(connection: Connection, table: str, **values: object) -> int:
    columns, places = ", ".join(values), ", ".join(f"%({name})s" for name in values)
    cursor = await connection.execute(
        f"INSERT INTO {table} ({columns}) VALUES ({places}) RETURNING id",  # type: ignore[arg-type]
        values,
    )
    row = await cursor.fetchone()
    assert row is not None
    return int(row["id"])


class _MortalCrm(Bitrix24Crm):
    """Takes its process with it."""

    dies: str | None = None

    async def put_lead(self, lead: LeadCard, *, crm_id: str | None = None) -> CrmReceipt:
        if self.dies == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        receipt = await super().put_lead(lead, crm_id=crm_id)
        if self.dies == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        return receipt


async def _work(database_url: str, crm_url: str, dies: str | None) -> None:
    database, crm = Database(database_url), _MortalCrm(webhook_url=crm_url)
    crm.dies = dies
    await database.open()
    await crm.open()
    app = make_app(database_url)
    register(app, PUSH_LEAD, make_pusher(database, SystemClock(), bitrix24=crm).push)
    await run_worker(app, poll_s=0.05)


if __name__ == "__main__":
    asyncio.run(_work(sys.argv[1], sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else None))
