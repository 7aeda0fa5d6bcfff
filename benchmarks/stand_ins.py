"""The other side of a benchmark: a messenger that accepts at once and an LLM that answers after a set delay."""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import parse_qs

import orjson

from benchmarks.wire import Answer, Listening, listen

Accepted = Callable[[int, float], None]  # chat id, perf_counter of the acceptance
Call = tuple[str, dict[str, object]]  # tool, arguments


class Messenger:
    """The Telegram Bot API as far as a running bot calls it."""

    def __init__(self, on_accepted: Accepted) -> None:
        self._on_accepted = on_accepted
        self._message_id = 1000
        self.calls: dict[str, int] = {}

    async def open(self) -> Listening:
        return await listen(self._answer)

    def _answer(self, path: str, body: bytes) -> Answer:
        method = path.rpartition("/")[2].partition("?")[0]
        self.calls[method] = self.calls.get(method, 0) + 1
        if method != "sendMessage":
            return 0.0, _OTHER_METHODS.get(method, b'{"ok":true,"result":true}')
        self._message_id += 1
        chat_id = _chat_id(body)
        result = {"message_id": self._message_id, "date": int(time.time()), "chat": {"id": chat_id, "type": "private"}}
        self._on_accepted(chat_id, time.perf_counter())
        return 0.0, orjson.dumps({"ok": True, "result": {**result, "text": "ok"}})


class Llm:
    """An OpenAI-compatible endpoint: `delay_s` may be changed while it runs, `understand` chooses the tool call."""

    def __init__(self, understand: Callable[[str, list[str]], Call | None]) -> None:
        self.delay_s = 0.0
        self.calls = 0
        self._understand = understand

    async def open(self) -> Listening:
        return await listen(self._answer)

    def _answer(self, _path: str, body: bytes) -> Answer:
        self.calls += 1
        asked = orjson.loads(body)
        said = next((m["content"] for m in reversed(asked["messages"]) if m["role"] == "user"), "")
        call = self._understand(str(said), [tool["function"]["name"] for tool in asked.get("tools", ())])
        message: dict[str, object] = {"role": "assistant", "content": None if call else "Сейчас посмотрю."}
        if call:
            function = {"name": call[0], "arguments": orjson.dumps(call[1]).decode()}
            message["tool_calls"] = [{"id": "call_1", "type": "function", "function": function}]
        answer = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": asked.get("model", "bench"),
            "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls" if call else "stop"}],
            "usage": {"prompt_tokens": 400, "completion_tokens": 20, "total_tokens": 420},
        }
        return self.delay_s, orjson.dumps(answer)


_OTHER_METHODS = {
    "getMe": b'{"ok":true,"result":{"id":1,"is_bot":true,"first_name":"Bench","username":"bench_bot"}}',
    "getUpdates": b'{"ok":true,"result":[]}',
    "getWebhookInfo": b'{"ok":true,"result":{"url":"","has_custom_certificate":false,"pending_update_count":0}}',
}


def _chat_id(body: bytes) -> int:
    if body.startswith(b"{"):
        return int(orjson.loads(body)["chat_id"])
    return int(parse_qs(body.decode())["chat_id"][0])
