"""The appointment book on a real database: what is offered, held, booked, given back, and what it never allows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

import pytest

from responder.booking.errors import SlotTaken
from responder.booking.service import (
    book,
    cancel,
    expire_holds,
    find_slots,
    hold_slot,
    release_hold,
    upcoming,
)
from responder.booking.slots import SearchReason, Slot, SlotSearch
from responder.db.engine import Connection, Database
from responder.dialogue.meaning import Wish
from responder.dialogue.states import AppointmentState
from responder.dialogue.tables import Customer, Enquiry, Thread
from responder.errors import NotFound
from responder.salon.profile import SalonProfile
from tests.factories import ZONE, stored_salon

NOW = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)  # Monday 10:00 in the salon
TUESDAY, SATURDAY = date(2026, 11, 24), date(2026, 11, 28)
HOLD = timedelta(minutes=10)


@pytest.fixture
async def salon(database: Database) -> SalonProfile:
    return await stored_salon(database)


@dataclass(frozen=True, slots=True)
class Person:
    customer_id: int
    thread_id: int
    enquiry_id: int


class Customers:
    """People with a thread and an enquiry each, as intake would have made them."""

    def __init__(self, database: Database, salon: SalonProfile) -> None:
        self.database = database
        self.salon = salon

    async def come(self, count: int = 1) -> list[Person]:
        account = self.salon.channels[0].id
        people = []
        async with self.database.session() as session:
            for number in range(count):
                customer = Customer(salon_id=self.salon.id)
                session.add(customer)
                await session.flush()
                thread = Thread(
                    salon_id=self.salon.id,
                    channel_account_id=account,
                    thread_key=f"chat-{number}",
                    customer_id=customer.id or 0,
                )
                session.add(thread)
                await session.flush()
                enquiry = Enquiry(
                    salon_id=self.salon.id,
                    thread_id=thread.id or 0,
                    customer_id=customer.id or 0,
                    channel_account_id=account,
                    clock_start_at=NOW,
                    received_at=NOW,
                )
                session.add(enquiry)
                await session.flush()
                people.append(Person(customer.id or 0, thread.id or 0, enquiry.id or 0))
            await session.commit()
        return people


@pytest.fixture
def customers(database: Database, salon: SalonProfile) -> Customers:
    return Customers(database, salon)


@pytest.fixture
async def wide(database_url: str) -> AsyncIterator[Database]:
    """The same database with room for a crowd."""
    database = Database(database_url, pool_size=50)
    await database.open()
    yield database
    await database.close()


def slot(at: str, *, on: date = TUESDAY, specialist: str = "anna", minutes: int = 45) -> Slot:
    starts_at = datetime.combine(on, time.fromisoformat(at), tzinfo=ZONE).astimezone(UTC)
    return Slot(specialist=specialist, starts_at=starts_at, ends_at=starts_at + timedelta(minutes=minutes))


def exactly(at: str, *, on: date = TUESDAY) -> list[Wish]:
    return [Wish(date_from=on, date_to=on, exact_time=time.fromisoformat(at))]


async def hold(
    connection: Connection,
    salon: SalonProfile,
    customer: Person,
    wanted: Slot,
    *,
    service: str = "mens_haircut",
    now: datetime = NOW,
) -> int:
    return await hold_slot(
        connection,
        salon,
        wanted,
        service=service,
        customer_id=customer.customer_id,
        thread_id=customer.thread_id,
        enquiry_id=customer.enquiry_id,
        now=now,
        hold_until=now + HOLD,
    )


async def find(connection: Connection, salon: SalonProfile, wishes: Sequence[Wish], **options: Any) -> SlotSearch:
    options = {"service": "mens_haircut", "specialist": None, "now": NOW, **options}
    return await find_slots(connection, salon, wishes=wishes, **options)


def shown(found: SlotSearch) -> list[str]:
    return [f"{slot.starts_at.astimezone(ZONE):%a %H:%M}" for slot in found.slots]


async def states(database: Database) -> list[str]:
    async with database.connection() as connection:
        rows = await (await connection.execute("SELECT state FROM appointment ORDER BY id")).fetchall()
    return [row["state"] for row in rows]


async def test_a_held_slot_is_offered_to_nobody_else(
    database: Database, salon: SalonProfile, customers: Customers
) -> None:
    """While a hold lasts its time is not free; with it ignored, or run out, it is."""
    (customer,) = await customers.come()
    async with database.transaction() as connection:
        held = await hold(connection, salon, customer, slot("16:00"))

        during = await find(connection, salon, exactly("16:00"))
        ignored = await find(connection, salon, exactly("16:00"), ignoring=held)
        afterwards = await find(connection, salon, exactly("16:00"), now=NOW + HOLD)

    assert not during.fits
    assert ignored.fits
    assert afterwards.fits


async def test_an_offer_can_be_held_and_booked(database: Database, salon: SalonProfile, customers: Customers) -> None:
    """What is found is held and booked as it was shown, and is then the customer's next visit."""
    (customer,) = await customers.come()
    async with database.transaction() as connection:
        found = await find(connection, salon, exactly("16:00"))
        held = await hold(connection, salon, customer, found.slots[0])
        booked = await book(connection, held, now=NOW)
        by_thread = await upcoming(connection, salon, thread_id=customer.thread_id, now=NOW)
        by_customer = await upcoming(connection, salon, customer_id=customer.customer_id, now=NOW)

    assert booked.state is AppointmentState.BOOKED
    assert (booked.service, booked.specialist) == ("mens_haircut", "anna")
    assert (booked.service_name, booked.specialist_name) == ("Мужская стрижка", "Анна")
    assert (booked.starts_at, booked.ends_at) == (found.slots[0].starts_at, found.slots[0].ends_at)
    assert by_thread == by_customer == (booked,)


