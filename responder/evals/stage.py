"""The stage a scenario is played on: a salon of its own in the database, a customer, colleagues, and the clock.

Everything goes through the doors that live dialogues use: the web chat account of the salon, intake, turns, delivery,
the desk and the appointment book.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from psycopg.types.json import Jsonb
from pydantic import ValidationError

from connectors.contract import Attachment, AttachmentKind, ChannelKind, ContactCard, Inbound, InboundKind
from responder.assembly import Responder, keep_house
from responder.booking.free import Visit
from responder.booking.service import book, hold_slot
from responder.booking.slots import Slot, visit_of
from responder.clock import ShiftedClock
from responder.errors import Refused
from responder.evals.schema import Contact, Returning, Scenario, Step, Taken, Times, day_of
from responder.intake.service import Account
from responder.salon.fields import FileContext
from responder.salon.importer import import_salon
from responder.salon.mistakes import mistakes_of, spelled
from responder.salon.profile import SalonProfile
from responder.salon.schema import SalonFile
from responder.staff.audit import Actor

OPERATOR = "front_desk"
FIND_THREAD = (
    "SELECT id, customer_id, state, mode FROM thread WHERE channel_account_id = %(account)s AND thread_key = %(key)s"
)
LATEST_ENQUIRY = "SELECT id FROM enquiry WHERE thread_id = %(thread)s ORDER BY id DESC LIMIT 1"
KNOW_CUSTOMER = "UPDATE customer SET name = %(name)s, phone = %(phone)s WHERE id = %(customer)s"
SET_STATE = "UPDATE thread SET state = %(state)s WHERE id = %(thread)s"


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A message of the salon's side as the customer sees it."""

    id: int
    author: str
    text: str
    buttons: tuple[Mapping[str, Any], ...] = ()


