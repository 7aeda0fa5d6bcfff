"""What the Telegram messenger sends, and how it deals with files and webhooks, against the stub of the Bot API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import orjson
import pytest

from connectors.contract import (
    Button,
    CredentialsRefused,
    Outbound,
    OutcomeUnknown,
    PermanentError,
    RawRequest,
    RecipientUnreachable,
    TransientError,
)
from connectors.messengers.telegram import SECRET_HEADER, TelegramMessenger
from tests.stubs.telegram_api import TelegramStub

CHAT = 4455
PLAIN = Outbound(thread_key="4455", text="10:30 or 12:00?", idempotency_key="reply-1")
ASKING = replace(PLAIN, text="Your phone?", ask_contact="Share my phone")


@pytest.fixture
async def stub() -> AsyncIterator[TelegramStub]:
    async with TelegramStub() as stub:
        stub.customer(CHAT)
        yield stub


@pytest.fixture
async def messenger(stub: TelegramStub) -> AsyncIterator[TelegramMessenger]:
    messenger = TelegramMessenger(token=stub.token, webhook_secret="secret", base_url=stub.url)
    await messenger.open()
    yield messenger
    await messenger.close()


def _receive(messenger: TelegramMessenger, update: object) -> None:
    body = orjson.dumps(update)
    messenger.receive(RawRequest(method="POST", headers={SECRET_HEADER: "secret"}, query={}, body=body))


async def test_a_plain_message_has_no_extras(stub: TelegramStub, messenger: TelegramMessenger) -> None:
    """Text goes out without formatting and link preview, in one call and no other."""
    await messenger.send(PLAIN)

    assert stub.calls == [
        (
            "sendMessage",
            {"chat_id": CHAT, "text": "10:30 or 12:00?", "link_preview_options": {"is_disabled": True}},
        )
    ]


async def test_the_receipt_names_the_message_as_inbound_items_do(
    stub: TelegramStub, messenger: TelegramMessenger
) -> None:
    """The id in the receipt is thread and message number, what a reply of the customer names."""
    receipt = await messenger.send(PLAIN)

    assert receipt.provider_message_id == f"4455:{stub.sent(CHAT)[0].message_id}"


@pytest.mark.parametrize(
    ("labels", "rows"),
    [
        (["10:30", "12:00", "17:45", "Later"], [3, 1]),
        (["Tomorrow, 10:30", "Tomorrow, 12:00", "Later"], [2, 1]),
        (["Tuesday 24 November, 10:30", "Later"], [1, 1]),
    ],
)
async def test_buttons_stand_in_rows_that_fit(
    stub: TelegramStub, messenger: TelegramMessenger, labels: list[str], rows: list[int]
) -> None:
    """Short buttons stand three in a row, long ones by themselves; the payload goes with the label."""
    buttons = [Button(label=label, payload=f"slot:{number}") for number, label in enumerate(labels)]

    await messenger.send(replace(PLAIN, buttons=buttons))

    (sent,) = stub.sent(CHAT)
    assert sent.markup is not None
    assert [len(row) for row in sent.markup["inline_keyboard"]] == rows
    assert sent.buttons == {button.label: button.payload for button in buttons}


async def test_asking_for_the_phone_wins_over_inline_buttons(stub: TelegramStub, messenger: TelegramMessenger) -> None:
    """With a phone asked for, all buttons become keys of one reply keyboard that closes after use."""
    await messenger.send(replace(ASKING, buttons=[Button(label="Later", payload="later")]))

    (sent,) = stub.sent(CHAT)
    assert sent.markup == {
        "keyboard": [[{"text": "Share my phone", "request_contact": True}], [{"text": "Later"}]],
        "resize_keyboard": True,
        "one_time_keyboard": True,
    }


async def test_the_phone_keyboard_is_taken_away_after_the_answer(
    stub: TelegramStub, messenger: TelegramMessenger
) -> None:
    """The first plain message after the customer's answer removes the keyboard, the second has nothing to remove."""
    await messenger.send(ASKING)
    _receive(messenger, stub.customer_shares_phone(CHAT, "79990000001").update)

    await messenger.send(PLAIN)
    await messenger.send(PLAIN)

    assert [sent.markup for sent in stub.sent(CHAT)][1:] == [{"remove_keyboard": True}, None]


async def test_the_phone_keyboard_stays_until_there_is_an_answer(
    stub: TelegramStub, messenger: TelegramMessenger
) -> None:
    """A second message of ours does not take the keyboard from under the customer's thumb."""
    await messenger.send(ASKING)
    await messenger.send(PLAIN)

    assert stub.sent(CHAT)[1].markup is None


async def test_a_business_chat_is_written_through_its_connection(
    stub: TelegramStub, messenger: TelegramMessenger
) -> None:
    """In a chat of a business account the connection goes along and no phone keyboard does, which Telegram refuses."""
    receipt = await messenger.send(replace(ASKING, thread_key="bc-1:4455"))

    (sent,) = stub.sent(CHAT)
    assert (sent.parameters["business_connection_id"], sent.markup) == ("bc-1", None)
    assert receipt.provider_message_id == f"bc-1:4455:{sent.message_id}"


async def test_a_reply_names_the_original(stub: TelegramStub, messenger: TelegramMessenger) -> None:
    """A reply goes out under the customer's message, and still goes when that message is gone."""
    await messenger.send(replace(PLAIN, reply_to="4455:51"))

    assert stub.sent(CHAT)[0].parameters["reply_parameters"] == {
        "message_id": 51,
        "allow_sending_without_reply": True,
    }


