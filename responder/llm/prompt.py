"""The messages sent to the LLM: rules and tools first, then the salon, then this turn, so that endpoints which cache by
prefix can reuse the most; last, as the only `user` message, the words of the conversation, delimited and trimmed.

Phones, cards and e-mail addresses never leave: `contacts.mask` hides them, whoever wrote them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from importlib import resources

import orjson

from responder.dialogue.meaning import Asked, Context
from responder.dialogue.state import DialogueState
from responder.llm.contacts import mask
from responder.llm.reading import Line
from responder.llm.salon_text import day_names, salon_texts, without_braces
from responder.llm.tools import SCHEMAS
from responder.salon.profile import SalonProfile

MAX_LINES = 20
MAX_CHARS = 6_000  # of the conversation
MAX_LINE_CHARS = 1_500
CALENDAR_DAYS = 15
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_VERSION = re.compile(r"<!-- version (\d+) -->\s*")

Message = dict[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Template:
    """The instructions in one language; `version` names them in every turn that used them."""

    language: str
    system: str
    without_tools: str
    version: str


@lru_cache(maxsize=1)
def load_templates() -> Mapping[str, Template]:
    """Every language that has `prompts/<language>/system.md`."""
    templates: dict[str, Template] = {}
    for folder in sorted(resources.files("prompts").iterdir(), key=lambda each: each.name):
        if folder.is_dir() and (folder / "system.md").is_file():
            templates[folder.name] = _template(
                folder.name,
                system=(folder / "system.md").read_text("utf-8"),
                without_tools=(folder / "without_tools.md").read_text("utf-8"),
            )
    return templates


def _template(language: str, *, system: str, without_tools: str) -> Template:
    schemas = orjson.dumps(SCHEMAS).decode()
    digest = hashlib.sha256(f"{system}\0{without_tools}\0{schemas}".encode()).hexdigest()[:8]
    version = _VERSION.match(system)
    return Template(
        language=language,
        system=_VERSION.sub("", system, count=1),
        without_tools=without_tools.replace("{tools}", schemas),
        version=f"{language}{version[1] if version else 0}-{digest}",
    )


def choose_template(salon: SalonProfile, state: DialogueState, context: Context) -> Template:
    """In the language of the dialogue, else of the salon, else whichever there is."""
    templates = load_templates()
    wanted = (state.language, context.language, salon.language, *templates)
    return next(templates[language] for language in wanted if language is not None and language in templates)


def messages(
    template: Template,
    conversation: Sequence[Line],
    *,
    salon: SalonProfile,
    state: DialogueState,
    context: Context,
    now: datetime,
    with_tools: bool = True,
    with_history: bool = True,
) -> list[Message]:
    """One `system` and one `user` message: the shape every endpoint and chat template takes."""
    system = _fill(_with_salon(template, salon), _turn_texts(template.language, salon, state, context, now))
    if not with_tools:
        system = f"{system}\n{template.without_tools}"
    return [{"role": "system", "content": system}, {"role": "user", "content": transcript(conversation, with_history)}]


def transcript(conversation: Sequence[Line], with_history: bool = True) -> str:
    """`<earlier>` and `<new>`; new is what the customer said after anybody else's last word."""
    lines = list(conversation[-MAX_LINES:])
    first_new = next((index for index in range(len(lines), 0, -1) if lines[index - 1].author != "customer"), 0)
    budget = MAX_CHARS
    blocks: list[str] = []
    for is_new, block in ((True, lines[first_new:]), (False, lines[:first_new] if with_history else [])):
        written: list[str] = []
        for line in reversed(block):
            text = _shown(line.text)
            budget -= len(text)
            if budget < 0 and written:
                break
            written.append(f"<{line.author}>{text}</{line.author}>")
        name = "new" if is_new else "earlier"
        blocks.append("\n".join([f"<{name}>", *reversed(written), f"</{name}>"]))
    new, earlier = blocks
    return f"{earlier}\n{new}"


def new_words(conversation: Sequence[Line]) -> str:
    """What the customer said after anybody else's last word."""
    words: list[str] = []
    for line in reversed(conversation):
        if line.author != "customer":
            break
        words.append(line.text)
    return "\n".join(reversed(words))


def _shown(text: str) -> str:
    text = text[: 2 * MAX_LINE_CHARS]  # twice, so that no phone is cut into pieces
    text = mask(text.replace("<", "‹").replace(">", "›")).strip()  # a table for `translate` costs thirty times as much
    return text if len(text) <= MAX_LINE_CHARS else text[:MAX_LINE_CHARS] + "…"


_with_salon_cache: dict[tuple[int, str], tuple[SalonProfile, Template, str]] = {}


def _with_salon(template: Template, salon: SalonProfile) -> str:
    key = (salon.id, template.language)
    known = _with_salon_cache.get(key)
    if known is None or known[0] is not salon or known[1] is not template:
        filled = _fill(template.system, salon_texts(salon, template.language))
        known = _with_salon_cache[key] = (salon, template, filled)
    return known[2]


def _turn_texts(
    language: str, salon: SalonProfile, state: DialogueState, context: Context, now: datetime
) -> dict[str, str]:
    local = now.astimezone(salon.zone)
    return {
        "now": f"{_day(local.date(), language)} {local:%H:%M}",
        "calendar": _calendar(local.date(), language),
        "language": without_braces(state.language or context.language),
        "asked": (state.asked if state.asked is not Asked.NOTHING else context.asked).value,
        "known": _known(state, context),
        "offers": _offers(state, salon, language),
    }


def _known(state: DialogueState, context: Context) -> str:
    facts = {
        "service": state.service or context.service,
        "specialist": state.specialist,
        "chosen_offer": state.chosen.token if state.chosen else None,
        "name": "given" if state.name else None,
        "phone": "given" if state.phone else None,
        "staff_says": _shown(state.hint) if state.hint else None,
        "has_appointment": "yes" if state.is_booked or context.has_appointment else None,
    }
    return without_braces("; ".join(f"{name}={value}" for name, value in facts.items() if value) or "-")


def _offers(state: DialogueState, salon: SalonProfile, language: str) -> str:
    lines = []
    for offer in state.offers:
        local = offer.starts_at.astimezone(salon.zone)
        lines.append(f"{offer.token} | {_day(local.date(), language)} | {local:%H:%M} | {offer.specialist}")
    return without_braces("\n".join(lines) or "-")


@lru_cache(maxsize=64)
def _calendar(today: date, language: str) -> str:
    return ", ".join(_day(today + timedelta(days=offset), language) for offset in range(CALENDAR_DAYS))


def _day(day: date, language: str) -> str:
    return f"{day_names(language)[day.weekday()]} {day.isoformat()}"


def _fill(template: str, values: Mapping[str, str]) -> str:
    """Placeholders without a value here are left for later; values are never read as templates."""
    return _PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), template)
