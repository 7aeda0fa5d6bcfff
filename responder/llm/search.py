"""Finds the claims of a text sentence by sentence. The guard compares what a reply claims with what the same search
finds in the salon's own texts.

Nothing in digits escapes: what is no time, date, amount or contact is a `NUMBER`, and numbers must be facts too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, time, timedelta
from itertools import pairwise

from responder.llm import contacts
from responder.llm import guard_patterns as p
from responder.llm.claims import Kind, Mention, Sentence
from responder.llm.number_words import figures
from responder.llm.spelling import folded

_DIGIT = re.compile(r"\d")
_NAMED = ((Kind.STREET, p.STREET_NAME), (Kind.STREET, p.NAME_STREET), (Kind.PERSON, p.NAMED_PERSON))
_PAST_DAYS = 30  # a date without a year lies at most this far back, else in the year to come


def extract(text: str, *, today: date) -> tuple[Sentence, ...]:
    """All claims of a normalised text. `today` gives relative days and dates without a year their meaning."""
    whole = _Scan(text, today)
    whole.contacts()
    found = [Sentence(text="", rest="", mentions=tuple(whole.mentions))] if whole.mentions else []
    for piece in p.SENTENCE_END.split(folded(whole.text)):
        if piece and not piece.isspace():
            scan = _Scan(figures(piece), today)
            text = scan.text
            scan.everything()
            mentions = sorted(_on_one_clock(scan.mentions), key=lambda each: each.start)
            found.append(Sentence(text=text, rest=scan.text, mentions=tuple(_with_days_between(mentions, text))))
    return tuple(found)


class _Scan:
    """Finds claims from the most telling spelling to the least, blanking what is found, so nothing is read twice."""

    def __init__(self, text: str, today: date) -> None:
        self.text = text
        self.mentions: list[Mention] = []
        self._today = today

    def contacts(self) -> None:
        self._each(p.CLOCK_FACE, lambda match: self._add(match, Kind.TIME))
        self._each(contacts.EMAIL, lambda match: self._add(match, Kind.EMAIL))
        self._each(contacts.URL, lambda match: self._add(match, Kind.URL))
        self._each(contacts.HANDLE, lambda match: self._add(match, Kind.HANDLE))
        for start, end, digits in list(contacts.phones(self.text)):
            self.mentions.append(Mention(kind=Kind.PHONE, said=digits, start=start, end=end))
            self.text = self.text[:start] + p.BLANK * (end - start) + self.text[end:]
        for kind, pattern in _NAMED:
            for match in pattern.finditer(self.text):
                self._add(match, kind, said=match["name"])

    def everything(self) -> None:
        self._each(p.ALWAYS, lambda match: self._add(match, Kind.ALWAYS))
        self._each(p.DAY_SET, self._day_set)
        self._each(p.SPOKEN_TIME, self._spoken_time)
        self._each(p.FIXED_TIME, self._fixed_time)
        self._each(p.FIXED_DURATION, self._fixed_duration)
        self._each(p.RELATIVE_DAY, self._relative_day)
        self._each(p.WEEKDAY, self._weekday)
        if not _DIGIT.search(self.text):
            return
        self._each(p.AT_DOTTED, self._clock_time)
        self._each(p.ISO_DATE, self._iso_date)
        self._each(p.NUMERIC_DATE, self._numeric_date)
        self._each(p.DAY_MONTH, self._day_month)
        self._each(p.MONTH_DAY, self._day_month)
        self._each(p.DAY_NUMBER, self._day_number)
        self._each(p.MONEY, self._money)
        self._each(p.PERCENT, lambda match: self._add(match, Kind.PERCENT, numbers=p.values(match["n"])))
        self._each(p.HOURS_AND_MINUTES, self._hours_and_minutes)
        self._each(p.CLOCK_TIME, self._clock_time)
        self._each(p.HOUR_RANGE, self._hour_range)
        self._each(p.AT_HHMM, self._clock_time)
        self._each(p.SPACED_TIME, self._clock_time)
        self._each(p.AT_HOUR, self._hour)
        self._each(p.AROUND_HOUR, self._hour)
        self._each(p.HOUR_WITH_PART, self._hour)
        while self._each(p.NEXT_HOUR, self._hour):
            pass
        self._each(p.HOURS, self._hours_or_time)
        self._each(p.DURATION, self._duration)
        self._each(p.NUMBER, lambda match: self._add(match, Kind.NUMBER, numbers=p.values(match[0])))

    def _each(self, pattern: re.Pattern[str], read: Callable[[re.Match[str]], bool]) -> bool:
        """Read every match; those read are blanked. True when any was."""
        before = len(self.mentions)
        self.text = pattern.sub(lambda match: p.BLANK * len(match[0]) if read(match) else match[0], self.text)
        return len(self.mentions) > before

    def _add(
        self,
        match: re.Match[str],
        kind: Kind,
        *,
        said: str | None = None,
        times: Iterable[time] = (),
        dates: Iterable[date] = (),
        weekday: int | None = None,
        is_of_many: bool = False,
        numbers: Iterable[float] = (),
        minutes: Iterable[float] = (),
    ) -> bool:
        self.mentions.append(
            Mention(
                kind=kind,
                said=(said or match[0]).strip(),
                start=match.start(),
                end=match.end(),
                times=frozenset(times),
                dates=frozenset(dates),
                weekday=weekday,
                is_of_many=is_of_many,
                numbers=frozenset(numbers),
                minutes=frozenset(minutes),
            )
        )
        return True

    # Times

    def _spoken_time(self, match: re.Match[str]) -> bool:
        hour, minute = p.spoken_time(match)
        if not 0 <= minute < 60 or not 0 <= hour <= 24:
            return False
        return self._add(match, Kind.TIME, times=p.clock_readings(hour, minute, p.part_of_day(match)))

    def _fixed_time(self, match: re.Match[str]) -> bool:
        hour, minute = p.fixed_time(match[0])
        return self._add(match, Kind.TIME, times=[time(hour, minute)])

    def _clock_time(self, match: re.Match[str]) -> bool:
        hour, minute = int(match["h"]), int(match["m"])
        if hour > 24 or minute > 59:
            return False
        part = p.part_of_day(match)
        is_exact = part is None and (hour >= 10 or match["h"].startswith("0"))
        times = [time(hour % 24, minute)] if is_exact else p.clock_readings(hour, minute, part)
        return self._add(match, Kind.TIME, times=times)

    def _hour_range(self, match: re.Match[str]) -> bool:
        first, second, is_at = int(match["h"]), int(match["m"]), match["at"] is not None
        if first > 24 or second > 59:
            return False
        if is_at or (len(match["m"]) == 2 and not first < second <= 24):
            return len(match["m"]) == 2 and self._add(match, Kind.TIME, times=p.clock_readings(first, second))
        if second > 24:
            return False
        part = p.part_of_day(match)
        for hour in (first, second):
            self._add(match, Kind.TIME, times=p.clock_readings(hour, 0, part), numbers=() if part else [float(hour)])
        return True

    def _hour(self, match: re.Match[str]) -> bool:
        hour, part = int(match["h"]), p.part_of_day(match)
        return hour <= 24 and self._add(match, Kind.TIME, times=p.clock_readings(hour, 0, part))

    def _hours_or_time(self, match: re.Match[str]) -> bool:
        amounts = p.values(match["n"])
        times = {at for n in amounts if n <= 24 and n == int(n) for at in p.clock_readings(int(n), 0)}
        return self._add(match, Kind.DURATION, times=times, numbers=amounts, minutes=[n * 60 for n in amounts])

    # Days

    def _iso_date(self, match: re.Match[str]) -> bool:
        return self._dated(match, [(int(match["d"]), int(match["mo"]))], int(match["y"]))

    def _numeric_date(self, match: re.Match[str]) -> bool:
        first, second = int(match["d"]), int(match["mo"])
        year = int(match["y"]) if match["y"] else None
        orders = [(first, second)] if match["sep"] == "." else [(first, second), (second, first)]
        times = [time(first, second)] if match["sep"] == "." and year is None and first < 24 and second < 60 else []
        return self._dated(match, orders, year + 2000 if year is not None and year < 100 else year, times=times)

    def _day_month(self, match: re.Match[str]) -> bool:
        month = p.month(match)
        year = int(match["y"]) if match["y"] else None
        days = [int(day) for day in re.findall(r"\d+", match["days"])]
        return all(self._dated(match, [(day, month)], year) for day in days)

    def _dated(
        self, match: re.Match[str], orders: Iterable[tuple[int, int]], year: int | None, *, times: Iterable[time] = ()
    ) -> bool:
        years = [year] if year is not None else [self._today.year - 1, self._today.year, self._today.year + 1]
        dates = []
        for day, month in orders:
            readings = [each for y in years if (each := _date(y, month, day)) is not None]
            earliest = self._today - timedelta(days=_PAST_DAYS) if year is None else date.min
            dates += [each for each in readings if each >= earliest][:1]
        return bool(dates) and self._add(match, Kind.DATE, dates=dates, times=times)

    def _relative_day(self, match: re.Match[str]) -> bool:
        return self._add(match, Kind.DAY, dates=[self._today + timedelta(days=p.relative_days(match[0]))])

    def _weekday(self, match: re.Match[str]) -> bool:
        return self._add(match, Kind.DAY, weekday=p.weekday(match))

    def _day_set(self, match: re.Match[str]) -> bool:
        return all(self._add(match, Kind.DAY, weekday=day, is_of_many=True) for day in p.day_set(match[0]))

    def _day_number(self, match: re.Match[str]) -> bool:
        day, this = int(match["d"]), self._today.replace(day=1)
        months = [this, (this + timedelta(days=32)).replace(day=1), (this + timedelta(days=63)).replace(day=1)]
        dates = [each for month in months if (each := _date(month.year, month.month, day)) is not None]
        return self._add(match, Kind.DATE, dates=dates, numbers=[float(day)])

    # Amounts

    def _money(self, match: re.Match[str]) -> bool:
        return self._add(match, Kind.MONEY, numbers=p.values(match["n"] or match["after"]))

    def _fixed_duration(self, match: re.Match[str]) -> bool:
        return self._add(match, Kind.DURATION, minutes=[p.fixed_duration(match[0])])

    def _hours_and_minutes(self, match: re.Match[str]) -> bool:
        hours, minutes = int(match["h"]), int(match["m"])
        if minutes > 59:
            return False
        times = p.clock_readings(hours, minutes) if hours <= 24 else []
        if match["at"]:
            return self._add(match, Kind.TIME, times=times)
        return self._add(match, Kind.DURATION, times=times, minutes=[hours * 60 + minutes])

    def _duration(self, match: re.Match[str]) -> bool:
        amounts, unit = p.values(match["n"]), p.unit_minutes(match["unit"])
        return self._add(match, Kind.DURATION, numbers=amounts, minutes=[amount * unit for amount in amounts])


def _on_one_clock(mentions: list[Mention]) -> list[Mention]:
    """Beside a time past noon as a clock of 24 hours has it, bare hours are of that clock too: "с 9 до 21"."""
    if not any(len(each.times) == 1 and re.search(r"(?<!\d)(?:1[3-9]|2[0-4])(?!\d)", each.said) for each in mentions):
        return mentions
    return [
        replace(each, times=frozenset({min(each.times)})) if each.kind is Kind.TIME and len(each.times) == 2 else each
        for each in mentions
    ]


def _with_days_between(mentions: list[Mention], text: str) -> list[Mention]:
    """ "Пн-сб", "Monday to Saturday" name the days between too."""
    made = list(mentions)
    for first, last in pairwise(mentions):
        if first.weekday is None or last.weekday is None or not p.DAY_SPAN.fullmatch(text, first.end, last.start):
            continue
        for each in (first, last):
            made[made.index(each)] = replace(each, is_of_many=True)
        between = ((first.weekday + ahead) % 7 for ahead in range(1, (last.weekday - first.weekday) % 7))
        made += [replace(first, weekday=day, is_of_many=True) for day in between]
    return made


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
