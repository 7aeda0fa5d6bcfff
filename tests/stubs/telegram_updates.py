"""Updates as the Bot API delivers them, built from what a customer did; used by the stub and by tests of the parser.

Shapes: https://core.telegram.org/bots/api#update. Every function gives the content of one `Update` without `update_id`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Customer:
    """A person with a private chat; the chat id is the person's id."""

    id: int
    first_name: str = "Anna"
    last_name: str | None = None
    username: str | None = None
    language_code: str | None = "ru"

    def as_user(self) -> Json:
        names = {"last_name": self.last_name, "username": self.username, "language_code": self.language_code}
        return {"id": self.id, "is_bot": False, "first_name": self.first_name, **_given(names)}

    def as_chat(self) -> Json:
        return {"id": self.id, "type": "private", "first_name": self.first_name, **_given({"username": self.username})}


def message(customer: Customer, *, message_id: int, date: int, **content: Any) -> Json:
    """A message in the private chat; `content` is text=, contact=, photo=, voice=..."""
    body = {
        "message_id": message_id,
        "date": date,
        "chat": customer.as_chat(),
        "from": customer.as_user(),
        **content,
    }
    command = str(content.get("text", "")).split(maxsplit=1)
    if command and command[0].startswith("/"):
        body["entities"] = [{"type": "bot_command", "offset": 0, "length": len(command[0])}]
    return body


def said(customer: Customer, text: str, *, message_id: int, date: int) -> Json:
    return {"message": message(customer, message_id=message_id, date=date, text=text)}


def shared_phone(customer: Customer, phone: str, *, message_id: int, date: int, is_own: bool = True) -> Json:
    card = {"phone_number": phone, "first_name": customer.first_name}
    if is_own:
        card["user_id"] = customer.id  # type: ignore[assignment]
    return {"message": message(customer, message_id=message_id, date=date, contact=card)}


def edited(customer: Customer, text: str, *, message_id: int, date: int, edit_date: int) -> Json:
    whole = message(customer, message_id=message_id, date=date, text=text)
    return {"edited_message": {**whole, "edit_date": edit_date}}


def pressed(customer: Customer, data: str, *, query_id: str, button_message: Mapping[str, Any]) -> Json:
    """A press of an inline button under `button_message`, which is the bot's message as it was accepted."""
    return {
        "callback_query": {
            "id": query_id,
            "from": customer.as_user(),
            "chat_instance": str(customer.id),
            "data": data,
            "message": dict(button_message),
        }
    }


def membership(customer: Customer, *, status: str, date: int, bot: Mapping[str, Any]) -> Json:
    """The customer blocked (`kicked`) or unblocked (`member`) the bot."""
    before = "member" if status == "kicked" else "kicked"
    new = {"user": dict(bot), "status": status, **({"until_date": 0} if status == "kicked" else {})}
    old = {"user": dict(bot), "status": before, **({"until_date": 0} if before == "kicked" else {})}
    return {
        "my_chat_member": {
            "chat": customer.as_chat(),
            "from": customer.as_user(),
            "date": date,
            "old_chat_member": old,
            "new_chat_member": new,
        }
    }


def business(
    customer: Customer, *, connection_id: str, author: Mapping[str, Any], message_id: int, date: int, **content: Any
) -> Json:
    """A message in the owner's own chat with a customer, written by either of them (`author` is a User)."""
    body = message(customer, message_id=message_id, date=date, **content)
    return {"business_message": {**body, "from": dict(author), "business_connection_id": connection_id}}


def business_deleted(customer: Customer, *, connection_id: str, message_ids: list[int]) -> Json:
    return {
        "deleted_business_messages": {
            "business_connection_id": connection_id,
            "chat": customer.as_chat(),
            "message_ids": message_ids,
        }
    }


def group_message(customer: Customer, text: str, *, group_id: int, message_id: int, date: int) -> Json:
    body = message(customer, message_id=message_id, date=date, text=text)
    return {"message": {**body, "chat": {"id": group_id, "type": "supergroup", "title": "Staff"}}}


def _given(fields: Mapping[str, Any]) -> Json:
    return {name: value for name, value in fields.items() if value is not None}
