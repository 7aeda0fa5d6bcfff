"""Hours as people say them: "в полседьмого", "с 5 до 7", "не раньше 12", "half past 3 in the afternoon", "evening 4".

In: atoms in which days are already joined. Out: the same atoms with every hour joined into CLOCK and every bound or range into
SPAN. Which half of the day a bare "5" means is not decided here: that takes the salon's hours (`wishes`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from responder.understanding.atoms import Atom, Bounds, Clock, Grammar, Handler, Kind, Rule

_NOT_HOUR = "(?!COUNTED|DAY_UNIT|WEEK|MONTH_UNIT|MINUTE|MONTH|DAY_WORD|AGO|DAY_OR_PM (?:PART|CLOCK))"
_PM = "(?:MERIDIEM|DAY_OR_PM|(?:IN|AT)? THE? PART)"
_HOUR = "(?:NUMBER|CLOCK)"

CLOCKS = Grammar(
    Rule(name, pattern)
    for name, pattern in (
        ("half_to", f"(?:AT|FOR|BY)? HALF_TO DASH? (?:ORDINAL|NUMBER) {_PM}?"),
        ("half_past", f"(?:AT|FOR|BY|AROUND)? A? HALF_PAST NUMBER HOUR_MARK? {_PM}?"),
        ("quarter_of", f"(?:AT|FOR)? QUARTER ORDINAL {_PM}?"),
        ("minutes_of", f"(?:AT|FOR)? NUMBER MINUTE ORDINAL {_PM}?"),
        ("quarter_past", f"(?:AT|FOR)? A? QUARTER (?:PAST_HOUR|AFTER|LAST) NUMBER HOUR_MARK? {_PM}?"),
        ("quarter_to", f"(?:AT|FOR)? A? QUARTER (?:TO|OF|UNTIL|BEFORE) NUMBER HOUR_MARK? {_PM}?"),
        ("minutes_past", f"(?:AT|FOR)? NUMBER MINUTE? (?:PAST_HOUR|AFTER|LAST) NUMBER HOUR_MARK? {_PM}?"),
        ("quarter_to", f"(?:AT|FOR)? WITHOUT QUARTER {_HOUR} HOUR? {_PM}?"),
        ("minutes_to", f"(?:AT|FOR)? WITHOUT NUMBER MINUTE? NUMBER HOUR? {_PM}?"),
        ("hour_minute", f"(?<!ITIS)(?:AT|FOR|BY) NUMBER HOUR NUMBER (?:MINUTE|HOUR)? {_PM}?"),
        ("duration", "NUMBER HOUR NUMBER MINUTE"),
        ("hour_minute", "NUMBER HOUR NUMBER(?!MINUTE)"),
        ("hour_minute", f"NUMBER NUMBER {_PM}"),
        ("digits", f"(?:AT|FOR|BY) HHMM HOUR? {_PM}?"),
        ("with_part", f"(?:AT|FOR|BY|AROUND)? AROUND? CLOCK (?:HOUR|HOUR_MARK)? {_PM}"),
        ("with_part", f"(?:AT|FOR|BY|AROUND)? AROUND? NUMBER (?:HOUR|HOUR_MARK)? (?:MERIDIEM|(?:IN|AT) THE? PART|PART)"),
        ("with_part", "(?:AT|FOR|BY|AROUND|FROM|UNTIL|AFTER|BEFORE|DATE COMMA?) NUMBER HOUR? DAY_OR_PM"),
        ("with_part", "NUMBER HOUR DAY_OR_PM"),
        ("part_first", f"PART COMMA? (?:AT|AROUND|FOR|BY)? AROUND? NUMBER (?:HOUR|HOUR_MARK)?{_NOT_HOUR}(?!DASH|NUMBER)"),
        ("hour_minute", f"(?<!ITIS)(?:AT|FOR|BY|AROUND) NUMBER (?:DASH)? NUMBER{_NOT_HOUR}"),
        ("hour_minute", "(?:FROM|UNTIL|AFTER|BEFORE|DATE|NOT_EARLIER|NOT_LATER) NUMBER NUMBER(?=UNTIL|TO|STOP|COMMA|OTHER|DATE|$)"),
        ("hour_only", "(?<!ITIS)(?:AT|FOR) HOUR (?:DAY_OR_PM|MERIDIEM)?"),
        ("hour_only", "HOUR (?:DAY_OR_PM|MERIDIEM)"),
        ("hour_only", "BY HOUR"),
        ("hours", "AT? NUMBER (?:HOUR|HOUR_MARK)(?!NUMBER|LAST)"),
        ("hours", "CLOCK HOUR"),
        ("hours", f"(?<!ITIS)(?:AT|BY|AROUND|AT AROUND) NUMBER{_NOT_HOUR}(?!DASH PAIR|OTHER COUNTED)"),
        ("hours", f"FOR AROUND? NUMBER{_NOT_HOUR}(?!DASH)"),
        ("hours", f"(?:AT|FOR|BY|AROUND)+ CLOCK"),
        ("after_date", f"DATE COMMA? NUMBER(?=STOP|DOT|COMMA|OTHER|OR|$)"),
    )
)

SPANS = Grammar(
    Rule(name, pattern)
    for name, pattern in (
        ("between", f"BETWEEN {_HOUR} (?:AND|TO|UNTIL) {_HOUR}"),
        ("between", f"FROM {_HOUR} (?:UNTIL|TO|DASH|AND UNTIL|AND TO) {_HOUR}{_NOT_HOUR}"),
        ("between", f"AT? CLOCK (?:DASH|SLASH|UNTIL|TO) {_HOUR}"),
        ("between", "NUMBER (?:DASH|UNTIL|TO) CLOCK"),
        ("either", f"CLOCK (?:OR|COMMA? OR) (?:AT|BY)? {_HOUR}{_NOT_HOUR}"),
        ("not_before", f"(?:NOT_EARLIER|AFTER) (?:AT|FROM)? {_HOUR}{_NOT_HOUR}"),
        ("not_before", f"(?:AFTER|NOT_EARLIER) (?:NUMBER|CLOCK) HOUR"),
        ("not_before", f"FROM {_HOUR}{_NOT_HOUR}(?!OTHER COUNTED)"),
        ("not_before", f"CLOCK (?:OR|AND) (?:AFTER|BEFORE_NOT)" if False else "CLOCK (?:OR|AND) AFTER"),
        ("not_after", "CLOCK (?:OR|AND) BEFORE"),
        ("not_after", f"(?:UNTIL|BEFORE|NOT_LATER) (?:AT|BY)? {_HOUR}{_NOT_HOUR}"),
        ("after_part", "(?:AFTER|NOT_EARLIER) PART"),
        ("before_part", "(?:UNTIL|BEFORE|NOT_LATER) PART"),
        ("exactly", "CLOCK"),
    )
)


class Hours:
    """Reads hours; knows nothing of the day they are on."""

    def __init__(self) -> None:
        self._clocks: dict[str, Handler] = {rule.name: getattr(self, f"_{rule.name}") for rule in CLOCKS.rules}
        self._spans: dict[str, Handler] = {rule.name: getattr(self, f"_{rule.name}") for rule in SPANS.rules}

    def read(self, atoms: Sequence[Atom]) -> list[Atom]:
        return SPANS.rewrite(CLOCKS.rewrite(atoms, self._clocks), self._spans)

    def _half_to(self, atoms: Sequence[Atom]) -> Atom | None:
        return _clock(_previous(_numbers(atoms)[0]), 30, atoms)

    def _half_past(self, atoms: Sequence[Atom]) -> Atom | None:
        return _clock(_numbers(atoms)[0], 30, atoms)

    def _quarter_of(self, atoms: Sequence[Atom]) -> Atom | None:
        return _clock(_previous(_numbers(atoms)[0]), 15, atoms)

    def _minutes_of(self, atoms: Sequence[Atom]) -> Atom | None:
        minutes, hour = _numbers(atoms)
        return _clock(_previous(hour), minutes, atoms)

    def _quarter_past(self, atoms: Sequence[Atom]) -> Atom | None:
        return _clock(_numbers(atoms)[0], 15, atoms)

    def _quarter_to(self, atoms: Sequence[Atom]) -> Atom | None:
        numbers = _numbers(atoms) or [atom.clock.hour for atom in atoms if atom.clock is not None]
        return _clock(_previous(numbers[0]), 45, atoms)

    def _minutes_past(self, atoms: Sequence[Atom]) -> Atom | None:
        minutes, hour = _numbers(atoms)
        return _clock(hour, minutes, atoms)

    def _minutes_to(self, atoms: Sequence[Atom]) -> Atom | None:
        minutes, hour = _numbers(atoms)
        return _clock(_previous(hour), 60 - minutes, atoms) if 0 < minutes < 60 else None

    def _hour_minute(self, atoms: Sequence[Atom]) -> Atom | None:
        hour, minute = _numbers(atoms)
        second = [atom for atom in atoms if atom.kind is Kind.NUMBER][1]
        if any(atom.kind is Kind.DASH for atom in atoms) and minute not in (0, 15, 30, 45):
            return self._between(atoms)
        if not second.is_word and len(second.name) < 2:
            return None
        return _led(atoms, _clock(hour, minute, atoms))

    def _duration(self, _: Sequence[Atom]) -> Atom | None:
        return None

    def _digits(self, atoms: Sequence[Atom]) -> Atom | None:
        value = next(atom.number for atom in atoms if atom.kind is Kind.HHMM)
        return _clock(value // 100, value % 100, atoms, is_fixed=True)

    def _with_part(self, atoms: Sequence[Atom]) -> Atom | None:
        said = next((atom.clock for atom in atoms if atom.clock is not None), None) or Clock(_numbers(atoms)[0])
        return _led(atoms, _clock(said.hour, said.minute, atoms, is_fixed=said.is_fixed))

    def _part_first(self, atoms: Sequence[Atom]) -> Atom | None:
        return _clock(_numbers(atoms)[0], 0, atoms)

    def _hour_only(self, atoms: Sequence[Atom]) -> Atom | None:
        return _clock(1, 0, atoms)

    def _hours(self, atoms: Sequence[Atom]) -> Atom | None:
        said = next((atom.clock for atom in atoms if atom.clock is not None), None) or Clock(_numbers(atoms)[0])
        return _clock(said.hour, said.minute, atoms, is_fixed=said.is_fixed)

    def _after_date(self, atoms: Sequence[Atom]) -> Atom | None:
        return _led(atoms, _clock(_numbers(atoms)[0], 0, atoms)) or atoms[0]

    def _between(self, atoms: Sequence[Atom]) -> Atom | None:
        ends = [clock for clock in (_said(atom) for atom in atoms) if clock is not None]
        if len(ends) != 2:
            return None
        start, end = ends
        if end.part and not start.part and not start.is_fixed:
            start = replace(start, part=end.part)
        elif start.part and not end.part and not end.is_fixed and end.hour > start.hour:
            end = replace(end, part=start.part)
        return Atom(Kind.SPAN, 0, 0, bounds=Bounds(start=start, end=end))

    def _either(self, atoms: Sequence[Atom]) -> Atom | None:
        clocks = [clock for clock in (_said(atom) for atom in atoms) if clock is not None]
        if len(clocks) != 2:
            return None
        first, second = clocks
        if second.part and not first.part:
            first = replace(first, part=second.part)
        return Atom(Kind.SPAN, 0, 0, bounds=Bounds(exact=first, or_exact=replace(second, part=second.part or first.part)))

    def _not_before(self, atoms: Sequence[Atom]) -> Atom | None:
        clock = next((clock for clock in map(_said, atoms) if clock is not None), None)
        return None if clock is None else Atom(Kind.SPAN, 0, 0, bounds=Bounds(start=clock))

    def _not_after(self, atoms: Sequence[Atom]) -> Atom | None:
        clock = next((clock for clock in map(_said, atoms) if clock is not None), None)
        return None if clock is None else Atom(Kind.SPAN, 0, 0, bounds=Bounds(end=clock))

    def _after_part(self, atoms: Sequence[Atom]) -> Atom | None:
        return Atom(Kind.PART, 0, 0, name=f"after {atoms[-1].name}")

    def _before_part(self, atoms: Sequence[Atom]) -> Atom | None:
        return Atom(Kind.PART, 0, 0, name=f"before {atoms[-1].name}")

    def _exactly(self, atoms: Sequence[Atom]) -> Atom | None:
        return Atom(Kind.SPAN, 0, 0, bounds=Bounds(exact=atoms[0].clock))
