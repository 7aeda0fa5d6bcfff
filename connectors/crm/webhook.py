"""Any system that can receive JSON: a lead is posted to an address of the owner's choice, signed so that the receiver
can tell it from anybody else's. The body, the headers and how to verify them are documented in docs/leads.md.

The receiver may get the same lead again (a newer state, or the same after a lost answer): `lead.origin_id` is what it
must recognise; the same state always has the same `Idempotency-Key`.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable
from dataclasses import asdict
from urllib.parse import urlsplit

import aiohttp
import orjson

from connectors.contract import (
    ConnectorError,
    CredentialsRefused,
    CrmReceipt,
    LeadCard,
    OutcomeUnknown,
    PermanentError,
    TransientError,
)

VERSION = 1
ANSWER_LIMIT = 64 * 1024
TIMESTAMP_HEADER = "X-Responder-Timestamp"
SIGNATURE_HEADER = "X-Responder-Signature"


class WebhookCrm:
    """One receiver. `now` gives Unix seconds for the signature."""

    kind = "webhook"

    def __init__(self, *, url: str, secret: str, timeout_s: float = 20.0, now: Callable[[], float] = time.time) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("the webhook's url must be an address like https://host/path")
        if not secret:
            raise ValueError("the webhook needs a secret to sign with")
        self._url, self._host = url, parts.hostname
        self._secret = secret.encode()
        self._timeout_s = timeout_s
        self._now = now
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=self._timeout_s, sock_connect=min(10.0, self._timeout_s)),
                connector=aiohttp.TCPConnector(keepalive_timeout=10),
            )

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def put_lead(self, lead: LeadCard, *, crm_id: str | None = None) -> CrmReceipt:
        document = {"version": VERSION, "event": "lead", "lead": asdict(lead)}
        state = hashlib.sha256(orjson.dumps(document, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]
        answer = await self._post(document, idempotency_key=f"{lead.origin_id}:{state}")
        given_id = answer.get("id")
        new_id = str(given_id) if isinstance(given_id, (str, int)) and str(given_id) else crm_id or lead.origin_id
        url = answer.get("url")
        return CrmReceipt(crm_id=new_id, created=crm_id is None, url=url if isinstance(url, str) else None)

    async def probe(self) -> str:
        """Posts `{"event": "ping"}`, signed like a lead."""
        await self._post({"version": VERSION, "event": "ping"}, idempotency_key=f"ping:{int(self._now())}")
        return self._host

    async def _post(self, document: object, *, idempotency_key: str) -> dict[str, object]:
        if self._session is None:
            raise TransientError("webhook: the connector is closed")
        body, timestamp = orjson.dumps(document), str(int(self._now()))
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": idempotency_key,
            TIMESTAMP_HEADER: timestamp,
            SIGNATURE_HEADER: sign(self._secret, timestamp, body),
        }
        # Errors of the HTTP library quote the address, which may hold a token: they are not chained.
        try:
            async with self._session.post(self._url, data=body, headers=headers, allow_redirects=False) as response:
                if 200 <= response.status < 300:
                    return _answer(await _beginning(response))
                raise _refusal(response.status, response.headers.get("Retry-After"))
        except aiohttp.ClientConnectorCertificateError:
            raise CredentialsRefused("webhook: the receiver's certificate is not trusted") from None
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise TransientError(f"webhook: no connection ({type(error).__name__})") from None
        except (aiohttp.ClientError, TimeoutError) as error:
            raise OutcomeUnknown(f"webhook: no answer ({type(error).__name__})") from None


def sign(secret: bytes, timestamp: str, body: bytes) -> str:
    """The signature of a request: HMAC-SHA256 over the timestamp, a full stop and the body as sent."""
    return "sha256=" + hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    body = b""
    async for chunk in response.content.iter_chunked(8192):
        body += chunk
        if len(body) > ANSWER_LIMIT:
            break
    return body


def _answer(body: bytes) -> dict[str, object]:
    """What the receiver said, which is its own business: anything but a JSON object says nothing."""
    try:
        answer = orjson.loads(body)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _refusal(status: int, retry_after: str | None) -> ConnectorError:
    if status >= 500 or status in (408, 409, 425, 429):
        wait_s = float(retry_after) if retry_after and retry_after.isdecimal() else None
        return TransientError(f"webhook: HTTP {status}", retry_after_s=wait_s)
    if status in (401, 403, 407):
        return CredentialsRefused(f"webhook: HTTP {status}", code=str(status))
    return PermanentError(f"webhook: HTTP {status}", code=str(status))
