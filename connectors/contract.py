"""What every connector gives and takes: the only words Responder and other people's systems share.

In: raw webhook requests and polled updates. Out: `Inbound` values, sent `Outbound` values with a `Receipt`, or one of
the errors below. A connector never imports `responder`, never stores anything and never decides anything.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

# Errors, by what happens next:
#
#   ConnectorError
#   +-- TransientError            the same call may succeed later (`retry_after_s` when the other side said when)
#   |   +-- OutcomeUnknown        the call may have succeeded already; resolve before repeating
#   +-- PermanentError            repeating cannot help; shown to staff
#   |   +-- RecipientUnreachable  this person blocked us or never started the chat
#   |   +-- CredentialsRefused    token, webhook or rights are wrong: every call of this account will fail
#   +-- RejectedRequest           an incoming request we refuse (`status` is the HTTP answer)
#       +-- Unauthentic           it does not prove who sent it
#       +-- Malformed             it is authentic, and not in the documented form


class ConnectorError(Exception):
    """Root of everything a connector raises; `str()` is safe to show and log (no secrets, no message text)."""


class TransientError(ConnectorError):
    """The call failed and may succeed later; `retry_after_s` is set when the other side named a wait in seconds."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class OutcomeUnknown(TransientError):
    """The request left us and no answer came: it may or may not have been carried out."""


class PermanentError(ConnectorError):
    """Repeating the call cannot help; `code` is the other side's own code when it gave one."""

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code


class RecipientUnreachable(PermanentError):
    """This person cannot be written to (blocked, deactivated, never started the chat)."""


class CredentialsRefused(PermanentError):
    """The account itself is refused: no call will work until somebody mends the settings."""


class RejectedRequest(ConnectorError):
    """An incoming request that is not accepted; `status` is the HTTP status to answer with."""

    status = 400


class Unauthentic(RejectedRequest):
    """The request does not prove who sent it; nothing of it may be stored."""

    status = 401


class Malformed(RejectedRequest):
    """The request is authentic and its body is not in the documented form."""

    status = 400


# How large the parts of an `Inbound` may be, in characters unless said otherwise. What lies beyond is not in any
# messenger's documented form: the item is then kept as UNKNOWN, or the part is cut and `raw` keeps the whole.
KEY_LIMIT = 512  # provider_key, thread_key, provider_message_id, reply_to, press_id; four bytes each fit an index row
PAYLOAD_LIMIT = 1024
PHONE_LIMIT = 64
TEXT_LIMIT = 32_768  # cut
NAME_LIMIT = 256  # cut: names of people and files, marks of a source
ADDRESS_LIMIT = 2048  # cut: web addresses of a source; references to attachments
ATTACHMENTS_LIMIT = 64  # the rest is left out
MARKS_LIMIT = 12  # utm marks or click ids; the rest is left out
ORDER_KEY_LIMIT = 2**63  # below it, and not below its negative


class ChannelKind(StrEnum):
    """Kinds of channel account; the value is what the salon file and the database say."""

    TELEGRAM = "telegram"
    WEBCHAT = "webchat"
    WHATSAPP = "whatsapp"
    INSTAGRAM = "instagram"
    VK = "vk"
    MAX = "max"
    EMAIL = "email"


class InboundKind(StrEnum):
    """What an inbound item is; only the first three can open an enquiry or be answered."""

    MESSAGE = "message"  # text, contact card or attachments from the customer
    PRESSED = "pressed"  # the customer pressed a button of ours (`payload`)
    STARTED = "started"  # the customer opened the chat (deep link, start button) and may have said nothing
    EDITED = "edited"  # `provider_message_id` names the message, `text` is its new text
    DELETED = "deleted"  # `provider_message_id` names the message
    ECHO = "echo"  # staff wrote in the messenger's own app: an outbound message of a person
    STATUS = "status"  # delivered / read / failed of a message of ours
    BLOCKED = "blocked"  # the customer blocked us
    UNBLOCKED = "unblocked"
    UNKNOWN = "unknown"  # authentic and not understood: kept raw


