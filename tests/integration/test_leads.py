"""A lead is noted with the turn that made it and reaches every CRM of its salon once, whatever happens on the way."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from connectors.contract import CredentialsRefused, CrmReceipt, LeadCard, PermanentError, TransientError
from connectors.crm.bitrix24 import Bitrix24Crm
from connectors.crm.webhook import WebhookCrm
from connectors.fake import FakeCrm
from responder.clock import FixedClock, SystemClock
from responder.commands.leads import retry
from responder.db.engine import Database
from responder.errors import Refused, TransientFailure
from responder.jobs import make_app, register, run_due, run_worker
from responder.leads.service import PUSH_LEAD, LeadPusher, follow_visit, recent_leads, retry_leads, retry_refused
from responder.salon.demo import DEMO_SALON
from responder.salon.file import read_salon_file
from responder.salon.importer import import_salon
from responder.settings import Settings
from tests.integration.lead_world import World, later_enquiry, make_appointment, make_pusher, make_world, note_lead
from tests.stubs.bitrix24_api import Bitrix24Stub, Misfortune
from tests.stubs.webhook_sink import WebhookSink

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60  # a bound on hanging, not on speed


@pytest.fixture
def clock() -> FixedClock:
    """Stands at the real present: jobs are due by the database's clock."""
    return FixedClock(datetime.now(UTC))


@pytest.fixture
async def world(database: Database, clock: FixedClock) -> World:
    return await make_world(database, now=clock.now())


@pytest.fixture
async def stub() -> AsyncIterator[Bitrix24Stub]:
    async with Bitrix24Stub() as stub:
        yield stub


@pytest.fixture
async def bitrix24(stub: Bitrix24Stub) -> AsyncIterator[Bitrix24Crm]:
    crm = Bitrix24Crm(webhook_url=stub.url, timeout_s=0.5)
    await crm.open()
    yield crm
    await crm.close()


@pytest.fixture
async def fake() -> FakeCrm:
    crm = FakeCrm()
    await crm.open()
    return crm


async def _note(database: Database, world: World, **changes: Any) -> int:
    async with database.transaction() as connection:
        return await note_lead(connection, world, **changes)


async def _row(database: Database, table: str) -> dict[str, Any]:
    async with database.connection() as connection:
        (row,) = await (await connection.execute(f"SELECT * FROM {table}")).fetchall()  # type: ignore[arg-type]
        return row


async def _run_jobs(database: Database, pusher: LeadPusher) -> None:
    app = make_app(database.url)
    register(app, PUSH_LEAD, pusher.push)
    await run_due(app)


async def _push_until_done(pusher: LeadPusher, clock: FixedClock, lead_id: int) -> int:
    """What the job does: again after every transient failure, after the wait it names. Returns the attempts."""
    for attempt in range(1, 20):
        try:
            await pusher.push(lead_id)
        except TransientFailure as failure:
            clock.advance(failure.retry_after_s or 1)
        else:
            return attempt
    raise AssertionError("never done")


# --- noting a lead


async def test_a_lead_of_a_rolled_back_turn_reaches_no_crm(database: Database, world: World, fake: FakeCrm) -> None:
    """Neither the lead nor its push outlive a transaction that was undone."""
    with suppress(RuntimeError):
        async with database.transaction() as connection:
            await note_lead(connection, world)
            raise RuntimeError

    await _run_jobs(database, make_pusher(database, FixedClock(world.now), fake=fake))

    assert (fake.leads, await recent_leads(database, world.salon_id)) == ({}, [])


async def test_a_committed_lead_reaches_the_crm(database: Database, world: World, fake: FakeCrm) -> None:
    """A lead that was noted is pushed by the next worker, without anybody asking for it."""
    await _note(database, world)

    await _run_jobs(database, make_pusher(database, FixedClock(world.now), fake=fake))

    (card,) = fake.leads.values()
    assert (card.phone, card.service, card.channel) == ("+79990000001", "Женская стрижка", "telegram")


