"""A running process: every part, by name, and the way of an inbound item through the first of them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from connectors.contract import (
    ChannelKind,
    Crm,
    Inbound,
    Messenger,
    Notifier,
)
from responder.assembly.accounts import make_crm, make_messenger, make_notifier, takes_webhooks
from responder.clock import Clock
from responder.db.engine import Database
from responder.delivery.service import Delivery
from responder.desk.service import Desk
from responder.intake.service import Account, Intake, Stored
from responder.live import Live
from responder.salon.loader import SalonCache
from responder.salon.profile import SalonProfile
from responder.settings import Settings
from responder.turns.engine import TurnEngine
from responder.turns.scheduler import TurnScheduler
from responder.watch.rules import first_look_after
from responder.watch.service import Watch
from responder.watch.targets import every_target

if TYPE_CHECKING:
    from responder.llm.reader import LlmReader
    from responder.llm.transcriber import Transcriber


@dataclass(frozen=True, slots=True)
class OpenDoor:
    """A channel account that is switched on, and the names its webhook address is made of."""

    slug: str
    key: str
    account: Account
    messenger: Messenger
    takes_webhooks: bool


@dataclass(kw_only=True)
class Responder:
    """A running process: every part, by name."""

    settings: Settings
    clock: Clock
    database: Database
    live: Live
    salons: SalonCache
    intake: Intake
    delivery: Delivery
    engine: TurnEngine
    scheduler: TurnScheduler
    desk: Desk
    watch: Watch
    llm: LlmReader | None
    transcriber: Transcriber | None
    secret_key: str
    access_token: str
    doors: dict[int, OpenDoor] = field(default_factory=dict)
    crms: dict[int, dict[str, Crm]] = field(default_factory=dict)
    notifiers: dict[int, dict[str, Notifier]] = field(default_factory=dict)
    _revisions: dict[int, int] = field(default_factory=dict)

    def messenger_of(self, account_id: int) -> Messenger | None:
        door = self.doors.get(account_id)
        return None if door is None else door.messenger

    def door_of(self, account_id: int) -> OpenDoor | None:
        return self.doors.get(account_id)

    def find_door(self, slug: str, key: str) -> OpenDoor | None:
        """The account behind a public webhook address; the web chat has none, its own routes vouch for visitors."""
        for door in self.doors.values():
            if door.slug == slug and door.key == key and door.account.kind is not ChannelKind.WEBCHAT:
                return door
        return None

    async def accept(self, account: Account, items: Sequence[Inbound], received_at: datetime) -> list[Stored]:
        """Store what came in, then have it answered; returns once it is stored."""
        stored = await self.intake.store(account, items, received_at=received_at)
        for item, outcome in zip(items, stored, strict=True):
            if outcome.thread_id is not None and outcome.turn_due_at is not None:
                self.scheduler.wake(outcome.thread_id, outcome.turn_due_at)
            if item.press_id is not None and not outcome.is_duplicate:
                self._acknowledge(account, item.press_id)
            if outcome.thread_id is not None and not outcome.is_duplicate:
                await self.live.publish(
                    f"salon:{account.salon_id}", {"type": "message", "thread_id": outcome.thread_id}
                )
        return stored

    def _acknowledge(self, account: Account, press_id: str) -> None:
        messenger = self.messenger_of(account.id)
        if messenger is not None:
            task = asyncio.ensure_future(messenger.acknowledge_press(press_id))
            _background.add(task)
            task.add_done_callback(_background.discard)

    async def refresh_accounts(self) -> None:
        """Open the accounts of new and changed salons, then close what they replace; raises `BadSetting` and leaves
        everything as it was when an account cannot be made."""
        for salon in await self.salons.all():
            if self._revisions.get(salon.id) == salon.revision:
                continue
            doors = {}
            first_look = first_look_after(every_target(salon.targets))
            for account in salon.channels:
                messenger = make_messenger(account, live=self.live)
                if messenger is not None:
                    place = Account(
                        id=account.id, salon_id=salon.id, kind=ChannelKind(account.kind), first_look=first_look
                    )
                    doors[account.id] = OpenDoor(salon.slug, account.key, place, messenger, takes_webhooks(account))
            crms = {account.key: crm for account in salon.crm if (crm := make_crm(account)) is not None}
            notifiers = await _notifiers(salon)
            for door in doors.values():
                await door.messenger.open()
            for crm in crms.values():
                await crm.open()
            self._revisions[salon.id] = salon.revision
            old = self._take_out(salon.id)
            self.doors |= doors
            self.crms[salon.id] = crms
            self.notifiers[salon.id] = notifiers
            await _close(old)

    async def crm_accounts(self, salon_id: int) -> Mapping[str, Crm]:
        """The CRM accounts of a salon that are switched on; a salon imported since the last look is looked up."""
        salon = await self.salons.get(salon_id)
        if self._revisions.get(salon_id) != salon.revision:
            await self.refresh_accounts()
        return self.crms.get(salon_id, {})

    async def notifiers_of(self, salon_id: int) -> Mapping[str, Notifier]:
        """The destinations of a salon's alerts that are switched on."""
        await self.crm_accounts(salon_id)  # a salon imported since the last look is looked up
        return self.notifiers.get(salon_id, {})

    async def warm_up(self) -> None:
        """Do once what the first message would otherwise wait for: dictionaries, phrase books, salons' readers."""
        for salon in await self.salons.all():
            await asyncio.to_thread(self.engine.warm_up, salon)

    async def close_accounts(self) -> None:
        for salon_id in tuple(self._revisions):
            await _close(self._take_out(salon_id))

    def _take_out(self, salon_id: int) -> list[Messenger | Crm]:
        gone = [account_id for account_id, door in self.doors.items() if door.account.salon_id == salon_id]
        return [*(self.doors.pop(account_id).messenger for account_id in gone), *self.crms.pop(salon_id, {}).values()]


async def _notifiers(salon: SalonProfile) -> dict[str, Notifier]:
    made = [(destination.key, await asyncio.to_thread(make_notifier, destination)) for destination in salon.alerts]
    return {key: notifier for key, notifier in made if notifier is not None}


async def _close(parts: Sequence[Messenger | Crm]) -> None:
    for part in parts:
        await part.close()


_background: set[asyncio.Future[None]] = set()  # tasks nobody awaits, kept from being collected
