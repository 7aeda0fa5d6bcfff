"""Whatever a connector hands over, intake makes of it what the database holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import (
    ATTACHMENTS_LIMIT,
    KEY_LIMIT,
    MARKS_LIMIT,
    NAME_LIMIT,
    PAYLOAD_LIMIT,
    PHONE_LIMIT,
    TEXT_LIMIT,
    Attachment,
    AttachmentKind,
    ContactCard,
    Inbound,
    InboundKind,
    Source,
)
from responder.intake.bounds import within_bounds

NOW = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
LONG = "9" * 12_000


def item(**fields: Any) -> Inbound:
    return Inbound(**({"kind": InboundKind.MESSAGE, "provider_key": "1", "thread_key": "5", "text": "Hi"} | fields))


def bounded(**fields: Any) -> Inbound:
    return within_bounds(item(**fields), received_at=NOW)


def attachment(**fields: Any) -> Attachment:
    return Attachment(**({"kind": AttachmentKind.PHOTO, "provider_id": "f"} | fields))


def test_an_ordinary_item_is_unchanged() -> None:
    """What is within the limits comes out as it went in, emoji, marks and all."""
    ordinary = item(
        text="Привет 👩‍👩‍👧‍👦 \u202e",
        sender_name="Анна 💇‍♀️",
        language="ru",
        sent_at=NOW - timedelta(seconds=3),
        contact=ContactCard(phone="+79120000000", name="Анна", is_own=True),
        attachments=[attachment(name="фото.jpg", size_bytes=900)],
        source=Source(ref="autumn", utm={"source": "vk"}),
        payload="slot:7",
        press_id="998877",
        reply_to="5:4",
        order_key=51,
    )

    assert within_bounds(ordinary, received_at=NOW) == ordinary


@pytest.mark.parametrize(
    "fields",
    [
        {"provider_key": LONG},
        {"thread_key": LONG},
        {"provider_message_id": LONG},
        {"reply_to": LONG},
        {"press_id": LONG},
        {"thread_key": "a\x00b"},
        {"provider_key": "a\ud83d"},
        {"provider_key": "💇" * (KEY_LIMIT + 1)},
        {"payload": "p" * (PAYLOAD_LIMIT + 1)},
        {"contact": ContactCard(phone=LONG)},
        {"order_key": 2**63},
        {"order_key": -(2**63) - 1},
        {"attachments": [attachment(provider_id=LONG)]},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_what_no_index_holds_is_kept_raw(fields: dict[str, Any]) -> None:
    """An identifier out of bounds makes the item UNKNOWN, under the same key at every delivery, with its raw form."""
    first, again = bounded(**fields, raw={"as": "sent"}), bounded(**fields, raw={"as": "sent"})

    assert first == again
    assert (first.kind, first.raw, first.text) == (InboundKind.UNKNOWN, {"as": "sent"}, "")
    assert len(first.provider_key) <= KEY_LIMIT
    assert len(first.thread_key) <= KEY_LIMIT


def test_two_keys_out_of_bounds_stay_two_keys() -> None:
    """What is cut for the index is told apart all the same."""
    assert bounded(provider_key=LONG).provider_key != bounded(provider_key=LONG + "1").provider_key


@pytest.mark.parametrize(
    "sent_at",
    [
        datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(2009, 12, 31, tzinfo=UTC),
        NOW + timedelta(days=1, seconds=1),
        datetime(2026, 11, 23, 5, 0),  # noqa: DTZ001  nobody knows where
    ],
    ids=str,
)
def test_a_time_that_cannot_be_is_none(sent_at: datetime) -> None:
    """A time before messengers or more than a day ahead of its arrival is treated as none given."""
    assert bounded(sent_at=sent_at).sent_at is None


@pytest.mark.parametrize("skew", [timedelta(days=-900), timedelta(), timedelta(hours=23)], ids=str)
def test_a_time_that_can_be_is_kept(skew: timedelta) -> None:
    """An outage of years and the skew of a wrong clock stay visible; clamping is the clock's business."""
    assert bounded(sent_at=NOW + skew).sent_at == NOW + skew


def test_courtesies_are_cut() -> None:
    """Names, marks and words beyond the limits are cut or left out, and refuse nothing."""
    kept = bounded(
        text="я" * (TEXT_LIMIT + 5),
        sender_name="n" * 5000,
        language="x" * 50,
        contact=ContactCard(phone="7" * PHONE_LIMIT, name="n" * 5000),
        attachments=[attachment(name="n" * 5000, size_bytes=10**30)] * (ATTACHMENTS_LIMIT + 5),
        source=Source(ref="r" * 5000, utm={f"u{number}": "v" for number in range(MARKS_LIMIT + 5)}),
    )

    assert (kept.kind, len(kept.text), len(kept.sender_name or "")) == (InboundKind.MESSAGE, TEXT_LIMIT, NAME_LIMIT)
    assert kept.language is None
    assert kept.contact is not None
    assert len(kept.contact.name or "") == NAME_LIMIT
    assert len(kept.attachments) == ATTACHMENTS_LIMIT
    assert kept.attachments[0].size_bytes is None
    assert kept.source is not None
    assert (len(kept.source.ref or ""), len(kept.source.utm)) == (NAME_LIMIT, MARKS_LIMIT)


_any = st.text(st.characters(codec=None), max_size=30) | st.sampled_from([LONG, "\x00", "\ud83d", "\udc00x", ""])


@given(
    st.fixed_dictionaries(
        {"provider_key": _any, "thread_key": _any, "text": _any},
        optional={
            **dict.fromkeys(
                ("payload", "sender_name", "sender_username", "language", "reply_to", "press_id", "failure"), _any
            ),
            "order_key": st.integers(),
            "sent_at": st.datetimes(timezones=st.just(UTC)),
            "contact": st.builds(ContactCard, phone=_any, name=_any),
            "source": st.builds(Source, ref=_any, utm=st.dictionaries(_any, _any), page_url=_any),
            "attachments": st.lists(
                st.builds(attachment, provider_id=_any, name=_any, mime_type=_any, size_bytes=st.integers()), max_size=3
            ),
        },
    )
)
def test_nothing_that_comes_out_can_fail_in_the_database(fields: dict[str, Any]) -> None:
    """Every text is Unicode without U+0000, every number has 64 bits, every key fits an index row."""
    kept = bounded(**fields)

    written = orjson.dumps([kept.text, kept.payload, kept.sender_name, kept.contact, kept.attachments, kept.source])
    keys = [kept.provider_key, kept.thread_key, kept.provider_message_id, kept.reply_to, kept.press_id]
    assert b"\\u0000" not in written.replace(rb"\\", b"")
    assert all(len(key.encode()) <= 4 * KEY_LIMIT and "\x00" not in key for key in keys if key is not None)
    assert -(2**63) <= kept.order_key < 2**63
