"""What an endpoint understands. "OpenAI-compatible" means something else at every vendor, so a request that is refused
for its form is put more plainly, and what worked is remembered."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import orjson

from responder.llm.prompt import Message
from responder.llm.tools import LOOSE_SCHEMAS, SCHEMAS

MAX_TOKENS = 500
# the same in every request: written out once
_TOOLS = orjson.Fragment(orjson.dumps(SCHEMAS))
_LOOSE_TOOLS = orjson.Fragment(orjson.dumps(LOOSE_SCHEMAS))
_ABOUT_STRICTNESS = ("strict", "additionalproperties", "schema")
_LIMITS = {"max_tokens": "max_completion_tokens", "max_completion_tokens": None}


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialect:
    """The fields of a request that not every vendor takes; the fresh value is what most do."""

    has_tools: bool = True
    is_strict: bool = True  # the endpoint may hold the model to the schemas of the tools
    tool_choice: str | None = "required"
    has_temperature: bool = True
    limit: str | None = "max_tokens"

    def request(self, model: str, messages: list[Message]) -> dict[str, Any]:
        body: dict[str, Any] = {"model": model, "messages": messages}
        if self.has_tools:
            body["tools"] = _TOOLS if self.is_strict else _LOOSE_TOOLS
            if self.tool_choice is not None:
                body["tool_choice"] = self.tool_choice
        if self.has_temperature:
            body["temperature"] = 0
        if self.limit is not None:
            body[self.limit] = MAX_TOKENS
        return body

    def plainer(self, complaint: str) -> Dialect | None:
        """The dialect to try after a 400 whose words are `complaint`; None when nothing is left to leave out."""
        if self.limit is not None and self.limit in complaint:
            return replace(self, limit=_LIMITS[self.limit])
        if self.has_temperature and "temperature" in complaint:
            return replace(self, has_temperature=False)
        if not self.has_tools:
            return None
        if self.is_strict and any(word in complaint for word in _ABOUT_STRICTNESS):
            return replace(self, is_strict=False)
        if self.tool_choice == "required":
            return replace(self, tool_choice="auto")
        if self.tool_choice is not None and "tool_choice" in complaint:
            return replace(self, tool_choice=None)
        return replace(self, has_tools=False)
