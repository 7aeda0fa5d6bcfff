"""A salon as everything else sees it: one frozen value made from the imported file and the ids of its rows.

A turn gets this value and needs no further look-up. It never holds credentials: a channel account names the
environment variables that do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from zoneinfo import ZoneInfo

from responder.hours import OpeningHours


@dataclass(frozen=True, slots=True)
class Localised:
    """A text by language; `default` is the salon's own language."""

    by_language: Mapping[str, str]
    default: str

    def to(self, language: str) -> str:
        """The text in `language`, else in the salon's language, else in whichever there is; "" when there is none."""
        texts = self.by_language
        return texts.get(language) or texts.get(self.default) or next(iter(texts.values()), "")

    def every(self) -> tuple[str, ...]:
        return tuple(self.by_language.values())


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    key: str
    text: Localised
    directions: Localised | None = None  # how to find it, parking
    phone: str | None = None  # E.164


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """`price_minor` in minor units of the salon's currency (kopecks); `price_to_minor` makes it a range."""

    id: int
    key: str
    name: Localised
    aliases: tuple[str, ...] = ()
    duration_min: int
    buffer_min: int = 0
    price_minor: int | None = None
    price_to_minor: int | None = None
    price_is_from: bool = False
    description: Localised | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Specialist:
    """`hours` already lie inside the salon's hours; `skills` are service keys."""

    id: int
    key: str
    name: Localised
    aliases: tuple[str, ...] = ()
    title: Localised | None = None
    skills: frozenset[str]
    hours: OpeningHours


@dataclass(frozen=True, kw_only=True, slots=True)
class KnowledgeItem:
    """A question the salon answers itself; `questions` are ways people ask it, in any language."""

    key: str
    questions: tuple[str, ...]
    answer: Localised


@dataclass(frozen=True, kw_only=True, slots=True)
class Operator:
    id: int
    key: str
    name: str
    role: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelAccount:
    """`settings` hold plain options (base address override, origins...), `secrets` map an option to the name of the
    environment variable that holds it."""

    id: int
    key: str
    kind: str  # connectors.contract.ChannelKind value
    name: str
    settings: Mapping[str, str | int | bool | tuple[str, ...]] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class CrmAccount:
    key: str
    kind: str  # "bitrix24", "webhook"
    settings: Mapping[str, str | int | bool | tuple[str, ...]] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """`goal_share` of enquiries must have `measure` at most `seconds`; None selects everything.

    `warn` is the part of `seconds` after which it is said that the target is about to be missed; `alert` whether misses
    are told enquiry by enquiry (None: as is usual for the measure).
    """

    measure: str  # a name of timing.md, or `booking_confirmed_s`
    seconds: float
    goal_share: float = 0.8
    working: bool = False
    channel_kind: str | None = None
    category: str | None = None
    priority: str | None = None
    warn: float = 2 / 3
    alert: bool | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Rung:
    """A step of the ladder: after so many `times` the target, a wait is told to `role`."""

    role: str
    times: float


LADDER = (Rung(role="administrator", times=2.0), Rung(role="owner", times=4.0))


@dataclass(frozen=True, kw_only=True, slots=True)
class AlertDestination:
    """Where alerts go outside the product. `variable` names the environment variable that holds the address;
    `kinds` and `roles` choose (empty: all); between the local times `quiet` only what cannot wait is sent."""

    key: str
    variable: str
    kinds: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    quiet: tuple[time, time] | None = None


@dataclass(frozen=True, kw_only=True)
class SalonProfile:
    id: int
    slug: str
    revision: int
    name: Localised
    zone: ZoneInfo
    country: str  # ISO 3166 alpha-2, for phones and holidays
    language: str
    languages: tuple[str, ...]
    currency: str
    phone: str | None
    addresses: tuple[Address, ...]
    hours: OpeningHours
    services: tuple[Service, ...]
    specialists: tuple[Specialist, ...]
    knowledge: tuple[KnowledgeItem, ...]
    operators: tuple[Operator, ...]
    channels: tuple[ChannelAccount, ...]
    crm: tuple[CrmAccount, ...]
    texts: Mapping[str, Localised]  # phrases of prompts/<language>/phrases.yaml replaced by the salon
    targets: tuple[Target, ...]
    escalation: tuple[Rung, ...] = LADDER
    alerts: tuple[AlertDestination, ...] = ()
    booking_horizon_days: int = 60
    booking_notice_min: int = 60  # a visit may start no sooner than this from now
    slot_step_min: int = 30

    def service(self, key: str | None) -> Service | None:
        return next((service for service in self.services if service.key == key), None)

    def specialist(self, key: str | None) -> Specialist | None:
        return next((specialist for specialist in self.specialists if specialist.key == key), None)

    def specialists_for(self, *service_keys: str) -> tuple[Specialist, ...]:
        """Who can do all of these."""
        return tuple(specialist for specialist in self.specialists if specialist.skills.issuperset(service_keys))

    def channel(self, account_id: int) -> ChannelAccount | None:
        return next((account for account in self.channels if account.id == account_id), None)
