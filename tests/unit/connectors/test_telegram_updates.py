"""How each of Telegram's updates is understood."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.contract import (
    Attachment,
    AttachmentKind,
    ContactCard,
    Inbound,
    InboundKind,
    Malformed,
    RawRequest,
    Source,
    Unauthentic,
)
from connectors.messengers.telegram import SECRET_HEADER, TelegramMessenger
from connectors.messengers.telegram.updates import inbound_of
from tests.contracts.hostile import hostile_variants, is_well_typed
from tests.stubs import telegram_updates as updates
from tests.stubs.telegram_updates import Customer

ANNA = Customer(id=4455, first_name="Anna", last_name="Petrova", username="anna_x", language_code="pt-BR")
NOON, AT_NOON = 1_795_348_800, datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
OWNER = {"id": 99, "is_bot": False, "first_name": "Olga"}


def _only(content: dict[str, Any]) -> Inbound:
    (item,) = inbound_of({"update_id": 700, **content})
    return item


def _sent(**content: Any) -> Inbound:
    return _only({"message": updates.message(ANNA, message_id=51, date=NOON, **content)})


def _business(author: dict[str, Any], **content: Any) -> Inbound:
    return _only(
        updates.business(
            ANNA, connection_id="bc-1", author=author, message_id=51, date=NOON, **{"text": "Hi", **content}
        )
    )


def test_a_text_message_has_everything_about_it() -> None:
    """A text message names its thread, itself, its time, its order and its sender."""
    item = _sent(text="How much?")

    assert (item.kind, item.provider_key, item.thread_key) == (InboundKind.MESSAGE, "700", "4455")
    assert (item.provider_message_id, item.order_key, item.sent_at) == ("4455:51", 51, AT_NOON)
    assert (item.text, item.sender_name, item.sender_username) == ("How much?", "Anna Petrova", "anna_x")
    assert item.raw["message"]["text"] == "How much?"


def test_the_language_is_the_primary_tag() -> None:
    """A language code with a region gives the language, in lower case."""
    assert _sent(text="Oi").language == "pt"


@pytest.mark.parametrize(
    ("text", "payload", "said"),
    [
        ("/start", None, ""),
        ("/start vk_ad_17", "vk_ad_17", ""),
        ("/start@salon_bot vk_ad_17", "vk_ad_17", ""),
        ("/start I want a haircut", None, "I want a haircut"),
    ],
)
def test_start_opens_the_chat_with_its_source(text: str, payload: str | None, said: str) -> None:
    """The start command is STARTED; what a deep link added is payload and source, what a person added is text."""
    item = _sent(text=text)

    assert (item.kind, item.payload, item.text) == (InboundKind.STARTED, payload, said)
    assert item.source == (Source(ref=payload) if payload else None)


@pytest.mark.parametrize("text", ["/starting", "/help", "say /start"])
def test_other_commands_are_messages(text: str) -> None:
    """Only the start command itself opens a chat."""
    assert _sent(text=text).kind is InboundKind.MESSAGE


@pytest.mark.parametrize(("user_id", "is_own"), [(4455, True), (77, False), (None, False)])
def test_a_phone_is_the_senders_own_only_when_telegram_says_so(user_id: int | None, is_own: bool) -> None:
    """A contact card is vouched for only when its user is the sender."""
    card = {"phone_number": "79990000001", "first_name": "Anna", "user_id": user_id}

    assert _sent(contact=card).contact == ContactCard(phone="79990000001", name="Anna", is_own=is_own)


def _file(**fields: Any) -> dict[str, Any]:
    return {"file_id": "f", "file_unique_id": "u", "file_size": 900, **fields}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            {"photo": [_file(width=90, height=60), _file(file_id="large", width=900, height=600)]},
            Attachment(kind=AttachmentKind.PHOTO, provider_id="large", size_bytes=900),
        ),
        (
            {"voice": _file(duration=7, mime_type="audio/ogg")},
            Attachment(
                kind=AttachmentKind.VOICE, provider_id="f", size_bytes=900, duration_s=7.0, mime_type="audio/ogg"
            ),
        ),
        (
            {"audio": _file(duration=61, file_name="song.mp3")},
            Attachment(kind=AttachmentKind.AUDIO, provider_id="f", size_bytes=900, duration_s=61.0, name="song.mp3"),
        ),
        (
            {"video_note": _file(duration=3, length=240)},
            Attachment(kind=AttachmentKind.VIDEO, provider_id="f", size_bytes=900, duration_s=3.0),
        ),
        (
            {"video": _file(duration=3, width=90, height=60)},
            Attachment(kind=AttachmentKind.VIDEO, provider_id="f", size_bytes=900, duration_s=3.0),
        ),
        (
            {"document": _file(file_name="price.pdf", mime_type="application/pdf")},
            Attachment(
                kind=AttachmentKind.DOCUMENT,
                provider_id="f",
                size_bytes=900,
                name="price.pdf",
                mime_type="application/pdf",
            ),
        ),
        (
            {"sticker": _file(width=512, height=512, is_animated=False, is_video=False, type="regular", emoji="👍")},
            Attachment(kind=AttachmentKind.STICKER, provider_id="f", size_bytes=900, name="👍"),
        ),
        (
            {"location": {"latitude": 55.16, "longitude": 61.4}},
            Attachment(kind=AttachmentKind.LOCATION, provider_id="55.160000,61.400000"),
        ),
    ],
)
def test_what_is_attached_is_told_by_kind(content: dict[str, Any], expected: Attachment) -> None:
    """Every kind of file or place becomes one attachment that can be fetched by its id, the largest of a photo."""
    assert list(_sent(**content).attachments) == [expected]


def test_a_caption_is_the_text() -> None:
    """What is written under a photo is what the customer said."""
    item = _sent(photo=[_file(width=90, height=60)], caption="Like this?")

    assert item.text == "Like this?"


def test_a_reply_names_its_original() -> None:
    """A reply names the original the way receipts and inbound items do."""
    original = updates.message(ANNA, message_id=40, date=NOON, text="10:30?")

    assert _sent(text="Yes", reply_to_message=original).reply_to == "4455:40"


def test_a_press_has_payload_label_and_no_time() -> None:
    """A pressed button gives its payload, the label from the message it was under, and no time of its own."""
    markup = {"inline_keyboard": [[{"text": "10:30", "callback_data": "slot:42"}]]}
    asked = {**updates.message(ANNA, message_id=60, date=NOON, text="When?"), "reply_markup": markup}

    item = _only(updates.pressed(ANNA, "slot:42", query_id="998877", button_message=asked))

    assert (item.kind, item.payload, item.text) == (InboundKind.PRESSED, "slot:42", "10:30")
    assert (item.press_id, item.thread_key, item.sent_at, item.order_key) == ("998877", "4455", None, 60)


def test_a_press_under_a_message_out_of_reach_is_understood() -> None:
    """A button under a message Telegram no longer shows (date 0) still has its payload."""
    gone = {"message_id": 60, "date": 0, "chat": ANNA.as_chat()}

    item = _only(updates.pressed(ANNA, "slot:42", query_id="998877", button_message=gone))

    assert (item.kind, item.payload, item.text, item.thread_key) == (InboundKind.PRESSED, "slot:42", "", "4455")


def test_an_edit_names_the_message_and_its_new_text() -> None:
    """An edited message names the message as its first delivery did, with the time of the edit."""
    item = _only(updates.edited(ANNA, "At six", message_id=51, date=NOON - 60, edit_date=NOON))

    assert (item.kind, item.text, item.sent_at) == (InboundKind.EDITED, "At six", AT_NOON)
    assert item.provider_message_id == _sent(text="At five").provider_message_id


@pytest.mark.parametrize(
    ("status", "kind"),
    [("kicked", InboundKind.BLOCKED), ("member", InboundKind.UNBLOCKED), ("left", InboundKind.UNKNOWN)],
)
def test_blocking_is_told(status: str, kind: InboundKind) -> None:
    """A customer who blocks or unblocks the bot is told by thread."""
    bot = {"id": 1, "is_bot": True, "first_name": "Salon"}

    item = _only(updates.membership(ANNA, status=status, date=NOON, bot=bot))

    assert (item.kind, item.thread_key) == (kind, "4455")


def test_a_business_chat_has_a_thread_of_its_own() -> None:
    """A customer who writes to the owner's own account is in another thread than with the bot."""
    item = _business(ANNA.as_user())

    assert (item.kind, item.thread_key) == (InboundKind.MESSAGE, "bc-1:4455")
    assert item.provider_message_id == "bc-1:4455:51"