async def test_saying_the_same_again_changes_nothing(database: Database, world: World) -> None:
    """The same facts make no new revision, and what is not said does not take away what is known."""
    await _note(database, world)
    await _note(database, world)
    await _note(database, world, name=None, phone=None, service=None, wish=None, source={})

    lead = await _row(database, "lead")
    assert (lead["revision"], lead["name"], lead["phone"], lead["source"]["ref"]) == (
        1,
        "Ольга",
        "+79990000001",
        "vk_ad_17",
    )


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Оля"},
        {"phone": "+79990000002"},
        {"service": "manicure"},
        {"specialist": "anna"},
        {"wish": "в среду"},
        {"source": {"ref": "other"}},
    ],
    ids=lambda change: next(iter(change)),
)
async def test_every_change_is_a_new_revision(database: Database, world: World, change: dict[str, Any]) -> None:
    """A lead that says something new has a new revision under the same id and origin."""
    first = await _note(database, world)
    origin = (await _row(database, "lead"))["origin_id"]

    second = await _note(database, world, **change)

    lead = await _row(database, "lead")
    assert (second, lead["origin_id"], lead["revision"]) == (first, origin, 2)


async def test_a_hold_that_became_a_booking_is_a_change(database: Database, world: World) -> None:
    """The visit counts as it is now, although the appointment's id is the same."""
    async with database.transaction() as connection:
        visit = await make_appointment(connection, world, state="held", starts_at=world.now)
    await _note(database, world, appointment_id=visit)
    async with database.connection() as connection:
        await connection.execute("UPDATE appointment SET state = 'booked'")

    await _note(database, world, appointment_id=visit)

    lead = await _row(database, "lead")
    assert (lead["revision"], lead["visit_state"], lead["appointment_id"]) == (2, "booked", visit)


async def test_an_appointment_of_another_salon_is_not_read(database: Database, world: World) -> None:
    """A lead never shows a visit of somebody else's salon."""
    other = await make_world(database, now=world.now, slug="other")
    async with database.transaction() as connection:
        visit = await make_appointment(connection, other, state="booked", starts_at=world.now)

    await _note(database, world, appointment_id=visit)

    assert (await _row(database, "lead"))["visit_state"] is None


async def test_a_lead_is_scoped_to_its_salon(database: Database, world: World) -> None:
    """The list of one salon holds no lead of another, the newest comes first."""
    other = await make_world(database, now=world.now, slug="other")
    await _note(database, other)
    first = await _note(database, world)

    assert [lead.id for lead in await recent_leads(database, world.salon_id)] == [first]


# --- a visit has one lead


async def test_a_visit_that_moves_takes_its_lead_with_it(database: Database, world: World) -> None:
    """A move in a later enquiry is news of the first enquiry's lead, which keeps its origin, enquiry and source."""
    later = await later_enquiry(database, world)
    async with database.transaction() as connection:
        first = await make_appointment(connection, world, state="booked", starts_at=world.now)
        made = await note_lead(connection, world, appointment_id=first)
    before = await _row(database, "lead")
    async with database.transaction() as connection:
        await connection.execute("UPDATE appointment SET state = 'cancelled'")
        second = await make_appointment(connection, world, state="booked", starts_at=world.now + timedelta(days=1))
        told = {"appointment_id": second, "instead_of": first, "source": {"ref": "reminder"}}
        moved = await note_lead(connection, later, **told)

    after = await _row(database, "lead")
    kept = ("origin_id", "enquiry_id", "source")
    assert moved == made
    assert [after[name] for name in kept] == [before[name] for name in kept]
    assert (after["appointment_id"], after["visit_at"]) == (second, world.now + timedelta(days=1))


