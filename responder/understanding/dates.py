"""Days as people say them: "18-е февраля", "в следующую среду", "через неделю", "the 10th", "13 - 15 июля".

In: atoms and today's local date. Out: the same atoms with every day joined into one DATE atom. A date without a year
is the nearest one to come; a past or impossible one is never guessed into another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from responder.understanding.almanac import later_month, month_end, next_such_date, next_such_day, valid
from responder.understanding.atoms import Atom, Bounds, Clock, Days, Handler, Kind
from responder.understanding.day_rules import CALENDAR, RANGES

_ENDS_A_DAY = (Kind.STOP, Kind.COMMA, Kind.DOT, Kind.AT, Kind.FROM, Kind.AFTER, Kind.PART, Kind.OR, Kind.OTHER)
_OPEN_END_DAYS = 13  # "after Friday" looks two weeks ahead


class Calendar:
    """Reads days seen from `today`, hours ahead from `clock` (local time now)."""

    def __init__(self, today: date, clock: Clock) -> None:
        self._today, self._clock = today, clock

    def read(self, atoms: Sequence[Atom]) -> list[Atom]:
        ready = [self._relative(atom) if atom.kind is Kind.DATE and atom.days is None else atom for atom in atoms]
        return RANGES.rewrite(CALENDAR.rewrite(_beyond_hours(_drop_lone_pairs(ready)), self._handler), self._handler)

    def _handler(self, rule: str) -> Handler:
        handler: Handler = getattr(self, f"_{rule}")
        return handler

    def _days_between(self, atoms: Sequence[Atom]) -> Atom | None:
        first, last = (atom.days for atom in atoms if atom.days is not None)
        end = last.last
        if (end - first.first).days > 366:
            first = replace(first, first=first.first.replace(year=end.year, day=min(first.first.day, 28)))
        if end < first.first and last.is_weekday:
            end += timedelta(days=-((end - first.first).days // 7) * 7)  # the first such day from there on
        elif end < first.first or first.first.year > end.year:
            return None
        return _dated(first.first, end)

    def _days_moved(self, atoms: Sequence[Atom]) -> Atom | None:
        """Of "с пятницы на субботу" only the second is wished."""
        return atoms[-1]

    def _days_until(self, atoms: Sequence[Atom]) -> Atom | None:
        days = atoms[-1].days
        return None if days is None or days.at is not None else _dated(min(self._today, days.last), days.last)

    def _days_from(self, atoms: Sequence[Atom]) -> Atom | None:
        days = atoms[-1].days
        if days is None or days.at is not None:
            return None
        first = days.last + timedelta(days=1) if atoms[0].kind is Kind.AFTER else days.first
        return _dated(first, first + timedelta(days=_OPEN_END_DAYS))

    def _relative(self, atom: Atom) -> Atom:
        return _dated(self._today + timedelta(days=atom.number), like=atom)

    def _past(self, _: Sequence[Atom]) -> Atom | None:
        return None

    def _days_of_month(self, atoms: Sequence[Atom]) -> Atom | None:
        first, last = _numbers(atoms)
        month, year = _of(atoms, Kind.MONTH), _of(atoms, Kind.YEAR)
        return self._range((first, month), (last, month), year)

    def _pairs(self, atoms: Sequence[Atom]) -> Atom | None:
        """14.10 - 15.10 are days, 10.00 - 12.30 hours; 14. - 15.10 shares its month."""
        pairs = [atom.pair for atom in atoms if atom.kind is Kind.PAIR]
        if atoms[0].kind is not Kind.AT and all(_is_date(pair) for pair in pairs):
            day, month, _ = pairs[-1]
            return self._range(pairs[0][:2] if len(pairs) == 2 else (atoms[0].number, month), (day, month), 0)
        end = _pair_clock(pairs[-1])
        start = _pair_clock(pairs[0]) if len(pairs) == 2 else Clock(atoms[0].number)
        if start is None or end is None or start.hour > 23:
            return None
        return Atom(Kind.SPAN, 0, 0, bounds=Bounds(start=start, end=end))

    def _part_pairs(self, atoms: Sequence[Atom]) -> Atom | None:
        """14. - 15.10.2026"""
        days = atoms[-1].days
        if days is None or not 1 <= atoms[0].number < days.last.day:
            return None
        return replace(atoms[-1], days=replace(days, first=days.first.replace(day=atoms[0].number)))

    def _day_of_month(self, atoms: Sequence[Atom]) -> Atom | None:
        return self._find(_numbers(atoms)[0], _of(atoms, Kind.MONTH), _of(atoms, Kind.YEAR))

    def _day_of_this(self, atoms: Sequence[Atom]) -> Atom | None:
        month = later_month(self._today, 1 if any(atom.kind is Kind.NEXT for atom in atoms) else 0)
        return self._find(_numbers(atoms)[0], month.month, month.year)

    def _day_alone(self, atoms: Sequence[Atom]) -> Atom | None:
        found = next_such_day(_numbers(atoms)[0], self._today)
        return None if found is None else _dated(found)

    def _at_pair(self, atoms: Sequence[Atom]) -> Atom | None:
        clock = _pair_clock(atoms[-1].pair)
        return None if clock is None else Atom(Kind.CLOCK, 0, 0, clock=clock)

    def _pair(self, atoms: Sequence[Atom]) -> Atom | None:
        day, month, has_two_digits = atoms[0].pair
        if _is_date(atoms[0].pair):
            return self._find(day, month, _of(atoms, Kind.YEAR))
        clock = _pair_clock(atoms[0].pair) if has_two_digits else None
        return None if clock is None else Atom(Kind.CLOCK, 0, 0, clock=clock)

    def _weekday_of(self, atoms: Sequence[Atom]) -> Atom:
        weekday = _of(atoms, Kind.WEEKDAY)
        ahead = (weekday - self._today.weekday()) % 7
        kinds = {atom.kind for atom in atoms}
        if Kind.NEXT in kinds:
            in_next_week = 7 - self._today.weekday() + weekday
            doubtful = Kind.WEEK not in kinds and 0 < ahead < in_next_week
            return self._weekday(in_next_week, ambiguous="weekday" if doubtful else None)
        if Kind.THIS not in kinds:
            ahead = ahead or 7
        return self._weekday(ahead)

    def _weekday_through(self, atoms: Sequence[Atom]) -> Atom:
        numbers = _numbers(atoms)
        monday = 7 * (numbers[0] if numbers else 1) - self._today.weekday()
        return self._weekday(monday + _of(atoms, Kind.WEEKDAY))

    def _weekday(self, ahead: int, *, ambiguous: str | None = None) -> Atom:
        day = self._today + timedelta(days=ahead)
        return Atom(Kind.DATE, 0, 0, days=Days(day, day, is_weekday=True, ambiguous=ambiguous))

    def _weekend(self, atoms: Sequence[Atom]) -> Atom:
        saturday = self._today + timedelta(days=5 - self._today.weekday())
        if atoms[0].kind is Kind.NEXT:
            saturday += timedelta(days=7)
        return _dated(max(saturday, self._today), saturday + timedelta(days=1))

    def _next_days(self, atoms: Sequence[Atom]) -> Atom | None:
        count = _numbers(atoms)[0]
        first = self._today + timedelta(days=1)
        return _dated(first, self._today + timedelta(days=count)) if count else None

    def _edge(self, atoms: Sequence[Atom]) -> Atom:
        if atoms[-1].kind is Kind.WEEK:
            whole = self._week(atoms)
            thirds = (0, 2, 4)
            length = 2
        else:
            month = _of(atoms, Kind.MONTH)
            whole = self._whole_month(month) if month else self._month_unit(atoms)
            thirds = (0, 10, 20)
            length = 9
        at = (Kind.EARLY_EDGE, Kind.MIDDLE_EDGE, Kind.LATE_EDGE).index(atoms[0].kind)
        first = whole.first.replace(day=1) if thirds[1] == 10 else whole.first - timedelta(days=whole.first.weekday())
        start = first + timedelta(days=thirds[at])
        end = whole.last if at == 2 else start + timedelta(days=length)
        return _dated(max(start, self._today), max(end, self._today))

    def _half_of_day(self, atoms: Sequence[Atom]) -> Atom | None:
        name = {1: "morning", 2: "afternoon"}.get(_numbers(atoms)[0])
        return None if name is None else Atom(Kind.PART, 0, 0, name=name)

    def _half(self, atoms: Sequence[Atom]) -> Atom | None:
        """The first half of a week or a month, or the second."""
        month = _of(atoms, Kind.MONTH)
        if atoms[-1].kind is Kind.WEEK:
            whole, length = self._week(atoms), 3
            start = whole.last - timedelta(days=6)
        else:
            whole, length = self._whole_month(month) if month else self._month_unit(atoms), 15
            start = whole.last.replace(day=1)
        middle = start + timedelta(days=length)
        match _numbers(atoms)[0]:
            case 1:
                return _dated(max(start, self._today), max(middle - timedelta(days=1), self._today))
            case 2:
                return _dated(max(middle, self._today), whole.last)
            case _:
                return None

    def _this_or_next(self, atoms: Sequence[Atom]) -> Atom:
        days = self._week(atoms) if atoms[-1].kind is Kind.WEEK else self._month_unit(atoms)
        return Atom(Kind.DATE, 0, 0, days=days)

    def _week(self, atoms: Sequence[Atom]) -> Days:
        monday = self._today - timedelta(days=self._today.weekday())
        if any(atom.kind is Kind.NEXT for atom in atoms):
            monday += timedelta(days=7)
        return Days(max(monday, self._today), monday + timedelta(days=6))

    def _month_unit(self, atoms: Sequence[Atom]) -> Days:
        first = later_month(self._today, 1 if any(atom.kind is Kind.NEXT for atom in atoms) else 0)
        return Days(max(first, self._today), month_end(first))

    def _whole_month(self, month: int, year: int = 0) -> Days:
        first = date(year or self._today.year + (month < self._today.month), month, 1)
        return Days(max(first, self._today), max(month_end(first), self._today))

    def _ahead(self, atoms: Sequence[Atom]) -> Atom:
        numbers = _numbers(atoms)
        count = numbers[0] if numbers else 1
        base = next((atom.days.first for atom in atoms if atom.days is not None), self._today)
        kinds = {atom.kind for atom in atoms}
        if Kind.MONTH_UNIT in kinds:
            month = later_month(base, count)
            return _dated(month.replace(day=min(base.day, month_end(month).day)))
        return _dated(base + timedelta(days=count * (7 if Kind.WEEK in kinds else 1)))

    def _soon(self, _: Sequence[Atom]) -> Atom:
        return _dated(self._today, self._today + timedelta(days=4))

    def _month(self, atoms: Sequence[Atom]) -> Atom:
        return Atom(Kind.DATE, 0, 0, days=self._whole_month(atoms[0].number, _of(atoms, Kind.YEAR)))

    def _hours_ahead(self, atoms: Sequence[Atom]) -> Atom:
        numbers = _numbers(atoms)
        count = numbers[0] if numbers else 1
        minutes = {Kind.MINUTE: count, Kind.HALF_HOUR: 30, Kind.HOUR_AND_HALF: 90}.get(atoms[-1].kind, count * 60)
        return self._moment(minutes)

    def _hours_within(self, atoms: Sequence[Atom]) -> Atom:
        return self._right_now(atoms)

    def _right_now(self, _: Sequence[Atom]) -> Atom:
        return replace(self._moment(0), name="now")

    def _moment(self, minutes: int) -> Atom:
        total = self._clock.hour * 60 + self._clock.minute + minutes
        day = self._today + timedelta(days=total // 1440)
        at = Clock(total % 1440 // 60, total % 60, is_fixed=True)
        return Atom(Kind.DATE, 0, 0, days=Days(day, day, at=at))

    def _this_part(self, atoms: Sequence[Atom]) -> Atom:
        return atoms[-1]

    def _range(self, start: tuple[int, int], end: tuple[int, int], year: int) -> Atom | None:
        last = self._find(*end, year)
        if last is None or last.days is None:
            return None
        before_year = last.days.last.year - (start[1] > end[1])
        first = valid(before_year, start[1], start[0])
        if first is None or first > last.days.last:
            return None
        return replace(last, days=replace(last.days, first=first))

    def _find(self, day: int, month: int, year: int) -> Atom | None:
        if year:
            found = valid(year, month, day)
            return None if found is None else _dated(found)
        found, just_gone = next_such_date(day, month, self._today)
        if found is None:
            return None
        return Atom(Kind.DATE, 0, 0, days=Days(found, found, ambiguous="past" if just_gone else None))


def _drop_lone_pairs(atoms: Sequence[Atom]) -> list[Atom]:
    """10.1 with one digit after the dot is a date only where a date may begin; "temperature 10.1" is a measure."""
    kept: list[Atom] = []
    for index, atom in enumerate(atoms):
        if atom.kind is Kind.PAIR and not atom.pair[2] and atom.name != "holiday":
            before = next((other.kind for other in reversed(atoms[:index]) if other.kind is not Kind.THE), None)
            if before in (Kind.OTHER, Kind.ITIS, Kind.AT, Kind.NUMBER, Kind.COUNTED) or (
                before is Kind.DASH and kept[-2:-1] and kept[-2].kind is not Kind.PAIR
            ):
                atom = replace(atom, kind=Kind.NOTHING)
        kept.append(atom)
    return kept


def _beyond_hours(atoms: Sequence[Atom]) -> list[Atom]:
    """ "На 27": no clock has such an hour, so it is a day, unless something is counted."""
    read: list[Atom] = []
    for index, atom in enumerate(atoms):
        before = atoms[index - 1].kind if index else None
        after = atoms[index + 1].kind if index + 1 < len(atoms) else Kind.STOP
        is_day = atom.kind is Kind.NUMBER and 24 < atom.number <= 31 and before in (Kind.FOR, Kind.ON)
        read.append(replace(atom, kind=Kind.ORDINAL) if is_day and after in _ENDS_A_DAY else atom)
    return read


def _dated(first: date, last: date | None = None, *, like: Atom | None = None) -> Atom:
    days = Days(first, last or first)
    return Atom(Kind.DATE, 0, 0, days=days) if like is None else replace(like, days=days)


def _numbers(atoms: Sequence[Atom]) -> list[int]:
    return [atom.number for atom in atoms if atom.kind in (Kind.NUMBER, Kind.ORDINAL, Kind.RANK)]


def _of(atoms: Sequence[Atom], kind: Kind) -> int:
    return next((atom.number for atom in atoms if atom.kind is kind), 0)


def _is_date(pair: tuple[int, int, bool]) -> bool:
    return 1 <= pair[0] <= 31 and 1 <= pair[1] <= 12


def _pair_clock(pair: tuple[int, int, bool]) -> Clock | None:
    hour, minute, has_two_digits = pair
    return Clock(hour, minute, hour > 12) if has_two_digits and hour < 24 and minute < 60 else None
