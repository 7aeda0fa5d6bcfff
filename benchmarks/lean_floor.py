"""The least a durable first responder can do, as the measure of our own cost: no understanding, no booking, no salon.

A Telegram update comes in as raw bytes; three commits keep it safe: the message (once), the reply, the stamp of its
acceptance. Same PostgreSQL, same driver, same pool size and same HTTP server as ours. Not a product.
"""

from __future__ import annotations

import asyncio
import hmac
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import aiohttp
import orjson
import uvicorn
from fastapi import FastAPI, Request, Response
from psycopg_pool import AsyncConnectionPool

Message = dict[str, Any]  # of Telegram, as it came: the floor checks nothing

SCHEMA = """
CREATE TABLE IF NOT EXISTS floor_message (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    provider_key bigint UNIQUE,
    chat_id bigint NOT NULL,
    direction text NOT NULL,
    text text NOT NULL,
    sent_at timestamptz,
    received_at timestamptz,
    composed_at timestamptz,
    accepted_at timestamptz,
    provider_message_id bigint
)"""
STORE = """
INSERT INTO floor_message (provider_key, chat_id, direction, text, sent_at, received_at)
VALUES (%s, %s, 'in', %s, %s, %s) ON CONFLICT (provider_key) DO NOTHING RETURNING id"""
REPLY = """
INSERT INTO floor_message (chat_id, direction, text, composed_at) VALUES (%s, 'out', %s, %s) RETURNING id"""
STAMP = "UPDATE floor_message SET accepted_at = %s, provider_message_id = %s WHERE id = %s"


class Floor:
    def __init__(self, *, database_url: str, telegram_url: str, secret: str, llm_url: str | None) -> None:
        self._pool = AsyncConnectionPool(
            database_url, min_size=1, max_size=10, open=False, kwargs={"autocommit": True, "options": "-c TimeZone=UTC"}
        )
        self._send_url = f"{telegram_url}/sendMessage"
        self._llm_url = llm_url
        self._secret = secret.encode()
        self._turns: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def running(self, _app: FastAPI) -> AsyncIterator[None]:
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=60)
        async with self._pool, aiohttp.ClientSession(connector=connector) as self._http:
            async with self._pool.connection() as connection:
                await connection.execute(SCHEMA)
            yield

    async def hook(self, request: Request) -> Response:
        received_at = datetime.now(UTC)
        if not hmac.compare_digest(request.headers.get("x-telegram-bot-api-secret-token", "").encode(), self._secret):
            return Response(status_code=401)
        message, update_id = _parse(await request.body())
        if await self._store(message, update_id, received_at):
            turn = asyncio.create_task(self._turn(message["chat"]["id"], message["text"]))
            self._turns.add(turn)
            turn.add_done_callback(self._turns.discard)
        return Response()

    async def bare(self, request: Request) -> Response:
        """One commit and no turn: what an acknowledgement cannot be quicker than."""
        message, update_id = _parse(await request.body())
        await self._store(message, update_id, datetime.now(UTC))
        return Response()

    async def _store(self, message: Message, update_id: int, received_at: datetime) -> bool:
        sent_at = datetime.fromtimestamp(message["date"], UTC)
        row = (update_id, message["chat"]["id"], message["text"], sent_at, received_at)
        async with self._pool.connection() as connection:
            return await (await connection.execute(STORE, row)).fetchone() is not None

    async def _turn(self, chat_id: int, text: str) -> None:
        reply = await self._word(text) if self._llm_url else "ok"
        async with self._pool.connection() as connection:
            row = await (await connection.execute(REPLY, (chat_id, reply, datetime.now(UTC)))).fetchone()
        assert row is not None
        async with self._http.post(self._send_url, data=orjson.dumps({"chat_id": chat_id, "text": reply})) as answer:
            sent = orjson.loads(await answer.read())["result"]
        async with self._pool.connection() as connection:
            await connection.execute(STAMP, (datetime.now(UTC), sent["message_id"], row[0]))

    async def _word(self, text: str) -> str:
        messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": text}]
        asked = {"model": "bench", "messages": messages}
        async with self._http.post(f"{self._llm_url}/chat/completions", data=orjson.dumps(asked)) as answer:
            content: str | None = orjson.loads(await answer.read())["choices"][0]["message"]["content"]
            return content or "ok"


def _parse(body: bytes) -> tuple[Message, int]:
    update = orjson.loads(body)
    return update["message"], update["update_id"]


def make_app() -> FastAPI:
    floor = Floor(
        database_url=os.environ["DATABASE_URL"],
        telegram_url=os.environ["TELEGRAM_API_BASE"] + "/bot" + os.environ["TELEGRAM_BOT_TOKEN"],
        secret=os.environ["TELEGRAM_WEBHOOK_SECRET"],
        llm_url=os.environ.get("LLM_BASE_URL"),
    )
    app = FastAPI(lifespan=floor.running, openapi_url=None)
    app.add_api_route("/hooks/bench/telegram", floor.hook, methods=["POST"])
    app.add_api_route("/bare", floor.bare, methods=["POST"])
    app.add_api_route("/health/ready", lambda: {"ready": True}, methods=["GET"])
    return app


if __name__ == "__main__":
    uvicorn.run(
        make_app(),
        host="127.0.0.1",
        port=int(os.environ["PORT"]),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )
