"""PostgreSQL stops and comes back under a running process: every message is answered, once, without a restart."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from pathlib import Path

from tests.integration.outages import OwnPostgres, Served, own_postgres, served, until_subscribed
from tests.running import WEBHOOK_SECRET, until
from tests.stubs import telegram_updates as updates
from tests.stubs.telegram_api import TelegramStub
from tests.stubs.telegram_delivery import Delivery
from tests.stubs.telegram_updates import Customer

HEADERS = {"x-telegram-bot-api-secret-token": WEBHOOK_SECRET, "content-type": "application/json"}
CHATS = range(1000, 1060)
UNDONE = """
SELECT (SELECT count(*) FROM message WHERE direction = 'out' AND accepted_at IS NULL)
     + (SELECT count(*) FROM thread WHERE turn_due_at IS NOT NULL) AS undone,
       (SELECT count(*) FROM message WHERE direction = 'in') AS asked,
       (SELECT count(*) FROM message WHERE direction = 'out') AS replies,
       (SELECT count(*) FROM handoff) AS handoffs
"""

KILL = """
SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) AS ended FROM pg_stat_activity
WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
"""


async def settled(postgres: OwnPostgres) -> dict[str, int] | None:
    (row,) = await postgres.rows(UNDONE)
    return row if row["undone"] == 0 and row["replies"] >= len(CHATS) else None


async def is_called_for(telegram: TelegramStub, chat: int) -> bool:
    """The reply to this chat is on its way: the messenger has the call and has not answered yet."""
    return any(method == "sendMessage" and call["chat_id"] == chat for method, call in telegram.calls)


async def is_away_for_long(app: Served, delivery: Delivery, held_before: int) -> bool:
    """A webhook was turned away, and a receipt has nowhere to go."""
    return bool(delivery.answers) and app.logged("outcome_held") > held_before


async def outage(postgres: OwnPostgres, telegram: TelegramStub, app: Served, chat: int) -> Delivery:
    """Stop the database while the reply to `chat` is on its way, and start it again when it has been missed; gives the
    message that was turned away meanwhile."""
    await until(lambda: is_called_for(telegram, chat))
    held = app.logged("outcome_held")
    await postgres.stop()
    turned_away = telegram.customer_says(chat + 500, "Сколько стоит педикюр?")
    await until(lambda: is_away_for_long(app, turned_away, held))
    await postgres.start()
    return turned_away


async def test_a_stream_of_messages_across_two_outages(tmp_path: Path) -> None:
    """The database stops twice in the middle of sixty conversations, with replies on their way to a slow messenger:
    each message is stored once, each customer gets one answer, nobody is handed to a person."""
    with own_postgres(tmp_path / "postgres") as postgres:
        async with (
            TelegramStub(answer_delay_s=3.0) as telegram,
            served(tmp_path, database_url=postgres.url, telegram=telegram) as app,
        ):
            await until_subscribed(telegram)
            asked = []
            for number, chat in enumerate(CHATS):
                asked.append(telegram.customer_says(chat, "Сколько стоит маникюр?"))
                if number in (20, 40):
                    asked.append(await outage(postgres, telegram, app, chat))
            for delivery in asked:
                await asyncio.wait_for(delivery.confirmed(), 60)
            done = await until(lambda: settled(postgres), within_s=60)
            ready = await app.ready()
            sent = {chat: len(telegram.sent(chat)) for chat in (*CHATS, 1520, 1540)}
    assert {chat: count for chat, count in sent.items() if count != 1} == {}
    assert (done["asked"], done["replies"], done["handoffs"]) == (62, 62, 0)
    assert {status for delivery in asked for status in delivery.answers} <= {0, 200, 503}
    assert ready == (200, {"status": "ok", "parts": {"database": "ok", "salons": "ok"}})


async def test_connections_that_die_in_the_middle_of_everything(tmp_path: Path) -> None:
    """Every connection of the process is ended again and again while sixty customers write and their answers leave:
    each is answered, once, and nobody is handed to a person."""
    with own_postgres(tmp_path / "postgres") as postgres:
        async with (
            TelegramStub(answer_delay_s=0.1) as telegram,
            served(tmp_path, database_url=postgres.url, telegram=telegram) as app,
        ):
            await until_subscribed(telegram)
            asked, ended = [], 0
            for chat in CHATS:
                asked.append(telegram.customer_says(chat, "Сколько стоит маникюр?"))
                if chat % 2:  # at the send, between commit and stamp; the others at the door
                    await until(partial(is_called_for, telegram, chat))
                (row,) = await postgres.rows(KILL)
                ended += row["ended"]
            for delivery in asked:
                await asyncio.wait_for(delivery.confirmed(), 60)
            done = await until(lambda: settled(postgres), within_s=90)
            sent = {chat: len(telegram.sent(chat)) for chat in CHATS}
            crashes = app.logged("turn_crashed") + app.logged("turn_failed")
    assert {chat: count for chat, count in sent.items() if count != 1} == {}
    assert (done["asked"], done["replies"], done["handoffs"], crashes) == (60, 60, 0, 0)
    assert ended > len(CHATS)


async def test_a_database_that_does_not_answer_is_not_waited_for(tmp_path: Path) -> None:
    """Its processes stand still with connections open: a webhook gets its 503 long before messengers give up, and is
    stored once when they move again."""
    with own_postgres(tmp_path / "postgres") as postgres:
        async with (
            TelegramStub() as telegram,
            served(tmp_path, database_url=postgres.url, telegram=telegram) as app,
        ):
            await until_subscribed(telegram)
            await telegram.customer_says(CHATS[0], "Здравствуйте").confirmed()
            await telegram.until_sent(CHATS[0], count=1)
            postgres.freeze()
            try:
                said = updates.said(Customer(id=CHATS[1]), "Сколько стоит маникюр?", message_id=1, date=1_790_000_000)
                body = json.dumps({"update_id": 900, **said})
                async with asyncio.timeout(9), app.http.post(app.hook, data=body, headers=HEADERS) as answer:
                    refused = answer.status
            finally:
                postgres.thaw()
            telegram.customer(CHATS[1])
            async with app.http.post(app.hook, data=body, headers=HEADERS) as answer:
                taken = answer.status
            await telegram.until_sent(CHATS[1], count=1, timeout_s=40)
            (row,) = await postgres.rows("SELECT count(*) AS n FROM message WHERE direction = 'in'")
    assert (refused, taken) == (503, 200)
    assert row["n"] == 2
    assert len(telegram.sent(CHATS[1])) == 1
