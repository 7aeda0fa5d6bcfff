"""HTTP/1.1 with nothing around it, so that the generator and the stand-ins cost less than what they measure.

A server that answers whole requests and a client with one kept connection; both for trusted peers on this machine.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import httptools

Answer = tuple[float, bytes]  # seconds to wait first, JSON body
Handler = Callable[[str, bytes], Answer]


@dataclass
class Listening:
    """A running server; it ends with the process."""

    server: asyncio.Server
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


async def listen(handler: Handler) -> Listening:
    """Serve `handler(path, body)` on a free port of this machine."""
    server = await asyncio.get_running_loop().create_server(lambda: _Serving(handler), "127.0.0.1", 0)
    return Listening(server, server.sockets[0].getsockname()[1])


class Client:
    """One connection, one request at a time; opened when needed, again when the other side closed it."""

    def __init__(self, url: str) -> None:
        host, _, port = url.removeprefix("http://").partition(":")
        self._address = (host, int(port))
        self._protocol: _Asking | None = None

    async def post(self, path: str, body: bytes, headers: bytes = b"") -> int:
        """Send a JSON body, return the HTTP status. `headers` are whole lines, each ended by CRLF."""
        return await self._request(b"POST", path, body, headers)

    async def get(self, path: str) -> tuple[int, bytes]:
        status = await self._request(b"GET", path, b"", b"")
        return status, self._protocol.body if self._protocol else b""

    def close(self) -> None:
        if self._protocol is not None and self._protocol.transport is not None:
            self._protocol.transport.close()

    async def _request(self, method: bytes, path: str, body: bytes, headers: bytes) -> int:
        protocol = self._protocol
        if protocol is None or protocol.transport is None or protocol.transport.is_closing():
            loop = asyncio.get_running_loop()
            _, protocol = await loop.create_connection(_Asking, *self._address)
            self._protocol = protocol
        return await protocol.ask(
            method
            + b" "
            + path.encode()
            + b" HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
            + headers
            + b"Content-Length: "
            + str(len(body)).encode()
            + b"\r\n\r\n"
            + body
        )


class _Serving(asyncio.Protocol):
    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._transport: asyncio.WriteTransport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._url = b""
        self._body = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        delay_s, answer = self._handler(self._url.decode(), self._body)
        self._url = self._body = b""
        if delay_s > 0:
            asyncio.get_running_loop().call_later(delay_s, self._answer, answer)
        else:
            self._answer(answer)

    def _answer(self, body: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
            self._transport.write(head + str(len(body)).encode() + b"\r\n\r\n" + body)


class _Asking(asyncio.Protocol):
    def __init__(self) -> None:
        self.transport: asyncio.WriteTransport | None = None
        self.body = b""
        self._answered: asyncio.Future[int] | None = None
        self._parser = httptools.HttpResponseParser(self)

    async def ask(self, request: bytes) -> int:
        assert self.transport is not None
        self._answered = asyncio.get_running_loop().create_future()
        self._parser = httptools.HttpResponseParser(self)
        self.body = b""
        self.transport.write(request)
        return await self._answered

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_result(self._parser.get_status_code())

    def connection_lost(self, error: Exception | None) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(error or ConnectionResetError("closed before an answer"))
