"""The short way under openai's client: what it must keep of openai's own way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx2
import openai
import orjson
import pytest
from aiohttp import web

from responder.llm.client import LeanOpenAI

TIMEOUT = openai.Timeout(5.0, connect=1.0)
REQUEST = orjson.dumps({"model": "stub", "messages": [], "note": "щ" * 5_000})


class Server:
    """Answers what it is told to; keeps what came and how many connections it came by."""

    def __init__(self) -> None:
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.paths: list[str] = []
        self.connections: set[object] = set()
        self.answer: tuple[int, bytes, dict[str, str]] = (200, b'{"ok":true}', {})
        self.is_silent = False
        self.url = ""

    async def handle(self, request: web.Request) -> web.Response:
        self.requests.append(({name.lower(): value for name, value in request.headers.items()}, await request.read()))
        self.paths.append(request.path_qs)
        self.connections.add(request.transport)
        status, body, headers = self.answer
        if self.is_silent:
            await asyncio.Event().wait()
        response = web.Response(status=status, body=body, headers=headers, content_type="application/json")
        response.enable_compression()
        return response


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", made.handle)
    runner = web.AppRunner(app, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    yield made
    await runner.cleanup()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
async def lean(server: Server) -> AsyncIterator[LeanOpenAI]:
    client = LeanOpenAI(base_url=server.url, api_key="sk-test", timeout=TIMEOUT)
    yield client
    await client.close()


async def post(client: openai.AsyncOpenAI) -> bytes:
    return await client.post("/chat/completions", cast_to=bytes, content=REQUEST)


async def test_the_short_way_says_what_openai_says(
    server: Server, lean: LeanOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Address, key, organization, project and body arrive as openai's own client would have sent them."""
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "folder-1")
    plain = openai.AsyncOpenAI(base_url=server.url, api_key="sk-test", timeout=TIMEOUT, max_retries=0)
    ours = LeanOpenAI(base_url=server.url, api_key="sk-test", timeout=TIMEOUT)

    assert await post(plain) == await post(ours) == b'{"ok":true}'

    await plain.close()
    await ours.close()
    (theirs, their_body), (sent, body) = server.requests
    told = {"authorization", "openai-organization", "openai-project", "user-agent", "content-type", "accept", "host"}
    assert {name: sent.get(name) for name in told} == {name: theirs.get(name) for name in told}
    assert sent["openai-project"] == "folder-1"
    assert (body, server.paths[1]) == (their_body, server.paths[0])


async def test_one_connection_serves_call_after_call(server: Server, lean: LeanOpenAI) -> None:
    """Connecting anew would cost every turn a TLS handshake."""
    for _ in range(3):
        await post(lean)
    assert len(server.connections) == 1


@pytest.mark.parametrize(
    ("status", "kind"), [(400, openai.BadRequestError), (401, openai.AuthenticationError), (429, openai.RateLimitError)]
)
async def test_a_refusal_is_openais_error(
    status: int, kind: type[openai.APIStatusError], server: Server, lean: LeanOpenAI
) -> None:
    """Class, code, message and headers of a refusal are those that openai's client would raise, packed or not."""
    server.answer = (status, b'{"error":{"message":"No.","code":"c1","param":"tools"}}', {"Retry-After": "7"})
    with pytest.raises(kind) as caught:
        await post(lean)
    error = caught.value
    assert (error.code, error.param, error.status_code) == ("c1", "tools", status)
    assert "No." in error.message
    assert error.response.headers["retry-after"] == "7"


async def test_no_server_is_openais_error() -> None:
    """Nobody listening is a connection error that tells its cause."""
    client = LeanOpenAI(base_url="http://127.0.0.1:9/v1", api_key="sk-test", timeout=TIMEOUT)
    with pytest.raises(openai.APIConnectionError) as caught:
        await post(client)
    await client.close()
    assert caught.value.__cause__ is not None


async def test_a_silent_server_is_openais_timeout(server: Server) -> None:
    """A server that never answers costs the read time-out and no more."""
    client = LeanOpenAI(base_url=server.url, api_key="sk-test", timeout=openai.Timeout(0.05, connect=1.0))
    server.is_silent = True
    with pytest.raises(openai.APITimeoutError):
        await post(client)
    await client.close()


async def test_a_proxy_of_the_environment_is_used(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the environment names a proxy, the request goes to the proxy and nowhere else."""
    monkeypatch.setenv("HTTP_PROXY", server.url.removesuffix("/v1"))
    client = LeanOpenAI(base_url="http://llm.invalid/v1", api_key="sk-test", timeout=TIMEOUT)
    assert await post(client) == b'{"ok":true}'
    await client.close()
    assert server.requests[0][0]["host"] == "llm.invalid"


async def test_an_address_without_proxy_goes_the_short_way(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_PROXY is obeyed."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    client = LeanOpenAI(base_url=server.url, api_key="sk-test", timeout=TIMEOUT)
    assert await post(client) == b'{"ok":true}'
    await client.close()


async def test_what_is_not_bytes_goes_openais_way(server: Server, lean: LeanOpenAI) -> None:
    """Everything else that openai's client can do still works."""
    server.answer = (200, b'{"object":"list","data":[]}', {})
    answered = await lean.get("/models", cast_to=httpx2.Response)
    assert answered.json() == {"object": "list", "data": []}
