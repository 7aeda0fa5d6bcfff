"""How long a connection may keep us waiting for its headers, and how many of them it may send: uvicorn has no limit for
either, so that thousands of connections which say nothing would stay for ever.

Bodies have their limits in `responder.web.edge`.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADERS_WITHIN_S = 10.0  # from the first byte, or from the connection when there is none
HEADERS_LIMIT = 64 * 1024  # bytes, the address included; nginx takes 32 KiB


class BoundedHttp(HttpToolsProtocol):
    """uvicorn's protocol, impatient until the headers are complete."""

    headers_within_s = HEADERS_WITHIN_S

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
        self._stop_waiting()
        super().on_headers_complete()

    def _wait(self) -> None:
        self._timer = self.loop.call_later(self.headers_within_s, self._refuse, b"408 Request Timeout")

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self, status: bytes) -> None:
        self._stop_waiting()
        if not self.transport.is_closing():
            self.transport.write(b"HTTP/1.1 " + status + b"\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
            self.transport.close()
