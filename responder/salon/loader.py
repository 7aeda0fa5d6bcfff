"""From the database to the `SalonProfile` that everything else works with, kept in memory until the salon changes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from babel.numbers import get_currency_precision
from pydantic import BaseModel

from responder.db.engine import Connection, Database
from responder.errors import NotFound
from responder.hours import OpeningHours
from responder.salon import schema
from responder.salon.calendar import salon_hours, specialist_hours
from responder.salon.notation import quiet_hours
from responder.salon.profile import (
    Address,
    AlertDestination,
    ChannelAccount,
    CrmAccount,
    KnowledgeItem,
    Localised,
    Operator,
    Rung,
    SalonProfile,
    Service,
    Specialist,
    Target,
)

_LOAD = """
SELECT salon.id, salon.revision, salon.profile,
       (SELECT coalesce(jsonb_object_agg(key, id), '{}') FROM service WHERE salon_id = salon.id) AS services,
       (SELECT coalesce(jsonb_object_agg(key, id), '{}') FROM specialist WHERE salon_id = salon.id) AS specialists,
       (SELECT coalesce(jsonb_object_agg(key, id), '{}') FROM operator WHERE salon_id = salon.id) AS operators,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'key', key, 'name', name, 'role', role) ORDER BY id),
                        '[]')
        FROM operator WHERE salon_id = salon.id AND is_active AND NOT is_from_file) AS desk_operators,
       (SELECT coalesce(jsonb_object_agg(key, id), '{}') FROM channel_account WHERE salon_id = salon.id) AS channels
FROM salon
WHERE salon.id = %(id)s OR salon.slug = %(slug)s
"""
_SALON_OF_CHANNEL = "SELECT salon_id FROM channel_account WHERE id = %(id)s"
_REVISIONS = "SELECT id, revision FROM salon ORDER BY id"
ACCOUNT_FIELDS = ("key", "type", "name", "options")

Ids = Mapping[str, int]


async def load_salon(
    source: Database | Connection, *, salon_id: int | None = None, slug: str | None = None
) -> SalonProfile:
    """The salon of that id or slug as last imported; raises `NotFound`. One query."""
    if isinstance(source, Database):
        async with source.connection() as connection:
            return await load_salon(connection, salon_id=salon_id, slug=slug)
    row = await (await source.execute(_LOAD, {"id": salon_id, "slug": slug})).fetchone()
    if row is None:
        raise NotFound(f"no salon {slug or salon_id}")
    return _profile(row, schema.SalonFile.model_validate(row["profile"]))


class SalonCache:
    """Salons by id, loaded on first use. An answer from memory asks the database nothing; a caller that knows the
    salon's present revision (from a row it reads anyway) passes it and gets a profile at least as new."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._salons: dict[int, SalonProfile] = {}
        self._salon_of_channel: dict[int, int] = {}
        self._loading = asyncio.Lock()

    async def get(self, salon_id: int, revision: int | None = None) -> SalonProfile:
        """Raises `NotFound`."""
        salon = self._salons.get(salon_id)
        if salon is None or (revision is not None and salon.revision < revision):
            async with self._loading:
                salon = self._salons.get(salon_id)
                if salon is None or (revision is not None and salon.revision < revision):
                    salon = await load_salon(self._database, salon_id=salon_id)
                    self._salons[salon_id] = salon
        return salon

    async def by_channel(self, account_id: int) -> SalonProfile:
        """The salon an account belongs to, also when the account has left the file; raises `NotFound`."""
        if account_id not in self._salon_of_channel:
            async with self._database.connection() as connection:
                row = await (await connection.execute(_SALON_OF_CHANNEL, {"id": account_id})).fetchone()
            if row is None:
                raise NotFound(f"no channel account {account_id}")
            self._salon_of_channel[account_id] = row["salon_id"]
        return await self.get(self._salon_of_channel[account_id])

    async def all(self) -> tuple[SalonProfile, ...]:
        """Every salon in its present revision: one query, plus one for each that is new or has changed."""
        async with self._database.connection() as connection:
            rows = await (await connection.execute(_REVISIONS)).fetchall()
        return tuple([await self.get(row["id"], row["revision"]) for row in rows])


def profile_of_file(file: schema.SalonFile) -> SalonProfile:
    """The salon as its file alone tells it, for whoever needs no database; ids are places in the file."""
    keys = {
        "services": [part.key for part in file.services],
        "specialists": [part.key for part in file.specialists],
        "operators": [part.key for part in file.operators],
        "channels": [part.key for part in file.channels],
    }
    ids = {name: {key: at for at, key in enumerate(of_kind, start=1)} for name, of_kind in keys.items()}
    return _profile({"id": 0, "revision": 0, **ids}, file)


