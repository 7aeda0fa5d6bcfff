"""The lead: noted in the transaction of the turn that made it, and brought into every CRM of its salon, once.

Exactly once, as far as a CRM allows: the origin id is stable for ever and looked up before anything is made; one push
of a lead into an account at a time (the row `lead_delivery` is locked while the CRM is spoken to); after a lost answer
the account is left alone until the CRM cannot be at it any more.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from connectors.contract import (
    ConnectorError,
    CredentialsRefused,
    Crm,
    LeadCard,
    OutcomeUnknown,
    TransientError,
)
from responder import jobs, metrics
from responder.alerts.service import AlertKind, NewAlert, Severity, raise_alert, resolve_alerts
from responder.clock import Clock
from responder.db.engine import Connection, Database
from responder.errors import TransientFailure
from responder.leads import statements
from responder.leads.rules import LeadFacts, lead_card
from responder.logs import get_logger
from responder.salon.profile import SalonProfile
from responder.timing.load import enquiry_timing
from responder.timing.measures import lead_timing

PUSH_LEAD = "push_lead"
REFUSED_PAUSE_S = 900.0  # settings are mended by people; no lead of the meantime may be lost
BUSY_PAUSE_S = 5.0
TOLD_AFTER = 5  # failures in a row, in a minute or so: fewer may pass
AT_ONCE = 3  # a push keeps a connection of the pool for as long as the CRM takes

log = get_logger("leads")


async def record_lead(
    connection: Connection,
    *,
    salon_id: int,
    enquiry_id: int,
    thread_id: int,
    customer_id: int,
    appointment_id: int | None,
    name: str | None,
    phone: str | None,
    service: str | None,
    specialist: str | None,
    wish: str | None,
    source: Mapping[str, Any],
    now: datetime,
    instead_of: int | None = None,
    push_after_s: float = 0,
) -> int:
    """Make the lead of a visit, or of the wish for one (`appointment_id` None), or add to it what is new (None adds
    nothing and takes nothing away), and see to it that the CRMs learn of it, in the caller's transaction. Returns its
    id.

    A visit has one lead, whatever enquiry it is talked about in; `instead_of` is the appointment it was moved from,
    whose lead it takes over. `push_after_s` lets a booking that follows soon travel with it; a later call without it
    hastens the push.
    """
    values = {
        "salon": salon_id,
        "enquiry": enquiry_id,
        "thread": thread_id,
        "customer": customer_id,
        "appointment": appointment_id,
        "visits": [visit for visit in (appointment_id, instead_of) if visit is not None],
        "origin": uuid.uuid4().hex,  # another installation, or this one made anew, must not meet it in the same CRM
        "name": name,
        "phone": phone,
        "service": service,
        "specialist": specialist,
        "wish": wish,
        "source": Jsonb(dict(source)),
        "now": now,
    }
    known = await (await connection.execute(statements.FIND, values)).fetchone()
    if known is None:
        row = await (await connection.execute(statements.MAKE, values)).fetchone()
        assert row is not None
    else:
        row = known
        await connection.execute(statements.CHANGE, values | {"lead": known["id"]})
    lead_id: int = row["id"]
    await _defer_push(connection, lead_id, run_at=now + timedelta(seconds=push_after_s) if push_after_s > 0 else None)
    return lead_id


async def follow_visit(connection: Connection, appointment_id: int, *, now: datetime) -> int | None:
    """Bring the lead of a visit, and the CRMs, to what became of it (cancelled, came, did not come), in the caller's
    transaction: whoever changes a visit calls this. Returns the lead's id, None when there is no lead or no news."""
    values = {"appointment": appointment_id, "now": now}
    row = await (await connection.execute(statements.FOLLOW_VISIT, values)).fetchone()
    if row is None:
        return None
    await _defer_push(connection, row["id"], run_at=None)
    return int(row["id"])


async def retry_leads(connection: Connection, *, salon_id: int, crm_keys: Sequence[str]) -> int:
    """Bring every lead that one of these CRMs lacks there now, refused or not, after somebody mended it; returns how
    many leads."""
    values = {"salon": salon_id, "crms": list(crm_keys)}
    rows = await (await connection.execute(statements.TAKE_UP_LACKING, values)).fetchall()
    for row in rows:
        await _defer_push(connection, row["lead_id"], run_at=None)
    return len(rows)