@dataclass(kw_only=True)
class Stage:
    """One scenario's world; `key` names the customer in the chat."""

    running: Responder
    clock: ShiftedClock
    salon: SalonProfile
    account: Account
    key: str
    thread_id: int | None = None
    _numbers: itertools.count[int] = field(default_factory=itertools.count)
    _others: itertools.count[int] = field(default_factory=itertools.count)
    buttons: tuple[Mapping[str, Any], ...] = ()

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def instant(self, times: Times) -> datetime:
        """The start that `day` and `time` name, aware UTC."""
        today = self.now.astimezone(self.salon.zone).date()
        day, at = day_of(times.day or "today", today), times.time
        if at is None:
            raise Refused("a visit needs its time")
        return datetime.combine(day, at, tzinfo=self.salon.zone).astimezone(UTC)

    async def settle(self) -> None:
        """Return when every turn that is due has been taken."""
        await self.running.scheduler.idle()

    async def act(self, step: Step) -> None:
        """Let the step happen, to its end."""
        if step.customer is not None:
            await self._accept(*(self._inbound(text=text) for text in step.customer))
        elif step.contact is not None:
            await self._accept(self._inbound(contact=_card(step.contact)))
        elif step.sends is not None:
            await self._accept(self._inbound(attachment=AttachmentKind(step.sends)))
        elif step.presses is not None:
            await self._accept(self._pressed(step.presses))
        elif step.waits is not None:
            self.clock.jump_to(self.now + timedelta(seconds=step.waits))
            await keep_house(self.running)
            await self.running.scheduler.sweep()
        elif step.taken is not None:
            await self._take(step.taken)
        elif step.staff is not None:
            await self._staff(step.staff)
        await self.settle()

    async def introduce(self, who: Returning) -> None:
        """Make the customer known, and their visit with them."""
        await self._accept(self._inbound(kind=InboundKind.STARTED))
        await self.settle()
        thread = await self.thread()
        person = {"name": who.name, "phone": who.phone}
        state = dict(thread["state"]) | {name: value for name, value in person.items() if value}
        state["greeted"] = True
        async with self.running.database.transaction() as connection:
            await connection.execute(KNOW_CUSTOMER, {**person, "customer": thread["customer_id"]})
        if who.visit is not None:
            starts_at = self.instant(who.visit)
            number = await self._book(
                service=str(who.visit.service), specialist=str(who.visit.specialist), starts_at=starts_at, thread=thread
            )
            state["visit"] = {
                "appointment_id": number,
                "service": who.visit.service,
                "specialist": who.visit.specialist,
                "starts_at": starts_at.isoformat(),
            }
        async with self.running.database.transaction() as connection:
            await connection.execute(SET_STATE, {"state": Jsonb(state), "thread": thread["id"]})
        await self.running.desk.close(self.salon.id, thread["id"], actor=Actor())

    async def thread(self) -> dict[str, Any]:
        """The customer's row as it is now."""
        row = await self._row(FIND_THREAD, account=self.account.id, key=self.key)
        if row is None:
            raise Refused("the customer has not written yet: begin the talk with `customer`")
        self.thread_id = row["id"]
        return row

    async def rows(self, query: str, **values: Any) -> list[dict[str, Any]]:
        async with self.running.database.connection() as connection:
            return await (await connection.execute(query, values)).fetchall()

    async def _row(self, query: str, **values: Any) -> dict[str, Any] | None:
        rows = await self.rows(query, **values)
        return rows[0] if rows else None

    async def _accept(self, *items: Inbound) -> None:
        await self.running.accept(self.account, items, self.now)

    def _inbound(
        self,
        *,
        text: str = "",
        kind: InboundKind = InboundKind.MESSAGE,
        contact: ContactCard | None = None,
        attachment: AttachmentKind | None = None,
        payload: str | None = None,
    ) -> Inbound:
        number = next(self._numbers)
        files = () if attachment is None else (Attachment(kind=attachment, provider_id=f"file-{number}"),)
        return Inbound(
            kind=kind,
            provider_key=f"{self.key}:{number}",
            provider_message_id=f"{self.key}:{number}",
            thread_key=self.key,
            text=text,
            payload=payload,
            order_key=number,
            sent_at=self.now,
            contact=contact,
            attachments=files,
        )

    def _pressed(self, which: str) -> Inbound:
        labels = [str(button["label"]) for button in self.buttons]
        place = int(which) - 1 if which.isdigit() else next((n for n, label in enumerate(labels) if label == which), -1)
        if not 0 <= place < len(labels):
            raise Refused(f"there is no button `{which}`; there are: {', '.join(labels) or 'none'}")
        return self._inbound(
            kind=InboundKind.PRESSED, text=labels[place], payload=str(self.buttons[place].get("payload") or "")
        )

    async def _staff(self, what: str) -> None:
        thread = await self.thread()
        desk, number = self.running.desk, thread["id"]
        match what:
            case "takes_over":
                await desk.take_over(self.salon.id, number, actor=self._operator())
            case "gives_back":
                await desk.give_back(self.salon.id, number, actor=Actor())
                await self.running.scheduler.sweep()
            case "closes":
                await desk.close(self.salon.id, number, actor=Actor())
            case words:
                await desk.reply(self.salon.id, number, words, actor=self._operator())

    def _operator(self) -> Actor:
        return Actor(operator_id=next(person.id for person in self.salon.operators if person.key == OPERATOR))

    async def _take(self, taken: Taken) -> None:
        """Somebody else books that time; the service is the first that the specialist does."""
        if taken.offer is not None:
            offers = (await self.thread())["state"].get("offers", [])
            if taken.offer > len(offers):
                raise Refused(f"offer {taken.offer} cannot be taken: {len(offers)} were made")
            offer = offers[taken.offer - 1]
            specialist, starts_at = offer["specialist"], datetime.fromisoformat(offer["starts_at"])
        else:
            specialist, starts_at = str(taken.specialist), self.instant(taken)
        person = self.salon.specialist(specialist)
        if person is None:
            raise Refused(f"there is no specialist `{specialist}` in the salon")
        other = f"somebody-{next(self._others)}"
        item = Inbound(kind=InboundKind.STARTED, provider_key=f"{self.key}-{other}", thread_key=f"{self.key}-{other}")
        await self.running.accept(self.account, [item], self.now)
        await self.settle()
        row = await self._row(FIND_THREAD, account=self.account.id, key=f"{self.key}-{other}")
        if row is not None:
            await self._book(service=min(person.skills), specialist=specialist, starts_at=starts_at, thread=row)

    async def _book(self, *, service: str, specialist: str, starts_at: datetime, thread: Mapping[str, Any]) -> int:
        wanted = self.salon.service(service)
        if wanted is None:
            raise Refused(f"there is no service `{service}` in the salon")
        visit: Visit = visit_of(self.salon, wanted)
        [enquiry] = await self.rows(LATEST_ENQUIRY, thread=thread["id"])
        async with self.running.database.transaction() as connection:
            number = await hold_slot(
                connection,
                self.salon,
                Slot(specialist=specialist, starts_at=starts_at, ends_at=starts_at + visit.length),
                service=service,
                customer_id=thread["customer_id"],
                thread_id=thread["id"],
                enquiry_id=enquiry["id"],
                now=self.now,
                hold_until=self.now + timedelta(minutes=5),
            )
            await book(connection, number, now=self.now)
        return number