@pytest.mark.parametrize("state", ["booked", "came", "no_show"])
async def test_a_second_booking_beside_a_first_is_a_second_lead(database: Database, world: World, state: str) -> None:
    """Two visits of one enquiry are two leads; the wish for the second one becomes its lead."""
    async with database.transaction() as connection:
        first = await make_appointment(connection, world, state=state, starts_at=world.now)
        one = await note_lead(connection, world, appointment_id=first)
        wish = await note_lead(connection, world, service="manicure")
        starts_at = world.now + timedelta(days=1)
        second = await make_appointment(connection, world, state="booked", starts_at=starts_at)
        two = await note_lead(connection, world, appointment_id=second, service="manicure")

    assert (wish, two) == (two, two)
    assert [(lead.id, lead.service) for lead in await recent_leads(database, world.salon_id)] == [
        (two, "manicure"),
        (one, "womens_haircut"),
    ]


async def test_a_booking_after_a_cancellation_goes_on_with_the_lead(database: Database, world: World) -> None:
    """Who gives a time up and takes another within one enquiry is one lead, as if the visit had moved."""
    async with database.transaction() as connection:
        first = await make_appointment(connection, world, state="cancelled", starts_at=world.now)
        one = await note_lead(connection, world, appointment_id=first)
        starts_at = world.now + timedelta(days=1)
        second = await make_appointment(connection, world, state="booked", starts_at=starts_at)
        two = await note_lead(connection, world, appointment_id=second)

    assert one == two


async def test_a_booking_in_a_later_enquiry_is_a_lead_of_its_own(database: Database, world: World) -> None:
    """What was cancelled in an earlier enquiry stays as it was there."""
    later = await later_enquiry(database, world)
    async with database.transaction() as connection:
        first = await make_appointment(connection, world, state="cancelled", starts_at=world.now)
        one = await note_lead(connection, world, appointment_id=first)
        second = await make_appointment(connection, world, state="booked", starts_at=world.now)
        two = await note_lead(connection, later, appointment_id=second)

    assert [(lead.id, lead.visit_state) for lead in await recent_leads(database, world.salon_id)] == [
        (two, "booked"),
        (one, "cancelled"),
    ]


async def test_a_visit_without_news_wakes_no_crm(database: Database, world: World, clock: FixedClock) -> None:
    """Following a visit that is as the CRM knows it, or that has no lead, makes no revision and no job."""
    async with database.transaction() as connection:
        visit = await make_appointment(connection, world, state="booked", starts_at=world.now)
        stranger = await make_appointment(connection, world, state="cancelled", starts_at=world.now)
        await note_lead(connection, world, appointment_id=visit)
        followed = [await follow_visit(connection, known, now=clock.now()) for known in (visit, stranger)]

    assert followed == [None, None]
    assert (await _row(database, "lead"))["revision"] == 1


# --- phone first, booking minutes later


async def test_a_booking_that_follows_soon_travels_with_the_lead(
    database: Database, world: World, stub: Bitrix24Stub, bitrix24: Bitrix24Crm
) -> None:
    """A postponed push waits; an immediate one hastens it; the CRM gets one lead and no update."""
    pusher = make_pusher(database, FixedClock(world.now), bitrix24=bitrix24)
    await _note(database, world, push_after_s=600)
    await _run_jobs(database, pusher)
    before_booking = len(stub.leads)
    async with database.transaction() as connection:
        visit = await make_appointment(connection, world, state="booked", starts_at=world.now + timedelta(days=1))
        await note_lead(connection, world, appointment_id=visit)
    await _run_jobs(database, pusher)

    assert (before_booking, len(stub.leads)) == (0, 1)
    assert "crm.item.update" not in stub.calls


async def test_a_booking_after_the_push_updates_the_lead(
    database: Database, world: World, clock: FixedClock, stub: Bitrix24Stub, bitrix24: Bitrix24Crm
) -> None:
    """What becomes known later is brought to the lead that is there."""
    pusher = make_pusher(database, clock, bitrix24=bitrix24)
    lead_id = await _note(database, world)
    await pusher.push(lead_id)
    async with database.transaction() as connection:
        at = datetime(2026, 11, 24, 5, 30, tzinfo=UTC)
        visit = await make_appointment(connection, world, state="booked", starts_at=at)
        await note_lead(connection, world, appointment_id=visit)

    await pusher.push(lead_id)

    (lead,) = stub.leads
    assert "Запись: вт 24 нояб. 10:30" in lead["comments"]
    assert (await _row(database, "lead_delivery"))["revision"] == 2


