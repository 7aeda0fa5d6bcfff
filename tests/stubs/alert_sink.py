"""A place where alerts arrive: a real HTTP server that takes what Apprise's `json://` posts, or refuses it."""

from __future__ import annotations

from typing import Any

from aiohttp import web


class AlertSink:
    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self.asked = 0
        self.status = 200
        self._runner: web.AppRunner | None = None
        self.url = ""

    async def __aenter__(self) -> AlertSink:
        app = web.Application()
        app.router.add_post("/hook", self._take)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = self._runner.addresses[0][1]
        self.url = f"json://127.0.0.1:{port}/hook"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        self.asked += 1
        if self.status == 200:
            self.taken.append(await request.json())
        return web.Response(status=self.status)
