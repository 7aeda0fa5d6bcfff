"""The stub of the Bot API keeps the rules that our code must keep; a lenient stub would prove nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import orjson
import pytest
from aiohttp import web

from tests.stubs.telegram_api import TelegramStub

TEXT = {"chat_id": 4455, "text": "Hi"}


@pytest.fixture
async def stub() -> AsyncIterator[TelegramStub]:
    async with TelegramStub(second_s=0.001) as stub:
        stub.customer(4455)
        yield stub


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as http:
        yield http


async def _call(stub: TelegramStub, http: aiohttp.ClientSession, method: str, **parameters: Any) -> tuple[int, Any]:
    async with http.post(f"{stub.url}/bot{stub.token}/{method}", json=parameters) as answer:
        body = await answer.json()
        assert body["ok"] == (answer.status == 200)
        return answer.status, body


@pytest.mark.parametrize(
    ("parameters", "status"),
    [
        (TEXT, 200),
        ({**TEXT, "text": "x" * 4096}, 200),
        ({**TEXT, "text": "x" * 4097}, 400),
        ({**TEXT, "text": " \n"}, 400),
        ({**TEXT, "chat_id": 1}, 400),
        ({"text": "Hi"}, 400),
        ({**TEXT, "reply_markup": {"inline_keyboard": [[{"text": "A", "callback_data": "ю" * 32}]]}}, 200),
        ({**TEXT, "reply_markup": {"inline_keyboard": [[{"text": "A", "callback_data": "ю" * 33}]]}}, 400),
        ({**TEXT, "reply_markup": {"inline_keyboard": [[{"text": "", "callback_data": "a"}]]}}, 400),
        ({**TEXT, "reply_markup": "not json"}, 400),
    ],
)
async def test_a_message_is_judged(
    stub: TelegramStub, http: aiohttp.ClientSession, parameters: dict[str, Any], status: int
) -> None:
    """Text, chat and buttons are held to Telegram's limits."""
    assert (await _call(stub, http, "sendMessage", **parameters))[0] == status
    assert len(stub.sent(4455)) == (1 if status == 200 else 0)


@pytest.mark.parametrize("encoding", ["form", "multipart"])
async def test_forms_are_read_like_json(stub: TelegramStub, http: aiohttp.ClientSession, encoding: str) -> None:
    """A form or multipart body works as a JSON body does, with nested objects as JSON strings."""
    markup = {"inline_keyboard": [[{"text": "A", "callback_data": "a"}]]}
    fields = {"chat_id": "4455", "text": "Hi", "reply_markup": orjson.dumps(markup).decode()}
    data = aiohttp.FormData(fields, default_to_multipart=encoding == "multipart")

    async with http.post(f"{stub.url}/bot{stub.token}/sendMessage", data=data) as answer:
        assert answer.status == 200

    assert stub.sent(4455)[0].buttons == {"A": "a"}


@pytest.mark.parametrize(("token", "status"), [("1:other", 401), ("nonsense", 404)])
async def test_a_wrong_token_opens_nothing(
    stub: TelegramStub, http: aiohttp.ClientSession, token: str, status: int
) -> None:
    """A token of another bot is unauthorized, a string that is no token is not found."""
    async with http.post(f"{stub.url}/bot{token}/getMe") as answer:
        assert answer.status == status


async def test_a_blocked_bot_is_forbidden(stub: TelegramStub, http: aiohttp.ClientSession) -> None:
    """A customer who blocked the bot gets nothing until they unblock it."""
    stub.customer_blocks(4455)
    blocked, _ = await _call(stub, http, "sendMessage", **TEXT)
    stub.customer_unblocks(4455)
    unblocked, _ = await _call(stub, http, "sendMessage", **TEXT)

    assert (blocked, unblocked) == (403, 200)


async def test_a_flood_is_refused_with_the_wait(http: aiohttp.ClientSession) -> None:
    """A second message too early is refused with the wait, and accepted after it."""
    now = [1_795_348_800.0]
    async with TelegramStub(flood_interval_s=1.0, now=lambda: now[0]) as stub:
        stub.customer(4455)
        await _call(stub, http, "sendMessage", **TEXT)
        status, body = await _call(stub, http, "sendMessage", **TEXT)
        now[0] += body["parameters"]["retry_after"]
        later, _ = await _call(stub, http, "sendMessage", **TEXT)

    assert (status, later) == (429, 200)


async def test_polling_and_a_webhook_exclude_one_another(stub: TelegramStub, http: aiohttp.ClientSession) -> None:
    """While a webhook is set, `getUpdates` is a conflict."""
    await _call(stub, http, "setWebhook", url="https://salon.example")
    with_webhook, _ = await _call(stub, http, "getUpdates")
    await _call(stub, http, "deleteWebhook")
    without, _ = await _call(stub, http, "getUpdates")

    assert (with_webhook, without) == (409, 200)


async def test_a_second_poller_ends_the_first(stub: TelegramStub, http: aiohttp.ClientSession) -> None:
    """Of two pollers the older one is told of the conflict."""
    first = asyncio.create_task(_call(stub, http, "getUpdates", timeout=30))
    await stub.until_polled()
    second = asyncio.create_task(_call(stub, http, "getUpdates", timeout=30))

    assert (await first)[0] == 409
    stub.customer_says(4455, "Hello")
    assert (await second)[0] == 200


async def test_an_update_is_repeated_until_an_offset_confirms_it(
    stub: TelegramStub, http: aiohttp.ClientSession
) -> None:
    """The same update comes with every poll until one asks for what follows it."""
    delivery = stub.customer_says(4455, "Hello")
    _, first = await _call(stub, http, "getUpdates")
    _, second = await _call(stub, http, "getUpdates")
    _, third = await _call(stub, http, "getUpdates", offset=delivery.update["update_id"] + 1)

    assert (first["result"], second["result"], third["result"]) == ([delivery.update], [delivery.update], [])
    assert delivery.done.is_set()


async def test_a_webhook_is_posted_to_until_it_answers_2xx(stub: TelegramStub, http: aiohttp.ClientSession) -> None:
    """An update is posted with the secret, again after every failure, and the next of the chat waits for it."""
    statuses, posted = [500, 503, 200, 200], []

    async def hook(request: web.Request) -> web.Response:
        posted.append((request.headers["X-Telegram-Bot-Api-Secret-Token"], (await request.json())["message"]["text"]))
        return web.Response(status=statuses.pop(0))

    app = web.Application()
    app.router.add_post("/hook", hook)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    await _call(stub, http, "setWebhook", url=f"http://127.0.0.1:{port}/hook", secret_token="s3cret")

    first, second = stub.customer_says(4455, "one"), stub.customer_says(4455, "two")
    await asyncio.wait_for(second.confirmed(), 10)
    await runner.cleanup()

    assert posted == [("s3cret", "one")] * 3 + [("s3cret", "two")]
    assert (first.answers, second.answers) == ([500, 503, 200], [200])


async def test_a_secret_has_an_alphabet(stub: TelegramStub, http: aiohttp.ClientSession) -> None:
    """A secret with other characters than letters, digits, dash and underscore is refused."""
    status, _ = await _call(stub, http, "setWebhook", url="https://salon.example", secret_token="a b")

    assert (status, stub.webhook) == (400, None)


async def test_an_unknown_press_is_too_old(stub: TelegramStub, http: aiohttp.ClientSession) -> None:
    """Only a press that happened can be answered."""
    assert (await _call(stub, http, "answerCallbackQuery", callback_query_id="1"))[0] == 400