async def test_a_hold_is_no_upcoming_visit(database: Database, salon: SalonProfile, customers: Customers) -> None:
    """Only bookings that have not begun are upcoming, and only one's own."""
    one, other = await customers.come(2)
    async with database.transaction() as connection:
        await hold(connection, salon, one, slot("12:00"))
        booking = await book(connection, await hold(connection, salon, other, slot("16:00")), now=NOW)

        assert await upcoming(connection, salon, thread_id=one.thread_id, now=NOW) == ()
        assert await upcoming(connection, salon, thread_id=other.thread_id, now=booking.starts_at) == ()
        assert await upcoming(connection, salon, now=NOW) == ()


async def test_two_hundred_want_the_same_slot(wide: Database, salon: SalonProfile, customers: Customers) -> None:
    """Exactly one gets it; each of the others is told so, lives on in the same transaction and is offered another."""
    crowd = await customers.come(200)

    async def ask(customer: Person) -> tuple[str, Slot]:
        async with wide.transaction() as connection:
            try:
                held = await hold(connection, salon, customer, slot("16:00"))
                await book(connection, held, now=NOW)
                return "got it", slot("16:00")
            except SlotTaken:
                found = await find(connection, salon, exactly("16:00"))
                return "offered another", found.slots[0]

    answers = await asyncio.gather(*map(ask, crowd))
    async with wide.connection() as connection:
        rows = await (await connection.execute("SELECT state, thread_id FROM appointment")).fetchall()

    assert [answer for answer, _ in answers].count("got it") == 1
    assert {offer.starts_at for answer, offer in answers if answer == "offered another"}.isdisjoint(
        {slot("16:00").starts_at}
    )
    assert [row["state"] for row in rows] == ["booked"]


async def test_a_crowd_fills_the_day_without_overlap(wide: Database, salon: SalonProfile, customers: Customers) -> None:
    """Customers who take what they are offered, again when it is gone, end with visits that never overlap."""
    crowd = await customers.come(40)

    async def ask(customer: Person) -> bool:
        for _ in range(60):
            async with wide.transaction() as connection:
                found = await find(connection, salon, [Wish(date_from=TUESDAY, date_to=TUESDAY)])
                if not found.fits:
                    return False
                try:
                    held = await hold(connection, salon, customer, found.slots[-1])
                    await book(connection, held, now=NOW)
                except SlotTaken:
                    continue
                return True
        return False

    served = await asyncio.gather(*map(ask, crowd))
    async with wide.connection() as connection:
        rows = await (
            await connection.execute("SELECT starts_at, ends_at FROM appointment ORDER BY starts_at")
        ).fetchall()

    assert sum(served) == len(rows) >= 8  # eight hours, visits of 45 minutes on a grid of 30
    assert all(before["ends_at"] <= after["starts_at"] for before, after in pairwise(rows))


