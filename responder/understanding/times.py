"""Hours as people say them: "в полседьмого", "с 5 до 7", "не раньше 12", "half past 3 in the afternoon", "evening 4".

In: atoms in which days are already joined. Out: the same atoms with every hour joined into CLOCK and every bound or
range into SPAN. Which half of the day a bare "5" means is not decided here: that takes the salon's hours (`wishes`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from responder.understanding.atoms import Atom, Bounds, Clock, Grammar, Handler, Kind, Rule

_NOT_HOUR = "(?!COUNTED|DAY_UNIT|WEEK|MONTH_UNIT|MINUTE|MONTH|DAY_WORD|AGO|HOUR_LENGTH)"
_PM = "(?:MERIDIEM|DAY_OR_PM|IN? THE? PART)"
_HOUR = "(?:NUMBER|CLOCK)"
_LENGTH = "(?:HOUR|HALF_HOUR|HOUR_AND_HALF|MINUTE|HOUR_LENGTH)"
_LED = "(?:AT|FOR|BY|AROUND)"
_AFTER_DATE = "(?:(?<=DATE)|(?<=DATE COMMA))"
_BOUND = "(?:(?<=FROM)|(?<=UNTIL)|(?<=AFTER)|(?<=BEFORE)|(?<=NOT_EARLIER)|(?<=NOT_LATER))"

_MINUTES = {Kind.HOUR: 60, Kind.HOUR_LENGTH: 60, Kind.HALF_HOUR: 30, Kind.HOUR_AND_HALF: 90, Kind.MINUTE: 1}

CLOCKS = Grammar(
    Rule(name, pattern)
    for name, pattern in (
        ("shift", f"FOR? A? NUMBER? {_LENGTH} (?:AFTER|BEFORE)(?!NUMBER|CLOCK|PART)"),
        ("shift", f"(?:AFTER|BEFORE) FOR A? NUMBER? {_LENGTH}"),
        ("half_to", f"{_LED}? HALF_TO DASH? (?:ORDINAL|NUMBER) {_PM}?"),
        ("half_past", f"{_LED}? A? HALF_PAST NUMBER HOUR_MARK? {_PM}?"),
        ("quarter_of", f"{_LED}? QUARTER ORDINAL {_PM}?"),
        ("minutes_of", f"{_LED}? NUMBER MINUTE ORDINAL {_PM}?"),
        ("quarter_past", f"{_LED}? A? QUARTER (?:PAST_HOUR|AFTER) NUMBER HOUR_MARK? {_PM}?"),
        ("quarter_to", f"{_LED}? A? QUARTER (?:TO|OF|UNTIL|BEFORE) NUMBER HOUR_MARK? {_PM}?"),
        ("minutes_past", f"{_LED}? NUMBER MINUTE? PAST_HOUR NUMBER HOUR_MARK? {_PM}?"),
        ("quarter_to", f"{_LED}? WITHOUT QUARTER {_HOUR} HOUR? {_PM}?"),
        ("minutes_to", f"{_LED}? WITHOUT NUMBER MINUTE? NUMBER HOUR? {_PM}?"),
        ("hour_minute", f"(?<!ITIS){_LED} NUMBER HOUR NUMBER (?:MINUTE|HOUR)? {_PM}?"),
        ("duration", "NUMBER HOUR NUMBER MINUTE|MINUTE (?:FOR|AROUND) NUMBER"),
        ("hour_minute", f"NUMBER HOUR NUMBER{_NOT_HOUR}"),
        ("hour_minute", f"{_LED}? NUMBER NUMBER {_PM}"),
        ("digits", f"{_LED} HHMM HOUR? {_PM}?"),
        ("hours", f"{_LED}* CLOCK (?:HOUR|HOUR_MARK)? {_PM}"),
        ("hours", f"{_LED}* NUMBER (?:HOUR|HOUR_MARK)? (?:MERIDIEM|IN? THE? PART)"),
        ("hours", f"(?:{_LED}+|{_BOUND}|{_AFTER_DATE}) NUMBER HOUR? DAY_OR_PM"),
        ("hours", "NUMBER HOUR DAY_OR_PM"),
        ("hours", f"PART COMMA? {_LED}* NUMBER (?:HOUR|HOUR_MARK)?{_NOT_HOUR}(?!DASH|NUMBER|HOUR)"),
        ("dashed", f"(?<!ITIS){_LED}* NUMBER DASH NUMBER{_NOT_HOUR}(?!HOUR|PART|MERIDIEM|DAY_OR_PM|DASH|OTHER)"),
        ("hour_minute", f"(?<!ITIS)(?:{_LED}+|{_BOUND}|{_AFTER_DATE}) NUMBER NUMBER{_NOT_HOUR}(?!HOUR)"),
        ("one", "(?<!ITIS)(?:AT|FOR|BY) HOUR (?:DAY_OR_PM|PART)?"),
        ("one", "HOUR (?:DAY_OR_PM|PART)"),
        ("one", "(?<=NOT_EARLIER)HOUR|(?<=NOT_LATER)HOUR|(?<=AFTER)HOUR(?!NUMBER)"),
        ("hours", f"{_LED}* NUMBER (?:HOUR|HOUR_MARK)"),
        ("hours", f"{_LED}* CLOCK HOUR?"),
        ("hours", f"(?<!ITIS){_LED}+ NUMBER{_NOT_HOUR}"),
        ("hours", f"{_AFTER_DATE} NUMBER(?=STOP|DOT|COMMA|OR|$)"),
    )
)

SPANS = Grammar(
    Rule(name, pattern)
    for name, pattern in (
        ("between", f"BETWEEN {_HOUR} (?:AND|TO|UNTIL) {_HOUR}"),
        ("between", f"FROM {_HOUR} (?:UNTIL|TO|DASH) {_HOUR}{_NOT_HOUR}"),
        ("between", f"CLOCK (?:DASH|SLASH|UNTIL|TO) {_HOUR}"),
        ("between", "NUMBER (?:DASH|UNTIL|TO) CLOCK"),
        ("either", f"CLOCK COMMA? OR {_LED}? {_HOUR}{_NOT_HOUR}"),
        ("moved", f"FROM {_HOUR} CLOCK"),
        ("start", f"(?:NOT_EARLIER|AFTER) (?:AT|FROM)? {_HOUR}{_NOT_HOUR}"),
        ("start", f"FROM {_HOUR}{_NOT_HOUR}(?!OTHER COUNTED)"),
        ("start", "CLOCK (?:OR|AND) AFTER"),
        ("end", "CLOCK (?:OR|AND) BEFORE"),
        ("end", f"(?:UNTIL|BEFORE|NOT_LATER) (?:AT|BY)? {_HOUR}{_NOT_HOUR}"),
        ("after_part", "(?:AFTER|NOT_EARLIER) PART"),
        ("before_part", "(?:UNTIL|BEFORE|NOT_LATER) PART"),
        ("exactly", "CLOCK"),
    )
)


class Hours:
    """Reads hours; knows nothing of the day they are on."""

    def read(self, atoms: Sequence[Atom]) -> list[Atom]:
        return SPANS.rewrite(CLOCKS.rewrite(atoms, self._handler), self._handler)

    def _handler(self, rule: str) -> Handler:
        handler: Handler = getattr(self, f"_{rule}")
        return handler

    def _shift(self, atoms: Sequence[Atom]) -> Atom | None:
        """No hour: "на час позже" is later than something."""
        count = next(iter(_numbers(atoms)), 1)
        unit = next(atom.kind for atom in atoms if atom.kind in _MINUTES)
        is_later = any(atom.kind is Kind.AFTER for atom in atoms)
        minutes = _MINUTES[unit] * (1 if unit in (Kind.HALF_HOUR, Kind.HOUR_AND_HALF) else count)
        return Atom(Kind.SHIFT, 0, 0, number=minutes if is_later else -minutes)

    def _half_to(self, atoms: Sequence[Atom]) -> Atom | None:
        return _clock(atoms, _previous(_numbers(atoms)[0]), 30)

    def _half_past(self, atoms: Sequence[Atom]) -> Atom | None:
        return _clock(atoms, _numbers(atoms)[0], 30)

    def _quarter_of(self, atoms: Sequence[Atom]) -> Atom | None:
        return _clock(atoms, _previous(_numbers(atoms)[0]), 15)

    def _minutes_of(self, atoms: Sequence[Atom]) -> Atom | None:
        minutes, hour = _numbers(atoms)
        return _clock(atoms, _previous(hour), minutes)

    def _quarter_past(self, atoms: Sequence[Atom]) -> Atom | None:
        return _clock(atoms, _numbers(atoms)[0], 15)

    def _quarter_to(self, atoms: Sequence[Atom]) -> Atom | None:
        numbers = _numbers(atoms) or [atom.clock.hour for atom in atoms if atom.clock is not None]
        return _clock(atoms, _previous(numbers[0]), 45)

    def _minutes_past(self, atoms: Sequence[Atom]) -> Atom | None:
        minutes, hour = _numbers(atoms)
        return _clock(atoms, hour, minutes)

    def _minutes_to(self, atoms: Sequence[Atom]) -> Atom | None:
        minutes, hour = _numbers(atoms)
        return _clock(atoms, _previous(hour), 60 - minutes)

    def _hour_minute(self, atoms: Sequence[Atom]) -> Atom | None:
        hour, minute = (atom for atom in atoms if atom.kind is Kind.NUMBER)
        has_two_digits = minute.is_word or len(minute.name) == 2
        return _clock(atoms, hour.number, minute.number) if has_two_digits else None

    def _duration(self, _: Sequence[Atom]) -> Atom | None:
        return None

    def _digits(self, atoms: Sequence[Atom]) -> Atom | None:
        value = next(atom.number for atom in atoms if atom.kind is Kind.HHMM)
        return _clock(atoms, value // 100, value % 100, is_fixed=True)

    def _dashed(self, atoms: Sequence[Atom]) -> Atom | None:
        """12-30 is a time; 5-7 may be hours: certain with a preposition, else left to the asker."""
        first, second = (atom for atom in atoms if atom.kind is Kind.NUMBER)
        if second.name in ("00", "15", "30", "45") and not second.is_word:
            return _clock(atoms, first.number, second.number)
        span = self._between(atoms)
        if span is None or atoms[0] is not first:
            return span
        return replace(span, kind=Kind.MAYBE)

    def _one(self, atoms: Sequence[Atom]) -> Atom | None:
        """One o'clock, said without the number: "в час"."""
        return _clock(atoms, 1, 0)

    def _hours(self, atoms: Sequence[Atom]) -> Atom | None:
        said = next((clock for clock in map(_said, atoms) if clock is not None), Clock(25))
        made = _clock(atoms, said.hour, said.minute, is_fixed=said.is_fixed)
        return made or next((atom for atom in atoms if atom.kind is Kind.PART), None)

    def _between(self, atoms: Sequence[Atom]) -> Atom | None:
        ends = [clock for clock in map(_said, atoms) if clock is not None]
        if len(ends) != 2 or max(end.hour for end in ends) > 24:
            return None
        start, end = ends
        if end.part and not start.part and not start.is_fixed:
            start = replace(start, part=end.part)
        elif start.part and not end.part and not end.is_fixed and end.hour > start.hour:
            end = replace(end, part=start.part)
        return _spanned(Bounds(start=start, end=end))

    def _either(self, atoms: Sequence[Atom]) -> Atom | None:
        first, second = [clock for clock in map(_said, atoms) if clock is not None]
        if second.hour > 24:
            return _spanned(Bounds(exact=first))
        first = replace(first, part=first.part or second.part)
        return _spanned(Bounds(exact=first, or_exact=replace(second, part=second.part or first.part)))

    def _moved(self, atoms: Sequence[Atom]) -> Atom | None:
        """Of "с 15 на 17" only the second is wished."""
        return _spanned(Bounds(exact=atoms[-1].clock))

    def _start(self, atoms: Sequence[Atom]) -> Atom | None:
        clock = next(clock for clock in map(_said, atoms) if clock is not None)
        return _spanned(Bounds(start=clock)) if clock.hour <= 24 else None

    def _end(self, atoms: Sequence[Atom]) -> Atom | None:
        clock = next(clock for clock in map(_said, atoms) if clock is not None)
        return _spanned(Bounds(end=clock)) if clock.hour <= 24 else None

    def _after_part(self, atoms: Sequence[Atom]) -> Atom | None:
        return replace(atoms[-1], name=f"after {atoms[-1].name}")

    def _before_part(self, atoms: Sequence[Atom]) -> Atom | None:
        return replace(atoms[-1], name=f"before {atoms[-1].name}")

    def _exactly(self, atoms: Sequence[Atom]) -> Atom | None:
        return _spanned(Bounds(exact=atoms[0].clock))