async def test_a_thread_of_another_channel_is_refused(messenger: TelegramMessenger) -> None:
    """A thread key that is no chat id cannot be written to, now or later."""
    with pytest.raises(PermanentError):
        await messenger.send(replace(PLAIN, thread_key="visitor-1"))


async def test_who_never_started_the_chat_is_unreachable(messenger: TelegramMessenger) -> None:
    """A chat that Telegram does not know is a person who cannot be reached, not a fault of the message."""
    with pytest.raises(RecipientUnreachable):
        await messenger.send(replace(PLAIN, thread_key="1"))


async def test_a_wrong_token_is_refused(stub: TelegramStub) -> None:
    """A token that Telegram does not know is told at the first call, not at opening."""
    messenger = TelegramMessenger(token="1:wrong", webhook_secret=None, base_url=stub.url)
    await messenger.open()

    with pytest.raises(CredentialsRefused):
        await messenger.probe()
    await messenger.close()


async def test_a_closed_messenger_refuses_for_now(messenger: TelegramMessenger) -> None:
    """A send that meets a closed messenger is transient: another process may do it."""
    await messenger.close()

    with pytest.raises(TransientError) as caught:
        await messenger.send(PLAIN)
    assert not isinstance(caught.value, OutcomeUnknown)


@pytest.mark.parametrize(
    "answer", [b'{"ok": true, "result": {}}', b'{"ok": true, "result": true}', b'{"ok": true}', b"[]"]
)
async def test_an_acceptance_without_an_id_is_unknown(
    stub: TelegramStub, messenger: TelegramMessenger, answer: bytes
) -> None:
    """A 200 that does not name the message is neither success nor failure."""
    stub.fail_next(200, body=answer)

    with pytest.raises(OutcomeUnknown):
        await messenger.send(PLAIN)


async def test_a_gateway_that_gave_up_waiting_is_unknown(stub: TelegramStub, messenger: TelegramMessenger) -> None:
    """A 504 comes from somebody who had passed the message on."""
    stub.fail_next(504)

    with pytest.raises(OutcomeUnknown):
        await messenger.send(PLAIN)


async def test_a_press_is_acknowledged(stub: TelegramStub, messenger: TelegramMessenger) -> None:
    """The id of a press is what Telegram wants back."""
    await messenger.send(replace(PLAIN, buttons=[Button(label="10:30", payload="slot:1")]))
    press = stub.customer_presses(CHAT, "10:30").update["callback_query"]["id"]

    await messenger.acknowledge_press(press)

    assert stub.calls[-1] == ("answerCallbackQuery", {"callback_query_id": press})


async def test_typing_is_shown(stub: TelegramStub, messenger: TelegramMessenger) -> None:
    """The customer of the thread sees that we type."""
    await messenger.show_typing("4455")

    assert stub.typing == [CHAT]


async def test_an_attachment_is_fetched(stub: TelegramStub, messenger: TelegramMessenger) -> None:
    """The bytes of a file come back as they are."""
    file_id = stub.add_file(b"OggS\x00\xff")

    chunked_id = stub.add_file(b"OggS\x00\xff", is_chunked=True)

    assert await messenger.fetch(file_id) == await messenger.fetch(chunked_id) == b"OggS\x00\xff"


async def test_a_file_above_the_limit_is_refused_for_good(stub: TelegramStub, messenger: TelegramMessenger) -> None:
    """A file larger than 20 MB will never be given to a bot."""
    file_id = stub.add_file(bytes(20 * 2**20 + 1))

    with pytest.raises(PermanentError):
        await messenger.fetch(file_id)


@pytest.mark.parametrize("is_chunked", [False, True])
async def test_a_download_stops_at_the_limit(
    stub: TelegramStub, messenger: TelegramMessenger, is_chunked: bool
) -> None:
    """A file that turns out larger than Telegram had said is not read to its end."""
    file_id = stub.add_file(bytes(20 * 2**20 + 1), is_chunked=is_chunked)
    said = {"file_id": file_id, "file_unique_id": file_id, "file_path": f"files/{file_id}"}
    stub.fail_next(200, body=orjson.dumps({"ok": True, "result": said}), method="getFile")

    with pytest.raises(PermanentError):
        await messenger.fetch(file_id)


async def test_a_file_that_is_gone_is_not_a_refused_token(stub: TelegramStub, messenger: TelegramMessenger) -> None:
    """A file that vanished between the two calls is its own misfortune, not one of the account."""
    file_id = stub.add_file(b"x")
    stub.forget_content(file_id)

    with pytest.raises(PermanentError) as caught:
        await messenger.fetch(file_id)
    assert not isinstance(caught.value, CredentialsRefused)


async def test_subscribing_registers_address_secret_and_kinds(stub: TelegramStub, messenger: TelegramMessenger) -> None:
    """The webhook is registered with the secret and only the kinds of updates that are understood."""
    await messenger.subscribe("https://salon.example/hooks/1")

    assert stub.webhook == ("https://salon.example/hooks/1", "secret")
    assert stub.allowed_updates is not None
    assert {"message", "callback_query", "my_chat_member", "business_message"} <= set(stub.allowed_updates)


async def test_subscribing_needs_a_secret(stub: TelegramStub) -> None:
    """Without a secret anybody could post as Telegram, so no webhook is registered."""
    messenger = TelegramMessenger(token=stub.token, webhook_secret=None, base_url=stub.url)
    await messenger.open()

    with pytest.raises(PermanentError):
        await messenger.subscribe("https://salon.example/hooks/1")
    await messenger.close()
