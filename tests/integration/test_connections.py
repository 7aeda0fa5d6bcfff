"""Connections that keep us waiting, and whom we believe about who is behind one."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
import pytest
import uvicorn
from fastapi import FastAPI

from responder.clock import FixedClock
from responder.commands.serve import server_config
from responder.errors import BadSetting
from responder.live import InProcessLive
from responder.settings import Settings, load_settings
from responder.web.chat.limits import NEW_VISITORS_BY_ADDRESS, STREAMS_OF_ADDRESS, STREAMS_OF_VISITOR
from responder.web.protocol import HEADERS_LIMIT, BoundedHttp
from responder.web.refusing import answer_refusals
from tests.stubs.chat_desk import EchoDesk, chat_app

REQUEST = b"GET /web/v1/messages HTTP/1.1\r\nhost: x\r\n\r\n"


class Impatient(BoundedHttp):
    request_within_s = 0.05


@pytest.fixture
async def desk(clock: FixedClock) -> EchoDesk:
    return EchoDesk(clock=clock, live=InProcessLive())


@asynccontextmanager
async def served(
    app: FastAPI, *, trusted: str = "127.0.0.1", protocol: type[BoundedHttp] = BoundedHttp
) -> AsyncIterator[int]:
    """The application as `responder serve` serves it; gives the port."""
    config = server_config(app, Settings(trusted_proxies=trusted))
    config.http = protocol
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = server.force_exit = True
        await task


async def answer(reader: asyncio.StreamReader) -> bytes:
    """All that comes until the other side hangs up."""
    async with asyncio.timeout(10):
        return await reader.read()


# --- patience


@pytest.mark.parametrize("sent", [b"", b"G", REQUEST[:-2]], ids=["nothing", "a byte", "all but the end"])
async def test_headers_that_do_not_come_are_not_awaited(sent: bytes, desk: EchoDesk) -> None:
    """A connection that says nothing, or does not finish its headers, is answered 408 and closed."""
    async with served(chat_app(desk), protocol=Impatient) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        assert (await answer(reader)).startswith(b"HTTP/1.1 408 ")
        writer.close()


async def test_a_kept_connection_is_no_more_patient(desk: EchoDesk) -> None:
    """The second request of a connection has no longer than the first."""
    async with served(chat_app(desk), protocol=Impatient) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(REQUEST + REQUEST[:-2])
        text = await answer(reader)
        writer.close()
    assert text.startswith(b"HTTP/1.1 401 ")
    assert b"HTTP/1.1 408 " in text


BODY = b'POST /web/v1/sessions HTTP/1.1\r\nhost: x\r\ncontent-length: 15\r\n\r\n{"site"'


async def test_a_body_that_does_not_come_is_not_awaited(desk: EchoDesk, caplog: pytest.LogCaptureFixture) -> None:
    """A body that stops halfway is given up with 408, and nothing is logged as an error of ours."""
    app = chat_app(desk)
    answer_refusals(app)
    async with served(app, protocol=Impatient) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(BODY)
        assert (await answer(reader)).startswith(b"HTTP/1.1 408 ")
        writer.close()
    assert caplog.records == []


async def test_a_body_nobody_waits_for_ends_its_connection(desk: EchoDesk) -> None:
    """Who was answered before the body came gets that one answer, and no leave to trickle on."""
    async with served(chat_app(desk), protocol=Impatient) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(BODY.replace(b"sessions", b"messages"))
        text = await answer(reader)
        writer.close()
    assert text.startswith(b"HTTP/1.1 401 ")
    assert text.count(b"HTTP/1.1") == 1


async def test_headers_without_end_are_refused(desk: EchoDesk) -> None:
    """Headers larger than the limit are 431, however they are cut into pieces."""
    async with served(chat_app(desk)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(REQUEST[:-2])
        for number in range(HEADERS_LIMIT // 1000 + 2):
            writer.write(b"x-%d: %s\r\n" % (number, b"y" * 1000))
        assert (await answer(reader)).startswith(b"HTTP/1.1 431 ")
        writer.close()


async def test_a_stream_outlives_the_patience_for_headers(desk: EchoDesk) -> None:
    """A connection whose request is complete stays as long as both sides like."""
    async with (
        served(chat_app(desk, ping_s=0.04), protocol=Impatient) as port,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http,
    ):
        token = await _token(http)
        async with http.get("/web/v1/events", params={"ticket": await _ticket(http, token)}) as stream:
            async with asyncio.timeout(10):
                for _ in range(4):
                    await stream.content.readuntil(b"event: ping\n")


# --- how many


async def test_one_visitor_cannot_hold_streams_without_end(desk: EchoDesk) -> None:
    """The ninth stream of a visitor is 429; a place that is left is free again, and others are not concerned."""
    async with (
        served(chat_app(desk, ping_s=0.02)) as port,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http,
        AsyncExitStack() as held,
    ):
        token = await _token(http)
        ticket = {"ticket": await _ticket(http, token)}
        first = await http.get("/web/v1/events", params=ticket)
        for _ in range(STREAMS_OF_VISITOR - 1):
            stream = await held.enter_async_context(http.get("/web/v1/events", params=ticket))
            assert stream.status == 200
        async with http.get("/web/v1/events", params=ticket) as one_too_many:
            assert one_too_many.status == 429
            assert "retry-after" in one_too_many.headers
        other = {"ticket": await _ticket(http, await _token(http))}
        async with http.get("/web/v1/events", params=other) as anothers:
            assert anothers.status == 200
        first.close()
        async with asyncio.timeout(10):
            while (again := await held.enter_async_context(http.get("/web/v1/events", params=ticket))).status != 200:
                pass
        assert again.status == 200


async def test_one_address_cannot_hold_streams_without_end(desk: EchoDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """All visitors of an address together hold no more than its share; one from elsewhere is let in."""
    monkeypatch.setattr("responder.web.chat.limits.STREAMS_OF_ADDRESS", 3)
    assert STREAMS_OF_ADDRESS > 100  # the address of a mobile carrier stands for many people
    async with (
        served(chat_app(desk)) as port,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http,
        AsyncExitStack() as held,
    ):
        tickets = [{"ticket": await _ticket(http, await _token(http))} for _ in range(4)]
        got = [(await held.enter_async_context(http.get("/web/v1/events", params=one))).status for one in tickets]
        elsewhere = {"x-forwarded-for": "203.0.113.9"}
        async with http.get("/web/v1/events", params=tickets[3], headers=elsewhere) as stream:
            assert stream.status == 200
    assert got == [200, 200, 200, 429]


# --- whom we believe


@pytest.mark.parametrize(
    ("trusted", "forwarded", "is_told_apart"),
    [
        ("127.0.0.1", "203.0.113.{}", True),
        ("127.0.0.0/8", "203.0.113.{}", True),
        ("127.0.0.1, 10.0.0.0/8", "203.0.113.{}, 10.1.2.3", True),
        ("127.0.0.1", "203.0.113.{}, 198.51.100.7", False),  # what stands left of an untrusted hop is hearsay
        ("127.0.0.1", "{}, junk", False),
        ("172.16.0.0/12", "203.0.113.{}", False),  # 127.0.0.1 is no proxy of ours
        ("127.0.0.1", "2001:db8::{}", False),  # one subscriber's /64
        ("127.0.0.1", "2001:db8:0:{}::1", True),
    ],
)
async def test_only_a_trusted_proxy_says_who_is_behind_it(
    trusted: str, forwarded: str, is_told_apart: bool, desk: EchoDesk
) -> None:
    """Visitors are told apart by the address a trusted proxy forwards; nobody else chooses their own address."""
    async with (
        served(chat_app(desk), trusted=trusted) as port,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http,
    ):
        statuses = []
        for number in range(1, NEW_VISITORS_BY_ADDRESS.most + 2):
            headers = {"x-forwarded-for": forwarded.format(number)}
            async with http.post("/web/v1/sessions", json={"site": "demo"}, headers=headers) as response:
                statuses.append(response.status)
    assert statuses == [200] * NEW_VISITORS_BY_ADDRESS.most + [200 if is_told_apart else 429]


@pytest.mark.parametrize("wrong", ["*", "localhost", "10.0.0.0/99", "127.0.0.1,", "my-proxy"])
def test_a_proxy_that_is_no_network_stops_the_start(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What could never match, and what would match everybody, is refused with a sentence that names the setting."""
    monkeypatch.setenv("TRUSTED_PROXIES", wrong)

    with pytest.raises(BadSetting, match=r"TRUSTED_PROXIES.*172"):
        load_settings()


async def _token(http: aiohttp.ClientSession) -> str:
    async with http.post("/web/v1/sessions", data=json.dumps({"site": "demo"})) as response:
        return str((await response.json())["token"])


async def _ticket(http: aiohttp.ClientSession, token: str) -> str:
    async with http.post("/web/v1/ticket", headers={"authorization": f"Bearer {token}"}) as response:
        return str((await response.json())["ticket"])
