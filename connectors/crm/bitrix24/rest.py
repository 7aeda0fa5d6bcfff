"""Bitrix24's REST over an incoming webhook: pace, time-outs, and every way it says no, told in the contract's errors.

The webhook's address is the credential: it never leaves this file, and errors of the HTTP library, which quote
addresses, are not chained. What the portal says about a call may quote the customer and is masked.
Facts: apidocs.bitrix24.com, "Limits" and "Error codes".
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn
from urllib.parse import urlsplit

import aiohttp
import orjson

from connectors.contract import ConnectorError, CredentialsRefused, OutcomeUnknown, PermanentError, TransientError

PORTAL_LIMIT_S = 60.0  # the portal ends a request of its own after this long
OPERATION_PAUSE_S = 60.0  # when it does not say until when a method is blocked

NOT_DONE = frozenset({"QUERY_LIMIT_EXCEEDED", "OVERLOAD_LIMIT", "OPERATION_TIME_LIMIT"})
REFUSALS = frozenset(
    {
        "NO_AUTH_FOUND",
        "INVALID_TOKEN",
        "expired_token",
        "INVALID_CREDENTIALS",
        "insufficient_scope",
        "ACCESS_DENIED",
        "allowed_only_intranet_user",
        "user_access_error",
        "PORTAL_DELETED",
        "INVALID_REQUEST",  # https is required
    }
)


class Bitrix24Rest:
    """One portal through one webhook. `timeout_s` is longer than the portal's own limit by default, so that after a
    time-out nothing is still being worked on there."""

    def __init__(
        self, webhook_url: str, *, timeout_s: float = PORTAL_LIMIT_S + 5, rate_per_s: float = 2.0, burst: int = 50
    ) -> None:
        parts = urlsplit(webhook_url)
        if parts.scheme not in ("http", "https") or not re.fullmatch(r"/rest/\d+/[^/]+/?", parts.path):
            raise ValueError("the Bitrix24 webhook must look like https://PORTAL/rest/USER/CODE")
        self.host = parts.hostname or ""
        self.portal = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        self._url = webhook_url.rstrip("/")
        self._code = parts.path.strip("/").split("/")[-1]
        self._timeout_s = timeout_s
        self._pace = _Pace(rate_per_s=rate_per_s, burst=burst)
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=self._timeout_s, sock_connect=min(10.0, self._timeout_s)),
                # a connection that the portal has closed meanwhile would make a refusal look like a lost answer
                connector=aiohttp.TCPConnector(keepalive_timeout=10),
            )

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def call(self, method: str, params: Mapping[str, object], *, writes: bool = False) -> Any:
        """The `result` of a method. With `writes`, a missing answer is `OutcomeUnknown`, else plainly transient."""
        if self._session is None:
            raise TransientError(f"Bitrix24 {method}: the connector is closed")
        await self._pace.wait()
        began = time.monotonic()
        try:
            async with self._session.post(
                f"{self._url}/{method}.json",
                data=orjson.dumps(params),
                headers={"Content-Type": "application/json"},
                allow_redirects=False,
            ) as response:
                status, body = response.status, await response.read()
        except aiohttp.ClientConnectorCertificateError:
            raise CredentialsRefused(f"Bitrix24 {method}: the portal's certificate is not trusted") from None
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise TransientError(f"Bitrix24 {method}: no connection ({type(error).__name__})") from None
        except (aiohttp.ClientError, TimeoutError) as error:
            self._fail_unanswered(f"Bitrix24 {method}: no answer ({type(error).__name__})", began, writes=writes)
        answer = _parsed(body)
        if status == 200 and "result" in answer and "error" not in answer:
            return answer["result"]
        code = str(answer.get("error", ""))
        if not answer and 300 <= status < 500:
            raise _page_error(method, status)
        if "error" not in answer or (status >= 500 and code not in NOT_DONE):
            self._fail_unanswered(f"Bitrix24 {method}: HTTP {status} {code}".rstrip(), began, writes=writes)
        raise self._told_error(method, status=status, code=code, answer=answer, params=params)

    def _fail_unanswered(self, message: str, began: float, *, writes: bool) -> NoReturn:
        if not writes:
            raise TransientError(message) from None
        # the portal may be at it still; a look-up before it has ended would not find what it is making
        rest_s = max(1.0, PORTAL_LIMIT_S - (time.monotonic() - began))
        raise OutcomeUnknown(message, retry_after_s=rest_s) from None

    def _told_error(
        self, method: str, *, status: int, code: str, answer: Mapping[str, Any], params: Mapping[str, object]
    ) -> ConnectorError:
        masked = _masked(str(answer.get("error_description", "")), [self._code, *_texts(params)])
        message = f"Bitrix24 {method}: " + " ".join(filter(None, [code or f"HTTP {status}", masked]))
        if code in ("QUERY_LIMIT_EXCEEDED", "OVERLOAD_LIMIT"):
            self._pace.fill()
            return TransientError(message, retry_after_s=2.0)
        if code == "OPERATION_TIME_LIMIT" or status == 429:
            return TransientError(message, retry_after_s=_until_reset_s(answer))
        if status in (401, 403, 410) or code in REFUSALS:
            return CredentialsRefused(message, code=code or None)
        return PermanentError(message, code=code or None)


class _Pace:
    """Our side of the portal's leaky bucket: `burst` calls at once, then `rate_per_s`."""

    def __init__(self, *, rate_per_s: float, burst: int) -> None:
        self._rate, self._burst = rate_per_s, burst
        self._level, self._at = 0.0, time.monotonic()

    async def wait(self) -> None:
        self._drain()
        self._level += 1
        if self._level > self._burst:
            await asyncio.sleep((self._level - self._burst) / self._rate)

    def fill(self) -> None:
        """The portal says that its bucket is full, whoever filled it."""
        self._drain()
        self._level = max(self._level, float(self._burst))

    def _drain(self) -> None:
        now = time.monotonic()
        self._level = max(0.0, self._level - (now - self._at) * self._rate)
        self._at = now


