"""Polling: nothing is confirmed before it was taken, and nothing holds up the rest for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

import pytest

from connectors.contract import CredentialsRefused, Inbound, InboundKind, TransientError
from connectors.messengers.telegram import TelegramMessenger
from connectors.messengers.telegram.polling import Poller, RawUpdate
from connectors.messengers.telegram.updates import inbound_of
from tests.stubs import telegram_updates as updates
from tests.stubs.telegram_api import TelegramStub
from tests.stubs.telegram_updates import Customer

ANNA = Customer(id=4455)


class Telegram:
    """Answers of `getUpdates` by script, then cancellation of the poll; remembers offsets and waits."""

    def __init__(self, *answers: Sequence[RawUpdate] | Exception) -> None:
        self.answers = list(answers)
        self.offsets: list[int | None] = []
        self.waits_s: list[float] = []

    async def ask(self, offset: int | None) -> Sequence[RawUpdate]:
        self.offsets.append(offset)
        if not self.answers:
            raise asyncio.CancelledError
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def sleep(self, seconds: float) -> None:
        self.waits_s.append(seconds)

    async def remove_webhook(self) -> None:
        raise NotImplementedError

    async def polled_by(self, handle: Callable[[Sequence[Inbound]], None]) -> None:
        async def handler(items: Sequence[Inbound]) -> None:
            handle(items)

        poller = Poller(ask=self.ask, read=inbound_of, remove_webhook=self.remove_webhook, sleep=self.sleep)
        with suppress(asyncio.CancelledError):
            await poller.run(handler)


def _said(update_id: int, text: str) -> RawUpdate:
    return {"update_id": update_id, **updates.said(ANNA, text, message_id=update_id, date=1_795_348_800)}


async def test_updates_are_handed_over_together_and_then_confirmed() -> None:
    """A batch goes to the handler in order; the next question confirms it."""
    telegram = Telegram([_said(7, "one"), _said(8, "two")])
    taken: list[str] = []

    await telegram.polled_by(lambda items: taken.extend(item.text for item in items))

    assert (taken, telegram.offsets) == (["one", "two"], [None, 9])


async def test_an_update_nobody_takes_does_not_block_the_rest() -> None:
    """An update that is refused again and again is handed over as UNKNOWN, and the next one follows."""
    telegram = Telegram([_said(7, "poison"), _said(8, "fine")])
    taken: list[tuple[InboundKind, str]] = []

    def handle(items: Sequence[Inbound]) -> None:
        if any(item.text == "poison" for item in items):
            raise ValueError
        taken.extend((item.kind, item.provider_key) for item in items)

    await telegram.polled_by(handle)

    assert taken == [(InboundKind.UNKNOWN, "7"), (InboundKind.MESSAGE, "8")]
    assert telegram.offsets == [None, 9]


async def test_while_the_handler_fails_nothing_is_confirmed_or_set_aside() -> None:
    """When nothing at all can be stored, every update waits, unharmed, for as long as that lasts."""
    telegram = Telegram([_said(7, "Hello")])
    offered: list[Inbound] = []

    def handle(items: Sequence[Inbound]) -> None:
        offered.extend(items)
        if len(offered) < 12:
            raise ConnectionError

    await telegram.polled_by(handle)

    assert (offered[-1].kind, offered[-1].text) == (InboundKind.MESSAGE, "Hello")
    assert telegram.offsets == [None, 8]
    assert len(telegram.waits_s) > 5


async def test_failures_wait_longer_and_longer() -> None:
    """Each failure in a row waits longer, up to about a minute."""
    telegram = Telegram(*[TransientError("down")] * 10)

    await telegram.polled_by(lambda items: None)

    assert telegram.waits_s[0] < 3 < telegram.waits_s[4] < telegram.waits_s[-1] <= 61


async def test_a_named_wait_is_kept() -> None:
    """When Telegram names a wait, it is that long."""
    telegram = Telegram(TransientError("flood", retry_after_s=17.0))

    await telegram.polled_by(lambda items: None)

    assert telegram.waits_s == [17.0]


async def test_a_refused_account_ends_the_poll() -> None:
    """With a refused token asking again cannot help, so the poll ends with the reason."""
    with pytest.raises(CredentialsRefused):
        await Telegram(CredentialsRefused("no")).polled_by(lambda items: None)


async def test_a_webhook_in_the_way_is_removed() -> None:
    """Where a webhook is set, polling removes it without dropping what waits, and begins."""
    taken = asyncio.Queue[str]()

    async def handle(items: Sequence[Inbound]) -> None:
        for item in items:
            taken.put_nowait(item.text)

    async with TelegramStub() as stub:
        messenger = TelegramMessenger(token=stub.token, webhook_secret="secret", base_url=stub.url)
        await messenger.open()
        await messenger.subscribe("https://salon.example/hooks/1")
        polling = asyncio.create_task(messenger.poll(handle))
        await asyncio.wait_for(stub.until_polled(), 10)
        assert stub.webhook is None
        delivery = stub.customer_says(4455, "Hello")

        await asyncio.wait_for(delivery.confirmed(), 10)

        polling.cancel()
        with suppress(asyncio.CancelledError):
            await polling
        await messenger.close()
    assert taken.get_nowait() == "Hello"
