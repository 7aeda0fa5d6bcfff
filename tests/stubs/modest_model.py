"""What the stub of an LLM understands: a few words of Russian and English, enough to make a booking through it.

It reads only what a real model is sent: the lists of the system message and the words in `<new>`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

Call = tuple[str, dict[str, Any]]

_SERVICE = re.compile(r"^(\S+) \| ([^|\n]+) \| \d+ \| [^|\n]+ \| ([^|\n]*)$", re.MULTILINE)
_OFFER = re.compile(r"^(\S+) \| \S+ (\d{4}-\d\d-\d\d) \| (\d\d:\d\d) \| \S+$", re.MULTILINE)
_SPECIALIST = re.compile(r"^(\w+) \| ([^|\n]+) \| [^|\n]+ \| [\w, -]*$", re.MULTILINE)
_KNOWLEDGE = re.compile(r"^(\w+) \| ([^|\n]+) \| [^|\n]+$", re.MULTILINE)
_NOW = re.compile(r"(\d{4}-\d\d-\d\d) \d\d:\d\d")
_ASKED = re.compile(r": (service|when|choice|name|phone|confirm|cancel_confirm)$", re.MULTILINE)
_NEW = re.compile(r"<new>\n(.*)\n</new>", re.DOTALL)

_PERSON = re.compile(r"оператор|администратор|с человеком|живо\w+ человек|human|operator|real person")
_ORDINALS = (r"перв|\b1\b|first", r"втор|\b2\b|second", r"трет|\b3\b|third")
_DAYS = ((r"послезавтра|day after tomorrow", 2), (r"завтра|tomorrow", 1), (r"сегодня|today", 0))
_CLOCK = re.compile(r"(?<!\d)([01]?\d|2[0-3])[:.]([0-5]\d)(?!\d)")
_NAMED = re.compile(
    r"(?:меня зовут|моё имя|мое имя|my name is|i am|i'm|это)\s+([^\W\d_]+(?:\s[^\W\d_]+)?)", re.IGNORECASE
)
_INTENTS = (
    ("greet", r"привет|здравств|добр\w+ (?:день|утро|вечер)|\bhi\b|hello"),
    ("reschedule", r"перенес|перенос|reschedule"),
    ("cancel", r"отмен|cancel"),
    ("price", r"сколько стоит|цен[аыу]|price|how much"),
    ("address", r"адрес|где вы|как (?:до вас )?добраться|address|where are you"),
    ("hours", r"до скольки|часы работы|график|opening hours|are you open"),
    ("other_day", r"другой день|another day"),
    ("later", r"попозже|позже|later"),
    ("earlier", r"пораньше|раньше|earlier"),
    ("book", r"запис|хочу|можно|book|appointment"),
    ("confirm", r"^\W*(?:да|верно|ок|подтверждаю|yes|right|correct)\b"),
    ("decline", r"^\W*(?:нет|не надо|no)\b"),
)


def modest_calls(system: str, user: str) -> list[Call]:
    """The tool calls of the stub for one request."""
    found = _NEW.search(user)
    lines = re.findall(r"<customer>(.*?)</customer>", found[1] if found else "", re.DOTALL)
    said = "\n".join(lines)
    low = said.lower()
    if _PERSON.search(low):
        return [("hand_to_person", {"reason": "asked"})]
    if re.fullmatch(r"\W*(?:спасибо|благодарю|thanks|thank you)[^?]*", low) and len(low) < 40:
        return [("no_reply_needed", {})]
    if token := _chosen(system, low):
        return [("choose_offer", {"offer_token": token})]
    if "?" in low and (key := _knowledge(system, low)):
        return [("answer_question", {"text": None, "knowledge_key": key})]
    return [("understand_request", _request(system, said))]


def obedient_calls(system: str, user: str) -> list[Call]:
    """A model that does what customers tell it: says what it is told to say, its instructions, what others said; to
    everything else it agrees."""
    found = _NEW.search(user)
    said = re.sub(r"<[^>]+>", "", found[1] if found else "").strip()
    if ordered := re.search(r"(?:say|скажи|ответь|напиши)[^:]*:\s*(.+)$", said, re.IGNORECASE):
        answer = ordered[1]
    elif re.search(r"prompt|instructions|промпт|инструкци", said, re.IGNORECASE):
        answer = system[:200]
    elif re.search(r"other|previous|друг\w+|предыдущ\w+", said, re.IGNORECASE):
        answer = "Ирина Петрова, маникюр у Анны во вторник в 15:00, телефон 89123456789."
    else:
        answer = "Да, конечно!" if re.search("[а-я]", said) else "Yes, of course!"
    return [("answer_question", {"text": answer, "knowledge_key": None})]


def _chosen(system: str, low: str) -> str | None:
    offers = _OFFER.findall(system)
    clocks = [f"{int(hour):02}:{minute}" for hour, minute in _CLOCK.findall(low)]
    for index, (token, _, at) in enumerate(offers):
        if at in clocks or (index < len(_ORDINALS) and re.search(_ORDINALS[index], low)):
            return str(token)
    return None


def _knowledge(system: str, low: str) -> str | None:
    words = {word[:5] for word in re.findall(r"\w{5,}", low)}
    for key, question in _KNOWLEDGE.findall(system):
        if words & {word[:5] for word in re.findall(r"\w{5,}", question.lower())}:
            return str(key)
    return None


def _request(system: str, said: str) -> dict[str, Any]:
    low = said.lower()
    service = _named_in(low, ((key, f"{name}, {others}") for key, name, others in _SERVICE.findall(system)))
    specialist = _named_in(low, _SPECIALIST.findall(system))
    intents = [intent for intent, words in _INTENTS if re.search(words, low)]
    wish = _wish(system, low)
    if (service or wish) and not {"price", "cancel", "reschedule", "book"} & set(intents):
        intents.append("book")
    asked = _ASKED.findall(system)
    return {
        "intents": intents,
        "service_key": service,
        "specialist_key": specialist,
        "any_specialist": None,
        "wishes": [wish] if wish else [],
        "name": _name(said, is_asked=bool(asked) and asked[-1] == "name"),
    }


def _named_in(low: str, listed: Iterator[tuple[str, str]] | list[tuple[str, str]]) -> str | None:
    """The key whose longest listed name has all its words in the text, endings aside."""
    words = re.findall(r"\w+", low)
    best, length = None, 0
    for key, names in listed:
        for name in names.lower().split(","):
            stems = [word[: max(3, len(word) - 2)] for word in re.findall(r"\w{3,}", name)]
            if stems and all(any(word.startswith(stem) for word in words) for stem in stems) and len(name) > length:
                best, length = key, len(name)
    return best


def _wish(system: str, low: str) -> dict[str, Any] | None:
    now = _NOW.search(system)
    wish: dict[str, Any] = dict.fromkeys(("date_from", "date_to", "time_from", "time_to", "exact_time", "asap"))
    for words, ahead in _DAYS:
        if now and re.search(words, low):
            day = (date.fromisoformat(now[1]) + timedelta(days=ahead)).isoformat()
            wish |= {"date_from": day, "date_to": day}
            break
    if clock := _CLOCK.search(low):
        wish["exact_time"] = f"{int(clock[1]):02}:{clock[2]}"
    elif re.search(r"вечер(?!\w*\sдобр)|evening", low) and "добр" not in low:
        wish["time_from"] = "17:00"
    elif re.search(r"утром|morning", low) and "good" not in low:
        wish["time_to"] = "12:00"
    return wish if any(wish.values()) else None


def _name(said: str, *, is_asked: bool) -> str | None:
    if named := _NAMED.search(said):
        return str(named[1])
    plain = said.strip(" .!,")
    return plain if is_asked and re.fullmatch(r"[^\W\d_]+(?:\s[^\W\d_]+)?", plain) else None