async def test_a_cancelled_visit_reaches_the_crm(
    database: Database, world: World, clock: FixedClock, fake: FakeCrm
) -> None:
    """Following a visit tells the CRM what became of it."""
    pusher = make_pusher(database, clock, fake=fake)
    async with database.transaction() as connection:
        visit = await make_appointment(connection, world, state="booked", starts_at=world.now)
        lead_id = await note_lead(connection, world, appointment_id=visit)
    await pusher.push(lead_id)
    async with database.transaction() as connection:
        await connection.execute("UPDATE appointment SET state = 'cancelled'")
        touched = await follow_visit(connection, visit, now=clock.now())

    await pusher.push(lead_id)

    (card,) = fake.leads.values()
    assert (touched, card.is_booked, card.starts_at) == (lead_id, False, None)
    assert "Запись отменена" in card.comment


# --- exactly once


async def test_everything_about_the_lead_arrives(
    database: Database, world: World, clock: FixedClock, stub: Bitrix24Stub, bitrix24: Bitrix24Crm
) -> None:
    """Phone, source, the link to the dialogue and the timing figures are in the CRM, in fields and in words."""
    lead_id = await _note(database, world)

    await make_pusher(database, clock, bitrix24=bitrix24).push(lead_id)

    (lead,) = stub.leads
    assert [entry["value"] for entry in lead["fm"]] == ["+79990000001"]
    assert (lead["title"], lead["utmSource"]) == ("Ольга, Женская стрижка", "vk")
    assert (lead["UF_CRM_RSP_BOT_FRT_S"], lead["UF_CRM_RSP_AUTO_REPLY"]) == (1.5, 1)
    for words in ("Ответ бота: 1,5 с", "завтра после шести", f"https://responder.example/dialogues/{world.thread_id}"):
        assert words in lead["comments"]


@pytest.mark.parametrize(
    "misfortune",
    [
        Misfortune.ANSWER_LOST,
        Misfortune.ANSWER_HANGS,
        Misfortune.ANSWER_502,
        Misfortune.HANG,
        Misfortune.HTML_502,
        Misfortune.INTERNAL_ERROR,
        Misfortune.QUERY_LIMIT,
        Misfortune.OPERATION_LIMIT,
        Misfortune.GARBLED,
    ],
)
async def test_a_lead_arrives_once_whatever_the_crm_answers(
    database: Database,
    world: World,
    clock: FixedClock,
    stub: Bitrix24Stub,
    bitrix24: Bitrix24Crm,
    misfortune: Misfortune,
) -> None:
    """Two failures in a row while the lead is made still end with exactly one lead and its id in our table."""
    stub.fail_next(misfortune, method="crm.item.add", times=2)
    lead_id = await _note(database, world)

    attempts = await _push_until_done(make_pusher(database, clock, bitrix24=bitrix24), clock, lead_id)

    (lead,) = stub.leads
    delivery = await _row(database, "lead_delivery")
    assert attempts > 1
    assert (delivery["crm_id"], delivery["revision"], delivery["last_error"]) == (str(lead["id"]), 1, None)


async def test_after_a_lost_answer_the_crm_is_left_alone(
    database: Database, world: World, clock: FixedClock, stub: Bitrix24Stub, bitrix24: Bitrix24Crm
) -> None:
    """Until the portal cannot be working on the lost request any more, not even news of the lead start a new try."""
    pusher = make_pusher(database, clock, bitrix24=bitrix24)
    stub.fail_next(Misfortune.ANSWER_LOST, method="crm.item.add")
    lead_id = await _note(database, world)
    with pytest.raises(TransientFailure):
        await pusher.push(lead_id)
    calls = len(stub.calls)
    await _note(database, world, wish="в среду")

    with pytest.raises(TransientFailure) as caught:
        await pusher.push(lead_id)

    assert len(stub.calls) == calls
    assert 30 < (caught.value.retry_after_s or 0) <= 60