def _parsed(body: bytes) -> dict[str, Any]:
    """The answer, or an empty one for the HTML that gateways and maintenance pages send."""
    try:
        answer = orjson.loads(body)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _page_error(method: str, status: int) -> ConnectorError:
    """What a page in place of an answer means."""
    if status == 429:
        return TransientError(f"Bitrix24 {method}: HTTP {status}", retry_after_s=OPERATION_PAUSE_S)
    if status in (408, 425):
        return TransientError(f"Bitrix24 {method}: HTTP {status}")
    return CredentialsRefused(f"Bitrix24 {method}: HTTP {status}; the portal is not at this address or closed")


def _until_reset_s(answer: Mapping[str, Any]) -> float:
    """Seconds until the portal opens the method again, by the portal's own clock."""
    times = answer.get("time")
    try:
        wait_s = float(times["operating_reset_at"]) - float(times["finish"])  # type: ignore[index]
    except (TypeError, KeyError, ValueError):
        return OPERATION_PAUSE_S
    return min(max(wait_s, 1.0), 600.0)


def _masked(description: str, secrets: list[str]) -> str:
    """A portal's words without what we had sent it, without markup, and short."""
    for secret in sorted(secrets, key=len, reverse=True):
        description = description.replace(secret, "***")
    description = re.sub(r"<[^>]*>", " ", description)
    return re.sub(r"\+?\d[\d\s()-]{6,}\d", "***", " ".join(description.split()))[:200]


def _texts(value: object) -> Iterator[str]:
    """Every text in a request that could be the customer's."""
    if isinstance(value, str):
        yield from (text for text in (value, *value.splitlines()) if len(text) > 1)
    elif isinstance(value, Mapping):
        for name, item in value.items():
            if name not in ("typeId", "valueType"):
                yield from _texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)
