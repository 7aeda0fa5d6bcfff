"""The one suite every `Messenger` passes: what comes in is authentic and storable, what goes out arrives or is told to
have failed in the contract's own words."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from connectors.contract import (
    Button,
    ConnectorError,
    CredentialsRefused,
    Inbound,
    InboundKind,
    Malformed,
    Messenger,
    Outbound,
    OutcomeUnknown,
    PermanentError,
    Polling,
    RawRequest,
    RecipientUnreachable,
    RejectedRequest,
    TransientError,
    Unauthentic,
)
from tests.contracts.hostile import hostile_variants, is_well_typed, strings_in
from tests.contracts.rigs import MESSENGER_RIGS, MessengerRig
from tests.contracts.troubles import RETRY_AFTER_S, Trouble

NAUGHTY_STRINGS = Path(__file__).parents[3] / "shared" / "data" / "naughty_strings.json"


def _rigs_with(*troubles: Trouble) -> list[object]:
    """Every rig that can cause one of these troubles, once for each."""
    return [
        pytest.param((name, trouble), id=f"{name}-{trouble}")
        for name, kind in MESSENGER_RIGS.items()
        for trouble in troubles
        if trouble in kind.troubles
    ]


SHOWING = [name for name, kind in MESSENGER_RIGS.items() if kind.shows_sent]
POLLING = [name for name, kind in MESSENGER_RIGS.items() if kind.can_poll]


@pytest.fixture(params=list(MESSENGER_RIGS))
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[MessengerRig]:
    async with MESSENGER_RIGS[request.param].make() as rig:
        yield rig


@pytest.fixture
async def troubled(request: pytest.FixtureRequest) -> AsyncIterator[MessengerRig]:
    """A rig whose next call meets the trouble named by the test."""
    name, trouble = request.param
    async with MESSENGER_RIGS[name].make() as rig:
        await rig.cause(trouble)
        yield rig


def _received(rig: MessengerRig, text: str, *, number: int = 1) -> Inbound:
    (item,) = rig.messenger.receive(rig.signed(rig.body(text, number=number))).items
    return item


def _outbound(rig: MessengerRig, text: str = "10:30 or 12:00?", **fields: Any) -> Outbound:
    return replace(Outbound(thread_key=rig.thread_key, text=text, idempotency_key="reply-1"), **fields)


async def test_it_is_a_messenger(rig: MessengerRig) -> None:
    """A connector has every member of the port, and can be polled exactly when it says so."""
    assert isinstance(rig.messenger, Messenger)
    assert isinstance(rig.messenger, Polling) == rig.messenger.capabilities.can_poll


# --- in


async def test_a_message_is_received(rig: MessengerRig) -> None:
    """An authentic text message is one MESSAGE of its customer, to be answered with a 2xx."""
    result = rig.messenger.receive(rig.signed(rig.body("How much is a haircut?", number=1)))

    (item,) = result.items
    assert (item.kind, item.thread_key, item.text) == (InboundKind.MESSAGE, rig.thread_key, "How much is a haircut?")
    assert 200 <= result.status < 300


async def test_a_redelivery_has_the_same_key(rig: MessengerRig) -> None:
    """`provider_key` is the same on every delivery of a message and another for another message with the same text."""
    first, again, other = (_received(rig, "Hello", number=number).provider_key for number in (1, 1, 2))

    assert first == again != other


async def test_its_time_is_aware_utc_or_absent(rig: MessengerRig) -> None:
    """`sent_at` is aware and in UTC, or None where the messenger gives no time that can be believed."""
    sent_at = _received(rig, "Hello").sent_at

    assert sent_at is None or sent_at.utcoffset() == timedelta(0)


async def test_what_proves_nothing_is_unauthentic(rig: MessengerRig) -> None:
    """A request without proof of its sender is refused whatever it holds, and before anybody looks at its body."""
    for body in (rig.body("Hello", number=1), b"", b"not json"):
        for request in rig.forged(body):
            with pytest.raises(Unauthentic):
                rig.messenger.receive(request)


@pytest.mark.parametrize("body", [b"", b"not json", b"[]", b"null", b'"text"', b"{}", b"\xff\xfe", b"[" * 2000])
async def test_what_has_no_documented_form_is_malformed(rig: MessengerRig, body: bytes) -> None:
    """An authentic body that is not in the messenger's form is refused as malformed, never with another error."""
    with pytest.raises(Malformed):
        rig.messenger.receive(rig.signed(body))


async def test_hostile_shapes_do_no_harm(rig: MessengerRig) -> None:
    """Whatever stands in place of any value of a body, the request is read or refused, and what was read is typed."""
    for body in hostile_variants(orjson.loads(rig.body("Hello", number=1))):
        for item in _items_or_refusal(rig, rig.signed(orjson.dumps(body))):
            assert is_well_typed(item), body


