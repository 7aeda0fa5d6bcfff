"""What the demo talks to in place of the outside world: a Telegram and a CRM that answer on this machine only."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import orjson
from aiohttp import web

TOKEN = "1:demo"  # noqa: S105  opens nothing but the stand-in
SECRET = "demo-webhook-secret"  # noqa: S105  as above
LONG_POLL_S = 20.0
EVERY_NTH_LEAD_REFUSED = 23  # so that the list of leads shows what a refusal looks like


class StandIns:
    """An async context; `telegram_url` and `crm_url` are known inside it."""

    def __init__(self) -> None:
        self._ids = itertools.count(time.time_ns() // 1_000_000)  # new ones in every run
        self._inboxes: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
        self._leads: dict[str, int] = {}
        self._closing = asyncio.Event()
        self.telegram_url = self.crm_url = ""

    async def __aenter__(self) -> StandIns:
        app = web.Application()
        app.router.add_route("*", f"/bot{TOKEN}/{{method}}", self._on_telegram)
        app.router.add_post("/leads", self._on_lead)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.telegram_url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        self.crm_url = f"{self.telegram_url}/leads"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing.set()
        await self._runner.cleanup()

    def next_id(self) -> int:
        """Of an update, a message or a press: all of one count."""
        return next(self._ids)

    def take_messages(self, chat_id: int) -> list[Mapping[str, Any]]:
        """What was sent to a chat since the last time: `message_id`, `text`, `reply_markup`."""
        return self._inboxes.pop(chat_id, [])

    async def _on_telegram(self, request: web.Request) -> web.Response:
        parameters = await _parameters(request)
        match request.match_info["method"]:
            case "sendMessage":
                sent = {"message_id": self.next_id(), **parameters}
                self._inboxes[int(parameters["chat_id"])].append(sent)
                chat = {"id": int(parameters["chat_id"]), "type": "private"}
                result: object = {
                    "message_id": sent["message_id"],
                    "date": 1,
                    "chat": chat,
                    "text": parameters["text"],
                }
            case "getUpdates":
                await asyncio.wait({asyncio.ensure_future(self._closing.wait())}, timeout=LONG_POLL_S)
                result = []
            case "getMe":
                result = {"id": 1, "is_bot": True, "first_name": "Demo", "username": "demo_bot"}
            case _:
                result = True
        return web.json_response({"ok": True, "result": result})

    async def _on_lead(self, request: web.Request) -> web.Response:
        document = orjson.loads(await request.read())
        origin = str(document.get("lead", {}).get("origin_id", ""))
        number = self._leads.setdefault(origin, len(self._leads) + 1)
        if number % EVERY_NTH_LEAD_REFUSED == 0:
            return web.json_response({"error": "the pipeline of this lead was deleted"}, status=422)
        return web.json_response({"id": 4000 + number})


async def _parameters(request: web.Request) -> dict[str, Any]:
    """Of a call: a JSON body, or a form whose nested values are JSON."""
    if request.content_type == "application/json":
        body: dict[str, Any] = orjson.loads(await request.read() or b"{}")
        return body
    return dict(await request.post())