class AttachmentKind(StrEnum):
    PHOTO = "photo"
    VOICE = "voice"
    AUDIO = "audio"
    VIDEO = "video"
    DOCUMENT = "document"
    STICKER = "sticker"
    LOCATION = "location"
    OTHER = "other"


class DeliveryStatus(StrEnum):
    """Ranked: a later status never takes an earlier one back (sent < failed < delivered < read)."""

    SENT = "sent"
    FAILED = "failed"
    DELIVERED = "delivered"
    READ = "read"


@dataclass(frozen=True, kw_only=True, slots=True)
class Attachment:
    """A file the customer sent, by reference; `provider_id` is what `Messenger.fetch` takes."""

    kind: AttachmentKind
    provider_id: str
    mime_type: str | None = None
    size_bytes: int | None = None
    duration_s: float | None = None
    name: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ContactCard:
    """A contact card. `is_own` only where the messenger vouches that the number belongs to the sender."""

    phone: str
    name: str | None = None
    is_own: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """Where the customer came from: deep-link payload, ad referral, utm marks, click ids, page address."""

    ref: str | None = None
    utm: Mapping[str, str] = field(default_factory=dict)  # source, medium, campaign, content, term
    click_ids: Mapping[str, str] = field(default_factory=dict)
    page_url: str | None = None
    referrer: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Inbound:
    """One thing that happened in a channel.

    `provider_key` is unique inside the channel account and the same on every redelivery. `thread_key` names the
    customer's identity in the account and is what `Outbound.thread_key` takes. `order_key` orders items of a thread
    where times tie. `sent_at` is the messenger's own time, aware UTC, or None when it gives none;
    `sent_at_resolution_s` is its grain. The limits above hold for what can be stored as it is.
    """

    kind: InboundKind
    provider_key: str
    thread_key: str
    provider_message_id: str | None = None
    text: str = ""
    payload: str | None = None  # of the pressed button, or of the deep link when STARTED
    sent_at: datetime | None = None
    sent_at_resolution_s: float = 1.0
    order_key: int = 0
    sender_name: str | None = None
    sender_username: str | None = None
    language: str | None = None  # BCP 47 primary tag, lower case
    contact: ContactCard | None = None
    attachments: Sequence[Attachment] = ()
    source: Source | None = None
    reply_to: str | None = None
    press_id: str | None = None  # what `Messenger.acknowledge_press` takes
    status: DeliveryStatus | None = None
    failure: str | None = None
    raw: Mapping[str, Any] = field(default_factory=dict)  # as received; vendor-shaped, never read by responder


@dataclass(frozen=True, kw_only=True, slots=True)
class Button:
    """A quick reply. `payload` comes back in `Inbound.payload`; where a channel has no payloads the label comes back
    as text, so labels must be understandable on their own."""

    label: str
    payload: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Outbound:
    """One message to a customer. `idempotency_key` is ours, stable over retries; channels that can, pass it on."""

    thread_key: str
    text: str
    idempotency_key: str
    buttons: Sequence[Button] = ()
    ask_contact: str | None = None  # label of a "share my phone" button, where `Capabilities.can_ask_contact`
    reply_to: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """The messenger accepted a message. `accepted_at` is its own time where it gives one with sub-second grain."""

    provider_message_id: str
    accepted_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Capabilities:
    """What a channel can do, so that nothing above asks which channel it is."""

    text_limit: int
    max_buttons: int = 0
    button_label_limit: int = 20
    button_payload_limit_bytes: int = 64
    can_ask_contact: bool = False
    has_typing: bool = False
    typing_lasts_s: float = 5.0
    has_delivered: bool = False
    has_read: bool = False
    send_is_idempotent: bool = False  # the same idempotency_key twice reaches the customer once
    reply_window_s: float | None = None  # free-form replies allowed this long after the customer's last message
    min_interval_s: float = 0.0  # between two messages to one customer
    can_poll: bool = False
    sent_at_resolution_s: float = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class RawRequest:
    """An HTTP request as it arrived: header names in lower case, the body untouched."""

    method: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookResult:
    """What a request held, and the answer the messenger expects once everything in it is stored."""

    items: Sequence[Inbound]
    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain"


