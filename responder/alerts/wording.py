"""What an alert says, in a language: the same words in the product and outside it.

Made of the facts of the alert alone, which hold no customer's name, words or number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from babel.numbers import format_percent

WORDS = Path(__file__).parent / "words"
FALLBACK = "en"
MOST_LINES = 20  # of one message; the rest is counted
NUMBER = re.compile(r"\+?\d[\d\s()-]{7,}\d")  # other people's error texts may repeat a customer's
UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


@cache
def alert_languages() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in WORDS.glob("*.yaml")))


@cache
def alert_words(language: str) -> Mapping[str, str]:
    known = language if language in alert_languages() else FALLBACK
    words: dict[str, str] = yaml.safe_load((WORDS / f"{known}.yaml").read_text("utf-8"))
    return words


def headline(alert: Mapping[str, Any], language: str) -> str:
    """What happened, in a few words."""
    words, facts = alert_words(language), alert["facts"]
    own = f"{alert['kind']}_{facts.get('measure')}"
    name = own if own in words else alert["kind"]
    said = {
        "what": words.get(str(facts.get("measure")), ""),
        "account": facts.get("account", ""),
        "role": words.get(str(facts.get("role")), ""),
    }
    return words[name].format(**said)


def details(alert: Mapping[str, Any], language: str, *, now: datetime) -> str:
    """How long, in which channel, against which target, or why; "" when there is nothing to add."""
    words, facts = alert_words(language), alert["facts"]
    parts = []
    if "since" in facts:
        until = alert["resolved_at"] or now
        waited = max((until - datetime.fromisoformat(facts["since"])).total_seconds(), 0.0)
        parts.append(words["waited"].format(span=span(waited, language)))
    if "share" in facts:
        shares = {name: format_percent(facts[name], "#,##0%", locale=_locale(language)) for name in ("share", "goal")}
        parts.append(words["shares"].format(n=facts["n"], **shares))
    if "target_s" in facts:
        name = "target_working" if facts.get("working") else "target"
        parts.append(words[name].format(span=span(facts["target_s"], language)))
    if alert["kind"] in ("warn", "breach", "escalate", "failed") and facts.get("account"):
        parts.append(str(facts["account"]))
    if facts.get("reason"):
        parts.append(NUMBER.sub("…", str(facts["reason"])))
    return " · ".join(parts)


def message(
    alerts: Sequence[Mapping[str, Any]], language: str, *, salon: str, slug: str, base_url: str | None, now: datetime
) -> tuple[str, str]:
    """Title and body of one message outside, of one alert or of many."""
    words = alert_words(language)
    first = headline(alerts[0], language)
    title = f"{salon}: {first}" if len(alerts) == 1 else f"{salon}: {words['many'].format(count=len(alerts))}"
    lines = [
        _line(alert, language, slug=slug, base_url=base_url, now=now, is_only=len(alerts) == 1) for alert in alerts
    ]
    shown = lines[:MOST_LINES]
    if len(lines) > MOST_LINES:
        shown.append(words["more"].format(count=len(lines) - MOST_LINES))
        if base_url is not None:
            shown.append(f"{base_url}/alerts?salon={slug}")
    return title, "\n".join(shown)


def span(seconds: float, language: str) -> str:
    """A length of time in its two largest units, rounded down to whole seconds."""
    words, left, parts = alert_words(language), int(seconds), list[str]()
    for size, unit in UNITS:
        if left >= size or (unit == "s" and not parts):
            parts.append(f"{left // size} {words[unit]}")
            left %= size
        elif parts:
            break
    return " ".join(part for part in parts[:2])


def _line(
    alert: Mapping[str, Any], language: str, *, slug: str, base_url: str | None, now: datetime, is_only: bool
) -> str:
    parts = [] if is_only else [headline(alert, language)]
    parts.append(details(alert, language, now=now))
    if alert["thread_id"] is not None:
        number = alert_words(language)["dialogue"].format(id=alert["thread_id"])
        parts.append(number if base_url is None else f"{base_url}/dialogues/{alert['thread_id']}?salon={slug}")
    return " · ".join(part for part in parts if part)


def _locale(language: str) -> str:
    return language if language in alert_languages() else FALLBACK