async def test_a_body_cut_short_is_malformed(rig: MessengerRig) -> None:
    """A body that lost its end anywhere is refused."""
    body = rig.body("Hello", number=1)

    for length in range(len(body)):
        with pytest.raises(Malformed):
            rig.messenger.receive(rig.signed(body[:length]))


@pytest.mark.parametrize("text", [r"nul \u0000 inside", r"half an emoji \ud83d", r"a backslash \\u0000 and u"])
async def test_what_is_received_can_be_stored(rig: MessengerRig, text: str) -> None:
    """No item holds a NUL character or half a surrogate pair, in its text or in what is kept raw."""
    body = rig.body("PLACE", number=1).replace(b"PLACE", text.encode())

    for item in _items_or_refusal(rig, rig.signed(body)):
        kept = orjson.loads(orjson.dumps({"text": item.text, "raw": item.raw}))
        assert not [text for text in strings_in(kept) if "\0" in text]


@pytest.mark.skipif(not NAUGHTY_STRINGS.exists(), reason="the shared data are not here")
async def test_naughty_texts_are_received_unchanged(rig: MessengerRig) -> None:
    """Whatever a customer writes arrives as it was written."""
    for number, text in enumerate(_naughty_strings(), start=1):
        assert _received(rig, text, number=number).text == text


# --- out


async def test_a_sent_message_has_a_receipt(rig: MessengerRig) -> None:
    """An accepted message has the messenger's id, and two messages have two."""
    first = await rig.messenger.send(_outbound(rig))
    second = await rig.messenger.send(_outbound(rig, idempotency_key="reply-2"))

    assert first.provider_message_id
    assert first.provider_message_id != second.provider_message_id


async def test_buttons_up_to_the_limits_are_accepted(rig: MessengerRig) -> None:
    """As many buttons, labels and payloads as long as the capabilities promise are accepted."""
    can = rig.messenger.capabilities
    label, payload = "я" * can.button_label_limit, "p" * can.button_payload_limit_bytes
    buttons = [Button(label=label, payload=payload) for _ in range(can.max_buttons)]

    receipt = await rig.messenger.send(_outbound(rig, "т" * can.text_limit, buttons=buttons))

    assert receipt.provider_message_id


@pytest.mark.parametrize("name", SHOWING)
@pytest.mark.parametrize(
    "text", ["Анна, ждём вас 💇", "<b>not bold</b> & *so* _on_ [x](y)", "a+b=c; 100% \\n", "two\nlines"]
)
async def test_text_reaches_the_customer_as_it_was_written(name: str, text: str) -> None:
    """No character of a text has a meaning on the way to the customer."""
    async with MESSENGER_RIGS[name].make() as rig:
        await rig.messenger.send(_outbound(rig, text))

        assert await rig.accepted() == [text]


async def test_the_same_key_is_the_same_message_where_promised(rig: MessengerRig) -> None:
    """Where sending is idempotent, the same key again gives the same receipt; elsewhere nothing is promised."""
    first, again = await rig.messenger.send(_outbound(rig)), await rig.messenger.send(_outbound(rig))

    assert (first == again) == rig.messenger.capabilities.send_is_idempotent


@pytest.mark.parametrize("name", SHOWING)
async def test_many_tasks_may_send_at_once(name: str) -> None:
    """One messenger serves many tasks at the same time, each message once."""
    async with MESSENGER_RIGS[name].make() as rig:
        texts = [f"message {number}" for number in range(50)]

        await asyncio.gather(*(rig.messenger.send(_outbound(rig, text, idempotency_key=text)) for text in texts))

        assert sorted(await rig.accepted()) == sorted(texts)


@pytest.mark.parametrize("troubled", _rigs_with(Trouble.BUSY), indirect=True)
async def test_a_named_wait_is_passed_on(troubled: MessengerRig) -> None:
    """When the messenger says how long to wait, the transient error says it too."""
    with pytest.raises(TransientError) as caught:
        await troubled.messenger.send(_outbound(troubled))

    assert caught.value.retry_after_s == RETRY_AFTER_S


@pytest.mark.parametrize("troubled", _rigs_with(Trouble.BUSY, Trouble.DOWN, Trouble.NOT_LISTENING), indirect=True)
async def test_what_was_not_sent_is_plainly_transient(troubled: MessengerRig) -> None:
    """A message that certainly was not sent is transient, not unknown, and repeating it reaches the customer once."""
    with pytest.raises(TransientError) as caught:
        await troubled.messenger.send(_outbound(troubled))
    assert not isinstance(caught.value, OutcomeUnknown)

    await troubled.recover()
    await troubled.messenger.send(_outbound(troubled))
    assert len(await troubled.accepted()) == 1


