"""Webhook bodies as JSON objects that can be stored: what every messenger posting JSON checks before it parses."""

from __future__ import annotations

from typing import Any

import orjson

from connectors.contract import Malformed

_MANY_BRACKETS = 200  # orjson reads 1024 levels and writes 254: only a body with many brackets can be too deep


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`, without NUL characters (PostgreSQL stores none) and not too deep to be written again.

    Raises `Malformed` for anything else. The size is the caller's to check.
    """
    try:
        data = orjson.loads(body)
        if body.count(b"[") + body.count(b"{") > _MANY_BRACKETS:
            orjson.dumps(data)
    except (orjson.JSONDecodeError, TypeError) as error:
        raise Malformed("the body is not JSON") from error
    if not isinstance(data, dict):
        raise Malformed("the body is not a JSON object")
    return _without_nul(data) if b"\\u0000" in body else data


def _without_nul(value: Any) -> Any:
    match value:
        case str():
            return value.replace("\0", "")
        case dict():
            return {_without_nul(key): _without_nul(item) for key, item in value.items()}
        case list():
            return [_without_nul(item) for item in value]
        case _:
            return value
