"""Bodies that nobody documented: every value of a JSON body replaced, one at a time, by things that do not belong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from connectors.contract import Attachment, Inbound

_VALUES: Sequence[Any] = (None, True, 0, -1, 10**18, 2**63, 1e308, "", "x", [], [[]], [None], ["x"], {}, {"id": {}})


def hostile_variants(body: Any) -> Iterator[Any]:
    """Copies of `body`, each with one value in it replaced."""
    for path in _paths(body):
        for value in _VALUES:
            yield _with(body, path, value)


def is_well_typed(item: Inbound) -> bool:
    """Whether every field of an item has the type that the contract says, and fits a database column."""
    texts = [item.provider_key, item.thread_key, item.text]
    maybe_texts = [
        *(item.provider_message_id, item.payload, item.sender_name, item.sender_username, item.language),
        *(item.reply_to, item.press_id, item.failure),
    ]
    if item.contact is not None:
        texts.append(item.contact.phone)
        maybe_texts.append(item.contact.name)
    return (
        all(isinstance(text, str) for text in texts)
        and all(text is None or isinstance(text, str) for text in maybe_texts)
        and type(item.order_key) is int
        and abs(item.order_key) < 2**63
        and all(_is_well_typed_attachment(attachment) for attachment in item.attachments)
    )


def _is_well_typed_attachment(attachment: Attachment) -> bool:
    return (
        isinstance(attachment.provider_id, str)
        and all(text is None or isinstance(text, str) for text in (attachment.mime_type, attachment.name))
        and (attachment.size_bytes is None or type(attachment.size_bytes) is int)
        and (attachment.duration_s is None or type(attachment.duration_s) is float)
    )


def strings_in(value: Any) -> Iterator[str]:
    """Every string inside a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from strings_in(inner)


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        yield (*path, key)
        if isinstance(inner, (dict, list)):
            yield from _paths(inner, (*path, key))


def _with(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    copy = value.copy()
    copy[path[0]] = _with(copy[path[0]], path[1:], new) if len(path) > 1 else new
    return copy
