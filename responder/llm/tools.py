"""What the LLM can do: five calls that say what it read, none of which does anything.

The schemas are strict (every field required, nothing else allowed) for the endpoints that hold a model to them; what
comes back is validated as if none did, with absent fields read as "not said". `interpret` checks the values against the
salon. There is no field for a phone number: the rules read phones, and the LLM is never shown one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from responder.dialogue.meaning import Intent

# What the LLM may say a customer does; choosing, asking for a person and risk have calls of their own.
SAYABLE = tuple(
    intent.value for intent in Intent if intent not in (Intent.CHOOSE, Intent.HUMAN, Intent.COMPLAINT, Intent.RISK)
)


class HandReason(StrEnum):
    ASKED = "asked"
    COMPLAINT = "complaint"
    MEDICAL = "medical"
    LEGAL = "legal"
    DANGER = "danger"
    OTHER = "other"


def _only_sayable(values: object) -> object:
    """Intents that do not exist are left out: one wrong word must not cost the reading."""
    if isinstance(values, str):
        values = [values]
    return [value for value in values if value in SAYABLE] if isinstance(values, (list, tuple)) else []


def _blank_is_absent(value: object) -> object:
    return None if isinstance(value, str) and value.strip().lower() in ("", "null", "none") else value


def _day(value: object) -> object:
    value = _blank_is_absent(value)
    return date.fromisoformat(value) if isinstance(value, str) else value


def _clock(value: object) -> object:
    value = _blank_is_absent(value)
    return time.fromisoformat(value).replace(second=0, microsecond=0, tzinfo=None) if isinstance(value, str) else value


def _or_null(kind: str, description: str) -> WithJsonSchema:
    return WithJsonSchema({"type": [kind, "null"], "description": description})


_Blank = BeforeValidator(_blank_is_absent)
_Day = Annotated[date | None, BeforeValidator(_day), _or_null("string", "YYYY-MM-DD")]
_Clock = Annotated[time | None, BeforeValidator(_clock), _or_null("string", "HH:MM, 24 hours, local")]


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


class WishArguments(_Arguments):
    date_from: _Day = None
    date_to: _Day = None
    time_from: _Clock = None
    time_to: _Clock = None
    exact_time: _Clock = None
    asap: Annotated[bool, _or_null("boolean", "as soon as possible"), BeforeValidator(bool)] = False


class UnderstandRequest(_Arguments):
    """What the customer wants in the new messages. Null or empty where they do not say it."""

    intents: Annotated[
        list[Intent],
        BeforeValidator(_only_sayable),
        WithJsonSchema({"type": "array", "items": {"type": "string", "enum": list(SAYABLE)}}),
    ] = Field(default_factory=list)
    service_key: Annotated[str | None, _Blank, _or_null("string", "a key of the services list")] = None
    specialist_key: Annotated[str | None, _Blank, _or_null("string", "a key of the specialists list")] = None
    any_specialist: Annotated[bool, _or_null("boolean", "says it does not matter who"), BeforeValidator(bool)] = False
    wishes: Annotated[list[WishArguments], BeforeValidator(lambda value: value or [])] = Field(default_factory=list)
    name: Annotated[str | None, _Blank, _or_null("string", "the customer's own name, as written")] = None


class ChooseOffer(_Arguments):
    """The customer accepts one of the offers on the list."""

    offer_token: Annotated[str, Field(min_length=1)]


class AnswerQuestion(_Arguments):
    """Answer a question. Give the key of a knowledge item that answers it and a null text, or else a short text made
    only of facts of the system message and a null key."""

    text: Annotated[str | None, _Blank, _or_null("string", "one or two sentences")] = None
    knowledge_key: Annotated[str | None, _Blank, _or_null("string", "a key of the knowledge list")] = None


class HandToPerson(_Arguments):
    """A person of the salon must answer."""

    reason: Annotated[HandReason, WithJsonSchema({"type": "string", "enum": [*HandReason]})] = HandReason.OTHER


class NoReplyNeeded(_Arguments):
    """Nothing in the new messages needs an answer (thanks, goodbye)."""


Arguments = UnderstandRequest | ChooseOffer | AnswerQuestion | HandToPerson | NoReplyNeeded
ToolName = Literal["understand_request", "choose_offer", "answer_question", "hand_to_person", "no_reply_needed"]

TOOLS: Mapping[str, type[Arguments]] = {
    "understand_request": UnderstandRequest,
    "choose_offer": ChooseOffer,
    "answer_question": AnswerQuestion,
    "hand_to_person": HandToPerson,
    "no_reply_needed": NoReplyNeeded,
}


def _strict(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """A schema as strict mode wants it: inlined, closed, everything required, no defaults or titles."""
    if "$ref" in schema:
        return _strict(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    kept = {key: value for key, value in schema.items() if key not in ("default", "title", "$defs", "minLength")}
    if kept.get("type") == "object":
        properties = {name: _strict(value, definitions) for name, value in kept.get("properties", {}).items()}
        kept |= {"properties": properties, "required": list(properties), "additionalProperties": False}
    if "items" in kept:
        kept["items"] = _strict(kept["items"], definitions)
    return kept


def _tool(name: str, model: type[Arguments]) -> dict[str, Any]:
    schema = model.model_json_schema()
    parameters = _strict(schema, schema.get("$defs", {}))
    description = " ".join(parameters.pop("description", "").split())
    return {
        "type": "function",
        "function": {"name": name, "description": description, "strict": True, "parameters": parameters},
    }


def _loose(tool: Mapping[str, Any]) -> dict[str, Any]:
    function = {key: value for key, value in tool["function"].items() if key != "strict"}
    return {**tool, "function": function}


SCHEMAS: tuple[dict[str, Any], ...] = tuple(_tool(name, model) for name, model in TOOLS.items())
LOOSE_SCHEMAS = tuple(_loose(tool) for tool in SCHEMAS)  # for vendors that do not know `strict`
