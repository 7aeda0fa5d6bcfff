"""The messengers under contract: for each, how to set it up against its stub, speak its wire, cause trouble and look
at what reached the customer.

To add a messenger, write a class with the members of `MessengerRig`, an async context manager that makes it, and a line
in `MESSENGER_RIGS`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

import orjson

from connectors.contract import (
    CredentialsRefused,
    Inbound,
    InboundKind,
    Messenger,
    OutcomeUnknown,
    PermanentError,
    RawRequest,
    RecipientUnreachable,
    TransientError,
)
from connectors.fake import SECRET_HEADER as FAKE_HEADER
from connectors.fake import FakeMessenger
from connectors.messengers.telegram import SECRET_HEADER as TELEGRAM_HEADER
from connectors.messengers.telegram import TelegramMessenger
from connectors.messengers.webchat import VISITOR_HEADER, WebChatMessenger, visitor_request
from tests.contracts.troubles import RETRY_AFTER_S, Trouble
from tests.stubs import telegram_updates
from tests.stubs.telegram_api import ANY_METHOD, TelegramStub

NOON = 1_795_348_800  # 2026-11-22 12:00 UTC


class MessengerRig(Protocol):
    @property
    def messenger(self) -> Messenger:
        """Opened, with time-outs short enough that a hanging stub costs a test well under a second."""

    @property
    def secrets(self) -> Sequence[str]:
        """Never to be seen in an error."""

    @property
    def thread_key(self) -> str:
        """A customer who can be written to, and who says what `body` makes."""

    def body(self, text: str, *, number: int) -> bytes:
        """The webhook body of one text message of the customer; the same number is the same message again."""

    def signed(self, body: bytes) -> RawRequest:
        """A request with this body that proves its sender."""

    def forged(self, body: bytes) -> Sequence[RawRequest]:
        """Requests with this body that do not."""

    async def cause(self, trouble: Trouble) -> None:
        """Let the next call meet this trouble, whatever call it is."""

    async def recover(self) -> None:
        """End the trouble."""

    async def accepted(self) -> Sequence[str]:
        """Texts that reached the customer, oldest first."""

    async def say_to_poller(self, text: str) -> None:
        """Let the customer say something that `poll` will find; only where `Capabilities.can_poll`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MessengerRigKind:
    """How to make a rig, and what it can show."""

    make: Callable[[], AbstractAsyncContextManager[MessengerRig]]
    troubles: frozenset[Trouble]
    can_poll: bool
    shows_sent: bool = True  # False where what was sent cannot be seen from outside


class FakeRig:
    secrets = ("fake-secret-in-the-rig",)
    thread_key = "customer-1"

    def __init__(self) -> None:
        self.messenger = FakeMessenger(secret=self.secrets[0])

    def body(self, text: str, *, number: int) -> bytes:
        return orjson.dumps({"items": [{"key": number, "thread": self.thread_key, "text": text, "sent_at": NOON}]})

    def signed(self, body: bytes) -> RawRequest:
        return _posted({FAKE_HEADER: self.secrets[0]}, body)

    def forged(self, body: bytes) -> Sequence[RawRequest]:
        return _forged(FAKE_HEADER, body)

    async def cause(self, trouble: Trouble) -> None:
        match trouble:
            case Trouble.BUSY:
                self.messenger.fail_next(TransientError("busy", retry_after_s=RETRY_AFTER_S))
            case Trouble.DOWN:
                self.messenger.fail_next(TransientError("down"))
            case Trouble.ANSWER_LOST:
                self.messenger.fail_next(OutcomeUnknown("no answer"), is_delivered=True)
            case Trouble.REFUSED:
                self.messenger.fail_next(CredentialsRefused("refused"))
            case Trouble.UNREACHABLE:
                self.messenger.fail_next(RecipientUnreachable("blocked"))
            case Trouble.REJECTED:
                self.messenger.fail_next(PermanentError("rejected"))
            case _:
                raise NotImplementedError(trouble)

    async def recover(self) -> None:
        """A trouble of the fake ends by itself."""

    async def accepted(self) -> Sequence[str]:
        return self.messenger.texts_to(self.thread_key)

    async def say_to_poller(self, text: str) -> None:
        self.messenger.post(
            Inbound(kind=InboundKind.MESSAGE, provider_key="polled", thread_key=self.thread_key, text=text)
        )


@asynccontextmanager
async def fake_rig() -> AsyncIterator[MessengerRig]:
    rig = FakeRig()
    await rig.messenger.open()
    yield rig
    await rig.messenger.close()