async def test_a_refused_hold_leaves_everything_as_it_was(
    database: Database, salon: SalonProfile, customers: Customers
) -> None:
    """After `SlotTaken` the transaction goes on and the customer's earlier hold still stands."""
    one, other = await customers.come(2)
    async with database.transaction() as connection:
        await hold(connection, salon, one, slot("16:00"))
        earlier = await hold(connection, salon, other, slot("12:00"))

        with pytest.raises(SlotTaken):
            await hold(connection, salon, other, slot("15:30"))

        assert (await book(connection, earlier, now=NOW)).starts_at == slot("12:00").starts_at


async def test_a_new_hold_gives_the_earlier_one_back(
    database: Database, salon: SalonProfile, customers: Customers
) -> None:
    """A thread holds one slot at a time, and may move its hold to a time that overlaps it."""
    (customer,) = await customers.come()
    async with database.transaction() as connection:
        await hold(connection, salon, customer, slot("16:00"))
        await hold(connection, salon, customer, slot("16:30"))

    assert await states(database) == ["expired", "held"]


async def test_a_hold_that_ran_out_does_not_stand_in_the_way(
    database: Database, salon: SalonProfile, customers: Customers
) -> None:
    """Nobody has to clean up before an abandoned slot can be had again."""
    one, other = await customers.come(2)
    async with database.transaction() as connection:
        abandoned = await hold(connection, salon, one, slot("16:00"))
        await hold(connection, salon, other, slot("16:00"), now=NOW + HOLD)

        with pytest.raises(SlotTaken):
            await book(connection, abandoned, now=NOW + HOLD)

    assert await states(database) == ["expired", "held"]


async def test_a_late_confirmation_still_gets_a_free_slot(
    database: Database, salon: SalonProfile, customers: Customers
) -> None:
    """A hold that has run out is booked all the same while nobody else has the slot, swept or not."""
    one, other = await customers.come(2)
    late = NOW + 3 * HOLD
    async with database.transaction() as connection:
        swept = await hold(connection, salon, one, slot("12:00"))
        assert await expire_holds(connection, late) == 1
        unswept = await hold(connection, salon, other, slot("16:00"))

        assert (await book(connection, swept, now=late)).state is AppointmentState.BOOKED
        assert (await book(connection, unswept, now=late)).state is AppointmentState.BOOKED


async def test_a_late_confirmation_passes_another_hold_that_ran_out(
    database: Database, salon: SalonProfile, customers: Customers
) -> None:
    """Whoever confirms first gets a slot on which only dead holds lie."""
    one, other = await customers.come(2)
    async with database.transaction() as connection:
        first = await hold(connection, salon, one, slot("16:00"))
        await hold(connection, salon, other, slot("16:00"), now=NOW + HOLD)

        booked = await book(connection, first, now=NOW + 2 * HOLD)

    assert booked.state is AppointmentState.BOOKED
    assert await states(database) == ["booked", "expired"]


async def test_booking_twice_is_harmless(database: Database, salon: SalonProfile, customers: Customers) -> None:
    """A repeated confirmation gives the same appointment."""
    (customer,) = await customers.come()
    async with database.transaction() as connection:
        held = await hold(connection, salon, customer, slot("16:00"))

        assert await book(connection, held, now=NOW) == await book(connection, held, now=NOW + HOLD)


@pytest.mark.parametrize(
    ("wanted", "service"),
    [
        (slot("09:00"), "mens_haircut"),  # before opening
        (slot("13:30"), "mens_haircut"),  # into the lunch break
        (slot("16:00", specialist="olga"), "mens_haircut"),  # she does not do it
        (slot("16:00", specialist="nobody"), "mens_haircut"),
        (slot("16:00", on=date(2026, 11, 20)), "mens_haircut"),  # last week
        (slot("16:00", on=date(2026, 11, 28)), "mens_haircut"),  # her Saturday off
    ],
)
async def test_only_a_possible_slot_is_held(
    database: Database, salon: SalonProfile, customers: Customers, wanted: Slot, service: str
) -> None:
    """An offer that is no longer possible, or was never made, is refused like a taken one."""
    (customer,) = await customers.come()
    async with database.transaction() as connection:
        with pytest.raises(SlotTaken):
            await hold(connection, salon, customer, wanted, service=service)

    assert await states(database) == []


async def test_a_visit_that_has_begun_is_not_booked(
    database: Database, salon: SalonProfile, customers: Customers
) -> None:
    """A confirmation that comes after the time itself is too late."""
    (customer,) = await customers.come()
    async with database.transaction() as connection:
        held = await hold(connection, salon, customer, slot("16:00"))

        with pytest.raises(SlotTaken):
            await book(connection, held, now=slot("16:00").starts_at)


