"""What is made of response bodies, tool calls and JSON in plain text."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responder.llm.reading import LlmOutcome
from responder.llm.reply import Call, parse


def body(content: str | None, **choice: Any) -> bytes:
    message = {"role": "assistant", "content": content, **choice.pop("message", {})}
    return json.dumps({"choices": [{"index": 0, "message": message, **choice}]}).encode()


@pytest.mark.parametrize(
    "content",
    [
        '{"calls": [{"name": "no_reply_needed", "arguments": {}}]}',
        'Here: {"name": "no_reply_needed", "arguments": {}} done',
        '```json\n{"tool": "no_reply_needed"}\n```',
        '{not json} {"name": "no_reply_needed", "parameters": {}}',
        '{"name": "no_reply_needed", "arguments": "{}"}',
        '{"tool_calls": [{"type": "function", "function": {"name": "no_reply_needed", "arguments": "{}"}}]}',
    ],
)
def test_the_first_json_object_is_found(content: str) -> None:
    """Vendors without tools wrap and name the same call differently; all are read."""
    assert parse(body(content)).calls == (Call("no_reply_needed", {}),)


@pytest.mark.parametrize("content", ['{"answer": 42}', '{"calls": []}', '{"calls": "none"}', '{"name": 5}'])
def test_json_without_a_call_is_a_failure(content: str) -> None:
    """An object that is no call is no reading."""
    assert parse(body(content)).outcome is LlmOutcome.FAILED


def test_missing_usage_counts_nothing() -> None:
    """Servers that do not count tokens, or count oddly, cost nothing but the figure."""
    odd: tuple[object, ...] = (None, {}, {"prompt_tokens": "many", "completion_tokens": -1}, [])
    for usage in odd:
        answered = json.loads(body("{}")) | {"usage": usage}
        reply = parse(json.dumps(answered).encode())
        assert (reply.tokens_in, reply.tokens_out) == (0, 0)


@given(st.binary(max_size=200))
def test_no_bytes_raise(data: bytes) -> None:
    """Whatever bytes arrive, there is a reply without calls and a reason."""
    reply = parse(data)
    assert reply.calls or reply.detail


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["choices", "message", "content", "tool_calls", "function", "name", "arguments", "calls"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=25,
)


@given(_JSON)
def test_no_json_raises(data: object) -> None:
    """Whatever JSON arrives under familiar names, there is a reply without calls and a reason."""
    for document in (data, {"choices": [{"message": data}]}, {"choices": [{"message": {"tool_calls": [data]}}]}):
        reply = parse(json.dumps(document).encode())
        assert reply.calls or reply.detail
