"""Webhook bodies as JSON objects that can be stored: what every messenger posting JSON needs before it parses."""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

from connectors.contract import Malformed

_MANY_BRACKETS = 200  # orjson reads 1024 levels and writes 254: only a body with many brackets can be too deep
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # PostgreSQL keeps neither NUL nor half of a surrogate pair
_INT64 = 2**63
_SUSPICIOUS = (b"\\u0000", b"\\ud", b"\\uD")


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`, every value of it storable and none of it too deep to be written again.

    What cannot be stored in a string becomes U+FFFD; of a key given twice the last one counts. Raises `Malformed` for
    anything else than an object. The size is the caller's to check.
    """
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        data = _read_leniently(body)
    if not isinstance(data, dict):
        raise Malformed("the body is not a JSON object")
    document: dict[str, Any] = _storable(data) if any(mark in body for mark in _SUSPICIOUS) else data
    if body.count(b"[") + body.count(b"{") > _MANY_BRACKETS:
        _check_depth(document)
    return document


def storable_text(text: str) -> str:
    """The text with U+FFFD for what PostgreSQL cannot hold: U+0000 and half a surrogate pair."""
    return _UNSTORABLE.sub("\ufffd", text)


def _read_leniently(body: bytes) -> Any:
    """JSON with half a surrogate pair, which somebody makes who cuts an emoji in two, with a byte order mark or with a
    number beyond 64 bits: mended, not refused. UTF-8 alone, as RFC 8259 has it."""
    try:
        return _storable(json.loads(body.decode("utf-8-sig"), parse_constant=_no_constant))
    except (ValueError, RecursionError):
        raise Malformed("the body is not JSON in UTF-8") from None  # the cause would quote it


def _no_constant(name: str) -> None:
    raise ValueError(name)  # NaN and Infinity are not JSON


def _check_depth(document: dict[str, Any]) -> None:
    try:
        orjson.dumps(document)
    except TypeError as error:
        raise Malformed("the body is nested too deep") from error


def _storable(value: Any) -> Any:
    match value:
        case str():
            return storable_text(value)
        case dict():
            return {_storable(key): _storable(item) for key, item in value.items()}
        case list():
            return [_storable(item) for item in value]
        case int() | float() if not -_INT64 <= value < _INT64:
            return str(value)  # 1e999 too, which reads as infinity
        case _:
            return value
