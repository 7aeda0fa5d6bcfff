"""Invariants 1, 3, 4, 5 under SIGKILL: whatever step a process dies at, nothing is lost and nothing is doubled."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from pathlib import Path

import aiohttp
import psycopg
import pytest
from psycopg.rows import dict_row

from tests.integration.killable import STEPS
from tests.running import SLUG, WEBHOOK_SECRET, until
from tests.stubs.bitrix24_api import Bitrix24Stub
from tests.stubs.telegram_api import TelegramStub

ROOT = Path(__file__).parents[2]
CHAT = 77


@pytest.mark.parametrize("step", STEPS)
async def test_a_process_killed_at_any_step_loses_and_doubles_nothing(step: str, database_url: str) -> None:
    """The customer confirms, the process dies at `step`, another one starts: one appointment, one lead, an answer."""
    async with (
        TelegramStub() as telegram,
        Bitrix24Stub() as bitrix,
        _Server(database_url, telegram, bitrix) as server,
    ):
        await server.start("never")
        await server.subscribe()
        await telegram.customer_says(CHAT, "Женская стрижка завтра в 16:00, меня зовут Света, 89123456789").confirmed()
        replies = await telegram.until_sent(CHAT, count=1)
        if "Всё верно" not in replies[0].text:
            await telegram.customer_presses(CHAT, next(iter(replies[0].buttons))).confirmed()
            replies = await telegram.until_sent(CHAT, count=2)
        asked = len(replies)
        await server.stop()

        await server.start(step)
        confirmation = telegram.customer_says(CHAT, "да, верно")  # repeated by the messenger until it is taken
        await server.died()
        await server.start("never")
        await confirmation.confirmed()
        await until(lambda: _is_done(database_url), within_s=30)
        await telegram.until_sent(CHAT, count=asked + 1)
        await server.stop()
        rows = await _facts(database_url)
    assert rows["booked"] == 1
    assert rows["leads"] == 1
    assert rows["confirmations"] == 1, "the customer's message exists once"
    assert rows["answers"] == 1, "it was answered by one turn"
    assert len(bitrix.leads) == 1
    assert any("вы записаны" in reply.text for reply in telegram.sent(CHAT)[asked:])


class _Server:
    """`responder serve` as a process of its own, on one port."""

    def __init__(self, database_url: str, telegram: TelegramStub, bitrix: Bitrix24Stub) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port: int = probe.getsockname()[1]
        self._telegram = telegram
        self._environment = os.environ | {
            "DATABASE_URL": database_url,
            "TELEGRAM_BOT_TOKEN": telegram.token,
            "TELEGRAM_API_BASE": telegram.url,
            "TELEGRAM_WEBHOOK_SECRET": WEBHOOK_SECRET,
            "BITRIX24_WEBHOOK_URL": bitrix.url,
            "PUBLIC_URL": f"http://127.0.0.1:{self._port}",
            "BURST_QUIET_S": "0",
            "ACCESS_TOKEN": "x" * 16,
            "SECRET_KEY": "y" * 32,
        }

    async def __aenter__(self) -> _Server:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def start(self, step: str) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.integration.killable",
            step,
            str(self._port),
            env=self._environment,
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
        )
        assert self._process.stdout is not None
        assert await self._process.stdout.readline() == b"ready\n"

    async def subscribe(self) -> None:
        async with (
            aiohttp.ClientSession() as http,
            http.post(
                f"{self._telegram.url}/bot{self._telegram.token}/setWebhook",
                json={
                    "url": f"http://127.0.0.1:{self._port}/hooks/{SLUG}/telegram",
                    "secret_token": WEBHOOK_SECRET,
                },
            ) as answer,
        ):
            assert answer.status == 200

    async def died(self) -> None:
        assert await asyncio.wait_for(self._process.wait(), 30) == -9

    async def stop(self) -> None:
        self._process.terminate()
        await asyncio.wait_for(self._process.wait(), 15)


async def _is_done(database_url: str) -> bool:
    facts = await _facts(database_url)
    return facts["delivered_leads"] == 1 and facts["booked"] == 1 and facts["unsent"] == 0


async def _facts(database_url: str) -> dict[str, int]:
    async with await psycopg.AsyncConnection.connect(database_url, row_factory=dict_row) as connection:
        cursor = await connection.execute("""
            SELECT
                (SELECT count(*) FROM appointment WHERE state IN ('held', 'booked')) AS booked,
                (SELECT count(*) FROM lead) AS leads,
                (SELECT count(*) FROM lead_delivery d JOIN lead l ON l.id = d.lead_id
                 WHERE d.revision = l.revision AND l.appointment_id IS NOT NULL) AS delivered_leads,
                (SELECT count(*) FROM message WHERE direction = 'in' AND text = 'да, верно') AS confirmations,
                (SELECT count(*) FROM message WHERE direction = 'out' AND text LIKE '%вы записаны%') AS answers,
                (SELECT count(*) FROM message WHERE direction = 'out' AND accepted_at IS NULL) AS unsent
        """)
        row = await cursor.fetchone()
    assert row is not None
    return row