def _clock(atoms: Sequence[Atom], hour: int, minute: int, *, is_fixed: bool = False) -> Atom | None:
    """A CLOCK with the part of day said beside it; None when no day has such a minute."""
    if not (0 <= hour <= 24 and 0 <= minute < 60):
        return None
    part = next((a.name for a in atoms if a.kind in (Kind.PART, Kind.MERIDIEM, Kind.DAY_OR_PM)), None)
    has_zero = any(a.kind is Kind.NUMBER and not a.is_word and a.name[:1] == "0" for a in atoms[:2])
    clock = Clock(hour % 24, minute, is_fixed or has_zero or hour > 12 or hour == 0, part)
    return Atom(Kind.CLOCK, 0, 0, clock=clock)


def _spanned(bounds: Bounds) -> Atom:
    return Atom(Kind.SPAN, 0, 0, bounds=bounds)


def _said(atom: Atom) -> Clock | None:
    """The hour an atom says by itself; not yet checked to be one."""
    if atom.clock is not None:
        return atom.clock
    if atom.kind is not Kind.NUMBER:
        return None
    return Clock(atom.number, 0, atom.number > 12 or atom.number == 0 or atom.name[:1] == "0")


def _numbers(atoms: Sequence[Atom]) -> list[int]:
    return [atom.number for atom in atoms if atom.kind in (Kind.NUMBER, Kind.ORDINAL)]


def _previous(hour: int) -> int:
    """The hour before on the face of a clock, in which "half of the first" lies; out of range stays so."""
    return 12 if hour == 1 else hour - 1 if hour else 25
