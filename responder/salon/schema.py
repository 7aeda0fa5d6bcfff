"""What a salon file may say: one model a part. `docs/salon-file.md` explains every field; a test compares the two.

Adding a channel or a CRM means adding its model here and to the union below; everything else follows.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from responder.salon.fields import (
    Amount,
    Country,
    Currency,
    DateRange,
    Exceptions,
    Fraction,
    Holidays,
    Key,
    Language,
    Minutes,
    Origin,
    Phone,
    Quiet,
    Seconds,
    Share,
    Slug,
    Text,
    Variable,
    WebAddress,
    Week,
    Words,
    Zone,
)

Role = Literal["operator", "administrator", "owner"]


class Part(BaseModel):
    """A mapping of the file: unknown fields are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AddressPart(Part):
    key: Key
    text: Text
    directions: Text | None = None
    phone: Phone | None = None


class PricePart(Part):
    """`price: 1500` is read as from 1500 to 1500; only `from` means "from 1500"."""

    low: Annotated[Amount, Field(alias="from")]
    high: Annotated[Amount | None, Field(alias="to")] = None

    @model_validator(mode="before")
    @classmethod
    def _one_price(cls, value: object) -> object:
        return {"from": value, "to": value} if isinstance(value, str) else value

    @field_validator("high")
    @classmethod
    def _not_below(cls, high: Amount | None, info: object) -> Amount | None:
        low = getattr(info, "data", {}).get("low")
        if high is not None and low is not None and high < low:
            raise ValueError(f"{high} is below `from` ({low})")
        return high


class ServicePart(Part):
    key: Key
    name: Text
    also: tuple[Words, ...] = ()
    duration: Annotated[Minutes, Field(ge=5)]
    buffer: Minutes = 0
    price: PricePart | None = None
    description: Text | None = None


class SpecialistPart(Part):
    key: Key
    name: Text
    also: tuple[Words, ...] = ()
    title: Text | None = None
    skills: Annotated[tuple[str, ...], Field(min_length=1)]
    hours: Week | None = None
    exceptions: Exceptions = {}
    time_off: tuple[DateRange, ...] = ()


class KnowledgePart(Part):
    key: Key
    ask: Annotated[tuple[Words, ...], Field(min_length=1)]
    answer: Text


class OperatorPart(Part):
    key: Key
    name: Words
    role: Role = "operator"


class TelegramChannel(Part):
    key: Key
    type: Literal["telegram"]
    name: Words
    token_env: Variable
    webhook_secret_env: Variable | None = None
    base_url: WebAddress | None = None
    base_url_env: Variable | None = None


class WebchatChannel(Part):
    key: Key
    type: Literal["webchat"]
    name: Words
    site_key: Slug
    origins: Annotated[tuple[Origin, ...], Field(min_length=1)]


ChannelPart = Annotated[TelegramChannel | WebchatChannel, Field(discriminator="type")]


class Bitrix24Options(Part):
    source_id: Words | None = None
    assigned_by_id: Annotated[int, Field(ge=1)] | None = None
    entity_type_id: Annotated[int, Field(ge=1, le=2)] | None = None
    own_fields: bool = True


class Bitrix24Crm(Part):
    key: Key
    type: Literal["bitrix24"]
    url_env: Variable
    options: Bitrix24Options = Bitrix24Options()


class WebhookCrm(Part):
    key: Key
    type: Literal["webhook"]
    url_env: Variable
    secret_env: Variable


CrmPart = Annotated[Bitrix24Crm | WebhookCrm, Field(discriminator="type")]


class TargetPart(Part):
    measure: Literal[
        "first_reply_s",
        "first_useful_s",
        "bot_frt_s",
        "human_frt_s",
        "human_wait_s",
        "resolution_s",
        "booking_confirmed_s",
    ]  # of timing.md
    within: Seconds
    goal: Share = 0.8
    working: bool = False
    channel: str | None = None
    category: Words | None = None
    priority: Literal["normal", "vip"] | None = None
    warn: Fraction = 2 / 3
    alert: bool | None = None


class RungPart(Part):
    to: Role
    times: Annotated[float, Field(ge=1, le=1000, allow_inf_nan=False)]


class AlertPart(Part):
    key: Key
    url_env: Variable
    kinds: Annotated[
        tuple[Literal["warn", "breach", "escalate", "failed", "window", "channel", "crm", "destination"], ...],
        Field(alias="for"),
    ] = ()
    roles: tuple[Role, ...] = ()
    quiet: Quiet | None = None


class BookingPart(Part):
    horizon_days: Annotated[int, Field(ge=1, le=365)] = 60
    notice_min: Minutes = 60
    slot_step_min: Annotated[Minutes, Field(ge=5)] = 30


class SalonFile(Part):
    """A whole file, checked. `model_dump` of it is what the database keeps."""

    slug: Slug
    name: Text
    zone: Zone
    country: Country
    language: Language
    languages: tuple[Language, ...] = ()
    currency: Currency
    phone: Phone | None = None
    addresses: tuple[AddressPart, ...] = ()
    hours: Week
    exceptions: Exceptions = {}
    holidays: Holidays | None = None
    services: tuple[ServicePart, ...] = ()
    specialists: tuple[SpecialistPart, ...] = ()
    knowledge: tuple[KnowledgePart, ...] = ()
    operators: tuple[OperatorPart, ...] = ()
    channels: tuple[ChannelPart, ...] = ()
    crm: tuple[CrmPart, ...] = ()
    texts: dict[str, Text] = {}
    targets: tuple[TargetPart, ...] = ()
    escalation: tuple[RungPart, ...] = (
        RungPart(to="administrator", times=2.0),
        RungPart(to="owner", times=4.0),
    )
    alerts: tuple[AlertPart, ...] = ()
    booking: BookingPart = BookingPart()

    def stored(self) -> dict[str, object]:
        """The checked form as JSON; fields at their defaults are left out, so that new ones change nothing."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
