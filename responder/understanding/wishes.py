"""Days and hours of a message joined into wishes: "завтра вечером или в субботу утром" is two of them.

In: atoms with days and hours already read. Out: `Wish` values in the salon's local time, in the order of speech, corrected
("нет, лучше в 10") and without what the customer refused ("в среду не могу"). Nothing is made up: what was not said is None.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta

from responder.dialogue.meaning import Wish
from responder.hours import OpeningHours
from responder.understanding.atoms import Atom, Bounds, Clock, Days, Kind
from responder.understanding.dates import Calendar
from responder.understanding.daytime import DayTime, Settled, part_span
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


@dataclass(slots=True)
class _Draft:
    days: Days | None = None
    bounds: Bounds | None = None
    part: str | None = None
    asap: bool = False
    is_now: bool = False
    is_alternative: bool = False  # joined to the one before by "or"
    stale: set[str] = field(default_factory=set)  # slots that the next word of their kind corrects
    spans: list[tuple[int, int]] = field(default_factory=list)

    def is_empty(self) -> bool:
        return self.days is None and self.bounds is None and self.part is None and not self.asap

    def has(self, slot: str) -> bool:
        return getattr(self, slot) is not None and slot not in self.stale


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
        calendar = Calendar(now.date(), Clock(now.hour, now.minute, is_fixed=True))
        atoms = self._hours.read(calendar.read(atoms))
        if is_asked:
            atoms = _answer(atoms, now.date())
        assembly = _Assembly()
        drafts = assembly.run(atoms)
        for draft in drafts:
            draft.days = _as_offered(draft.days, offered_days)
        wishes: list[Wish] = []
        for draft in drafts[:MAX_WISHES]:
            for wish in self._settle(draft, text=text, now=now):
                if all(replace(wish, text="") != replace(known, text="") for known in wishes):
                    wishes.append(wish)
        return When(wishes=tuple(wishes), refused=assembly.refused, refused_day=assembly.refused_day)

    def _settle(self, draft: _Draft, *, text: str, now: datetime) -> list[Wish]:
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
            settled = [self._not_past(self._day_time.settle(clock, day=day, part=part), day=day, now=now) for clock in clocks]
            return [
                replace(wish, exact_time=one.at, ambiguous=wish.ambiguous or _doubt(one, day=day, now=now)) for one in settled
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
        """Today at ten, said at noon, is ten in the evening where that can be."""
        if day == now.date() and settled.at <= now.time() and settled.may_be_later and settled.at.hour < 12:
            return Settled(settled.at.replace(hour=settled.at.hour + 12))
        return settled


def _doubt(settled: Settled, *, day: date | None, now: datetime) -> str | None:
    if day == now.date() and settled.at <= now.time():
        return "past"
    return "am_pm" if settled.is_doubtful else None


class _Assembly:
    """Walks the atoms once, filling one draft after the other."""

    def __init__(self) -> None:
        self._drafts: list[_Draft] = [_Draft()]
        self.refused = self.refused_day = False
        self._or = self._not = self._cannot = False
        self._gap = 0  # words since the last piece
        self._has_piece = False  # in this sentence

    def run(self, atoms: Sequence[Atom]) -> list[_Draft]:
        for index, atom in enumerate(atoms):
            self._step(atom, atoms[index - 1].kind if index else None)
        drafts = [draft for draft in self._drafts if not draft.is_empty()]
        _share(drafts)
        return drafts

    def _step(self, atom: Atom, before: Kind | None) -> None:
        match atom.kind:
            case Kind.DATE | Kind.SPAN | Kind.PART:
                self._piece(atom)
                self._gap = 0
            case Kind.MAYBE:
                if before in (Kind.DATE, Kind.PART):
                    self._piece(atom)
            case Kind.ASAP:
                self._current.asap = True
                self._current.spans.append((atom.start, atom.end))
            case Kind.OR:
                self._or = True
            case Kind.NOT:
                self._not = True
            case Kind.CANNOT:
                self._refuse_last()
            case Kind.INSTEAD:
                self._correct()
            case Kind.STOP | Kind.COMMA | Kind.DOT:
                self._not = False
                if atom.kind is not Kind.COMMA:
                    self._end_sentence()
                self._cannot = self._cannot and atom.kind is Kind.COMMA and self._gap == 0
                self._gap += atom.kind is not Kind.COMMA
            case Kind.OTHER:
                self._not = False
                self._gap += 1
            case _:
                pass

    def _correct(self) -> None:
        """"No, better at ten": what comes next of a kind replaces what was said of that kind. "... at ten instead": what was
        said in this sentence replaces what earlier ones said."""
        self._cannot = self._not = False
        if self._has_piece and len(self._drafts) > 1 and not self._current.is_alternative:
            earlier, kept = self._drafts[-2], self._current
            kept.days = kept.days or earlier.days
            del self._drafts[-2]
        self._current.stale = {"days", "bounds", "part"}

    def _end_sentence(self) -> None:
        if self._has_piece:
            self._current.stale.clear()
        self._has_piece = False

    @property
    def _current(self) -> _Draft:
        return self._drafts[-1]

    def _refuse_last(self) -> None:
        """"Tomorrow I can't" takes tomorrow back; "I can't tomorrow" refuses what follows."""
        if self._current.is_empty() or self._gap > 2:
            self._cannot = True
            return
        opposite = _opposite(self._current.bounds)
        if opposite is not None:
            self._current.bounds = opposite
        else:
            self._refuse(self._current.days is not None)
            self._drafts[-1] = _Draft()

    def _refuse(self, is_day: bool) -> None:
        self.refused = True
        self.refused_day |= is_day

    def _piece(self, atom: Atom) -> None:
        opposite = _opposite(atom.bounds) if self._cannot else None
        if opposite is not None:
            atom = replace(atom, bounds=opposite)
        elif self._not or self._cannot:
            self._refuse(atom.kind is Kind.DATE)
            self._not = False
            return
        slot = {Kind.DATE: "days", Kind.PART: "part"}.get(atom.kind, "bounds")
        if slot == "days":
            self._put_days(atom)
        elif slot == "part":
            self._put_part(atom)
        else:
            self._put_bounds(atom)
        self._current.spans.append((atom.start, atom.end))
        self._current.stale.discard(slot)
        self._or = False
        self._has_piece = True

    def _next(self, *, keep_days: bool) -> None:
        days = self._current.days if keep_days else None
        self._drafts.append(_Draft(days=days, is_alternative=self._or))

    def _put_days(self, atom: Atom) -> None:
        days = atom.days
        known = self._current.days
        if days is None:
            return
        if known is not None and self._current.has("days"):
            joined = None if self._or else _narrowed(known, days, is_close=self._gap == 0)
            if joined is not None:
                days = joined
            else:
                self._next(keep_days=False)
        elif self._or and not self._current.is_empty():
            self._next(keep_days=False)
        self._current.days = days
        self._current.is_now = atom.name == "now"

    def _put_part(self, atom: Atom) -> None:
        draft = self._current
        if draft.has("part") or (self._or and draft.has("bounds")):
            self._next(keep_days=True)
        if "bounds" in draft.stale:
            draft.bounds = None
        self._current.part = atom.name

    def _put_bounds(self, atom: Atom) -> None:
        draft, bounds = self._current, atom.bounds
        if bounds is None:
            return
        if draft.bounds is not None and draft.has("bounds"):
            joined = None if self._or else _complement(draft.bounds, bounds)
            if joined is not None:
                bounds = joined
            else:
                self._next(keep_days=True)
        elif self._or and draft.has("part"):
            self._next(keep_days=True)
        if "part" in draft.stale:
            draft.part = None
        self._current.bounds = bounds


def _as_offered(days: Days | None, offered: Sequence[date]) -> Days | None:
    if days is None or not days.is_weekday or days.first in offered:
        return days
    same = sorted(day for day in offered if day.weekday() == days.first.weekday())
    return Days(same[0], same[0], is_weekday=True) if same else days


def _narrowed(known: Days, more: Days, *, is_close: bool) -> Days | None:
    """Two names of one day, or a day inside a stretch of days; None when they are two different wishes."""
    if (known.first, known.last) == (more.first, more.last):
        return known
    if known.first <= more.first and more.last <= known.last:
        return more
    if more.first <= known.first and known.last <= more.last:
        return known
    if more.is_weekday and (known.last - known.first).days >= 4:
        ahead = (more.first.weekday() - known.first.weekday()) % 7
        return Days(known.first + timedelta(days=ahead), known.first + timedelta(days=ahead))
    if is_close and known.is_weekday != more.is_weekday:
        named, dated = (known, more) if known.is_weekday else (more, known)
        clash = dated.first == dated.last and named.first.weekday() != dated.first.weekday()
        return replace(dated, ambiguous=dated.ambiguous or ("weekday" if clash else None))
    return None


def _opposite(bounds: Bounds | None) -> Bounds | None:
    """"I can't before five" means from five on; None when there is no other side."""
    if bounds is None or bounds.exact is not None or (bounds.start and bounds.end):
        return None
    return Bounds(start=bounds.end, end=bounds.start)


def _complement(known: Bounds, more: Bounds) -> Bounds | None:
    """"After five" and "before eight" are one stretch."""
    if known.exact or more.exact:
        return None
    if known.start and not known.end and more.end and not more.start:
        return Bounds(start=known.start, end=more.end)
    if known.end and not known.start and more.start and not more.end:
        return Bounds(start=more.start, end=known.end)
    return None


def _share(drafts: list[_Draft]) -> None:
    """"Tomorrow or the day after in the evening": what one alternative left out it has from its neighbour."""
    for earlier, later in zip(drafts, drafts[1:], strict=False):
        if later.days is None:
            later.days = earlier.days
    for later, earlier in zip(reversed(drafts), reversed(drafts[:-1]), strict=False):
        if later.is_alternative and earlier.bounds is None and earlier.part is None and not earlier.asap:
            earlier.bounds, earlier.part = later.bounds, later.part


def _answer(atoms: list[Atom], today: date) -> list[Atom]:
    """A bare number said when asked when: an hour, or a day of the month when no day has such an hour."""
    pieces = [atom for atom in atoms if atom.kind in (Kind.DATE, Kind.SPAN, Kind.PART)]
    loose = [atom for atom in atoms if atom.kind in (Kind.NUMBER, Kind.HHMM, Kind.MAYBE)]
    has_hours = any(atom.kind is Kind.SPAN for atom in pieces)
    if has_hours or not 1 <= len(loose) <= 2 or any(atom.kind is Kind.COUNTED for atom in atoms):
        return atoms
    made = _bare(loose, today, has_day=any(atom.kind is Kind.DATE for atom in pieces))
    if made is None:
        return atoms
    return [made if atom is loose[0] else atom for atom in atoms if atom not in loose[1:]]


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