@pytest.mark.parametrize("troubled", _rigs_with(Trouble.HANGS, Trouble.ANSWER_LOST, Trouble.GARBLED), indirect=True)
async def test_a_lost_answer_is_an_unknown_outcome(troubled: MessengerRig) -> None:
    """A message that left without a readable answer may have been sent, and the error says so."""
    with pytest.raises(OutcomeUnknown):
        await troubled.messenger.send(_outbound(troubled))


@pytest.mark.parametrize("troubled", _rigs_with(Trouble.UNREACHABLE), indirect=True)
async def test_a_customer_who_blocked_us_is_unreachable(troubled: MessengerRig) -> None:
    """A customer who cannot be written to is told apart from every other failure."""
    with pytest.raises(RecipientUnreachable):
        await troubled.messenger.send(_outbound(troubled))


@pytest.mark.parametrize("troubled", _rigs_with(Trouble.REFUSED), indirect=True)
async def test_refused_credentials_are_told_apart(troubled: MessengerRig) -> None:
    """A refused token is `CredentialsRefused`: no other call of this account will work."""
    with pytest.raises(CredentialsRefused):
        await troubled.messenger.send(_outbound(troubled))


@pytest.mark.parametrize("troubled", _rigs_with(Trouble.REJECTED), indirect=True)
async def test_a_rejected_message_is_permanent(troubled: MessengerRig) -> None:
    """A message that will never be taken is a permanent error, of neither the customer nor the credentials."""
    with pytest.raises(PermanentError) as caught:
        await troubled.messenger.send(_outbound(troubled))
    assert not isinstance(caught.value, (CredentialsRefused, RecipientUnreachable))


@pytest.mark.parametrize("troubled", _rigs_with(*Trouble), indirect=True)
async def test_errors_hold_no_secrets(troubled: MessengerRig) -> None:
    """Neither an error nor anything in its printed chain shows a token, a secret address or the text."""
    with pytest.raises(ConnectorError) as caught:
        await troubled.messenger.send(_outbound(troubled, "private words"))

    shown = "".join(traceback.format_exception(caught.value, limit=0)) + repr(caught.value)
    assert not [secret for secret in (*troubled.secrets, "private words") if secret in shown]


@pytest.mark.parametrize("troubled", _rigs_with(*Trouble), indirect=True)
async def test_courtesies_never_fail(troubled: MessengerRig) -> None:
    """Showing that we type and acknowledging a press are best effort: trouble does not reach the caller."""
    await troubled.messenger.show_typing(troubled.thread_key)
    await troubled.messenger.acknowledge_press("a press of long ago")


async def test_closing_is_harmless_twice_and_can_be_undone(rig: MessengerRig) -> None:
    """A messenger that was closed, closed again and opened again sends."""
    await rig.messenger.send(_outbound(rig))
    await rig.messenger.close()
    await rig.messenger.close()
    await rig.messenger.open()

    receipt = await rig.messenger.send(_outbound(rig, idempotency_key="reply-2"))

    assert receipt.provider_message_id


async def test_probe_names_the_account(rig: MessengerRig) -> None:
    """`probe` proves the credentials and says what the other side calls the account."""
    assert (await rig.messenger.probe()).strip()


@pytest.mark.parametrize("name", POLLING)
async def test_a_polled_message_is_offered_until_it_is_taken(name: str) -> None:
    """A message that the handler could not take is handed to it again, the same and unharmed."""
    offered: list[Inbound] = []
    is_taken = asyncio.Event()

    async def handle(items: Sequence[Inbound]) -> None:
        offered.extend(items)
        if len(offered) == 1:
            raise RuntimeError("the database is away")
        is_taken.set()

    async with MESSENGER_RIGS[name].make() as rig:
        assert isinstance(rig.messenger, Polling)
        await rig.say_to_poller("Hello")
        polling = asyncio.create_task(rig.messenger.poll(handle))
        await asyncio.wait_for(is_taken.wait(), 10)
        polling.cancel()
        with suppress(asyncio.CancelledError):
            await polling

    assert [(item.kind, item.text) for item in offered] == [(InboundKind.MESSAGE, "Hello")] * 2
    assert len({item.provider_key for item in offered}) == 1


def _items_or_refusal(rig: MessengerRig, request: RawRequest) -> Sequence[Inbound]:
    try:
        return rig.messenger.receive(request).items
    except RejectedRequest:
        return ()


def _naughty_strings() -> list[str]:
    """Those that are something to say."""
    return [text for text in orjson.loads(NAUGHTY_STRINGS.read_bytes()) if text.strip()]
