"""A receiver of the signed webhook, as an integrator would write one: verifies first, then keeps one lead per origin.

async with WebhookSink() as sink:
    crm = WebhookCrm(url=sink.url, secret=sink.secret)
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import web


@dataclass(frozen=True, kw_only=True, slots=True)
class Received:
    """A request as it arrived, header names in lower case."""

    headers: dict[str, str]
    body: bytes


class WebhookSink:
    """`requests` are all that came and were authentic; `leads` the latest state by origin id. The next answers come
    from `answers`: an HTTP status, or "hang" (nothing was done), "lost" (done, then the connection dies)."""

    def __init__(self) -> None:
        self.secret = "sink-secret-of-thirty-two-characters"
        self.requests: list[Received] = []
        self.leads: dict[str, dict[str, Any]] = {}
        self.answers: list[int | str] = []
        self.lasting_answer: int | str | None = None
        self.retry_after: int | None = None
        self.body: bytes | None = None  # what is answered in place of {"id": ...}
        self.url = ""
        self._port = 0
        self._closing = asyncio.Event()
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen, on the same port as before; harmless when it does already."""
        if self._runner is not None:
            return
        self._closing.clear()
        app = web.Application()
        app.router.add_post("/leads", self._serve)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self._port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{self._port}/leads?key=hook-token"

    async def __aenter__(self) -> WebhookSink:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def stop(self) -> None:
        self._closing.set()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        answer = self.answers.pop(0) if self.answers else self.lasting_answer
        if answer == "hang":
            await self._closing.wait()
        if isinstance(answer, int):
            headers = {"Retry-After": str(self.retry_after)} if self.retry_after is not None else {}
            return web.Response(status=answer, headers=headers, body=body)  # an unkind receiver quotes the customer
        if not self._is_authentic(request, body):
            return web.Response(status=401)
        self.requests.append(Received(headers={k.lower(): v for k, v in request.headers.items()}, body=body))
        document = orjson.loads(body)
        if document["event"] == "lead":
            self.leads[document["lead"]["origin_id"]] = document["lead"]
        if answer == "lost":
            assert request.transport is not None
            request.transport.abort()
        if self.body is not None:
            return web.Response(body=self.body)
        return web.json_response({"id": f"sink-{document['lead']['origin_id']}"} if "lead" in document else {})

    def _is_authentic(self, request: web.Request, body: bytes) -> bool:
        """Written from docs/leads.md and not from our code."""
        timestamp = request.headers.get("X-Responder-Timestamp", "")
        signed = hmac.new(self.secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        return (
            re.fullmatch(r"\d{10,}", timestamp) is not None
            and request.headers.get("X-Responder-Signature") == f"sha256={signed}"
            and request.headers.get("Idempotency-Key", "") != ""
        )
