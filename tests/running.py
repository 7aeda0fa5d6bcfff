"""A whole Responder in the test's own process, behind real HTTP, with the demo salon and stubs for the outside."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp
import uvicorn

from responder.assembly import Responder, background, responder
from responder.clock import Clock, ShiftedClock
from responder.commands.serve import build_app, server_config
from responder.salon.demo import DEMO_SALON
from responder.salon.file import read_salon_file
from responder.salon.importer import import_salon
from responder.settings import Settings
from tests.stubs.bitrix24_api import Bitrix24Stub
from tests.stubs.telegram_api import TelegramStub

SLUG = "malakhitovaya-shkatulka"
WEBHOOK_SECRET = "tests-secret_1"
ACCESS = "access-token-of-tests"
POLL_S = 0.02
TUESDAY = datetime(2026, 11, 24, 6, tzinfo=UTC)  # 11 in the morning at the demo salon, and tomorrow Anna works


@dataclass(frozen=True, kw_only=True, slots=True)
class Running:
    """Where it listens and what it is made of."""

    url: str
    responder: Responder
    http: aiohttp.ClientSession

    @property
    def telegram_hook(self) -> str:
        return f"{self.url}/hooks/{SLUG}/telegram"

    async def rows(self, query: str, **values: Any) -> list[dict[str, Any]]:
        async with self.responder.database.connection() as connection:
            return await (await connection.execute(query, values)).fetchall()  # type: ignore[arg-type]

    async def staff(self, method: str, path: str, **body: Any) -> aiohttp.ClientResponse:
        """A call of the staff API of the demo salon."""
        return await self.http.request(
            method,
            f"{self.url}/api/v1/{SLUG}{path}",
            json=body or {},
            headers={"authorization": f"Bearer {ACCESS}"},
        )


@asynccontextmanager
async def running(
    database_url: str,
    *,
    telegram: TelegramStub | None = None,
    bitrix: Bitrix24Stub | None = None,
    clock: Clock | None = None,
    environment: Mapping[str, str] | None = None,
    with_background: bool = True,
    **settings: Any,
) -> AsyncIterator[Running]:
    """Everything `responder serve` runs, on a port of its own; Telegram's webhook is set to it. Unless given a clock it
    begins on one and the same Tuesday: who works tomorrow must not depend on the day the tests are run."""
    clock = clock or ShiftedClock(TUESDAY)
    names = dict(environment or {})
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    if telegram is not None:
        telegram.tell_time_by(lambda: clock.now().timestamp())
        names |= {
            "TELEGRAM_BOT_TOKEN": telegram.token,
            "TELEGRAM_API_BASE": telegram.url,
            "TELEGRAM_WEBHOOK_SECRET": WEBHOOK_SECRET,
        }
    if bitrix is not None:
        names["BITRIX24_WEBHOOK_URL"] = bitrix.url
    chosen = Settings(
        access_token=ACCESS,
        secret_key="secret-key-of-the-tests-and-nobody-else",
        public_url=url,
        **({"burst_quiet_s": 0.05} | settings),
    )
    with _environment(names):
        async with responder(chosen, url=database_url, clock=clock) as parts, aiohttp.ClientSession() as http:
            await import_salon(parts.database, read_salon_file(DEMO_SALON), now=parts.clock.now())
            await parts.refresh_accounts()
            async with _served(server_config(build_app(parts), chosen), listener):
                ready = Running(url=url, responder=parts, http=http)
                if telegram is not None:
                    await _set_webhook(telegram, ready)
                if not with_background:
                    yield ready
                    return
                async with background(parts):
                    yield ready


@asynccontextmanager
async def _served(config: uvicorn.Config, listener: socket.socket) -> AsyncIterator[None]:
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield
    finally:
        server.should_exit = server.force_exit = True
        await task


async def until(condition: Any, *, within_s: float = 15.0) -> Any:
    """The first truthy value an async condition gives; fails when none comes."""
    deadline = asyncio.get_running_loop().time() + within_s
    while not (value := await condition()):
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError("it did not come true in time")
        await asyncio.sleep(POLL_S)
    return value


async def _set_webhook(telegram: TelegramStub, ready: Running) -> None:
    async with ready.http.post(
        f"{telegram.url}/bot{telegram.token}/setWebhook",
        json={"url": ready.telegram_hook, "secret_token": WEBHOOK_SECRET},
    ) as answer:
        assert answer.status == 200, await answer.text()


@contextmanager
def _environment(names: Mapping[str, str]) -> Any:
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(names)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
