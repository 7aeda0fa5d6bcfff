"""An answer of a chat-completions endpoint, read tolerantly: whatever a vendor leaves out or adds, this gives calls, or
says in a few words why there are none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from responder.llm.reading import LlmOutcome

_MAX_OBJECT_STARTS = 5
_MAX_CALLS = 8


@dataclass(frozen=True, slots=True)
class Call:
    """A tool the LLM chose; nothing about it is checked yet."""

    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """Calls in order; or none, and then `outcome` and `detail` say why."""

    calls: tuple[Call, ...] = ()
    outcome: LlmOutcome = LlmOutcome.USED
    detail: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0  # of those sent


def parse(body: bytes) -> Reply:
    """Read a response body; never raises."""
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        return _failed("body is no JSON")
    if not isinstance(data, dict):
        return _failed("body is no object")
    calls, outcome, detail = _calls(data)
    usage = data.get("usage")
    counts = usage if isinstance(usage, dict) else {}
    return Reply(
        calls=calls,
        outcome=outcome,
        detail=detail,
        tokens_in=_count(counts.get("prompt_tokens")),
        tokens_out=_count(counts.get("completion_tokens")),
        tokens_cached=_cached(counts),
    )


_Read = tuple[tuple[Call, ...], LlmOutcome, str]


def _calls(data: Mapping[str, Any]) -> _Read:
    choices = data.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    message = first.get("message") if isinstance(first, dict) else None
    if not isinstance(first, dict) or not isinstance(message, dict):
        return (), LlmOutcome.FAILED, "no choices"
    if first.get("finish_reason") == "content_filter":
        return (), LlmOutcome.REFUSED, "content filter"
    if message.get("refusal"):
        return (), LlmOutcome.REFUSED, "refusal"
    if first.get("finish_reason") == "length":
        return (), LlmOutcome.FAILED, "cut off"
    chosen = message.get("tool_calls")
    if isinstance(chosen, list) and chosen:
        return _tool_calls(chosen)
    content = message.get("content")
    return _spoken_calls(content) if isinstance(content, str) and content.strip() else _empty()


def _tool_calls(chosen: list[Any]) -> _Read:
    calls = []
    for each in chosen[:_MAX_CALLS]:
        function = each.get("function") if isinstance(each, dict) else None
        call = _call(function) if isinstance(function, dict) else None
        if call is None:
            return (), LlmOutcome.FAILED, "malformed arguments"
        calls.append(call)
    return tuple(calls), LlmOutcome.USED, ""


def _spoken_calls(content: str) -> _Read:
    """Endpoints without tools put the calls into the text: the first JSON object counts, whatever surrounds it."""
    found = _first_object(content)
    if found is None:
        return (), LlmOutcome.REFUSED, "words instead of a call"
    listed = found.get("calls", found.get("tool_calls", [found]))
    calls = (
        [call for each in listed[:_MAX_CALLS] if (call := _call(each)) is not None] if isinstance(listed, list) else []
    )
    return (tuple(calls), LlmOutcome.USED, "") if calls else ((), LlmOutcome.FAILED, "JSON without a call")


def _call(data: object) -> Call | None:
    if not isinstance(data, dict):
        return None
    data = data["function"] if isinstance(data.get("function"), dict) else data
    name = data.get("name", data.get("tool", data.get("function")))
    arguments = data.get("arguments", data.get("parameters", {}))
    if isinstance(arguments, str):
        try:
            arguments = orjson.loads(arguments or "{}")
        except orjson.JSONDecodeError:
            return None
    if arguments is None:
        arguments = {}
    return Call(name, arguments) if isinstance(name, str) and isinstance(arguments, dict) else None


def _first_object(text: str) -> dict[str, Any] | None:
    decoder, position = json.JSONDecoder(), -1
    for _ in range(_MAX_OBJECT_STARTS):
        position = text.find("{", position + 1)
        if position < 0:
            break
        try:
            found, _ = decoder.raw_decode(text, position)
        except (json.JSONDecodeError, RecursionError):
            continue
        if isinstance(found, dict):
            return found
    return None


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0


def _cached(usage: Mapping[str, Any]) -> int:
    details = usage.get("prompt_tokens_details")
    return _count(details.get("cached_tokens")) if isinstance(details, dict) else 0


def _empty() -> _Read:
    return (), LlmOutcome.FAILED, "empty message"


def _failed(detail: str) -> Reply:
    return Reply(outcome=LlmOutcome.FAILED, detail=detail)
