"""The doors customers knock on: the public web chat API and the Telegram webhook, over HTTP like everybody else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import aiohttp

from responder.demo.customers import Presses, Says, Sends, Starts, Step
from responder.demo.hearing import Heard, Key
from responder.demo.people import Person
from responder.demo.stand_ins import SECRET, StandIns


@dataclass(frozen=True, kw_only=True, slots=True)
class Salon:
    """Where the doors of one salon are."""

    url: str
    slug: str
    site_key: str
    telegram_key: str | None


class Door(Protocol):
    key: str  # what the responder calls this customer in the channel; empty until the first knock

    async def bring(self, step: Step, *, sent_at: datetime) -> None:
        """Knock with what the customer does, one message at a time; raises when it is not let in."""

    async def heard(self) -> Heard:
        """What came back since the last time."""


class WebDoor:
    """The page's side of the web chat.

    Every visitor comes from an address of their own, as behind a reverse proxy of this machine, whose forwarding header
    the server trusts: the limits for one address stay in force and stay out of the way.
    """

    def __init__(self, person: Person, *, http: aiohttp.ClientSession, salon: Salon) -> None:
        self._person, self._http, self._salon = person, http, salon
        high, low = divmod(person.number, 250)
        self._headers = {"x-forwarded-for": f"198.18.{high % 250}.{low + 1}", "accept-language": person.language}
        self.key = ""
        self._sent = self._last_line = 0

    async def bring(self, step: Step, *, sent_at: datetime) -> None:
        if not self.key:
            await self._open_session()
        match step:
            case Says(texts=(text,)):
                await self._post({"text": text})
            case Presses(key=key) if key.payload is not None:
                await self._post({"kind": "pressed", "payload": key.payload, "label": key.label})
            case Presses(key=key):
                await self._post({"text": key.label})
            case _:
                raise ValueError("the web chat carries words, one message at a time")

    async def heard(self) -> Heard:
        answer = await self._call("GET", f"/web/v1/messages?after={self._last_line}")
        lines = answer["messages"]
        if lines:
            self._last_line = lines[-1]["id"]
        ours = [line for line in lines if line["from"] != "me"]
        keys = [Key(label=b["label"], payload=b["payload"]) for b in (ours[-1]["buttons"] if ours else ())]
        texts = tuple(line["text"] for line in ours)
        return Heard(language=self._person.language, texts=texts, keys=tuple(keys))

    async def _open_session(self) -> None:
        answer = await self._call("POST", "/web/v1/sessions", {"site": self._salon.site_key})
        self._headers["authorization"] = f"Bearer {answer['token']}"
        self.key = answer["visitor_id"]

    async def _post(self, body: Mapping[str, object]) -> None:
        self._sent += 1
        marks = {"source": {"utm": dict(self._person.source)}} if self._person.source else {}
        common = {"client_message_id": f"m{self._sent}", "lang": self._person.language}
        await self._call("POST", "/web/v1/messages", {**common, **marks, **body})

    async def _call(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        async with self._http.request(method, self._salon.url + path, json=body, headers=self._headers) as answer:
            answer.raise_for_status()
            return await answer.json()


class TelegramDoor:
    """The messenger's side of the webhook: updates in, what the bot sends from the stand-in's inbox."""

    def __init__(
        self, person: Person, *, http: aiohttp.ClientSession, salon: Salon, stand_ins: StandIns, chat_id: int
    ) -> None:
        self._person, self._http, self._stand_ins = person, http, stand_ins
        self._url = f"{salon.url}/hooks/{salon.slug}/{salon.telegram_key}"
        self._chat_id = chat_id
        self.key = str(chat_id)
        self._last: Mapping[str, Any] = {}

    async def bring(self, step: Step, *, sent_at: datetime) -> None:
        match step:
            case Starts(ref=ref):
                await self._message({"text": f"/start {ref}"}, sent_at)
            case Says(texts=(text,)):
                await self._message({"text": text}, sent_at)
            case Presses(key=Key(shares_phone=True)):
                await self._message({"contact": self._card()}, sent_at)
            case Presses(key=key) if key.payload is not None:
                await self._press(key.payload)
            case Presses(key=key):
                await self._message({"text": key.label}, sent_at)
            case Sends(kind="photo", caption=caption):
                size = {"file_id": "p", "file_unique_id": "p", "width": 900, "height": 1200}
                await self._message({"photo": [size], **({"caption": caption} if caption else {})}, sent_at)
            case Sends():
                voice = {"file_id": "v", "file_unique_id": "v", "duration": 7, "mime_type": "audio/ogg"}
                await self._message({"voice": voice}, sent_at)
            case _:
                raise ValueError("one message at a time")

    async def heard(self) -> Heard:
        messages = self._stand_ins.take_messages(self._chat_id)
        if not messages:
            return Heard(language=self._person.language)
        self._last = messages[-1]
        texts = tuple(str(message["text"]) for message in messages)
        return Heard(language=self._person.language, texts=texts, keys=_keys(self._last.get("reply_markup") or {}))

    async def _press(self, payload: str) -> None:
        below = {"message_id": self._last["message_id"], "date": 1, "chat": self._chat(), "text": self._last["text"]}
        markup = self._last.get("reply_markup") or {}
        query = {
            "id": str(self._stand_ins.next_id()),
            "from": self._user(),
            "chat_instance": str(self._chat_id),
            "data": payload,
            "message": {**below, "reply_markup": markup},
        }
        await self._update({"callback_query": query})

    async def _message(self, content: Mapping[str, object], sent_at: datetime) -> None:
        number = self._stand_ins.next_id()
        body = {"message_id": number, "date": int(sent_at.timestamp()), "chat": self._chat(), "from": self._user()}
        await self._update({"message": {**body, **content}})

    async def _update(self, content: Mapping[str, object]) -> None:
        body = {"update_id": self._stand_ins.next_id(), **content}
        headers = {"x-telegram-bot-api-secret-token": SECRET}
        async with self._http.post(self._url, json=body, headers=headers) as answer:
            answer.raise_for_status()

    def _card(self) -> Mapping[str, object]:
        return {
            "phone_number": self._person.international_phone,
            "first_name": self._person.name,
            "user_id": self._chat_id,
        }

    def _chat(self) -> Mapping[str, object]:
        return {"id": self._chat_id, "type": "private", "first_name": self._person.display_name}

    def _user(self) -> Mapping[str, object]:
        name = {"username": self._person.username} if self._person.username else {}
        about = {"first_name": self._person.display_name, "language_code": self._person.language}
        return {"id": self._chat_id, "is_bot": False, **about, **name}


def _keys(markup: Mapping[str, Any]) -> tuple[Key, ...]:
    inline = [
        Key(label=k["text"], payload=k["callback_data"]) for row in markup.get("inline_keyboard", ()) for k in row
    ]
    plain = [
        Key(label=k["text"], shares_phone=bool(k.get("request_contact")))
        for row in markup.get("keyboard", ())
        for k in row
    ]
    return (*inline, *plain)