async def retry_refused(connection: Connection) -> int:
    """Try leads whose account was refused at once and not at the end of their pause: settings may be mended; returns
    how many."""
    rows = await (await connection.execute(statements.FIND_REFUSED)).fetchall()
    for row in rows:
        await _defer_push(connection, row["lead_id"], run_at=None)
    return len(rows)


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """Where a lead stands in one CRM account."""

    crm_key: str
    crm_id: str | None
    crm_url: str | None
    is_current: bool
    attempts: int
    last_error: str | None
    is_parked: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class LeadSummary:
    """A lead in the product's own list; `service` and `specialist` are keys."""

    id: int
    origin_id: str
    enquiry_id: int
    thread_id: int
    name: str | None
    phone: str | None
    service: str | None
    specialist: str | None
    wish: str | None
    visit_state: str | None
    visit_at: datetime | None
    revision: int
    created_at: datetime
    channel: str
    source: Mapping[str, Any]
    deliveries: Sequence[Delivery]


async def recent_leads(database: Database, salon_id: int, limit: int = 50) -> list[LeadSummary]:
    """The newest leads of a salon, newest first."""
    async with database.connection() as connection:
        rows = await (await connection.execute(statements.RECENT, {"salon": salon_id, "limit": limit})).fetchall()
    return [
        LeadSummary(**{**row, "deliveries": tuple(Delivery(**delivery) for delivery in row["deliveries"])})
        for row in rows
    ]


