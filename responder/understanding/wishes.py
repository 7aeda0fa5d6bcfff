"""Days and hours of a message joined into wishes: "завтра вечером или в субботу утром" is two of them.

In: atoms with days and hours already read. Out: `Wish` values in the salon's local time, in the order of speech,
corrected ("нет, лучше в 10") and without what the customer refused ("в среду не могу"). Nothing is made up: what was
not said is None.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time

from responder.dialogue.meaning import Wish
from responder.hours import OpeningHours
from responder.understanding.atoms import Atom, Bounds, Clock, Days, Kind
from responder.understanding.dates import Calendar
from responder.understanding.daytime import DayTime, Settled, part_span
from responder.understanding.drafts import Assembly, Draft
from responder.understanding.times import Hours
from responder.understanding.timewords import time_words
from responder.understanding.tokens import Token

MAX_WISHES = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class When:
    """`refused` and `refused_day`: something, or a day, was named only to say that it does not suit."""

    wishes: tuple[Wish, ...] = ()
    refused: bool = False
    refused_day: bool = False
    shift_min: int | None = None  # later (or, negative, earlier) than something, by so much
    spans: tuple[tuple[int, int], ...] = ()  # of the pieces that the wishes were made of


class WishReader:
    """Reads wishes for one salon; `month_first`: 3/7 is March 7th."""

    def __init__(self, hours: OpeningHours, *, month_first: bool = False) -> None:
        self._day_time = DayTime(hours)
        self._month_first = month_first
        self._hours = Hours()

    def read(
        self,
        tokens: Sequence[Token],
        *,
        text: str,
        now: datetime,
        is_asked: bool = False,
        offered_days: Sequence[date] = (),
    ) -> When:
        """`now` is local. `is_asked`: the customer was asked when, so a bare number answers. A weekday that was offered
        means the day offered."""
        atoms = time_words().read(tokens, month_first=self._month_first)
        if not any(atom.kind is not Kind.OTHER for atom in atoms):
            return When()
        atoms = _without_hopeful_noes(atoms, text)
        calendar = Calendar(now.date(), Clock(now.hour, now.minute, is_fixed=True))
        atoms = self._hours.read(calendar.read(atoms))
        shift = next((atom.number for atom in atoms if atom.kind is Kind.SHIFT), None)
        if is_asked and shift is None:
            atoms = _answer(atoms, now.date())
        assembly = Assembly()
        drafts = assembly.run(atoms)
        for draft in drafts:
            draft.days = _as_offered(draft.days, offered_days)
        wishes: list[Wish] = []
        for draft in drafts[:MAX_WISHES]:
            for wish in self._settle(draft, text=text, now=now):
                if all(replace(wish, text="") != replace(known, text="") for known in wishes):
                    wishes.append(wish)
        return When(
            wishes=tuple(wishes),
            refused=assembly.refused,
            refused_day=assembly.refused_day,
            shift_min=shift,
            spans=tuple(span for draft in drafts for span in draft.spans),
        )

    def _settle(self, draft: Draft, *, text: str, now: datetime) -> list[Wish]:
        days = draft.days
        start, end = min(span[0] for span in draft.spans), max(span[1] for span in draft.spans)
        wish = Wish(
            date_from=days.first if days else None,
            date_to=days.last if days else None,
            asap=draft.asap or draft.is_now,
            ambiguous=days.ambiguous if days else None,
            text=text[start:end],
        )
        day = days.first if days and days.first == days.last else None
        if days is not None and days.at is not None and draft.bounds is None:
            at = time(days.at.hour, days.at.minute)
            return [replace(wish, time_from=at) if draft.is_now else replace(wish, exact_time=at)]
        if draft.bounds is None:
            if draft.part is None:
                return [wish]
            time_from, time_to = part_span(draft.part)
            return [replace(wish, time_from=time_from, time_to=time_to)]
        return self._bounded(wish, draft.bounds, draft.part, day=day, now=now)

    def _bounded(self, wish: Wish, bounds: Bounds, part: str | None, *, day: date | None, now: datetime) -> list[Wish]:
        if bounds.exact is not None:
            clocks = [clock for clock in (bounds.exact, bounds.or_exact) if clock is not None]
            settled = [
                self._not_past(self._day_time.settle(clock, day=day, part=part), day=day, now=now) for clock in clocks
            ]
            return [
                replace(wish, exact_time=one.at, ambiguous=wish.ambiguous or _doubt(one, day=day, now=now))
                for one in settled
            ]
        start = self._day_time.settle(bounds.start, day=day, part=part) if bounds.start else None
        after = start.at if start else None
        end = self._day_time.settle(bounds.end, day=day, part=part, after=after, is_end=True) if bounds.end else None
        doubtful = start is not None and start.is_doubtful and end is None
        return [
            replace(
                wish,
                time_from=start.at if start else None,
                time_to=end.at if end else None,
                ambiguous=wish.ambiguous or ("am_pm" if doubtful else None),
            )
        ]

    def _not_past(self, settled: Settled, *, day: date | None, now: datetime) -> Settled:
        """Today at eight, said at noon, is eight in the evening where that can be."""
        if day != now.date() or settled.at > now.time() or not settled.may_be_later:
            return settled
        later = settled.at.replace(hour=settled.at.hour + 12)
        return Settled(later) if self._day_time.is_open(later, day) else settled


def _doubt(settled: Settled, *, day: date | None, now: datetime) -> str | None:
    if day == now.date() and settled.at <= now.time():
        return "past"
    return "am_pm" if settled.is_doubtful else None


def _as_offered(days: Days | None, offered: Sequence[date]) -> Days | None:
    if days is None or not days.is_weekday or days.first in offered:
        return days
    same = sorted(day for day in offered if day.weekday() == days.first.weekday())
    return Days(same[0], same[0], is_weekday=True) if same else days


def _without_hopeful_noes(atoms: Sequence[Atom], text: str) -> list[Atom]:
    """ "А в 18:30 никак?" wishes for what it doubts; without the question mark it refuses it."""
    asks = {at - 1 for at, atom in enumerate(atoms) if atom.kind is Kind.STOP and text[atom.start : atom.end] == "?"}
    return [atom for at, atom in enumerate(atoms) if atom.kind is not Kind.CANNOT or at not in asks or at == 0]


def _answer(atoms: list[Atom], today: date) -> list[Atom]:
    """A bare number said when asked when: an hour, or a day of the month when no day has such an hour."""
    pieces = [atom for atom in atoms if atom.kind in (Kind.DATE, Kind.SPAN, Kind.PART)]
    loose = [atom for atom in atoms if atom.kind in (Kind.NUMBER, Kind.HHMM, Kind.MAYBE)]
    has_hours = any(atom.kind is Kind.SPAN for atom in pieces)
    if has_hours or not 1 <= len(loose) <= 2 or any(atom.kind is Kind.COUNTED for atom in atoms):
        return atoms
    if len(loose) == 2 and any(atom.kind is Kind.OR for atom in atoms[atoms.index(loose[0]) : atoms.index(loose[1])]):
        return _either(atoms, loose)
    made = _bare(loose, today, has_day=any(atom.kind is Kind.DATE for atom in pieces))
    if made is None:
        return atoms
    return [made if atom is loose[0] else atom for atom in atoms if atom not in loose[1:]]


def _either(atoms: list[Atom], loose: Sequence[Atom]) -> list[Atom]:
    """ "5 или 6": two hours."""
    clocks = [Clock(atom.number % 24, 0, atom.number > 12) for atom in loose if atom.kind is Kind.NUMBER]
    if len(clocks) < 2 or any(atom.number > 24 for atom in loose):
        return atoms
    made = replace(loose[0], kind=Kind.SPAN, bounds=Bounds(exact=clocks[0], or_exact=clocks[1]))
    return [made if atom is loose[0] else atom for atom in atoms if atom is not loose[1] and atom.kind is not Kind.OR]


def _bare(loose: Sequence[Atom], today: date, *, has_day: bool) -> Atom | None:
    first = loose[0]
    if first.kind is Kind.MAYBE:
        return replace(first, kind=Kind.SPAN)
    if first.kind is Kind.HHMM:
        clock = Clock(first.number // 100, first.number % 100, is_fixed=True)
    elif len(loose) == 2 and loose[1].kind is Kind.NUMBER and first.number <= 24 and loose[1].number < 60:
        clock = Clock(first.number % 24, loose[1].number, first.number > 12)
    elif len(loose) == 1 and first.number <= 24:
        clock = Clock(first.number % 24, 0, first.number > 12 or first.name[:1] == "0")
    elif len(loose) == 1 and first.number <= 31 and not has_day:
        found = Calendar(today, Clock(0)).read([replace(first, kind=Kind.ORDINAL)])[0]
        return found if found.kind is Kind.DATE else None
    else:
        return None
    return replace(first, kind=Kind.SPAN, bounds=Bounds(exact=clock))
