"""A Bitrix24 portal as an incoming webhook sees it, strict where the real one is and silent where it is silent.

    async with Bitrix24Stub() as stub:
        crm = Bitrix24Crm(webhook_url=stub.url)

`stub.leads` are the stored items, oldest first. Unknown field names and a malformed `fm` are dropped without a word,
the leaky bucket is enforced, nothing keeps two leads of one origin apart. `fail_next` and `fail_until_recovered` make
it misbehave.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson
from aiohttp import web

CODE = "s3cr3twebhookcode"
LEAD, DEAL = 1, 2
PAGE = 50
FIELDS = {
    LEAD: ["title", "name", "lastName", "stageId", "sourceId", "sourceDescription", "assignedById", "comments"],
    DEAL: ["title", "stageId", "sourceId", "sourceDescription", "assignedById", "comments"],
}
COMMON_FIELDS = ["originatorId", "originId", "utmSource", "utmMedium", "utmCampaign", "utmContent", "utmTerm"]


class Misfortune(StrEnum):
    QUERY_LIMIT = "query_limit"  # 503, the leaky bucket
    OPERATION_LIMIT = "operation_limit"  # 429 with operating_reset_at
    INTERNAL_ERROR = "internal_error"  # 500 with a JSON error
    HTML_502 = "html_502"
    GARBLED = "garbled"  # 200 and no JSON
    HANG = "hang"  # nothing is done, no answer comes
    ANSWER_LOST = "answer_lost"  # the work is done, the connection dies
    ANSWER_HANGS = "answer_hangs"  # the work is done, no answer comes
    ANSWER_502 = "answer_502"  # the work is done, the gateway says otherwise
    REFUSED = "refused"  # the webhook was revoked
    INVALID = "invalid"  # 400, quoting what was sent
    MOVED = "moved"  # a redirect to another portal


class Bitrix24Stub:
    """One portal with one webhook of user 1."""

    def __init__(self, *, burst: int = 50, rate_per_s: float = 2.0, may_add_fields: bool = True, mode: int = 1) -> None:
        self.items: dict[int, list[dict[str, Any]]] = {LEAD: [], DEAL: []}
        self.timeline: list[dict[str, Any]] = []
        self.user_fields: dict[int, dict[str, str]] = {LEAD: {}, DEAL: {}}  # UF_CRM_... -> type
        self.calls: list[str] = []
        self.stored = asyncio.Event()  # set by every crm.item.add
        self.operating_pause_s = 7
        self._may_add_fields = may_add_fields
        self._mode = mode
        self._burst, self._rate = burst, rate_per_s
        self._level, self._level_at = 0.0, time.monotonic()
        self._next: list[tuple[Misfortune, str | None]] = []
        self._lasting: tuple[Misfortune, str | None] | None = None
        self._numbers = iter(range(501, 10**9))
        self._closing = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self.url = ""
        self._port = 0

    @property
    def leads(self) -> list[dict[str, Any]]:
        return self.items[LEAD]

    def fail_next(self, misfortune: Misfortune, *, method: str | None = None, times: int = 1) -> None:
        """Let the next `times` calls (of `method`, when given) meet the misfortune."""
        self._next.extend([(misfortune, method)] * times)

    def fail_until_recovered(self, misfortune: Misfortune, *, method: str | None = None) -> None:
        self._lasting = (misfortune, method)

    def recover(self) -> None:
        self._next.clear()
        self._lasting = None

    async def start(self) -> None:
        """Listen, on the same port as before; harmless when it does already."""
        if self._runner is not None:
            return
        self._closing.clear()
        app = web.Application()
        app.router.add_post("/rest/{user}/{code}/{method}", self._serve)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self._port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{self._port}/rest/1/{CODE}"

    async def stop(self) -> None:
        self._closing.set()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Bitrix24Stub:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    # --- the wire

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"].removesuffix(".json")
        self.calls.append(method)
        if request.match_info["user"] != "1" or request.match_info["code"] != CODE:
            return _error(401, "INVALID_CREDENTIALS", "Invalid request credentials")
        if not self._fits():
            return _error(503, "QUERY_LIMIT_EXCEEDED", "Too many requests")
        try:
            params = await _params(request)
        except ValueError:
            return _error(400, "", "Invalid request body")
        misfortune = self._misfortune(method)
        match misfortune:
            case None | Misfortune.ANSWER_LOST | Misfortune.ANSWER_HANGS | Misfortune.ANSWER_502:
                answer = self._carry_out(method, params)
            case _:
                return await self._misbehave(misfortune, params)
        match misfortune:
            case Misfortune.ANSWER_LOST:
                assert request.transport is not None
                request.transport.abort()
            case Misfortune.ANSWER_HANGS:
                await self._closing.wait()
            case Misfortune.ANSWER_502:
                return _html(502)
        return answer

    async def _misbehave(self, misfortune: Misfortune, params: dict[str, Any]) -> web.StreamResponse:
        match misfortune:
            case Misfortune.QUERY_LIMIT:
                return _error(503, "QUERY_LIMIT_EXCEEDED", "Too many requests")
            case Misfortune.OPERATION_LIMIT:
                return _error(
                    429,
                    "OPERATION_TIME_LIMIT",
                    "Method is blocked due to operation time limit.",
                    time={"finish": 1_781_000_000.0, "operating_reset_at": 1_781_000_000 + self.operating_pause_s},
                )
            case Misfortune.INTERNAL_ERROR:
                return _error(500, "INTERNAL_SERVER_ERROR", "Internal server error")
            case Misfortune.HANG:
                await self._closing.wait()
                return _html(502)
            case Misfortune.REFUSED:
                return _error(401, "NO_AUTH_FOUND", f"Wrong authorization data: {CODE}")
            case Misfortune.INVALID:
                quoted = orjson.dumps(params.get("fields")).decode()
                return _error(400, "CRM_FIELD_ERROR_VALUE_NOT_VALID", f"Invalid value.<br> Given: {quoted}")
            case Misfortune.GARBLED:
                return web.Response(text="<b>Fatal error</b>: Allowed memory size", content_type="text/html")
            case Misfortune.MOVED:
                return web.Response(status=302, headers={"Location": "https://elsewhere.example/"})
            case _:
                return _html(502)

    def _fits(self) -> bool:
        now = time.monotonic()
        self._level = max(0.0, self._level - (now - self._level_at) * self._rate)
        self._level_at = now
        if self._level + 1 > self._burst:
            return False
        self._level += 1
        return True

    def _misfortune(self, method: str) -> Misfortune | None:
        for position, (misfortune, of) in enumerate(self._next):
            if of in (None, method):
                del self._next[position]
                return misfortune
        if self._lasting is not None and self._lasting[1] in (None, method):
            return self._lasting[0]
        return None

    # --- the methods

    def _carry_out(self, method: str, params: dict[str, Any]) -> web.Response:
        known: dict[str, Callable[[dict[str, Any]], Any]] = {
            "profile": lambda _: {"ID": "1", "ADMIN": True, "NAME": "Ирина", "LAST_NAME": "Петрова"},
            "crm.settings.mode.get": lambda _: self._mode,
            "crm.item.add": self._add,
            "crm.item.update": self._update,
            "crm.item.get": lambda params: {"item": self._shown(params, self._item(params))},
            "crm.item.list": self._list,
            "crm.item.fields": self._fields,
            "crm.lead.userfield.add": lambda params: self._add_user_field(LEAD, params),
            "crm.deal.userfield.add": lambda params: self._add_user_field(DEAL, params),
            "crm.timeline.comment.add": self._comment,
        }
        if method not in known:
            return _error(404, "ERROR_METHOD_NOT_FOUND", "Method not found!")
        try:
            return _json(200, {"result": known[method](params), "time": {"operating": 0.1}})
        except _WrongError as wrong:
            return _error(wrong.status, wrong.code, str(wrong))

    def _add(self, params: dict[str, Any]) -> dict[str, Any]:
        entity, given = self._entity(params), params.get("fields")
        if not isinstance(given, dict):
            raise _WrongError(400, "100", "Could not find value for parameter {fields}")
        item: dict[str, Any] = {"id": next(self._numbers), "stageId": "NEW", "fm": []}
        self._accept(entity, item, params)
        self.items[entity].append(item)
        self.stored.set()
        return {"item": self._shown(params, item)}

    def _update(self, params: dict[str, Any]) -> dict[str, Any]:
        item = self._item(params)
        self._accept(self._entity(params), item, params)
        return {"item": self._shown(params, item)}

    def _accept(self, entity: int, item: dict[str, Any], params: dict[str, Any]) -> None:
        """Takes what the portal knows, in the shape it wants; the rest goes without a word."""
        user_fields = self.user_fields[entity]
        for name, value in params["fields"].items():
            if name in FIELDS[entity] or name in COMMON_FIELDS:
                item[name] = value
            elif name == "fm" and entity == LEAD:
                self._accept_fm(item["fm"], value)
            else:
                upper = name if params.get("useOriginalUfNames") == "Y" else _upper_name(name)
                if upper in user_fields and _fits_type(user_fields[upper], value):
                    item[upper] = value

    def _accept_fm(self, stored: list[dict[str, Any]], given: object) -> None:
        if isinstance(given, list):
            for entry in given:
                if isinstance(entry, dict) and entry.get("typeId") in ("PHONE", "EMAIL") and entry.get("value"):
                    stored.append({"valueType": "WORK", **entry, "id": next(self._numbers)})
        elif isinstance(given, dict):
            for entry in stored:
                change = given.get(str(entry["id"]))
                if isinstance(change, dict):
                    entry.update(change)

    def _list(self, params: dict[str, Any]) -> dict[str, Any]:
        wanted = {name.lstrip("="): value for name, value in (params.get("filter") or {}).items()}
        found = [
            item
            for item in self.items[self._entity(params)]
            if all(str(item.get(name)) == str(value) for name, value in wanted.items())
        ]
        found.sort(key=lambda item: int(item["id"]))
        select = params.get("select") or ["*"]
        start = int(params.get("start", 0))
        return {
            "items": [
                item if "*" in select else {name: item.get(name) for name in {"id", *select}}
                for item in found[start : start + PAGE]
            ]
        }

    def _fields(self, params: dict[str, Any]) -> dict[str, Any]:
        entity = self._entity(params)
        plain = {name: {"type": "string", "upperName": _upper_name(name)} for name in FIELDS[entity] + COMMON_FIELDS}
        is_original = params.get("useOriginalUfNames") == "Y"
        own = {
            upper if is_original else _camel_name(upper): {"type": kind, "upperName": upper}
            for upper, kind in self.user_fields[entity].items()
        }
        return {"fields": plain | own}

    def _add_user_field(self, entity: int, params: dict[str, Any]) -> int:
        if not self._may_add_fields:
            raise _WrongError(403, "ACCESS_DENIED", "Access denied.")
        about = params["fields"]
        name = "UF_CRM_" + str(about["FIELD_NAME"])
        if not re.fullmatch(r"[A-Z0-9_]{1,50}", name):
            raise _WrongError(400, "", "Field name is not valid.")
        if name in self.user_fields[entity]:
            raise _WrongError(400, "", f"Field {name} already exists.")
        self.user_fields[entity][name] = str(about["USER_TYPE_ID"])
        return next(self._numbers)

    def _comment(self, params: dict[str, Any]) -> int:
        about = params.get("fields") or {}
        if about.get("ENTITY_TYPE") not in ("lead", "deal") or not about.get("COMMENT"):
            raise _WrongError(400, "", "Required fields are missing.")
        self.timeline.append(about)
        return next(self._numbers)

    def _entity(self, params: dict[str, Any]) -> int:
        entity = int(params.get("entityTypeId") or 0)
        if entity not in self.items:
            raise _WrongError(400, "NOT_FOUND", "SmartProcess is not found")
        return entity

    def _item(self, params: dict[str, Any]) -> dict[str, Any]:
        for item in self.items[self._entity(params)]:
            if int(item["id"]) == int(params.get("id") or 0):
                return item
        raise _WrongError(400, "NOT_FOUND", "Item is not found")

    def _shown(self, params: dict[str, Any], item: dict[str, Any]) -> dict[str, Any]:
        if params.get("useOriginalUfNames") == "Y":
            return item
        return {_camel_name(name) if name.startswith("UF_") else name: value for name, value in item.items()}


class _WrongError(Exception):
    def __init__(self, status: int, code: str, description: str) -> None:
        super().__init__(description)
        self.status, self.code = status, code


async def _params(request: web.Request) -> dict[str, Any]:
    """JSON, or a form with PHP-style keys (`fields[title]=X`)."""
    if request.content_type == "application/json":
        params = orjson.loads(await request.read() or b"{}")
        if not isinstance(params, dict):
            raise ValueError
        return params
    params = {}
    for key, value in (await request.post()).items():
        head, *rest = re.findall(r"[^\[\]]+", key)
        place = params
        for name, after in zip([head, *rest], [*rest, None], strict=True):
            if after is None:
                place[name] = value
            else:
                place = place.setdefault(name, {})
    return params


def _fits_type(kind: str, value: object) -> bool:
    """What a user field of this type stores; anything else becomes empty there."""
    match kind:
        case "double":
            return isinstance(value, (int, float)) and not isinstance(value, bool)
        case "boolean":
            return value in (0, 1, "0", "1")
        case "datetime":
            return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    return isinstance(value, str)


def _camel_name(upper: str) -> str:
    head, *rest = upper.lower().split("_")
    return head + "".join(part.capitalize() for part in rest)


def _upper_name(camel: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", r"_\1", camel).upper()


def _json(status: int, body: object) -> web.Response:
    return web.Response(status=status, body=orjson.dumps(body), content_type="application/json")


def _error(status: int, code: str, description: str, **more: object) -> web.Response:
    return _json(status, {"error": code, "error_description": description, **more})


def _html(status: int) -> web.Response:
    return web.Response(status=status, text="<html><h1>Bad Gateway</h1></html>", content_type="text/html")