async def test_the_buffer_keeps_the_next_visit_away(
    database: Database, salon: SalonProfile, customers: Customers
) -> None:
    """Ninety minutes of manicure and ten of buffer: the next may begin on the grid after both."""
    one, other = await customers.come(2)
    wednesday = date(2026, 11, 25)
    async with database.transaction() as connection:
        await hold(connection, salon, one, slot("10:00", on=wednesday, specialist="olga"), service="manicure")
        at = slot("11:30", on=wednesday, specialist="olga")
        with pytest.raises(SlotTaken):
            await hold(connection, salon, other, at, service="manicure")

        found = await find(connection, salon, exactly("11:30", on=wednesday), service="manicure")

    assert not found.fits
    assert "Wed 12:00" in shown(found)


async def test_two_services_of_one_visit_take_the_time_of_both(
    database: Database, salon: SalonProfile, customers: Customers
) -> None:
    """Manicure and pedicure with the one who does both: three hours and the last one's buffer are taken, and the visit
    knows both services."""
    (customer,) = await customers.come()
    both = {"service": "manicure", "also": ["pedicure"]}
    async with database.transaction() as connection:
        found = await find(connection, salon, exactly("10:00", on=SATURDAY), **both)
        held = await hold_slot(
            connection,
            salon,
            found.slots[0],
            **both,
            customer_id=customer.customer_id,
            thread_id=customer.thread_id,
            enquiry_id=customer.enquiry_id,
            now=NOW,
            hold_until=NOW + HOLD,
        )
        await book(connection, held, now=NOW)
        (visit,) = await upcoming(connection, salon, thread_id=customer.thread_id, now=NOW)
        after = await find(connection, salon, exactly("13:00", on=SATURDAY), service="manicure")
        too_long = await find(connection, salon, exactly("16:00", on=SATURDAY), **both)

    assert (visit.service, visit.also) == ("manicure", ("pedicure",))
    assert visit.ends_at - visit.starts_at == timedelta(hours=3)
    assert shown(after)[0] == "Sat 13:30"
    assert too_long.reason is SearchReason.TOO_LONG


async def test_two_services_that_nobody_does_together_are_held_by_nobody(
    database: Database, salon: SalonProfile, customers: Customers
) -> None:
    """Hair and nails in one visit: there is nobody to offer, and no specialist can be made to hold it."""
    (customer,) = await customers.come()
    async with database.transaction() as connection:
        assert (await find(connection, salon, exactly("16:00"), also=["manicure"])).slots == ()
        with pytest.raises(SlotTaken):
            await hold_slot(
                connection,
                salon,
                slot("16:00"),
                service="mens_haircut",
                also=["manicure"],
                customer_id=customer.customer_id,
                thread_id=customer.thread_id,
                enquiry_id=customer.enquiry_id,
                now=NOW,
                hold_until=NOW + HOLD,
            )


async def test_what_is_given_back_is_free_again(database: Database, salon: SalonProfile, customers: Customers) -> None:
    """Released holds and cancelled bookings free their time; doing it twice says that nothing was left to do."""
    one, other = await customers.come(2)
    async with database.transaction() as connection:
        held = await hold(connection, salon, one, slot("12:00"))
        booked = await book(connection, await hold(connection, salon, other, slot("16:00")), now=NOW)

        assert not await release_hold(connection, booked.id, now=NOW)
        assert await release_hold(connection, held, now=NOW)
        assert not await release_hold(connection, held, now=NOW)
        assert await cancel(connection, booked.id, now=NOW)
        assert not await cancel(connection, booked.id, now=NOW)

        assert (await find(connection, salon, exactly("12:00"))).fits
        assert (await find(connection, salon, exactly("16:00"))).fits
        with pytest.raises(SlotTaken):
            await book(connection, booked.id, now=NOW)


async def test_a_failed_move_keeps_the_old_visit(database: Database, salon: SalonProfile, customers: Customers) -> None:
    """Cancelling and holding inside one savepoint: when the new time is taken, the old one still stands."""
    one, other = await customers.come(2)
    async with database.transaction() as connection:
        old = await book(connection, await hold(connection, salon, one, slot("12:00")), now=NOW)
        await hold(connection, salon, other, slot("16:00"))

        async def move() -> None:
            async with connection.transaction():
                await cancel(connection, old.id, now=NOW)
                await hold(connection, salon, one, slot("16:00"))

        with pytest.raises(SlotTaken):
            await move()

        assert await upcoming(connection, salon, thread_id=one.thread_id, now=NOW) == (old,)


