"""In-memory twins of a messenger and a CRM, for tests, trials and `responder chat`.

They keep the same contract as the real connectors (the same contract tests run against them), touch no network, and do
on demand what the real ones do on a bad day: refuse, hang up after the work was done, ask to wait. They must never be
named in a salon file of a real salon.
"""

from __future__ import annotations

import asyncio
import hmac
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from connectors.contract import (
    Capabilities,
    ChannelKind,
    ConnectorError,
    CrmReceipt,
    Inbound,
    InboundHandler,
    InboundKind,
    LeadCard,
    Malformed,
    Outbound,
    PermanentError,
    RawRequest,
    Receipt,
    Source,
    TransientError,
    Unauthentic,
    WebhookResult,
)
from connectors.json_body import read_object

SECRET_HEADER = "x-fake-secret"  # noqa: S105  the name of a header

FAKE_CAPABILITIES = Capabilities(
    text_limit=4096,
    max_buttons=12,
    button_label_limit=40,
    can_ask_contact=True,
    has_typing=True,
    can_poll=True,
)


class _Failures:
    """The errors that the next calls will raise, in order."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[ConnectorError, bool]] = deque()

    def add(self, error: ConnectorError, *, times: int, is_done: bool) -> None:
        self._waiting.extend([(error, is_done)] * times)

    def take(self) -> tuple[ConnectorError | None, bool]:
        return self._waiting.popleft() if self._waiting else (None, True)


@dataclass(frozen=True, kw_only=True, slots=True)
class SentMessage:
    """A message that reached the customer of a `FakeMessenger`, and the receipt that was given for it."""

    message: Outbound
    receipt: Receipt


class FakeMessenger:
    """A messenger that lives in this process.

    `sent` is what the customers received, in order. Inbound comes through `receive` (make the request with
    `request_of`) or through `poll` (put items there with `post`). With `Capabilities.send_is_idempotent` the same
    idempotency key twice reaches the customer once and gets the first receipt again.
    """

    def __init__(
        self,
        *,
        kind: ChannelKind = ChannelKind.TELEGRAM,
        capabilities: Capabilities = FAKE_CAPABILITIES,
        secret: str = "fake-secret",  # noqa: S107  nothing real is behind it
    ) -> None:
        self.kind = kind
        self.capabilities = capabilities
        self.sent: list[SentMessage] = []
        self.typing_in: list[str] = []
        self.acknowledged: list[str] = []
        self.attachments: dict[str, bytes] = {}
        self.subscribed_to: str | None = None
        self.is_open = False
        self._secret = secret
        self._failures = _Failures()
        self._receipts: dict[str, Receipt] = {}
        self._polled: asyncio.Queue[Inbound] = asyncio.Queue()

    def fail_next(self, error: ConnectorError, *, times: int = 1, is_delivered: bool = False) -> None:
        """Make the next `times` sends raise `error`; with `is_delivered` the customer gets the message all the same,
        which is what a lost answer looks like."""
        self._failures.add(error, times=times, is_done=is_delivered)

    def texts_to(self, thread_key: str) -> list[str]:
        """What the customer of this thread has received, oldest first."""
        return [sent.message.text for sent in self.sent if sent.message.thread_key == thread_key]

    def post(self, *items: Inbound) -> None:
        """Let `poll` find these items."""
        for item in items:
            self._polled.put_nowait(item)

    async def all_handled(self) -> None:
        """Return when `poll` has handed over everything that was posted."""
        await self._polled.join()

    def request_of(self, *items: Mapping[str, Any], secret: str | None = None) -> RawRequest:
        """A webhook request with these items: mappings with `key`, `thread` and, when wanted, `text`, `kind`,
        `payload`, `ref`, `name`, `language` and `sent_at` (Unix seconds)."""
        return RawRequest(
            method="POST",
            headers={SECRET_HEADER: self._secret if secret is None else secret, "content-type": "application/json"},
            query={},
            body=orjson.dumps({"items": items}),
        )

    # --- Messenger

    async def open(self) -> None:
        self.is_open = True

    async def close(self) -> None:
        self.is_open = False

    def admit(self, headers: Mapping[str, str]) -> None:
        given = headers.get(SECRET_HEADER, "").encode("utf-8", "replace")
        if not hmac.compare_digest(given, self._secret.encode()):
            raise Unauthentic("the secret header is missing or wrong")

    def receive(self, request: RawRequest) -> WebhookResult:
        self.admit(request.headers)
        try:
            items = read_object(request.body)["items"]
            return WebhookResult(items=[_inbound(item) for item in items])
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, OSError) as error:
            raise Malformed("the body is not a list of items") from error

    async def send(self, message: Outbound) -> Receipt:
        if not self.is_open:
            raise TransientError("the messenger is closed")
        if len(message.text) > self.capabilities.text_limit or not message.text.strip():
            raise PermanentError("the text is empty or longer than the limit")
        error, is_delivered = self._failures.take()
        receipt = self._deliver(message) if is_delivered else None
        if error is not None or receipt is None:
            raise error or TransientError("told to fail")
        return receipt

    async def show_typing(self, thread_key: str) -> None:
        self.typing_in.append(thread_key)

    async def acknowledge_press(self, press_id: str) -> None:
        self.acknowledged.append(press_id)

    async def fetch(self, attachment_id: str) -> bytes:
        try:
            return self.attachments[attachment_id]
        except KeyError as error:
            raise PermanentError("no such attachment") from error

    async def probe(self) -> str:
        return f"fake {self.kind}"

    # --- Subscribing, Polling

    async def subscribe(self, url: str) -> None:
        self.subscribed_to = url

    async def poll(self, handle: InboundHandler) -> None:
        while True:
            item = await self._polled.get()
            while True:
                try:
                    await handle([item])
                    break
                except Exception:  # offered again until it is taken, as the real ones do
                    await asyncio.sleep(0)
            self._polled.task_done()

    def _deliver(self, message: Outbound) -> Receipt:
        known = self._receipts.get(message.idempotency_key) if self.capabilities.send_is_idempotent else None
        if known is not None:
            return known
        receipt = Receipt(provider_message_id=f"{message.thread_key}:{len(self.sent) + 1}")
        self._receipts[message.idempotency_key] = receipt
        self.sent.append(SentMessage(message=message, receipt=receipt))
        return receipt


class FakeCrm:
    """A CRM that lives in this process; `leads` maps its ids to the cards as they are now."""

    kind = "fake"

    def __init__(self) -> None:
        self.leads: dict[str, LeadCard] = {}
        self.calls = 0
        self.is_open = False
        self._failures = _Failures()

    def fail_next(self, error: ConnectorError, *, times: int = 1, is_stored: bool = False) -> None:
        """Make the next `times` calls raise `error`; with `is_stored` the lead is kept all the same, which is what a
        lost answer looks like."""
        self._failures.add(error, times=times, is_done=is_stored)

    async def open(self) -> None:
        self.is_open = True

    async def close(self) -> None:
        self.is_open = False

    async def put_lead(self, lead: LeadCard, *, crm_id: str | None = None) -> CrmReceipt:
        if not self.is_open:
            raise TransientError("the CRM is closed")
        self.calls += 1
        error, is_stored = self._failures.take()
        receipt = self._store(lead, crm_id=crm_id) if is_stored else None
        if error is not None or receipt is None:
            raise error or TransientError("told to fail")
        return receipt

    async def probe(self) -> str:
        return "fake CRM"

    def _store(self, lead: LeadCard, *, crm_id: str | None) -> CrmReceipt:
        by_origin = (known for known, card in self.leads.items() if card.origin_id == lead.origin_id)
        known = crm_id if crm_id in self.leads else next(by_origin, None)
        new = known or str(len(self.leads) + 1)
        self.leads[new] = lead
        return CrmReceipt(crm_id=new, created=known is None, url=f"fake://leads/{new}")


def _inbound(item: Mapping[str, Any]) -> Inbound:
    kind = InboundKind(item.get("kind", InboundKind.MESSAGE))
    ref, sent_at = item.get("ref"), item.get("sent_at")
    key = str(item["key"])
    return Inbound(
        kind=kind,
        provider_key=key,
        thread_key=str(item["thread"]),
        provider_message_id=key,
        text=_text(item.get("text", "")),
        payload=item.get("payload"),
        sent_at=None if sent_at is None else datetime.fromtimestamp(sent_at, UTC),
        sender_name=item.get("name"),
        language=item.get("language"),
        source=Source(ref=_text(ref)) if ref is not None else None,
        raw=item,
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("text expected")
    return value