def _profile(row: Mapping[str, Any], file: schema.SalonFile) -> SalonProfile:
    zone = ZoneInfo(file.zone)
    hours = salon_hours(zone, file.hours, exceptions=file.exceptions, holiday_region=file.holidays)
    build = _Builder(file, hours)
    return SalonProfile(
        id=row["id"],
        slug=file.slug,
        revision=row["revision"],
        name=build.text(file.name),
        zone=zone,
        country=file.country,
        language=file.language,
        languages=tuple(dict.fromkeys((file.language, *file.languages))),
        currency=file.currency,
        phone=file.phone,
        addresses=tuple(build.address(part) for part in file.addresses),
        hours=hours,
        services=tuple(build.service(part, row["services"]) for part in file.services),
        specialists=tuple(build.specialist(part, row["specialists"]) for part in file.specialists),
        knowledge=tuple(
            KnowledgeItem(key=part.key, questions=part.ask, answer=build.text(part.answer)) for part in file.knowledge
        ),
        operators=(
            *(
                Operator(id=row["operators"][part.key], key=part.key, name=part.name, role=part.role)
                for part in file.operators
            ),
            *(Operator(**added) for added in row.get("desk_operators", ())),  # in the desk
        ),
        channels=tuple(_channel(part, row["channels"]) for part in file.channels),
        crm=tuple(_crm(part) for part in file.crm),
        texts={key: build.text(text) for key, text in file.texts.items()},
        targets=tuple(_target(part) for part in file.targets),
        escalation=tuple(Rung(role=part.to, times=part.times) for part in file.escalation),
        alerts=tuple(_destination(part) for part in file.alerts),
        booking_horizon_days=file.booking.horizon_days,
        booking_notice_min=file.booking.notice_min,
        slot_step_min=file.booking.slot_step_min,
    )


class _Builder:
    """Parts that are read in the light of the salon's language, currency and hours."""

    def __init__(self, file: schema.SalonFile, hours: OpeningHours) -> None:
        self._file = file
        self._hours = hours
        self._minor = 10 ** get_currency_precision(file.currency)

    def text(self, texts: Mapping[str, str]) -> Localised:
        return Localised(texts, self._file.language)

    def maybe(self, texts: Mapping[str, str] | None) -> Localised | None:
        return None if texts is None else self.text(texts)

    def address(self, part: schema.AddressPart) -> Address:
        return Address(
            key=part.key, text=self.text(part.text), directions=self.maybe(part.directions), phone=part.phone
        )

    def service(self, part: schema.ServicePart, ids: Ids) -> Service:
        price = part.price
        is_range = price is not None and price.high is not None and price.high != price.low
        return Service(
            id=ids[part.key],
            key=part.key,
            name=self.text(part.name),
            aliases=part.also,
            duration_min=part.duration,
            buffer_min=part.buffer,
            price_minor=self._minor_units(price.low) if price else None,
            price_to_minor=self._minor_units(price.high) if price and price.high is not None and is_range else None,
            price_is_from=price is not None and price.high is None,
            description=self.maybe(part.description),
        )

    def specialist(self, part: schema.SpecialistPart, ids: Ids) -> Specialist:
        return Specialist(
            id=ids[part.key],
            key=part.key,
            name=self.text(part.name),
            aliases=part.also,
            title=self.maybe(part.title),
            skills=frozenset(part.skills),
            hours=specialist_hours(
                self._hours,
                part.hours,
                exceptions=part.exceptions,
                time_off=part.time_off,
                holiday_region=self._file.holidays,
            ),
        )

    def _minor_units(self, amount: Decimal) -> int:
        return int(amount * self._minor)


def _channel(part: schema.TelegramChannel | schema.WebchatChannel, ids: Ids) -> ChannelAccount:
    settings, secrets = _settings_and_secrets(part)
    return ChannelAccount(
        id=ids[part.key], key=part.key, kind=part.type, name=part.name, settings=settings, secrets=secrets
    )


def _crm(part: schema.Bitrix24Crm | schema.WebhookCrm) -> CrmAccount:
    settings, secrets = _settings_and_secrets(part)
    if isinstance(part, schema.Bitrix24Crm):
        settings |= part.options.model_dump(exclude_defaults=True)
    return CrmAccount(key=part.key, kind=part.type, settings=settings, secrets=secrets)


def _settings_and_secrets(
    part: BaseModel,
) -> tuple[dict[str, str | int | bool | tuple[str, ...]], dict[str, str]]:
    """Fields ending in `_env` name variables that hold secrets, but for `base_url_env`, whose variable replaces an
    address that is no secret and may be unset."""
    settings: dict[str, str | int | bool | tuple[str, ...]] = {}
    secrets: dict[str, str] = {}
    for name in type(part).model_fields:
        value = getattr(part, name)
        if name in ACCOUNT_FIELDS or value is None:
            continue
        if name.endswith("_env") and name != "base_url_env":
            secrets[name.removesuffix("_env")] = value
        else:
            settings[name] = value
    return settings, secrets


def _target(part: schema.TargetPart) -> Target:
    return Target(
        measure=part.measure,
        seconds=float(part.within),
        goal_share=part.goal,
        working=part.working,
        channel_kind=part.channel,
        category=part.category,
        priority=part.priority,
        warn=part.warn,
        alert=part.alert,
    )


def _destination(part: schema.AlertPart) -> AlertDestination:
    return AlertDestination(
        key=part.key,
        variable=part.url_env,
        kinds=part.kinds,
        roles=part.roles,
        quiet=None if part.quiet is None else quiet_hours(part.quiet),
    )
