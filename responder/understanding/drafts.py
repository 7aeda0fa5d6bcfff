"""Pieces of time put together into drafts of wishes: which hour goes with which day, what corrects or refuses what.

In: atoms with days and hours already read, in the order of speech. Out: drafts, one for every alternative, and whether
something was named only to be refused. Nothing is resolved against a calendar or a clock here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import time, timedelta
from itertools import pairwise

from responder.understanding.atoms import Atom, Bounds, Days, Kind
from responder.understanding.daytime import part_span


@dataclass(slots=True)
class Draft:
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


class Assembly:
    """Walks the atoms once, filling one draft after the other."""

    def __init__(self) -> None:
        self._drafts: list[Draft] = [Draft()]
        self.refused = self.refused_day = False
        self._or = self._not = self._cannot = self._booked = False
        self._cannot_said = False  # what cannot be has been named and a comma has followed
        self._bounds_follow = False  # what comes next is one side of an hour
        self._gap = 0  # words since the last piece
        self._has_piece = False  # in this sentence

    def run(self, atoms: Sequence[Atom]) -> list[Draft]:
        for index, atom in enumerate(atoms):
            follower = next((one for one in atoms[index + 1 : index + 3] if one.kind is not Kind.OTHER), None)
            self._bounds_follow = follower is not None and _opposite(follower.bounds) is not None
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
            case Kind.BOOKED:
                self._booked = True
            case Kind.OR:
                self._or = True
            case Kind.NOT:
                self._not = True
            case Kind.CANNOT:
                if self._bounds_follow:
                    self._cannot = True  # "tomorrow I'm busy until six" leaves tomorrow as it is
                else:
                    self._refuse_last()
            case Kind.ALSO:
                if self.refused and before in (Kind.DATE, Kind.SPAN, Kind.PART):
                    self._refuse_last()
            case Kind.INSTEAD:
                self._correct()
            case Kind.STOP | Kind.COMMA | Kind.DOT:
                self._not = self._booked = False
                if atom.kind is not Kind.COMMA:
                    self._end_sentence()
                self._cannot_said = self._cannot and atom.kind is Kind.COMMA and self._gap == 0
                self._cannot = self._cannot_said
                self._gap += atom.kind is not Kind.COMMA
            case Kind.OTHER:
                self._not = False
                self._cannot = self._cannot and not self._cannot_said  # "..., can I come on Friday"
                self._gap += 1
            case _:
                pass

    def _correct(self) -> None:
        """What comes next of a kind replaces what was said of it ("no, better at ten"); a correction at the end of a
        sentence ("... at ten instead") replaces what earlier sentences said."""
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
    def _current(self) -> Draft:
        return self._drafts[-1]

    def _refuse_last(self) -> None:
        """Takes tomorrow back ("tomorrow I can't") or refuses what follows ("I can't tomorrow")."""
        if self._current.is_empty() or self._gap > 2:
            self._cannot = True
            return
        opposite = _opposite(self._current.bounds)
        if opposite is not None:
            self._current.bounds = opposite
        else:
            self._refuse(self._current.days is not None)
            self._drafts[-1] = Draft()

    def _refuse(self, is_day: bool) -> None:
        self.refused = True
        self.refused_day |= is_day

    def _piece(self, atom: Atom) -> None:
        if self._booked:
            return
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
        self._drafts.append(Draft(days=days, is_alternative=self._or))

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
        is_finer = draft.part is not None and not self._or and _overlap(draft.part, atom.name)
        if (draft.has("part") and not is_finer) or (self._or and draft.has("bounds")):
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


def _narrowed(known: Days, more: Days, *, is_close: bool) -> Days | None:
    """Two names of one day, or a day inside a stretch of days; None when they are two different wishes."""
    if (known.first, known.last) == (more.first, more.last):
        return more if more.at is not None else known  # "today, in an hour"
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


def _overlap(part: str, other: str) -> bool:
    """Whether two parts of a day have an hour in common: the later one is then said of the same wish."""
    (start, end), (other_start, other_end) = part_span(part), part_span(other)
    begins, ends = max(start or time.min, other_start or time.min), min(end or time.max, other_end or time.max)
    return begins < ends


def _opposite(bounds: Bounds | None) -> Bounds | None:
    """The other side of a bound: who can't before five can from five on; None when there is no other side."""
    if bounds is None or bounds.exact is not None or (bounds.start and bounds.end):
        return None
    return Bounds(start=bounds.end, end=bounds.start)


def _complement(known: Bounds, more: Bounds) -> Bounds | None:
    """One stretch of two bounds, "after five" and "before eight"; None when they are none."""
    if known.exact or more.exact:
        return None
    if known.start and not known.end and more.end and not more.start:
        return Bounds(start=known.start, end=more.end)
    if known.end and not known.start and more.start and not more.end:
        return Bounds(start=more.start, end=known.end)
    return None


def _share(drafts: list[Draft]) -> None:
    """Gives an alternative what it left out: both evenings of "tomorrow or the day after in the evening"."""
    for earlier, later in pairwise(drafts):
        if later.days is None:
            later.days = earlier.days
    for later, earlier in zip(reversed(drafts), reversed(drafts[:-1]), strict=False):
        if later.is_alternative and earlier.bounds is None and earlier.part is None and not earlier.asap:
            earlier.bounds, earlier.part = later.bounds, later.part