async def test_a_lead_is_pushed_by_one_worker_at_a_time(
    database: Database, world: World, clock: FixedClock, fake: FakeCrm
) -> None:
    """While one process speaks to the CRM about a lead, another leaves it alone and comes again later."""
    slow = _GatedCrm(fake)
    lead_id = await _note(database, world)
    first = asyncio.create_task(make_pusher(database, clock, crm=slow).push(lead_id))
    await slow.entered.wait()

    with pytest.raises(TransientFailure):
        await make_pusher(database, clock, crm=fake).push(lead_id)
    calls_meanwhile = fake.calls
    slow.may_go_on.set()
    await first

    assert (calls_meanwhile, fake.calls, len(fake.leads)) == (0, 1, 1)


class _GatedCrm:
    """A CRM that takes its time until it is let go on."""

    kind = "gated"

    def __init__(self, behind: FakeCrm) -> None:
        self.entered, self.may_go_on = asyncio.Event(), asyncio.Event()
        self._behind = behind

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def put_lead(self, lead: LeadCard, *, crm_id: str | None = None) -> CrmReceipt:
        self.entered.set()
        await self.may_go_on.wait()
        return await self._behind.put_lead(lead, crm_id=crm_id)

    async def probe(self) -> str:
        return "gated"


async def test_workers_that_push_at_once_make_one_lead(
    database: Database, world: World, clock: FixedClock, stub: Bitrix24Stub
) -> None:
    """Pushes of one lead from several processes at once end with one lead in the portal."""
    crms = [Bitrix24Crm(webhook_url=stub.url) for _ in range(4)]
    for crm in crms:
        await crm.open()
    lead_id = await _note(database, world)

    results = await asyncio.gather(
        *(make_pusher(database, clock, bitrix24=crm).push(lead_id) for crm in crms), return_exceptions=True
    )

    for crm in crms:
        await crm.close()
    assert len(stub.leads) == 1
    assert {type(result) for result in results} <= {type(None), TransientFailure}


async def test_pushing_again_tells_the_crm_nothing(
    database: Database, world: World, clock: FixedClock, fake: FakeCrm
) -> None:
    """A CRM that has the present revision is not called."""
    pusher = make_pusher(database, clock, fake=fake)
    lead_id = await _note(database, world)

    await pusher.push(lead_id)
    await pusher.push(lead_id)

    assert fake.calls == 1


@pytest.mark.parametrize("moment", ["before", "while", "after"])
async def test_a_killed_worker_neither_loses_nor_doubles_a_lead(
    database: Database, world: World, stub: Bitrix24Stub, bitrix24: Bitrix24Crm, moment: str
) -> None:
    """SIGKILL before the CRM call, while the CRM is at it, or after its answer and before our commit: the next worker
    ends it with one lead."""
    if moment == "while":
        stub.fail_next(Misfortune.ANSWER_HANGS, method="crm.item.add")
    url = database.url
    await _note(database, world)
    died = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.integration.lead_world", url, stub.url, moment), cwd=ROOT
    )
    async with asyncio.timeout(PATIENCE_S):
        if moment == "while":
            await stub.stored.wait()
            died.kill()
        assert await died.wait() == -9
        assert len(stub.leads) == (0 if moment == "before" else 1)

        pusher, pushed, app = make_pusher(database, SystemClock(), bitrix24=bitrix24), asyncio.Event(), make_app(url)

        async def push(lead_id: int) -> None:
            await pusher.push(lead_id)
            pushed.set()

        register(app, PUSH_LEAD, push)
        worker = asyncio.create_task(run_worker(app, poll_s=0.05, heartbeat_s=0.2, stalled_after_s=1))
        await pushed.wait()
        worker.cancel()
        with suppress(asyncio.CancelledError):
            await worker

    assert len(stub.leads) == 1
    assert (await _row(database, "lead_delivery"))["crm_id"] == str(stub.leads[0]["id"])