def test_what_the_owner_writes_is_an_echo() -> None:
    """A message of the owner in a business chat is an outbound message of a person, in the customer's thread."""
    item = _business(OWNER)

    assert (item.kind, item.thread_key, item.sender_name) == (InboundKind.ECHO, "bc-1:4455", "Olga")


@pytest.mark.parametrize(
    "mark", [{"is_from_offline": True}, {"sender_business_bot": {"id": 1, "is_bot": True, "first_name": "Salon"}}]
)
def test_what_a_machine_writes_for_the_owner_is_no_person(mark: dict[str, Any]) -> None:
    """An away message or a bot's message in the owner's name is never taken for a person's."""
    assert _business(OWNER, **mark).kind is InboundKind.UNKNOWN


def test_each_deleted_business_message_is_an_item() -> None:
    """A deletion of two messages is two items with keys of their own, naming the messages."""
    items = inbound_of({"update_id": 700, **updates.business_deleted(ANNA, connection_id="bc-1", message_ids=[51, 52])})

    assert [(item.kind, item.provider_message_id) for item in items] == [
        (InboundKind.DELETED, "bc-1:4455:51"),
        (InboundKind.DELETED, "bc-1:4455:52"),
    ]
    assert len({item.provider_key for item in items}) == 2


BOT_SENDER = {"id": 5, "is_bot": True, "first_name": "Other bot"}


