"""What the Bot API refuses, as pure rules of a call's parameters: the stub asks them before it does anything.

Texts are the server's own, as far as they are known; see https://core.telegram.org/bots/api.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

CHAT_ACTIONS = frozenset({"typing", "upload_photo", "record_voice", "upload_voice", "upload_document", "find_location"})
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")


class Refusal(Exception):
    """An error answer of the Bot API."""

    def __init__(self, code: int, description: str, retry_after_s: int | None = None) -> None:
        super().__init__(description)
        self.code, self.description, self.retry_after_s = code, description, retry_after_s


def decoded(value: Any) -> Any:
    """A nested parameter: already an object in a JSON body, a JSON string in a form."""
    if not isinstance(value, str):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise Refusal(400, "Bad Request: can't parse object: expected a JSON object") from error


def check_text(text: Any) -> str:
    if not isinstance(text, str):
        raise Refusal(400, "Bad Request: message text is empty")
    if not text.strip():
        raise Refusal(400, "Bad Request: text must be non-empty")
    if len(text) > 4096:
        raise Refusal(400, "Bad Request: message is too long")
    return text


def check_markup(markup: Any) -> Mapping[str, Any] | None:
    """The reply markup as an object; refuses what the server refuses about keyboards and their buttons."""
    if markup in (None, ""):
        return None
    markup = decoded(markup)
    if not isinstance(markup, dict):
        raise Refusal(400, "Bad Request: object expected as reply markup")
    for button in (button for row in markup.get("inline_keyboard", ()) for button in row):
        if not button.get("text"):
            raise Refusal(400, "Bad Request: can't parse inline keyboard button: Text must be non-empty")
        if not 1 <= len(str(button.get("callback_data", "")).encode()) <= 64:
            raise Refusal(400, "Bad Request: BUTTON_DATA_INVALID")
    for button in (button for row in markup.get("keyboard", ()) for button in row):
        if not (button if isinstance(button, str) else button.get("text")):
            raise Refusal(400, "Bad Request: can't parse keyboard button: Text must be non-empty")
    return markup


def check_secret(secret: Any) -> str | None:
    if secret in (None, ""):
        return None
    if not isinstance(secret, str) or not _SECRET.fullmatch(secret):
        raise Refusal(400, "Bad Request: secret token contains unallowed characters")
    return secret