# --- what cannot be delivered


async def test_refused_data_wait_for_staff(database: Database, world: World, clock: FixedClock, fake: FakeCrm) -> None:
    """A lead the CRM will never take is parked with its reason, not repeated, and tried again when it changes."""
    pusher = make_pusher(database, clock, fake=fake)
    fake.fail_next(PermanentError("no such stage", code="STAGE"))
    lead_id = await _note(database, world)
    await pusher.push(lead_id)
    await pusher.push(lead_id)
    (parked,) = (await recent_leads(database, world.salon_id))[0].deliveries
    calls_while_parked = fake.calls
    await _note(database, world, wish="в среду")

    await pusher.push(lead_id)

    (after,) = (await recent_leads(database, world.salon_id))[0].deliveries
    assert (parked.is_parked, parked.last_error, calls_while_parked) == (True, "no such stage", 1)
    assert (after.is_parked, after.is_current, after.last_error) == (False, True, None)


async def test_staff_can_have_what_a_crm_lacks_tried_again(
    database: Database, world: World, clock: FixedClock, fake: FakeCrm
) -> None:
    """After the CRM was mended, everything it lacks of this salon is pushed again; what it has is left alone."""
    pusher = make_pusher(database, clock, fake=fake)
    fake.fail_next(PermanentError("no such stage"))
    await _note(database, world)
    await _run_jobs(database, pusher)
    async with database.transaction() as connection:
        elsewhere = await retry_leads(connection, salon_id=world.salon_id + 1, crm_keys=["fake"])
        tried = await retry_leads(connection, salon_id=world.salon_id, crm_keys=["fake"])

    await _run_jobs(database, pusher)

    async with database.transaction() as connection:
        again = await retry_leads(connection, salon_id=world.salon_id, crm_keys=["fake"])
    assert (elsewhere, tried, again, len(fake.leads)) == (0, 1, 0, 1)


async def test_a_crm_that_was_switched_on_later_gets_what_it_missed(
    database: Database, world: World, clock: FixedClock, fake: FakeCrm
) -> None:
    """A lead noted while no account was switched on goes to the account that is now, when staff ask for it."""
    await _note(database, world)
    await _run_jobs(database, make_pusher(database, clock))
    async with database.transaction() as connection:
        tried = await retry_leads(connection, salon_id=world.salon_id, crm_keys=["fake"])

    await _run_jobs(database, make_pusher(database, clock, fake=fake))

    assert (tried, len(fake.leads)) == (1, 1)


async def test_the_command_says_what_it_did(database: Database, database_url: str) -> None:
    """`responder leads retry`: a line for each salon with a CRM; a salon without one is refused."""
    settings = Settings(database_url=SecretStr(database_url))
    file = read_salon_file(DEMO_SALON)
    slug = file.slug
    world = await make_world(database, now=datetime.now(UTC), slug=slug)
    await import_salon(database, file, now=datetime.now(UTC))
    nothing = await retry(settings, salon=None)
    await _note(database, world)
    one = await retry(settings, salon=slug)
    with pytest.raises(Refused, match="nowhere"):
        await retry(settings, salon="nowhere")
    assert nothing == f"{slug}: every lead is in the CRM already"
    assert one == f"{slug}: 1 lead goes to the CRM as soon as a worker is running"


async def test_refused_credentials_lose_no_lead(
    database: Database, world: World, clock: FixedClock, fake: FakeCrm
) -> None:
    """Leads of the time in which an account was refused are shown as such, and arrive by themselves once it works."""
    pusher = make_pusher(database, clock, fake=fake)
    fake.fail_next(CredentialsRefused("webhook revoked"))
    lead_id = await _note(database, world)

    with pytest.raises(TransientFailure) as caught:
        await pusher.push(lead_id)
    (refused,) = (await recent_leads(database, world.salon_id))[0].deliveries
    await pusher.push(lead_id)
    (after,) = (await recent_leads(database, world.salon_id))[0].deliveries

    assert (caught.value.retry_after_s, len(fake.leads)) == (900, 1)
    assert (refused.is_parked, refused.last_error) == (True, "webhook revoked")
    assert (after.is_parked, after.is_current, after.last_error) == (False, True, None)


