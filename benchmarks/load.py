"""Customers who write, wait for the answer and write again: the load, and what it measured.

Every chat sends its next update when the reply to its last one was accepted by the stand-in messenger. Nothing here
knows which program answers.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import orjson

from benchmarks.wire import Client

PATIENCE_S = 15.0  # a message unanswered for longer is lost
FIRST_CHAT = 700_000
SAYINGS = (
    "Сколько стоит стрижка?",
    "Где вы находитесь?",
    "До скольки вы работаете?",
    "Хочу записаться на стрижку завтра после обеда",
)
_update_ids = itertools.count(1)


@dataclass
class Measured:
    """One stretch of load. Times in milliseconds; `replies` were accepted inside the measured seconds."""

    seconds: float = 0.0
    replies: int = 0
    lost: int = 0
    refused: int = 0
    reply_ms: list[float] = field(default_factory=list)
    ack_ms: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        return self.replies / self.seconds if self.seconds else 0.0


class Load:
    """Chats against one webhook address; hand `accepted` to the stand-in messenger."""

    def __init__(self, url: str, path: str, *, secret: str) -> None:
        self._url, self._path = url, path
        self._headers = b"X-Telegram-Bot-Api-Secret-Token: " + secret.encode() + b"\r\n"
        self._waiting: dict[int, asyncio.Future[float]] = {}

    def accepted(self, chat_id: int, at: float) -> None:
        waiting = self._waiting.pop(chat_id, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(at)

    async def run(
        self, chats: int, *, seconds: float, warm_up_s: float = 1.0, mark: Callable[[], object] = lambda: None
    ) -> tuple[Measured, object, object]:
        """`chats` customers at once for `warm_up_s` unmeasured and `seconds` measured seconds. `mark()` is called
        at both ends of the measured time; what it gave is handed back with the figures."""
        measured = Measured()
        begins = time.perf_counter() + warm_up_s
        ends = begins + seconds
        customers = [
            asyncio.create_task(self._customer(FIRST_CHAT + number, measured, begins=begins, ends=ends))
            for number in range(chats)
        ]
        await asyncio.sleep(begins - time.perf_counter())
        before = mark()
        await asyncio.sleep(ends - time.perf_counter())
        measured.seconds, after = time.perf_counter() - begins, mark()
        await asyncio.gather(*customers)
        return measured, before, after

    async def acknowledgements(self, path: str, *, seconds: float) -> list[float]:
        """Milliseconds from POST to 2xx at `path`, one after another, nothing awaited besides."""
        client, times = Client(self._url), []
        ends = time.perf_counter() + seconds
        while time.perf_counter() < ends:
            started = time.perf_counter()
            await client.post(path, _update(FIRST_CHAT, SAYINGS[0]), self._headers)
            times.append((time.perf_counter() - started) * 1000)
        client.close()
        return times

    async def _customer(self, chat_id: int, measured: Measured, *, begins: float, ends: float) -> None:
        client = Client(self._url)
        for text in itertools.cycle(SAYINGS):
            if time.perf_counter() >= ends:
                break
            waiting = self._waiting[chat_id] = asyncio.get_running_loop().create_future()
            started = time.perf_counter()
            status = await client.post(self._path, _update(chat_id, text), self._headers)
            acknowledged = time.perf_counter()
            if not 200 <= status < 300:
                measured.refused += 1
                await asyncio.sleep(0.05)
                continue
            try:
                accepted = await asyncio.wait_for(waiting, PATIENCE_S)
            except TimeoutError:
                measured.lost += 1
                continue
            if begins <= accepted < ends:
                measured.replies += 1
                measured.reply_ms.append((accepted - started) * 1000)
                measured.ack_ms.append((acknowledged - started) * 1000)
        client.close()


def _update(chat_id: int, text: str) -> bytes:
    number = next(_update_ids)
    person = {"id": chat_id, "is_bot": False, "first_name": "Анна", "language_code": "ru"}
    message = {
        "message_id": number,
        "date": int(time.time()),
        "chat": {"id": chat_id, "type": "private", "first_name": "Анна"},
        "from": person,
        "text": text,
    }
    return orjson.dumps({"update_id": number, "message": message})
