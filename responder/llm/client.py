"""openai's client with a shorter way for the one exchange that every turn makes.

`AsyncOpenAI.post` costs 1-2 ms of CPU a call, most of it in building a request object and taking it through httpx; this
way costs a quarter. openai still says where and as whom to ask (address, keys, organization and project, time-outs)
and in which errors to fail; the bytes go through one aiohttp session. Whatever is not that exchange, and every exchange
that the environment sends through a proxy, takes openai's own way.
"""

from __future__ import annotations

from typing import Any
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx2  # openai's own: its errors carry these requests and responses
import openai

_KEEPALIVE_S = 15.0
_DNS_LASTS_S = 300


class LeanOpenAI(openai.AsyncOpenAI):
    """Made once inside a running loop, used from many tasks at once, closed once. `timeout` must have both parts."""

    def __init__(self, *, base_url: str | None, api_key: str, timeout: openai.Timeout) -> None:
        super().__init__(base_url=base_url, api_key=api_key, timeout=timeout, max_retries=0)
        self._session = _session(self.base_url, timeout) if _is_direct(self.base_url) else None
        named = {**self.auth_headers, **self.default_headers}
        self._headers = {name: value for name, value in named.items() if isinstance(value, str)}

    @property
    def user_agent(self) -> str:
        """openai's own: some gateways let nobody else in."""
        return f"AsyncOpenAI/Python {openai.__version__}"

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
        await super().close()

    async def request(self, cast_to: Any, options: Any, *, stream: bool = False, stream_cls: Any = None) -> Any:
        """As openai's `request`, which everything sent goes through; bytes for bytes is what is short."""
        if self._session is None or cast_to is not bytes or not isinstance(options.content, bytes) or stream:
            return await super().request(cast_to, options, stream=stream, stream_cls=stream_cls)
        url = f"{self.base_url}{options.url.lstrip('/')}"
        try:
            async with self._session.post(url, data=options.content, headers=self._headers) as answer:
                body = await answer.read()
        except TimeoutError as error:
            raise openai.APITimeoutError(request=httpx2.Request("POST", url)) from error
        except (aiohttp.ClientError, OSError) as error:
            raise openai.APIConnectionError(request=httpx2.Request("POST", url)) from error
        if answer.status >= 400:
            raise self._make_status_error_from_response(_for_the_error(answer, body))
        return body


def _session(base_url: httpx2.URL, timeout: openai.Timeout) -> aiohttp.ClientSession:
    """Certificates are trusted as openai trusts them."""
    trust = httpx2.create_ssl_context() if base_url.scheme == "https" else True
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, ssl=trust, ttl_dns_cache=_DNS_LASTS_S, keepalive_timeout=_KEEPALIVE_S),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=timeout.connect, sock_read=timeout.read),
    )


def _is_direct(base_url: httpx2.URL) -> bool:
    """True when the environment names no proxy for this address."""
    proxies = getproxies()
    is_proxied = bool(proxies.get(base_url.scheme) or proxies.get("all"))
    return not is_proxied or bool(proxy_bypass(base_url.host))


def _for_the_error(answer: aiohttp.ClientResponse, body: bytes) -> httpx2.Response:
    """Without the headers that say how `body` was packed: it is unpacked already."""
    headers = [(name, value) for name, value in answer.headers.items() if name.lower() not in _PACKING]
    return httpx2.Response(
        answer.status, headers=headers, content=body, request=httpx2.Request("POST", str(answer.url))
    )


_PACKING = frozenset({"content-encoding", "content-length", "transfer-encoding"})