async def test_mended_credentials_are_tried_at_once(
    database: Database, world: World, clock: FixedClock, fake: FakeCrm
) -> None:
    """A process that starts, or a salon file that is read, hastens what was refused, and nothing else."""
    pusher = make_pusher(database, clock, fake=fake)
    fake.fail_next(CredentialsRefused("webhook revoked"))
    await _note(database, world)
    await _run_jobs(database, pusher)
    async with database.transaction() as connection:
        hastened = await retry_refused(connection)

    await _run_jobs(database, pusher)

    async with database.transaction() as connection:
        again = await retry_refused(connection)
    assert (hastened, again, len(fake.leads)) == (1, 0, 1)


async def test_a_crm_that_is_down_for_long_gets_the_lead_once(
    database: Database, world: World, clock: FixedClock, stub: Bitrix24Stub, bitrix24: Bitrix24Crm
) -> None:
    """Three dozen attempts meet gateways, limits, silence and lost answers: the pauses stay below twenty minutes, the
    lead is shown as waiting and why, and in the end there is one of it."""
    pusher = make_pusher(database, clock, bitrix24=bitrix24)
    await _note(database, world)
    troubles = [
        Misfortune.HTML_502,
        Misfortune.INTERNAL_ERROR,
        Misfortune.QUERY_LIMIT,
        Misfortune.OPERATION_LIMIT,
        Misfortune.GARBLED,
        Misfortune.HANG,
        Misfortune.ANSWER_LOST,
        Misfortune.ANSWER_502,
        Misfortune.REFUSED,
    ] * 4
    app, pauses = make_app(database.url), []
    register(app, PUSH_LEAD, pusher.push)
    for trouble in troubles:
        stub.fail_next(trouble)
        await run_due(app)
        stub.recover()
        job = await _row(database, f"procrastinate_jobs WHERE task_name = '{PUSH_LEAD}'")  # alerts have jobs too
        pauses.append((job["scheduled_at"] - datetime.now(UTC)).total_seconds())
        clock.advance(max(pauses[-1], 0) + 1)
        async with database.connection() as connection:
            await connection.execute("UPDATE procrastinate_jobs SET scheduled_at = NULL")
    (waiting,) = (await recent_leads(database, world.salon_id))[0].deliveries

    await run_due(app)

    (delivered,) = (await recent_leads(database, world.salon_id))[0].deliveries
    assert max(pauses) < 1200
    assert (waiting.is_current, bool(waiting.last_error)) == (False, True)
    assert (delivered.is_current, delivered.last_error, len(stub.leads)) == (True, None, 1)


async def test_one_crm_in_trouble_does_not_hold_up_another(
    database: Database, world: World, clock: FixedClock, fake: FakeCrm
) -> None:
    """Every account gets the lead on its own; only the failed one is tried again."""
    other = FakeCrm()
    await other.open()
    other.fail_next(TransientError("busy", retry_after_s=40))
    pusher = make_pusher(database, clock, fake=fake, other=other)
    lead_id = await _note(database, world)

    with pytest.raises(TransientFailure) as caught:
        await pusher.push(lead_id)
    first_round = (len(fake.leads), len(other.leads))
    clock.advance(40)
    await pusher.push(lead_id)

    assert (first_round, caught.value.retry_after_s) == ((1, 0), 40)
    assert (len(other.leads), fake.calls) == (1, 1)


async def test_a_lead_that_is_gone_is_no_error(database: Database, fake: FakeCrm, clock: FixedClock) -> None:
    """A job about an erased lead ends quietly."""
    await make_pusher(database, clock, fake=fake).push(404)

    assert fake.calls == 0


