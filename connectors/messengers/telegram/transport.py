"""The HTTP transport under python-telegram-bot: aiohttp and orjson, at a fifth of the cost of its default (httpx).

In come calls, PTB's own or those of `AiohttpRequest.call`; out go answers, or PTB's network errors told apart by what
matters to a sender: can the request have been carried out? Nothing that leaves here shows the bot's token, which is
part of every address.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import aiohttp
import orjson
from telegram.error import NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData

DOWNLOAD_LIMIT_BYTES = 20 * 2**20  # https://core.telegram.org/bots/api#getfile
_JSON = {"Content-Type": "application/json"}
_GATEWAY_TIMEOUT = 504


class NotSentError(NetworkError):
    """The request never reached Telegram."""


class NoAnswerError(TimedOut):
    """The request left and no readable answer came: it may have been carried out."""


class TooLargeError(TelegramError):
    """The answer is above the Bot API's limit for files."""


@dataclass(frozen=True, slots=True)
class _Parameters:
    """Parameters that need none of PTB's conversions: the part of its `RequestData` that `do_request` reads."""

    parameters: Mapping[str, object]


class AiohttpRequest(BaseRequest):
    """One keep-alive session with one Bot API server."""

    __slots__ = ("_connect_timeout_s", "_read_timeout_s", "_session", "_timeouts", "_token")

    def __init__(self, *, token: str, connect_timeout_s: float, read_timeout_s: float) -> None:
        self._token = token.encode()
        self._connect_timeout_s = connect_timeout_s
        self._read_timeout_s = read_timeout_s
        self._session: aiohttp.ClientSession | None = None
        self._timeouts: dict[float, aiohttp.ClientTimeout] = {}

    @property
    def read_timeout(self) -> float:
        return self._read_timeout_s

    async def initialize(self) -> None:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=100, ttl_dns_cache=300),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": self.USER_AGENT},
            )

    async def shutdown(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def call(self, url: str, parameters: Mapping[str, object], *, read_timeout_s: float | None = None) -> object:
        """The result of one Bot API method, raising PTB's errors.

        `Bot.send_message` converts parameters and answer through object models, two thirds of the cost of a send; the
        connector's parameters are JSON already and of the answer it needs one field.
        """
        data = cast("RequestData", _Parameters(parameters))
        try:
            return await self.post(url, data, read_timeout=read_timeout_s or self._read_timeout_s)
        except KeyError as error:
            raise NoAnswerError("the answer holds no result") from error

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: object = BaseRequest.DEFAULT_NONE,
        write_timeout: object = BaseRequest.DEFAULT_NONE,
        connect_timeout: object = BaseRequest.DEFAULT_NONE,
        pool_timeout: object = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Status and body of one exchange; the connector uploads no files, so what it sends is always JSON."""
        if self._session is None:
            raise NotSentError("the messenger is closed")
        body = None if request_data is None else orjson.dumps(request_data.parameters)
        timeout = self._timeout(read_timeout if isinstance(read_timeout, (int, float)) else self._read_timeout_s)
        try:
            async with self._session.request(
                method, url, data=body, headers=_JSON, timeout=timeout, allow_redirects=False
            ) as response:
                status, payload = response.status, await _whole(response)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise _told_apart(error) from None  # its text has the address, and the address has the token
        if status == _GATEWAY_TIMEOUT:
            raise NoAnswerError("gateway timeout (504)")
        return status, payload if status < 300 else payload.replace(self._token, b"[token]")

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        try:
            answer = orjson.loads(payload)
        except orjson.JSONDecodeError:
            raise NoAnswerError("the answer is not JSON") from None  # the cause would quote the answer
        if not isinstance(answer, dict):
            raise NoAnswerError("the answer is not a JSON object")
        return answer

    def _timeout(self, read_s: float) -> aiohttp.ClientTimeout:
        if read_s not in self._timeouts:
            self._timeouts[read_s] = aiohttp.ClientTimeout(
                total=None, connect=2 * self._connect_timeout_s, sock_connect=self._connect_timeout_s, sock_read=read_s
            )
        return self._timeouts[read_s]


async def _whole(response: aiohttp.ClientResponse) -> bytes:
    if (response.content_length or 0) > DOWNLOAD_LIMIT_BYTES:
        raise TooLargeError("the file is larger than 20 MB")
    if response.content_length is not None:
        return await response.read()
    content = bytearray()
    async for chunk in response.content.iter_any():
        content += chunk
        if len(content) > DOWNLOAD_LIMIT_BYTES:
            raise TooLargeError("the file is larger than 20 MB")
    return bytes(content)


def _told_apart(error: Exception) -> TelegramError:
    kind = type(error).__name__
    if isinstance(error, (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)):
        return NotSentError(f"cannot connect ({kind})")
    return NoAnswerError(f"no answer ({kind})")
