"""Wordings that an LLM could give, each with the turn it is said in: `wordings_untrue.jsonl` must be refused,
`wordings_honest.jsonl` must pass. One JSON object a line:

    kind    what is untrue or unsafe about it, or what it is about
    turn    the situation, a key of `TURNS`
    knows   optional: the key of `KNOWLEDGE` whose text the salon has besides those of `turn.salon`
    text    the wording
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from responder.dialogue.state import DialogueState, Visit
from responder.hours import END_OF_DAY, Interval
from responder.llm.facts import Facts
from responder.salon.profile import KnowledgeItem, SalonProfile
from tests.factories import day, localised
from tests.unit.llm.turn import NOW, TUESDAY_15, offering, salon

_VISIT = Visit(appointment_id=1, service="manicure", specialist="anna", starts_at=TUESDAY_15.starts_at)
TURNS: dict[str, DialogueState] = {
    "fresh": DialogueState(language="ru"),
    "named": DialogueState(language="ru", name="Ирина"),
    "offers": offering(),
    "booked": DialogueState(language="ru", visit=_VISIT),
    "allday": DialogueState(language="ru"),  # in a salon that never closes
}
KNOWLEDGE = {
    "consult": ("консультация", "Первая консультация бесплатная, длится 20 минут."),
    "wifi": ("есть ли вайфай", "Есть бесплатный вайфай."),
    "late": ("я опаздываю", "Если вы опаздываете до 15 минут, мы вас подождём."),
    "steril": ("как стерилизуете инструменты", "Инструменты стерилизуем в сухожаре после каждого клиента."),
    "dogs": ("можно с собакой", "С небольшой собакой можно."),
    "coffee": ("есть ли кофе", "Угощаем чаем и кофе."),
    "deposit": ("нужна ли предоплата", "Для окрашивания нужна предоплата 500 рублей."),
    "nopay": ("нужна ли предоплата", "Предоплата не требуется."),
    "brand": ("на чём работаете", "Работаем на материалах Luxio и Kodi. We use Luxio and Kodi polishes."),
}


@dataclass(frozen=True, kw_only=True)
class Wording:
    kind: str
    turn: str
    text: str
    knows: str | None = None

    @property
    def facts(self) -> Facts:
        return facts_of(self.turn, self.knows)

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}"


def read(name: str) -> list[Wording]:
    lines = (Path(__file__).parent / f"wordings_{name}.jsonl").read_text("utf-8").splitlines()
    return [Wording(**json.loads(line)) for line in lines]


@cache
def facts_of(turn: str, knows: str | None = None) -> Facts:
    """What the guard holds free wording against in that turn."""
    return Facts.of(salon=_salon(turn, knows), state=TURNS[turn], now=NOW, with_wishes=False, max_chars=500)


@cache
def _salon(turn: str, knows: str | None) -> SalonProfile:
    made = salon()
    if turn == "allday":
        always = (Interval(day("00:00-23:00")[0].start, END_OF_DAY),)
        made = replace(made, hours=replace(made.hours, week=(always,) * 7))
    if knows is not None:
        question, answer = KNOWLEDGE[knows]
        item = KnowledgeItem(key=knows, questions=(question,), answer=localised(answer))
        made = replace(made, knowledge=(*made.knowledge, item))
    return made