def _card(contact: Contact) -> ContactCard:
    return ContactCard(phone=contact.phone, name=contact.name, is_own=True)


async def set_stage(
    running: Responder, clock: ShiftedClock, scenario: Scenario, *, base: Mapping[str, Any], slug: str
) -> Stage:
    """A salon of its own for the scenario: the base salon with the scenario's changes. Raises `Refused` when these
    make no salon."""
    chat = {"key": "web", "type": "webchat", "name": "chat", "site_key": slug, "origins": ["http://localhost:*"]}
    file = _salon_file({**merged(base, scenario.salon), "slug": slug, "channels": [chat], "crm": [], "alerts": []})
    clock.jump_to(scenario.start.replace(tzinfo=ZoneInfo(str(file.zone))))
    await import_salon(running.database, file, now=clock.now())
    await running.refresh_accounts()
    salon = next(one for one in await running.salons.all() if one.slug == slug)
    door = next(
        door for door in running.doors.values() if door.slug == slug and door.account.kind is ChannelKind.WEBCHAT
    )
    return Stage(running=running, clock=clock, salon=salon, account=door.account, key=f"{slug}-customer")


def _salon_file(data: Mapping[str, Any]) -> SalonFile:
    try:
        return SalonFile.model_validate(data, context=_context(data))
    except ValidationError as error:
        mistakes = mistakes_of(error, data, model=SalonFile, file="salon file")
        told = "; ".join(f"{spelled(mistake.place)}: {mistake.problem}" for mistake in mistakes)
        raise Refused(f"the salon it is played in is none: {told}") from None


def merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The base with the changes laid over it: mappings are joined, items of lists that have a `key` replace or join
    the one of that key, everything else is replaced."""
    result = dict(base)
    for name, change in changes.items():
        before = result.get(name)
        if isinstance(before, Mapping) and isinstance(change, Mapping):
            result[name] = merged(before, change)
        elif isinstance(before, list) and _is_keyed(before) and _is_keyed(change):
            result[name] = _joined(before, change)
        else:
            result[name] = change
    return result


def _is_keyed(value: Any) -> bool:
    return (
        isinstance(value, list) and bool(value) and all(isinstance(item, Mapping) and "key" in item for item in value)
    )


def _joined(before: list[Mapping[str, Any]], changes: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    by_key = {item["key"]: item for item in before}
    for change in changes:
        by_key[change["key"]] = merged(by_key.get(change["key"], {}), change)
    return list(by_key.values())


def _context(data: Mapping[str, Any]) -> FileContext:
    languages = data.get("languages") or [data["language"]]
    return FileContext(
        language=data["language"], languages=tuple(languages), country=data["country"], currency=data["currency"]
    )