class TelegramRig:
    secrets = ("1:token-in-the-rig", "webhook-secret-in-the-rig")
    thread_key = "4455"

    def __init__(self, stub: TelegramStub) -> None:
        self._stub = stub
        self._customer = stub.customer(int(self.thread_key))
        self.messenger = self._made(read_timeout_s=10.0)

    def body(self, text: str, *, number: int) -> bytes:
        said = telegram_updates.said(self._customer, text, message_id=number, date=NOON)
        return orjson.dumps({"update_id": 700_000_000 + number, **said})

    def signed(self, body: bytes) -> RawRequest:
        return _posted({TELEGRAM_HEADER: self.secrets[1]}, body)

    def forged(self, body: bytes) -> Sequence[RawRequest]:
        return _forged(TELEGRAM_HEADER, body)

    async def cause(self, trouble: Trouble) -> None:
        match trouble:
            case Trouble.BUSY:
                seconds = int(RETRY_AFTER_S)
                said = f"Too Many Requests: retry after {seconds}"
                self._stub.fail_next(429, description=said, retry_after_s=seconds, method=ANY_METHOD)
            case Trouble.DOWN:
                self._stub.fail_next(502, body=b"<html>Bad Gateway</html>", method=ANY_METHOD)
            case Trouble.HANGS:
                await self.messenger.close()
                self.messenger = self._made(read_timeout_s=0.05)  # impatient only where nothing will come
                await self.messenger.open()
                self._stub.hang_next(method=ANY_METHOD)
            case Trouble.ANSWER_LOST:
                self._stub.lose_answer_next(method=ANY_METHOD)
            case Trouble.GARBLED:
                self._stub.fail_next(200, body=b'{"ok": true, "resu', method=ANY_METHOD)
            case Trouble.NOT_LISTENING:
                await self._stub.go_down()
            case Trouble.REFUSED:
                # The page of a proxy that quotes the address, and with it the token.
                page = f"<p>/bot{self.secrets[0]}/sendMessage was not found</p>".encode()
                self._stub.fail_next(404, body=page, method=ANY_METHOD)
            case Trouble.UNREACHABLE:
                self._stub.customer_blocks(int(self.thread_key))
            case Trouble.REJECTED:
                self._stub.fail_next(400, description="Bad Request: message is too long", method=ANY_METHOD)

    async def recover(self) -> None:
        await self._stub.go_down()
        await self._stub.come_back()

    async def accepted(self) -> Sequence[str]:
        return [sent.text for sent in self._stub.sent(int(self.thread_key))]

    async def say_to_poller(self, text: str) -> None:
        self._stub.customer_says(int(self.thread_key), text)

    def _made(self, *, read_timeout_s: float) -> TelegramMessenger:
        token, secret = self.secrets
        return TelegramMessenger(
            token=token, webhook_secret=secret, base_url=self._stub.url, read_timeout_s=read_timeout_s
        )


@asynccontextmanager
async def telegram_rig() -> AsyncIterator[MessengerRig]:
    async with TelegramStub(token=TelegramRig.secrets[0]) as stub:
        rig = TelegramRig(stub)
        await rig.messenger.open()
        yield rig
        await rig.messenger.close()


class WebChatRig:
    secrets: Sequence[str] = ()
    thread_key = "visitor-1"

    def __init__(self) -> None:
        self._published: list[Mapping[str, object]] = []
        self.messenger = WebChatMessenger(publish=self._publish)

    def body(self, text: str, *, number: int) -> bytes:
        return orjson.dumps({"client_message_id": f"message-{number}", "text": text})

    def signed(self, body: bytes) -> RawRequest:
        return visitor_request(self.thread_key, body)

    def forged(self, body: bytes) -> Sequence[RawRequest]:
        return [_posted({}, body), _posted({VISITOR_HEADER: ""}, body)]

    async def cause(self, trouble: Trouble) -> None:
        raise NotImplementedError(trouble)

    async def recover(self) -> None:
        """Nothing is outside that could fail."""

    async def accepted(self) -> Sequence[str]:
        raise NotImplementedError("the page reads the stored message")

    async def say_to_poller(self, text: str) -> None:
        raise NotImplementedError("it cannot be polled")

    async def _publish(self, thread_key: str, event: Mapping[str, object]) -> None:
        self._published.append(event)


@asynccontextmanager
async def webchat_rig() -> AsyncIterator[MessengerRig]:
    rig = WebChatRig()
    await rig.messenger.open()
    yield rig
    await rig.messenger.close()


MESSENGER_RIGS: dict[str, MessengerRigKind] = {
    "fake": MessengerRigKind(
        make=fake_rig,
        troubles=frozenset(Trouble) - {Trouble.HANGS, Trouble.GARBLED, Trouble.NOT_LISTENING},
        can_poll=True,
    ),
    "telegram": MessengerRigKind(make=telegram_rig, troubles=frozenset(Trouble), can_poll=True),
    "webchat": MessengerRigKind(make=webchat_rig, troubles=frozenset(), can_poll=False, shows_sent=False),
}


def _posted(headers: Mapping[str, str], body: bytes) -> RawRequest:
    return RawRequest(method="POST", headers={"content-type": "application/json", **headers}, query={}, body=body)


def _forged(header: str, body: bytes) -> Sequence[RawRequest]:
    """Without the secret, with an empty, a wrong, a beginning and a not even ASCII one."""
    given = [{}, {header: ""}, {header: "wrong"}, {header: "webhook-secret-in-the-ri"}, {header: "секрет\udcff"}]
    return [_posted(headers, body) for headers in given]