class LeadPusher:
    """Brings leads into CRMs; `push` is the work of the job `push_lead` and harmless to repeat.

    `crm_accounts` gives the opened CRMs of a salon by key, `salon_of` its profile, `transcript_url` the address of a
    thread's dialogue where it has one.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        crm_accounts: Callable[[int], Awaitable[Mapping[str, Crm]]],
        salon_of: Callable[[int], Awaitable[SalonProfile]],
        transcript_url: Callable[[int], str | None],
        at_once: int = AT_ONCE,
    ) -> None:
        self._database = database
        self._clock = clock
        self._crm_accounts = crm_accounts
        self._salon_of = salon_of
        self._transcript_url = transcript_url
        self._hands = asyncio.Semaphore(at_once)

    async def push(self, lead_id: int) -> None:
        """Bring every CRM of the lead's salon to the lead's present state; raises `TransientFailure` when one of them
        has to be tried again. A lead that is gone is no error."""
        async with self._database.connection() as connection:
            row = await (await connection.execute(statements.SALON_OF_LEAD, {"lead": lead_id})).fetchone()
        if row is None:
            return
        salon = await self._salon_of(row["salon_id"])
        accounts = await self._crm_accounts(row["salon_id"])
        # one account's trouble is not another's
        results = await asyncio.gather(
            *(self._push_into(key, crm, lead_id, salon) for key, crm in accounts.items()), return_exceptions=True
        )
        waits = [result for result in results if isinstance(result, TransientFailure)]
        for result in results:
            if isinstance(result, BaseException) and not isinstance(result, TransientFailure):
                raise result
        if waits:
            named = [wait.retry_after_s for wait in waits if wait.retry_after_s is not None]
            raise TransientFailure(
                f"{len(waits)} of {len(accounts)} CRM accounts to be tried again",
                retry_after_s=min(named) if len(named) == len(waits) else None,
            )

    async def _push_into(self, key: str, crm: Crm, lead_id: int, salon: SalonProfile) -> None:
        about = {"lead": lead_id, "crm": key}
        async with self._hands:
            async with self._database.connection() as connection:
                await connection.execute(statements.OPEN_DELIVERY, about)
            async with self._database.transaction() as connection:
                delivery = await (await connection.execute(statements.LOCK_DELIVERY, about)).fetchone()
                if delivery is None:
                    raise TransientFailure("another worker is pushing this lead", retry_after_s=BUSY_PAUSE_S)
                facts = await (await connection.execute(statements.FACTS, about)).fetchone()
                if facts is None or not _is_due(delivery, facts["revision"], self._clock.now()):
                    return
                card = await self._card(connection, facts, salon)
                error = await self._put(connection, crm, card, delivery, facts["revision"])
        self._tell(crm, lead_id, error)
        if isinstance(error, TransientError):
            raise TransientFailure(str(error), retry_after_s=error.retry_after_s)
        if isinstance(error, CredentialsRefused):
            raise TransientFailure(str(error), retry_after_s=REFUSED_PAUSE_S)

    async def _card(self, connection: Connection, facts: Mapping[str, Any], salon: SalonProfile) -> LeadCard:
        timing = lead_timing(await enquiry_timing(connection, facts["enquiry_id"]))
        known = {name: facts[name] for name in LeadFacts.__dataclass_fields__}
        transcript_url = self._transcript_url(facts["thread_id"])
        return lead_card(LeadFacts(**known), salon, timing=timing, transcript_url=transcript_url)

    async def _put(
        self, connection: Connection, crm: Crm, card: LeadCard, delivery: Mapping[str, Any], revision: int
    ) -> ConnectorError | None:
        """Put the card and note how it went, which is committed either way."""
        try:
            receipt = await crm.put_lead(card, crm_id=delivery["crm_id"])
        except ConnectorError as error:
            await connection.execute(
                statements.NOT_DELIVERED, {"delivery": delivery["id"], **_setback(error, revision, self._clock.now())}
            )
            if not isinstance(error, TransientError) or delivery["failures"] + 1 >= TOLD_AFTER:
                await raise_alert(connection, _crm_refuses(delivery, error), now=self._clock.now())
            return error
        values = {"crm_id": receipt.crm_id, "url": receipt.url, "revision": revision, "now": self._clock.now()}
        await connection.execute(statements.DELIVERED, {"delivery": delivery["id"], **values})
        about = {"salon": delivery["salon_id"], "crm": delivery["crm_key"]}
        if await (await connection.execute(statements.STILL_REFUSED, about)).fetchone() is None:
            await resolve_alerts(connection, delivery["salon_id"], [_crm_subject(delivery)], now=self._clock.now())
        return None

    def _tell(self, crm: Crm, lead_id: int, error: ConnectorError | None) -> None:
        outcome = _outcome(error)
        metrics.LEADS.labels(crm=crm.kind, outcome=outcome).inc()
        if error is not None:
            log.warning("lead_not_delivered", lead_id=lead_id, crm=crm.kind, outcome=outcome, error=str(error))


def _crm_subject(delivery: Mapping[str, Any]) -> str:
    return f"crm:{delivery['crm_key']}"


def _crm_refuses(delivery: Mapping[str, Any], error: ConnectorError) -> NewAlert:
    """One alert an account, however many leads it refuses; it is over when one is taken and none is parked."""
    return NewAlert(
        salon_id=delivery["salon_id"],
        subject=_crm_subject(delivery),
        kind=AlertKind.CRM,
        severity=Severity.CRITICAL,
        facts={"account": delivery["crm_key"], "reason": str(error)[:300]},
    )


def _is_due(delivery: Mapping[str, Any], revision: int, now: datetime) -> bool:
    """Whether the CRM lacks this revision and has not refused it; raises `TransientFailure` when it must wait."""
    if delivery["revision"] >= revision or (delivery["parked_revision"] or 0) >= revision:
        return False
    if delivery["next_attempt_at"] is not None and delivery["next_attempt_at"] > now:
        wait_s = (delivery["next_attempt_at"] - now).total_seconds()
        raise TransientFailure("the CRM asked for patience", retry_after_s=wait_s)
    return True


def _setback(error: ConnectorError, revision: int, now: datetime) -> dict[str, object]:
    """What a failed attempt leaves in the row: a pause when the CRM named one; or that it waits for staff, who mend
    what this revision says or, where the account is refused, the settings."""
    pause_s = error.retry_after_s if isinstance(error, TransientError) else None
    is_account_refused = isinstance(error, CredentialsRefused)
    return {
        "error": str(error),
        "next_attempt_at": None if pause_s is None else now + timedelta(seconds=pause_s),
        "parked_at": None if isinstance(error, TransientError) else now,
        "parked_revision": None if isinstance(error, TransientError) or is_account_refused else revision,
    }


def _outcome(error: ConnectorError | None) -> str:
    match error:
        case None:
            return "delivered"
        case OutcomeUnknown():
            return "unknown"
        case TransientError():
            return "transient"
        case CredentialsRefused():
            return "refused"
        case _:
            return "parked"


async def _defer_push(connection: Connection, lead_id: int, *, run_at: datetime | None) -> None:
    """At most one push of a lead waits and one runs; the waiting one reads what is newest when it starts."""
    lock = f"{PUSH_LEAD}:{lead_id}"
    await jobs.defer(connection, PUSH_LEAD, args={"lead_id": lead_id}, lock=lock, queueing_lock=lock, run_at=run_at)