@pytest.mark.parametrize(
    ("content", "thread_key"),
    [
        (updates.group_message(ANNA, "Hi all", group_id=-100, message_id=1, date=NOON), "-100"),
        ({"message": updates.message(ANNA, message_id=1, date=NOON, pinned_message={})}, "4455"),
        ({"message": {**updates.message(ANNA, message_id=1, date=NOON, text="Hi"), "from": BOT_SENDER}}, "4455"),
        ({"message": updates.message(ANNA, message_id=1, date=NOON, dice={"emoji": "🎲", "value": 3})}, "4455"),
        ({"business_connection": {"id": "bc-1"}}, ""),
        ({"poll_answer": {"poll_id": "1"}}, ""),
        ({"something_of_next_year": {"chat": {"id": 4455}}}, "4455"),
        ({}, ""),
    ],
)
def test_what_is_not_understood_is_kept(content: dict[str, Any], thread_key: str) -> None:
    """Groups, service messages, other bots and updates of the future are UNKNOWN, with a key and the raw update."""
    item = _only(content)

    assert (item.kind, item.provider_key, item.thread_key) == (InboundKind.UNKNOWN, "700", thread_key)
    assert item.raw == {"update_id": 700, **content}


@pytest.mark.parametrize("update_id", [None, "700", 7.5, True, [700], 2**63, -(2**63) - 1, 10**4000])
def test_without_an_update_id_it_is_no_update(update_id: object) -> None:
    """A body without an update_id of at most 64 bits has no key to be stored under and is refused."""
    with pytest.raises(Malformed):
        inbound_of({"update_id": update_id, **updates.said(ANNA, "Hi", message_id=1, date=NOON)})


