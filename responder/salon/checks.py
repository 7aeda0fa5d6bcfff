"""Mistakes that only show when parts of a salon file are held against one another.

Works on the file's plain data, before or without its validation, so that all mistakes come in one go; whatever has
the wrong shape is skipped here because it is reported elsewhere.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from responder.salon.document import Mistake, Place
from responder.salon.notation import close_to

KEYED = ("addresses", "services", "specialists", "knowledge", "operators", "channels", "crm", "alerts")
ONE_OF_A_KIND = ("site_key", "token_env")  # two accounts with the same would receive the same messages


def cross_check(data: Mapping[str, Any], phrases: Collection[str] | None) -> Iterator[Mistake]:
    """Duplicate keys, names of services and channels that do not exist, clashes of channel accounts, texts for
    phrases that do not exist (`phrases` None: not checked)."""
    for part in KEYED:
        yield from _used_twice(data, part, "key")
    for option in ONE_OF_A_KIND:
        yield from _used_twice(data, "channels", option)
    yield from _unknown_skills(data)
    yield from _unknown_channels(data)
    yield from _targets_twice(data)
    yield from _ladder_that_does_not_climb(data)
    if phrases is not None:
        for key in _mapping(data.get("texts")):
            if key not in phrases:
                yield Mistake(("texts", key), f"is not a phrase of the bot{close_to(key, sorted(phrases))}")


def _used_twice(data: Mapping[str, Any], part: str, field: str) -> Iterator[Mistake]:
    first: dict[str, int] = {}
    for number, entry in _entries(data, part):
        value = entry.get(field)
        if not isinstance(value, str):
            continue
        if value in first:
            yield Mistake((part, number, field), f"is already used by {part}[{first[value]}]")
        first.setdefault(value, number)


def _unknown_skills(data: Mapping[str, Any]) -> Iterator[Mistake]:
    known = [str(entry.get("key")) for _, entry in _entries(data, "services")]
    for number, entry in _entries(data, "specialists"):
        skills = entry.get("skills")
        for position, skill in enumerate(skills if isinstance(skills, list) else ()):
            if isinstance(skill, str) and skill not in known:
                place: Place = ("specialists", number, "skills", position)
                yield Mistake(place, f"`{skill}` is not the key of a service{close_to(skill, known)}")


def _unknown_channels(data: Mapping[str, Any]) -> Iterator[Mistake]:
    known = sorted({str(entry.get("type")) for _, entry in _entries(data, "channels")})
    for number, entry in _entries(data, "targets"):
        channel = entry.get("channel")
        if isinstance(channel, str) and channel not in known:
            problem = f"`{channel}` is not the type of a channel in this file{close_to(channel, known)}"
            yield Mistake(("targets", number, "channel"), problem)


def _targets_twice(data: Mapping[str, Any]) -> Iterator[Mistake]:
    """Nothing would say which of the two binds an enquiry."""
    first: dict[tuple[Any, ...], int] = {}
    for number, entry in _entries(data, "targets"):
        selects = tuple(_plain(entry.get(name)) for name in ("measure", "channel", "category", "priority"))
        if selects in first:
            problem = f"is for the same enquiries as targets[{first[selects]}]"
            yield Mistake(("targets", number, "measure"), problem)
        first.setdefault(selects, number)


def _ladder_that_does_not_climb(data: Mapping[str, Any]) -> Iterator[Mistake]:
    """Each step tells somebody new, later than the one before."""
    told: dict[str, int] = {}
    before: tuple[float, int] | None = None
    for number, entry in _entries(data, "escalation"):
        role, times = _plain(entry.get("to")), _number(entry.get("times"))
        if role and role in told:
            problem = f"is told already by escalation[{told[role]}]"
            yield Mistake(("escalation", number, "to"), problem)
        if times is not None and before is not None and times <= before[0]:
            problem = f"must be more than the {before[0]:g} of escalation[{before[1]}]"
            yield Mistake(("escalation", number, "times"), problem)
        told.setdefault(role, number)
        before = before if times is None else (times, number)


def _plain(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: object) -> float | None:
    try:
        return float(_plain(value))
    except ValueError:
        return None


def _entries(data: Mapping[str, Any], part: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    entries = data.get(part)
    for number, entry in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(entry, dict):
            yield number, entry


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
