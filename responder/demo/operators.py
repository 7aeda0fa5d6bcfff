"""What simulated operators do: look at who waits, answer some at once, some late, some never; all by the staff API."""

from __future__ import annotations

import random
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp

from responder.demo.people import words
from responder.hours import OpeningHours

DAY_SHIFT_ENDS = time(16)
LOOKS_AT = 20  # dialogues in the list an operator sees
NEVER_SHARE = 0.08
LATE_SHARE = 0.16  # of those answered: 5 to 25 minutes
NEXT_MORNING_SHARE = 0.06
UNASKED_SHARE = 0.012  # of the bot's own dialogues that somebody takes over all the same
LANGUAGES = ("ru", "en")
ENGLISH = re.compile(r"(?i)[\x00-\x7f]*[a-z][\x00-\x7f]*")

OperatorWork = Callable[[datetime], Awaitable[str | None]]  # gives the key of the customer that was written to


@dataclass(frozen=True, kw_only=True, slots=True)
class Shift:
    """Who works when: operators by key with the name they sign with, and the salon's hours."""

    names: Mapping[str, str]
    ends_at: datetime  # from then on nobody looks
    hours: OpeningHours
    zone: ZoneInfo


class Operators:
    """`plan(at, work)` puts something on the simulation's agenda."""

    def __init__(
        self,
        *,
        http: aiohttp.ClientSession,
        api: str,
        access_token: str,
        shift: Shift,
        seed: int,
        plan: Callable[[datetime, OperatorWork], None],
    ) -> None:
        self._http, self._api, self._shift, self._plan = http, api, shift, plan
        self._headers = {"authorization": f"Bearer {access_token}"}
        self._chance = random.Random(f"operators {seed}")  # noqa: S311
        self._seen: set[tuple[int, str | None]] = set()
        self.answers = 0

    async def look(self, now: datetime) -> None:
        """Notice who waits for a person, and plan when to answer."""
        if now > self._shift.ends_at:
            return
        for row in await self._call("GET", f"/dialogues?limit={LOOKS_AT}"):
            wait = (row["id"], row["needed_at"])
            if row["needed_at"] is not None and row["taken_at"] is None and wait not in self._seen:
                self._seen.add(wait)
                self._plan_answer(row, now)
            elif row["mode"] == "human" and row["last_author"] == "customer" and row["taken_at"] is not None:
                self._plan_next(row, now)

    async def maybe_step_in(self, now: datetime) -> None:
        """Now and then somebody takes the latest dialogue over though nobody asked."""
        if self._chance.random() > UNASKED_SHARE or not self._is_open(now) or now > self._shift.ends_at:
            return
        rows = await self._call("GET", f"/dialogues?limit={LOOKS_AT}")
        latest = max(rows, key=lambda row: row["last_message_at"], default=None)
        if latest is not None and latest["mode"] == "bot" and latest["closed_at"] is None:
            self._plan(now + timedelta(seconds=self._chance.uniform(20, 90)), lambda at: self._answer(latest, at))

    def _plan_answer(self, row: Mapping[str, Any], now: datetime) -> None:
        if self._chance.random() < NEVER_SHARE:
            return
        begin = now
        if not self._is_open(now) or self._chance.random() < NEXT_MORNING_SHARE:
            begin = self._next_opening(now)
        delay_s = self._chance.lognormvariate(4.15, 0.7)  # about a minute
        if self._chance.random() < LATE_SHARE:
            delay_s = self._chance.uniform(300, 1500)
        self._plan(begin + timedelta(seconds=max(delay_s, 20)), lambda at: self._answer(row, at))

    def _plan_next(self, row: Mapping[str, Any], now: datetime) -> None:
        said = (row["id"], row["last_message_at"])
        if said in self._seen:
            return
        self._seen.add(said)
        if self._chance.random() < NEVER_SHARE:
            return
        begin = now if self._is_open(now) else self._next_opening(now)
        seconds = self._chance.lognormvariate(4.4, 0.6)
        self._plan(begin + timedelta(seconds=seconds), lambda at: self._go_on(row["id"], at))

    async def _answer(self, row: Mapping[str, Any], now: datetime) -> str:
        """Take over with a first answer; the end of the dialogue is planned right away."""
        reason = {"asked": "asked", "anger": "anger", "risk": "risk", "attachment": "attachment"}
        await self._reply(row["id"], reason.get(row["handoff_reason"] or "", "other"), row["last_text"], now)
        self._plan(now + timedelta(minutes=self._chance.uniform(25, 70)), lambda at: self._finish(row["id"], at))
        return str(row["thread_key"])

    async def _go_on(self, thread_id: int, now: datetime) -> str | None:
        dialogue = await self._call("GET", f"/dialogues/{thread_id}")
        last = dialogue["messages"][-1]
        has_said_thanks = any(last["text"] in words(language)["calm"] for language in LANGUAGES)
        if dialogue["mode"] != "human" or last["author"] != "customer" or has_said_thanks:
            return None
        await self._reply(thread_id, "further", last["text"], now)
        return str(dialogue["thread_key"])

    async def _finish(self, thread_id: int, _now: datetime) -> None:
        dialogue = await self._call("GET", f"/dialogues/{thread_id}")
        if dialogue["mode"] == "human":
            action = "close" if self._chance.random() < 0.7 else "give-back"
            await self._call("POST", f"/dialogues/{thread_id}/{action}", {})

    async def _reply(self, thread_id: int, kind: str, said: str | None, now: datetime) -> None:
        key = self._on_duty(now)
        book = words("en" if said and ENGLISH.fullmatch(said) else "ru")
        line = book["matters"].get(said) or self._chance.choice(book["operators"][kind])
        line = line.format(me=self._shift.names[key])
        await self._call("POST", f"/dialogues/{thread_id}/messages", {"text": line, "operator": key})
        self.answers += 1

    def _on_duty(self, now: datetime) -> str:
        keys = list(self._shift.names)
        is_day = now.astimezone(self._shift.zone).time() < DAY_SHIFT_ENDS
        return keys[0] if is_day or len(keys) == 1 else keys[1]

    def _is_open(self, now: datetime) -> bool:
        return self._shift.hours.is_open(now)

    def _next_opening(self, now: datetime) -> datetime:
        return self._shift.hours.next_opening(now) or now

    async def _call(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        async with self._http.request(method, self._api + path, json=body, headers=self._headers) as answer:
            answer.raise_for_status()
            return await answer.json() if answer.content_type == "application/json" else None