# --- the signed webhook


async def test_the_documented_verification_works(database: Database, world: World, clock: FixedClock) -> None:
    """The example in docs/leads.md accepts what we send and refuses it when body, time or secret are other."""
    verify = _documented_verification()
    async with WebhookSink() as sink:
        crm = WebhookCrm(url=sink.url, secret=sink.secret, now=lambda: 1_781_000_000.0)
        await crm.open()
        await make_pusher(database, clock, hook=crm).push(await _note(database, world))
        await crm.close()
        (sent,) = sink.requests

    secret, at = sink.secret, 1_781_000_010
    assert verify(sent.headers, sent.body, secret, now=at)
    assert not verify(sent.headers, sent.body + b" ", secret, now=at)
    assert not verify(sent.headers, sent.body, "another secret", now=at)
    assert not verify(sent.headers, sent.body, secret, now=at + 3600)
    assert not verify({}, sent.body, secret, now=at)


async def test_the_same_state_has_the_same_key(database: Database, world: World, clock: FixedClock) -> None:
    """A repeat after a lost answer carries the same Idempotency-Key, a newer state another."""
    async with WebhookSink() as sink:
        crm = WebhookCrm(url=sink.url, secret=sink.secret)
        await crm.open()
        pusher = make_pusher(database, clock, hook=crm)
        sink.answers.append("lost")
        lead_id = await _note(database, world)
        await _push_until_done(pusher, clock, lead_id)
        await _note(database, world, wish="в среду")
        await pusher.push(lead_id)
        await crm.close()

    keys = [request.headers["idempotency-key"] for request in sink.requests]
    assert (keys[0] == keys[1], keys[1] == keys[2], len(keys)) == (True, False, 3)


def _documented_verification() -> Any:
    page = (ROOT / "docs" / "leads.md").read_text(encoding="utf-8")
    example = page.split("```python\n", 1)[1].split("```", 1)[0]
    place: dict[str, Any] = {}
    exec(example, place)
    return place["is_from_responder"]


async def _alerts(database: Database) -> list[tuple[str, str, bool]]:
    async with database.connection() as connection:
        rows = await (await connection.execute("SELECT subject, facts, resolved_at FROM alert ORDER BY id")).fetchall()
    return [(row["subject"], row["facts"]["reason"], row["resolved_at"] is not None) for row in rows]


async def test_a_crm_that_refuses_is_told_once_until_it_takes_leads_again(
    database: Database, world: World, clock: FixedClock, fake: FakeCrm
) -> None:
    """A refused lead raises an alert with the reason, a second refusal none; it is over when the lead is taken."""
    pusher = make_pusher(database, clock, fake=fake)
    lead_id = await _note(database, world)
    fake.fail_next(PermanentError("no such stage"))
    await pusher.push(lead_id)
    await _note(database, world, wish="в среду")
    fake.fail_next(PermanentError("still no such stage"))
    await pusher.push(lead_id)
    told = await _alerts(database)
    await _note(database, world, wish="в пятницу")
    await pusher.push(lead_id)

    assert told == [("crm:fake", "no such stage", False)]
    assert await _alerts(database) == [("crm:fake", "no such stage", True)]


async def test_a_crm_that_hiccups_is_not_told_but_one_that_stays_away_is(
    database: Database, world: World, clock: FixedClock, fake: FakeCrm
) -> None:
    """Four failures may pass, again and again; the fifth in a row raises an alert."""
    pusher = make_pusher(database, clock, fake=fake)
    lead_id = await _note(database, world)
    told = []
    for is_up in (*4 * [False], True, *5 * [False]):
        if is_up:
            await pusher.push(lead_id)
            await _note(database, world, wish="в пятницу")
            continue
        fake.fail_next(TransientError("down"))
        with pytest.raises(TransientFailure):
            await pusher.push(lead_id)
        told.append(len(await _alerts(database)))

    assert told == [0, 0, 0, 0, 0, 0, 0, 0, 1]
