"""How the staff pages put things: times, waits, names and marks in the reader's language and the salon's zone."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

import phonenumbers
from babel.dates import format_interval, format_skeleton, format_time, get_day_names
from babel.numbers import format_decimal, format_percent

from responder.reports.text import duration
from responder.reports.words import words
from responder.salon.profile import SalonProfile
from responder.web.staff.texts import staff_texts

PREVIEW_LENGTH = 220
NOTHING = "–"
BROWSERS = (
    ("Edg", "Edge"),
    ("YaBrowser", "Yandex"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
DEVICES = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "Mac"),
    ("Linux", "Linux"),
)
SCRIPT_WORDS = (
    "offline",
    "session_ended",
    "log_in_again",
    "sending_now",
    "unsent",
    "send_failed",
    "new_waiting",
    "sent_said",
    "moved_on",
    "no_saved_replies",
    "typing_customer",
    "typing_operator",
    "also_here",
    "notify_on",
    "notify_off",
    "notify_denied",
    "mentioned",
    "picked_up",
    "put_down",
    "moved_visit",
    "not_moved",
    "drop_sure",
)
MARKS = ("ref", "utm", "utm_source", "utm_medium", "utm_campaign")


class Wording:
    """Everything a template says about values; texts themselves are `t`."""

    def __init__(self, salon: SalonProfile, language: str, *, now: datetime) -> None:
        self.salon, self.language, self.now = salon, language, now
        self.t = staff_texts(language)

    def clock(self, instant: datetime) -> str:
        return format_time(instant.astimezone(self.salon.zone), "HH:mm", locale=self.language)

    def day(self, instant: datetime) -> str:
        """ "today", "yesterday", else the date; with the year when it is another one."""
        local, today = instant.astimezone(self.salon.zone), self.now.astimezone(self.salon.zone)
        if local.date() == today.date():
            return self.t["today"]
        if local.date() == today.date() - timedelta(days=1):
            return self.t["yesterday"]
        skeleton = "MMMd" if local.year == today.year else "yMMMd"
        return format_skeleton(skeleton, local, locale=self.language)

    def at(self, instant: datetime | None) -> str:
        """Time of day, with the date when it is not today."""
        if instant is None:
            return NOTHING
        is_today = self.day(instant) == self.t["today"]
        return self.clock(instant) if is_today else f"{self.day(instant)}, {self.clock(instant)}"

    def local_day(self, instant: datetime) -> date:
        return instant.astimezone(self.salon.zone).date()

    def long_day(self, day: date) -> str:
        """ "Wednesday, 25 November"."""
        return _day_in_words("EEEEMMMMd", day, self.language)

    def short_day(self, day: date) -> str:
        """ "Wed 25"."""
        return _day_in_words("EEEd", day, self.language)

    def week(self, day: date) -> str:
        """From Monday to Sunday of the week of a day."""
        monday = day - timedelta(days=day.weekday())
        return format_interval(monday, monday + timedelta(days=6), "MMMd", locale=self.language)

    def guest(self, visit: Mapping[str, Any]) -> str:
        """Whom a visit is for, as far as the salon knows."""
        return str(visit["name"] or visit["display_name"] or self.phone(visit["phone"]) or self.t["customer"])

    def stamp(self, instant: datetime) -> str:
        """To the millisecond: a stamp is shown as it was taken."""
        local = instant.astimezone(self.salon.zone)
        return f"{local:%d.%m.%Y %H:%M:%S}.{local.microsecond // 1000:03d}"

    def span(self, seconds: float | None) -> str:
        return NOTHING if seconds is None else duration(seconds, language=self.language)

    def number(self, count: int) -> str:
        return str(format_decimal(count, locale=self.language))

    def percent(self, share: float) -> str:
        """Whole, and never rounded up to all or down to none."""
        percent = round(share * 100)
        if percent == 100 and share < 1:
            percent = 99
        if percent == 0 and share > 0:
            percent = 1
        return str(format_percent(percent / 100, locale=self.language))

    def limit(self, seconds: float) -> str:
        """A target as people name it: "60 s", "3 min", "24 h"."""
        _, hour, minute, second = words(self.language).units
        for size, unit, least in ((3_600, hour, 1), (60, minute, 2), (1, second, 1)):
            if seconds % size == 0 and seconds >= least * size:
                return f"{self.number(int(seconds // size))} {unit}"
        return self.span(seconds)

    def weekday(self, day: int) -> str:
        """Of 0, Monday, to 6."""
        return str(get_day_names("abbreviated", locale=self.language)[day])

    def group(self, by: str, value: str | int | None) -> str:
        """A group of a report by its mark."""
        match by:
            case "channel":
                return self.channel(str(value))
            case "operator":
                return self.operator(str(value))
            case "specialist":
                return self.specialist(str(value))
            case "source":
                return str(value) or self.t["unknown_source"]
            case "day":
                return self.short_day(date.fromisoformat(str(value)))
            case "week_hour":
                return f"{self.weekday(int(value or 0) // 24)}, {int(value or 0) % 24}:00"
            case _:
                return str(value)

    def operator(self, key: str | None) -> str:
        names = {operator.key: operator.name for operator in self.salon.operators}
        return NOTHING if not key else names.get(key, key)

    def since(self, instant: datetime) -> str:
        return self.span(max((self.now - instant).total_seconds(), 0.0))

    def phone(self, e164: str | None) -> str:
        if not e164:
            return ""
        try:
            parsed = phonenumbers.parse(e164, self.salon.country)
        except phonenumbers.NumberParseException:
            return e164
        return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)

    def channel(self, kind: str) -> str:
        return self.t.get(f"channel_{kind}", kind)

    def service(self, key: str | None) -> str:
        service = self.salon.service(key)
        return key or "" if service is None else service.name.to(self.language)

    def specialist(self, key: str | None) -> str:
        specialist = self.salon.specialist(key)
        return key or "" if specialist is None else specialist.name.to(self.language)

    def person(self, row: Mapping[str, Any]) -> str:
        return str(row["name"] or row["display_name"] or f"{self.t['visitor']} {row['id']}")

    def initial(self, row: Mapping[str, Any]) -> str:
        """The letter on a person's picture."""
        return next((character for character in self.person(row) if character.isalnum()), "?").upper()

    def event(self, item: Mapping[str, Any]) -> str:
        """What happened to a dialogue, in words."""
        if item["what"] == "called":
            return self.t["event_called"].format(reason=self.handoff(item["reason"]))
        name = item["operator"] or self.t["human"]
        return self.t[f"event_{item['what']}"].format(name=name)

    def words(self) -> str:
        """The texts that the desk's scripts say, as JSON."""
        return json.dumps({name: self.t[name] for name in SCRIPT_WORDS}, ensure_ascii=False)

    def shortcuts(self) -> list[tuple[list[str], str]]:
        """The keys of the desk and what each does."""
        return [(keys.split(), text) for keys, text in (line.split(" – ", 1) for line in self.t["keys"].splitlines())]

    def browser(self, user_agent: str) -> str:
        """The browser and the device of a session, as far as its own word goes."""
        browser = next((name for mark, name in BROWSERS if mark in user_agent), self.t["some_browser"])
        device = next((name for mark, name in DEVICES if mark in user_agent), "")
        return f"{browser}, {device}" if device else browser

    def action(self, entry: Mapping[str, Any]) -> str:
        """What an entry of the audit log says somebody did."""
        return self.t.get("did_" + str(entry["action"]).replace(".", "_"), str(entry["action"]))

    def subject_address(self, entry: Mapping[str, Any], salon: SalonProfile) -> str:
        kind, _, number = str(entry["subject"]).partition(":")
        return f"/dialogues/{number}?salon={salon.slug}" if kind == "thread" and number.isdecimal() else ""

    def subject(self, entry: Mapping[str, Any], salon: SalonProfile) -> str:
        """What an entry is about; an operator by name."""
        kind, _, key = str(entry["subject"]).partition(":")
        names = {operator.key: operator.name for operator in salon.operators}
        return names.get(key, key) if kind == "operator" else str(entry["subject"])

    def details(self, details: Mapping[str, Any]) -> str:
        return ", ".join(
            f"{name}: {self.t.get(f'role_{value}', value) if name == 'role' else _plain(value)}"
            for name, value in details.items()
        )

    def handoff(self, reason: str | None) -> str:
        return self.t.get(f"reason_{reason}", "")

    def source(self, marks: Mapping[str, Any]) -> list[str]:
        """Where a customer came from, mark by mark; empty when the channel told nothing."""
        return [f"{name.removeprefix('utm_')}: {value}" for name, value in _flat(marks)]

    def marks(self, marks: Mapping[str, Any]) -> str:
        """The same in one line, values alone."""
        return " · ".join(value for _, value in _flat(marks))

    def preview(self, row: Mapping[str, Any]) -> str:
        """The last words of a dialogue in one line: of ours, the last line, which is what was asked."""
        text = str(row["last_text"] or "").strip()
        if not text:
            return self.t["started"] if row["last_kind"] == "started" else self.t["no_words"]
        lines = text.splitlines()
        line = " ".join(lines) if row["last_author"] == "customer" else lines[-1]
        return line if len(line) <= PREVIEW_LENGTH else f"{line[:PREVIEW_LENGTH]}…"

    def facts(self, document: Mapping[str, Any] | None) -> list[tuple[str, str]]:
        """A stored document as pairs for a list."""
        return [(name.replace("_", " "), _plain(value)) for name, value in (document or {}).items()]


def _flat(marks: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Marks inside marks too; the widest first, then by name."""
    for name, value in sorted(marks.items(), key=_width):
        if isinstance(value, Mapping):
            yield from _flat(value)
        else:
            yield name, str(value)


@lru_cache(maxsize=512)
def _day_in_words(skeleton: str, day: date, language: str) -> str:
    """With a capital letter; kept, because every cell of a calendar says its day."""
    text: str = format_skeleton(skeleton, day, locale=language)
    return text[:1].upper() + text[1:]


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_plain(item)}" for name, item in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "; ".join(_plain(item) for item in value)
    return str(value)


def _width(mark: tuple[str, Any]) -> tuple[int, str]:
    name = mark[0]
    return (MARKS.index(name) if name in MARKS else len(MARKS), name)
