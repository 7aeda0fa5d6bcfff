"""One OpenAI-compatible endpoint: a request body goes out, a response body comes back, errors are translated once.

The client of `openai` is made once and used at its lowest level: `post` with bytes both ways leaves judging the answer
to us, and is what `LeanOpenAI` has a short way for.

    EndpointError
    +-- EndpointBusy       worth another try soon (also a TransientFailure; may carry `retry_after_s`)
    +-- EndpointRefused    this request or this key will not do (also a PermanentFailure)
"""

from __future__ import annotations

from collections.abc import Mapping

import openai
import orjson

from responder.errors import PermanentFailure, ResponderError, TransientFailure
from responder.llm.client import LeanOpenAI

_CONNECT_S = 5.0
_READ_S = 30.0  # whoever waits is under a shorter deadline of their own
_QUOTA_CODES = frozenset({"insufficient_quota", "billing_hard_limit_reached"})


class EndpointError(ResponderError):
    """The endpoint gave no answer."""


class EndpointBusy(EndpointError, TransientFailure):
    pass


class EndpointRefused(EndpointError, PermanentFailure):
    """`status` is the HTTP status; `complaint` what the endpoint said of the request: for adapting it, not for logs."""

    def __init__(self, message: str, *, status: int, complaint: str = "", code: str = "") -> None:
        super().__init__(message)
        self.status, self.complaint, self.code = status, complaint, code

    @property
    def is_about_form(self) -> bool:
        return self.status in (400, 422)

    @property
    def is_about_length(self) -> bool:
        return self.code == "context_length_exceeded" or (self.is_about_form and "context" in self.complaint)


class Endpoint:
    """Made once inside a running loop, used from many tasks at once, closed once."""

    def __init__(self, *, base_url: str | None, api_key: str) -> None:
        timeout = openai.Timeout(_READ_S, connect=_CONNECT_S)
        self._client = LeanOpenAI(base_url=base_url, api_key=api_key, timeout=timeout)

    async def close(self) -> None:
        await self._client.close()

    async def complete(self, request: Mapping[str, object]) -> bytes:
        """The body of a successful answer, as it came; raises `EndpointError`."""
        try:
            return await self._client.post("/chat/completions", cast_to=bytes, content=orjson.dumps(request))
        except openai.APITimeoutError as error:
            raise EndpointBusy("timed out") from error
        except openai.APIConnectionError as error:
            raise EndpointBusy(f"no connection ({type(error.__cause__).__name__})") from error
        except openai.APIStatusError as error:
            raise _translated(error) from error
        except openai.OpenAIError as error:
            raise EndpointRefused(type(error).__name__, status=0) from error


def _translated(error: openai.APIStatusError) -> EndpointError:
    status, code = error.status_code, str(error.code or "")
    detail = f"HTTP {status} {code}".strip()
    if (status in (408, 409, 429) or status >= 500) and code not in _QUOTA_CODES:
        return EndpointBusy(detail, retry_after_s=_retry_after_s(error.response.headers))
    complaint = f"{error.param or ''} {error.message}".lower()
    return EndpointRefused(detail, status=status, complaint=complaint, code=code)


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    for name, unit_s in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            return max(float(headers[name]) * unit_s, 0.0)
        except (KeyError, ValueError):
            continue
    return None