InboundHandler = Callable[[Sequence[Inbound]], Awaitable[None]]


@runtime_checkable
class Messenger(Protocol):
    """One account of one channel. Made once, used from many tasks at once, closed once."""

    kind: ChannelKind
    capabilities: Capabilities

    async def open(self) -> None:
        """Make clients. Must not fail because the other side is down."""

    async def close(self) -> None:
        """Release everything `open` made; harmless twice."""

    def admit(self, headers: Mapping[str, str]) -> None:
        """Look at a webhook request before its body is read: raises `Unauthentic` when the headers alone show that it
        does not come from the messenger. Does nothing where only the body's signature proves it; `receive` decides."""

    def receive(self, request: RawRequest) -> WebhookResult:
        """Authenticate and parse one webhook request; raises `Unauthentic` or `Malformed`, touches no network."""

    async def send(self, message: Outbound) -> Receipt:
        """Send one message within `capabilities.text_limit`; raises `TransientError`, `OutcomeUnknown` or
        `PermanentError` (and their children), never anything of the vendor's library."""

    async def show_typing(self, thread_key: str) -> None:
        """Best effort; never raises a `ConnectorError`."""

    async def acknowledge_press(self, press_id: str) -> None:
        """Best effort; tells the messenger that a button press was seen."""

    async def fetch(self, attachment_id: str) -> bytes:
        """The bytes of an attachment."""

    async def probe(self) -> str:
        """One cheap call that proves the credentials; returns what the other side calls this account."""


@runtime_checkable
class Subscribing(Protocol):
    """A messenger that must be told where to post updates."""

    async def subscribe(self, url: str) -> None:
        """Register our webhook address (https)."""


@runtime_checkable
class Polling(Protocol):
    """A messenger that can be asked for updates where no public address exists."""

    async def poll(self, handle: InboundHandler) -> None:
        """Run until cancelled. An item is confirmed to the messenger only after `handle` returned."""


# --- CRM ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class LeadCard:
    """A lead as a CRM sees it. `origin_id` is stable for ever and is how a repeat is recognised."""

    origin_id: str
    title: str
    name: str | None
    phone: str | None  # E.164
    service: str | None
    specialist: str | None
    starts_at: datetime | None  # of the appointment, in the salon's zone
    is_booked: bool
    visit_state: str | None = None  # "held", "booked", "cancelled", "expired", "came", "no_show"; None: no visit yet
    wish: str | None  # the time asked for, in words, when nothing is booked yet
    channel: str
    source: Source
    transcript_url: str | None
    salon: str
    timing: Mapping[str, str | float | bool | None]  # received_at, first_response_at (ISO 8601), auto_reply, *_s
    comment: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class CrmReceipt:
    """Where the lead is now; `created` is False when it was there already."""

    crm_id: str
    created: bool
    url: str | None = None


@runtime_checkable
class Crm(Protocol):
    """One CRM account."""

    kind: str

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def put_lead(self, lead: LeadCard, *, crm_id: str | None = None) -> CrmReceipt:
        """Create the lead or, when `crm_id` or its origin id is known there, bring it up to date. Looks up before
        creating, so that repeating after a lost answer makes no second lead. Raises `TransientError`,
        `OutcomeUnknown` or `PermanentError`."""

    async def probe(self) -> str:
        """One cheap call that proves the credentials."""


# --- telling staff -------------------------------------------------------------------------------------------------


@runtime_checkable
class Notifier(Protocol):
    """One place outside where staff are told something."""

    async def notify(self, title: str, body: str, *, is_critical: bool = False) -> None:
        """Plain text, taken when this returns. Raises `TransientError` with the reason, without the address."""
