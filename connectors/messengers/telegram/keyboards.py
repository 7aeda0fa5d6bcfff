"""What a customer can press: quick replies and the "share my phone" button as Telegram keyboards.

An inline keyboard (buttons under a message, with payloads) and a reply keyboard (in place of the customer's own, the
only kind that can share a phone) cannot go with one message. Asking for the phone wins; quick replies then become plain
keys whose label comes back as text.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence

from connectors.contract import Button, Outbound

Markup = Mapping[str, object]

_ROW_CHARACTERS = 36  # about what fits a phone 360 px wide
_ROW_BUTTONS = 3
_REMEMBERED_THREADS = 10_000
_REMOVE: Markup = {"remove_keyboard": True}


class Keyboards:
    """The markup of each message, and the memory of who still has a reply keyboard of ours open.

    A reply keyboard stays on the customer's phone until it is taken away. It is taken away with the first message
    without buttons after the customer has answered in whatever way. The memory is of this process alone: when it is
    lost, a key too many stays visible, nothing else.
    """

    def __init__(self) -> None:
        self._is_answered: OrderedDict[str, bool] = OrderedDict()

    def markup_for(self, message: Outbound, *, can_ask_contact: bool) -> Markup | None:
        if message.ask_contact is not None and can_ask_contact:
            return _reply_keyboard(message.ask_contact, message.buttons)
        if message.buttons:
            return _inline_keyboard(message.buttons)
        return _REMOVE if self._is_answered.get(message.thread_key) else None

    def was_sent(self, thread_key: str, markup: Markup | None) -> None:
        if markup is _REMOVE:
            self._is_answered.pop(thread_key, None)
        elif markup is not None and "keyboard" in markup:
            self._is_answered[thread_key] = False
            self._is_answered.move_to_end(thread_key)
            if len(self._is_answered) > _REMEMBERED_THREADS:
                self._is_answered.popitem(last=False)

    def was_answered(self, thread_key: str) -> None:
        if thread_key in self._is_answered:
            self._is_answered[thread_key] = True


def _inline_keyboard(buttons: Sequence[Button]) -> Markup:
    keys = [{"text": button.label, "callback_data": button.payload} for button in buttons]
    return {"inline_keyboard": _rows(keys)}


def _reply_keyboard(ask_contact: str, buttons: Sequence[Button]) -> Markup:
    ask = [{"text": ask_contact, "request_contact": True}]
    rows = [ask, *_rows([{"text": button.label} for button in buttons])]
    return {"keyboard": rows, "resize_keyboard": True, "one_time_keyboard": True}


def _rows(keys: Sequence[Mapping[str, str]]) -> list[Sequence[Mapping[str, str]]]:
    """Equal rows of up to three keys, so many that the longest label still fits its share of the width."""
    if not keys:
        return []
    longest = max(len(key["text"]) for key in keys)
    width = max(1, min(_ROW_BUTTONS, _ROW_CHARACTERS // max(longest, 1)))
    return [keys[start : start + width] for start in range(0, len(keys), width)]
