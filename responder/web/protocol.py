"""How long a request may take to arrive, and how large its headers may be: uvicorn has no limit for either, so that
thousands of connections which say nothing, or say it byte by byte, would stay for ever.

One timer a request, started by its first byte (or by the connection, when none comes) and stopped by its last. Here
and not in the application, because here it costs two calls; how large a body may be is `responder.web.edge`'s.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

REQUEST_WITHIN_S = 15.0  # a megabyte over a slow line, many times a messenger's patience for our answer
HEADERS_LIMIT = 64 * 1024  # bytes, the address included; nginx takes 32 KiB


class BoundedHttp(HttpToolsProtocol):
    """uvicorn's protocol, impatient until a request is wholly here."""

    request_within_s = REQUEST_WITHIN_S

    _timer: asyncio.TimerHandle | None = None
    _is_in_headers = False
    _header_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._is_in_headers:
            self._header_bytes += len(data)
            if self._header_bytes > HEADERS_LIMIT:
                self._refuse(b"431 Request Header Fields Too Large")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_in_headers = True
        if self._timer is None:  # another request of a connection that was kept
            self._wait()

    def on_headers_complete(self) -> None:
        self._is_in_headers, self._header_bytes = False, 0
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._stop_waiting()
        super().on_message_complete()

    def _wait(self) -> None:
        self._timer = self.loop.call_later(self.request_within_s, self._refuse, b"408 Request Timeout")

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self, status: bytes) -> None:
        """Say so, where no answer has begun, and hang up; whoever reads the body learns that the client is gone."""
        self._stop_waiting()
        if self.transport.is_closing():
            return
        if self._is_in_headers or self.cycle is None or not self.cycle.response_started:
            self.transport.write(b"HTTP/1.1 " + status + b"\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
        self.transport.close()