FILE = {"file_id": "f", "file_unique_id": "u", "file_size": 9, "duration": 7, "width": 9, "height": 9}
BOT = {"id": 1, "is_bot": True, "first_name": "Salon"}
UNDERSTOOD: list[dict[str, Any]] = [
    updates.said(ANNA, "/start vk_ad_17", message_id=1, date=NOON),
    updates.shared_phone(ANNA, "79990000001", message_id=1, date=NOON),
    updates.edited(ANNA, "At six", message_id=1, date=NOON, edit_date=NOON),
    updates.membership(ANNA, status="kicked", date=NOON, bot=BOT),
    updates.business(ANNA, connection_id="bc-1", author=OWNER, message_id=1, date=NOON, text="Hi"),
    updates.business_deleted(ANNA, connection_id="bc-1", message_ids=[1, 2]),
    updates.pressed(
        ANNA,
        "slot:1",
        query_id="1",
        button_message={
            **updates.message(ANNA, message_id=1, date=NOON, text="When?"),
            "reply_markup": {"inline_keyboard": [[{"text": "10:30", "callback_data": "slot:1"}]]},
        },
    ),
    *(
        {"message": updates.message(ANNA, message_id=1, date=NOON, **content)}
        for content in (
            {"photo": [FILE], "caption": "This?"},
            {"voice": {**FILE, "mime_type": "audio/ogg"}},
            {"document": {**FILE, "file_name": "a.pdf"}},
            {"sticker": {**FILE, "is_animated": False, "is_video": False, "type": "regular", "emoji": "👍"}},
            {"venue": {"location": {"latitude": 1.5, "longitude": 2.5}, "title": "Salon", "address": "Lenina 1"}},
        )
    ),
]


@pytest.mark.parametrize("content", UNDERSTOOD, ids=lambda content: next(iter(content)))
def test_hostile_shapes_do_no_harm(content: dict[str, Any]) -> None:
    """Whatever stands in place of any value of any update, it is read, kept as unknown or refused, and well typed."""
    for update in hostile_variants({"update_id": 700, **content}):
        try:
            items = inbound_of(update)
        except Malformed:
            assert type(update["update_id"]) is not int or update["update_id"] >= 2**63
            continue
        assert items
        assert all(is_well_typed(item) for item in items), update


def test_a_date_before_telegram_is_no_time() -> None:
    """The date 0 that Telegram gives where it has none does not start a clock in 1970."""
    message = updates.message(ANNA, message_id=1, date=0, text="Hi")

    assert _only({"message": message}).sent_at is None


def test_without_a_secret_every_webhook_is_refused() -> None:
    """An account that has no webhook secret can be polled and believes nobody who posts."""
    messenger = TelegramMessenger(token="1:x", webhook_secret=None)
    request = RawRequest(method="POST", headers={SECRET_HEADER: ""}, query={}, body=b"{}")

    with pytest.raises(Unauthentic):
        messenger.receive(request)


@pytest.mark.parametrize(
    "date", [-1, -(10**18), 253_402_300_800, 10**18, 10**30, 1.5, 1e300, True, None, "soon", [1], {}], ids=repr
)
def test_a_date_that_is_no_time_keeps_the_message(date: object) -> None:
    """Whatever stands in place of a date, the customer's words arrive as a message; only its time is missing."""
    message = updates.message(ANNA, message_id=1, date=NOON, text="Hi") | {"date": date}
    item = _only({"message": message})

    assert (item.kind, item.text) == (InboundKind.MESSAGE, "Hi")
    assert item.sent_at is None or item.sent_at.timestamp() == date
    assert item.raw["message"]["date"] == date


def test_more_deletions_than_telegram_tells_of_are_kept_and_not_acted_on() -> None:
    """One update cannot make a thousand transactions' work of a single request."""
    deleted = updates.business_deleted(ANNA, connection_id="bc-1", message_ids=list(range(5000)))

    assert _only(deleted).kind is InboundKind.UNKNOWN
