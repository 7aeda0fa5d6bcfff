"""A server that speaks `/v1/chat/completions` and `/v1/audio/transcriptions` and holds requests to the documented form,
for tests and benchmarks.

Left alone it answers like a modest model: it finds service, day, time, name and choice by a few words, so that a whole
booking can be made through it. `answer_with` scripts what it says next, healthy or sick.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from aiohttp import web

from tests.stubs.modest_model import modest_calls, obedient_calls

API_KEY = "sk-stub"
_KNOWN = frozenset(
    {"model", "messages", "tools", "tool_choice", "parallel_tool_calls", "temperature", "max_tokens"}
    | {"max_completion_tokens", "response_format", "seed", "stop", "top_p", "n", "user", "stream"}
)
_ROLES = frozenset({"system", "user", "assistant", "tool"})


@dataclass(frozen=True, kw_only=True)
class ChatRequest:
    """A request that passed the checks."""

    headers: Mapping[str, str]
    body: Mapping[str, Any]

    @property
    def system(self) -> str:
        return str(self.body["messages"][0]["content"])

    @property
    def user(self) -> str:
        return str(self.body["messages"][-1]["content"])

    @property
    def has_tools(self) -> bool:
        return bool(self.body.get("tools"))


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What to send back; `hangs` until the stub closes."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    delay_s: float = 0.0
    hangs: bool = False


Behaviour = Answer | Callable[[ChatRequest], Answer]


# Answers of a healthy endpoint


def calls(*chosen: tuple[str, Mapping[str, Any] | str], finish_reason: str = "tool_calls") -> Answer:
    """Tool calls by name and arguments (a string is sent as it is, valid JSON or not)."""
    listed = [
        {
            "id": f"call_{index}",
            "type": "function",
            "function": {
                "name": name,
                "arguments": arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False),
            },
        }
        for index, (name, arguments) in enumerate(chosen)
    ]
    return completion({"role": "assistant", "content": None, "tool_calls": listed}, finish_reason=finish_reason)


def words(content: str | None, *, finish_reason: str = "stop") -> Answer:
    """Text instead of calls."""
    return completion({"role": "assistant", "content": content}, finish_reason=finish_reason)


def completion(message: Mapping[str, Any], *, finish_reason: str = "stop") -> Answer:
    choice = {"index": 0, "message": message, "finish_reason": finish_reason, "logprobs": None}
    return _json(
        200,
        {
            "id": f"chatcmpl-{secrets.token_hex(6)}",
            "object": "chat.completion",
            "created": 1_700_000_000,
            "model": "stub",
            "choices": [choice],
            "usage": {"prompt_tokens": 1200, "completion_tokens": 40, "total_tokens": 1240},
        },
    )


def obedient(chat: ChatRequest) -> Answer:
    """A model that the customer has talked over."""
    return calls(*obedient_calls(chat.system, chat.user))


# Answers of a sick one


def too_many(retry_after_s: float | None = None) -> Answer:
    answer = _error(429, "Rate limit reached", code="rate_limit_exceeded")
    extra = {} if retry_after_s is None else {"Retry-After": f"{retry_after_s:g}"}
    return Answer(status=429, body=answer.body, headers={**answer.headers, **extra})


def quota_used_up() -> Answer:
    return _error(429, "You exceeded your current quota", code="insufficient_quota")


def server_error_html() -> Answer:
    return Answer(status=500, body=b"<html><h1>502 Bad Gateway</h1></html>", headers={"Content-Type": "text/html"})


def malformed_body() -> Answer:
    return Answer(body=b'{"id": "chatcmpl-1", "choices": [{"mess')


def malformed_arguments() -> Answer:
    return calls(("understand_request", '{"intents": ["book"], "service_key": "mani'))


def unknown_tool() -> Answer:
    return calls(("book_appointment", {"time": "2026-11-25T17:00"}))


def invented_time() -> Answer:
    return calls(("answer_question", {"text": "Да, приходите завтра в 17:45, будет свободно!", "knowledge_key": None}))


def empty_choices() -> Answer:
    return _json(200, {"id": "chatcmpl-1", "object": "chat.completion", "choices": [], "usage": None})


def refusal() -> Answer:
    return completion({"role": "assistant", "content": None, "refusal": "I can't help with that."})


def cut_off() -> Answer:
    return calls(("understand_request", '{"intents": ["book"], "serv'), finish_reason="length")


def hang() -> Answer:
    return Answer(hangs=True)


def too_long() -> Answer:
    return _error(400, "This model's maximum context length is 8192 tokens.", code="context_length_exceeded")


class OpenAiStub:
    """`async with OpenAiStub() as stub:` serves on a free port; `stub.url` ends in /v1."""

    def __init__(
        self,
        *,
        delay_s: float = 0.0,
        api_key: str = API_KEY,
        rejects: Sequence[str] = (),
        port: int = 0,
        keeps_requests: bool = True,
    ) -> None:
        """`rejects` names request fields that this vendor answers 400 to, or a value: "tool_choice=required".
        A benchmark that sends thousands of requests turns `keeps_requests` off."""
        self.delay_s = delay_s
        self.requests: list[ChatRequest] = []
        self.served = 0
        self.hears: str | Answer = ""  # what every recording says
        self.recordings: list[tuple[bytes, dict[str, str]]] = []  # sound, the other fields
        self.url = ""
        self._api_key = api_key
        self._rejects = tuple(rejects)
        self._port = port
        self._keeps_requests = keeps_requests
        self._script: deque[Behaviour] = deque()
        self._always: Behaviour | None = None
        self._closing = asyncio.Event()
        self._runner: web.AppRunner | None = None

    def answer_with(self, *behaviours: Behaviour) -> None:
        """The next answers in order; afterwards the modest model again."""
        self._script.extend(behaviours)

    def always_answer_with(self, behaviour: Behaviour | None) -> None:
        """Every answer once the script is through; None brings the modest model back."""
        self._always = behaviour

    async def __aenter__(self) -> OpenAiStub:
        app = web.Application(client_max_size=4 * 1024 * 1024)
        app.router.add_post("/v1/chat/completions", self._complete)
        app.router.add_post("/v1/audio/transcriptions", self._transcribe)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/v1"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _complete(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {self._api_key}":
            return _response(_error(401, "Incorrect API key provided", code="invalid_api_key"))
        try:
            body = json.loads(await request.read())
        except json.JSONDecodeError:
            return _response(_error(400, "We could not parse the JSON body of your request."))
        if request.content_type != "application/json":
            return _response(_error(400, "Content-Type must be application/json"))
        problem = _form_problem(body) or self._vendor_problem(body)
        if problem is not None:
            return _response(_error(400, problem[0], param=problem[1]))
        chat = ChatRequest(headers=dict(request.headers), body=body)
        self.served += 1
        if self._keeps_requests:
            self.requests.append(chat)
        return await self._answer(chat)

    async def _transcribe(self, request: web.Request) -> web.Response:
        """Says what `hears` holds; the file, the model and the key must be there, as the documented API wants."""
        if request.headers.get("Authorization") != f"Bearer {self._api_key}":
            return _response(_error(401, "Incorrect API key provided", code="invalid_api_key"))
        form = await request.post()
        sound = form.get("file")
        if not isinstance(sound, web.FileField) or "." not in sound.filename:
            return _response(_error(400, "file must be a sound file with a known ending", param="file"))
        if not form.get("model"):
            return _response(_error(400, "you must provide a model parameter", param="model"))
        self.recordings.append((sound.file.read(), {name: str(form[name]) for name in form if name != "file"}))
        answer = self.hears if isinstance(self.hears, Answer) else _json(200, {"text": self.hears})
        if answer.hangs:
            await self._closing.wait()
        await asyncio.sleep(answer.delay_s)
        return _response(answer)

    async def _answer(self, chat: ChatRequest) -> web.Response:
        behaviour = self._script.popleft() if self._script else self._always or _modest
        answer = behaviour(chat) if callable(behaviour) else behaviour
        if answer.hangs:
            await self._closing.wait()
        if delay_s := answer.delay_s or self.delay_s:
            await asyncio.sleep(delay_s)
        return _response(answer)

    def _vendor_problem(self, body: Mapping[str, Any]) -> tuple[str, str] | None:
        for rejected in self._rejects:
            name, _, value = rejected.partition("=")
            if name in body and (not value or body[name] == value):
                return f"Unsupported parameter: '{name}' is not supported with this model.", name
        return None


def _modest(chat: ChatRequest) -> Answer:
    chosen = modest_calls(chat.system, chat.user)
    if chat.has_tools:
        return calls(*chosen)
    listed = [{"name": name, "arguments": arguments} for name, arguments in chosen]
    return words("Here you are:\n```json\n" + json.dumps({"calls": listed}, ensure_ascii=False) + "\n```")


def _form_problem(body: object) -> tuple[str, str] | None:
    """The first thing the documented API would refuse, as (message, parameter)."""
    if not isinstance(body, dict):
        return "body must be an object", ""
    for name in body:
        if name not in _KNOWN:
            return f"Unrecognized request argument supplied: {name}", name
    if not isinstance(body.get("model"), str) or not body["model"]:
        return "you must provide a model parameter", "model"
    return _messages_problem(body.get("messages")) or _tools_problem(body.get("tools"), body.get("tool_choice"))


def _messages_problem(messages: object) -> tuple[str, str] | None:
    if not isinstance(messages, list) or not messages:
        return "messages must be a non-empty array", "messages"
    for index, message in enumerate(messages):
        if not isinstance(message, dict) or message.get("role") not in _ROLES:
            return f"invalid role in messages[{index}]", "messages"
        if not isinstance(message.get("content"), str) or not message["content"]:
            return f"messages[{index}].content must be a non-empty string", "messages"
        if message["role"] == "system" and index != 0:
            return "a system message must come first", "messages"  # the rule of many chat templates
    return ("the last message must be the user's", "messages") if messages[-1]["role"] != "user" else None


def _tools_problem(tools: object, choice: object) -> tuple[str, str] | None:
    if tools is None:
        return ("tool_choice without tools", "tool_choice") if choice is not None else None
    if not isinstance(tools, list) or not tools:
        return "tools must be a non-empty array", "tools"
    if choice not in (None, "auto", "none", "required"):
        return "invalid tool_choice", "tool_choice"
    for tool in tools:
        function = tool.get("function") if isinstance(tool, dict) and tool.get("type") == "function" else None
        if not isinstance(function, dict) or not re.fullmatch(r"[\w-]{1,64}", str(function.get("name", ""))):
            return "a tool must be a function with a name", "tools"
        if problem := _schema_problem(function.get("parameters"), is_strict=function.get("strict") is True):
            return f"Invalid schema for function '{function['name']}': {problem}", "tools"
    return None


def _schema_problem(schema: object, *, is_strict: bool) -> str | None:
    """Strict mode: every object closed, every property required, no defaults."""
    if not isinstance(schema, dict):
        return "a schema must be an object"
    if is_strict and "default" in schema:
        return "'default' is not permitted"
    if schema.get("type") == "object" or "properties" in schema:
        properties = schema.get("properties", {})
        if is_strict and schema.get("additionalProperties") is not False:
            return "'additionalProperties' is required to be supplied and to be false"
        if is_strict and set(schema.get("required", [])) != set(properties):
            return "'required' must include every key in properties"
        for inner in properties.values():
            if problem := _schema_problem(inner, is_strict=is_strict):
                return problem
    return _schema_problem(schema["items"], is_strict=is_strict) if "items" in schema else None


def _error(status: int, message: str, *, code: str | None = None, param: str | None = None) -> Answer:
    kind = "invalid_request_error" if status < 429 else "requests"
    return _json(status, {"error": {"message": message, "type": kind, "param": param or None, "code": code}})


def _json(status: int, data: Mapping[str, Any]) -> Answer:
    return Answer(status=status, body=json.dumps(data, ensure_ascii=False).encode())


def _response(answer: Answer) -> web.Response:
    return web.Response(status=answer.status, body=answer.body, headers=dict(answer.headers))