async def test_two_customers_swap_at_the_same_moment(
    database: Database, salon: SalonProfile, customers: Customers
) -> None:
    """Each has cancelled and wants what the other gave up: one gives way politely, nobody waits for ever."""
    one, other = await customers.come(2)
    async with database.transaction() as connection:
        first = await book(connection, await hold(connection, salon, one, slot("12:00")), now=NOW)
        second = await book(
            connection,
            await hold(connection, salon, other, slot("16:00", specialist="maria"), service="womens_haircut"),
            now=NOW,
        )
    both_cancelled = asyncio.Barrier(2)

    async def move(customer: Person, old: int, wanted: Slot, service: str) -> str:
        async with database.transaction() as connection:
            await connection.execute("SET LOCAL deadlock_timeout = '50ms'")
            await cancel(connection, old, now=NOW)
            await both_cancelled.wait()
            try:
                await hold(connection, salon, customer, wanted, service=service)
            except SlotTaken:
                return "gave way"
            return "moved"

    answers = await asyncio.wait_for(
        asyncio.gather(
            move(one, first.id, slot("16:00", specialist="maria"), "womens_haircut"),
            move(other, second.id, slot("12:00"), "mens_haircut"),
        ),
        timeout=20,
    )

    assert sorted(answers) == ["gave way", "moved"]


async def test_a_storm_of_moving_holds_never_locks_up(
    wide: Database, salon: SalonProfile, customers: Customers
) -> None:
    """Customers who keep changing to slots of one another wait for nobody in a circle: with PostgreSQL's own way out
    of deadlocks put off, all of them finish."""
    wanted = [slot(at, specialist=who) for who in ("anna", "maria") for at in ("12:00", "15:00", "16:00", "17:00")]

    async def roam(customer: Person, first: int) -> None:
        for step in range(12):
            async with wide.transaction() as connection:
                await connection.execute("SET LOCAL deadlock_timeout = '60s'")
                with suppress(SlotTaken):
                    to = wanted[(first + step * (1 + first % 3)) % len(wanted)]
                    await hold(connection, salon, customer, to, service="womens_haircut")

    crowd = await customers.come(20)
    await asyncio.wait_for(asyncio.gather(*(roam(customer, n) for n, customer in enumerate(crowd))), timeout=30)
    async with wide.connection() as connection:
        rows = await (
            await connection.execute(
                "SELECT count(*) AS holds, count(DISTINCT thread_id) AS threads FROM appointment WHERE state = 'held'"
            )
        ).fetchall()

    assert 1 <= rows[0]["holds"] == rows[0]["threads"] <= len(wanted)


async def test_another_salon_changes_nothing(database: Database, salon: SalonProfile, customers: Customers) -> None:
    """The same hour in another salon stays free, and its visits are not shown here."""
    other_salon = await stored_salon(database, slug="other", channels=[])
    (customer,) = await customers.come()
    async with database.transaction() as connection:
        await book(connection, await hold(connection, salon, customer, slot("16:00")), now=NOW)

        assert (await find(connection, other_salon, exactly("16:00"))).fits
        assert await upcoming(connection, other_salon, customer_id=customer.customer_id, now=NOW) == ()


async def test_a_full_month_is_seen_through(database: Database, salon: SalonProfile) -> None:
    """When everything near the wish is taken, the search reaches the first free day beyond it."""
    async with database.transaction() as connection:
        await connection.execute(
            "INSERT INTO appointment (salon_id, specialist_id, service_id, state, starts_at, ends_at, busy)"
            " VALUES (%(salon)s, %(anna)s, %(service)s, 'booked', %(first)s, %(last)s, tstzrange(%(first)s, %(last)s))",
            {
                "salon": salon.id,
                "anna": salon.specialists[0].id,
                "service": salon.services[1].id,
                "first": NOW,
                "last": NOW + timedelta(days=30),
            },
        )

        found = await find(connection, salon, exactly("16:00"))

    assert not found.fits
    assert found.slots[0].starts_at >= NOW + timedelta(days=30)


async def test_unknown_services_and_appointments(database: Database, salon: SalonProfile, customers: Customers) -> None:
    """Asking for what is not there says so."""
    async with database.connection() as connection:
        with pytest.raises(NotFound):
            await find(connection, salon, [], service="massage")
        with pytest.raises(NotFound):
            await book(connection, 7, now=NOW)
