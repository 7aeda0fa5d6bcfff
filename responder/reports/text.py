"""A report as a table for the terminal, and as a plain document for other programs.

Shown figures are rounded against us: shares down, times up. The document holds them unrounded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from math import ceil, floor
from typing import TYPE_CHECKING, Any

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal, format_percent

from responder.reports.marks import By, day_of
from responder.reports.words import CHANNEL_NAMES, WORDS, Words
from responder.timing.measures import Measure
from responder.timing.statistics import SMALL, Figure

if TYPE_CHECKING:
    from responder.reports.report import Group, Report

_FIRST_WIDTH = 36
_WIDTHS = (9, 13, 15, 15, 7, 6)
_DIM, _BOLD, _PLAIN = "\x1b[2m", "\x1b[1m", "\x1b[0m"
_ROWS = (  # measure, in working hours
    (Measure.FIRST_USEFUL, False),
    (Measure.BOT_FRT, False),
    (Measure.HUMAN_FRT, False),
    (Measure.HUMAN_FRT, True),
    (Measure.HUMAN_WAIT, False),
    (Measure.HUMAN_WAIT, True),
    (Measure.PIPELINE_LAG, False),
)


def to_text(report: Report, *, language: str, colour: bool = False) -> str:
    """The report as lines of text in `language` ("ru", "en"; another is shown in English), ending in a newline.

    A figure of fewer than ten enquiries is marked with a dot and, with `colour`, dimmed.
    """
    return "\n".join(_Page(report, language if language in WORDS else "en", colour=colour).lines()) + "\n"


def to_json(report: Report) -> dict[str, Any]:
    """The report as a document of stable names (docs/timing.md): times in ISO 8601 UTC, waits in seconds, shares as
    0..1, null where there is no figure or the curve does not get there."""
    return {
        "definition": report.query.definition,
        "salon": report.query.salon.slug,
        "zone": report.query.salon.zone.key,
        "since": report.since.astimezone(UTC).isoformat(),
        "until": report.until.astimezone(UTC).isoformat(),
        "days": report.query.days,
        "total": _group_document(report.total),
        "channels": [_group_document(group) for group in report.channels],
    }


def _group_document(group: Group) -> dict[str, Any]:
    return {
        "channel": group.value,
        "arrivals": group.arrivals,
        "excluded": {reason.value: count for reason, count in group.excluded.items()},
        "skewed": group.skewed,
        "answered_first": asdict(group.answered_first),
        "booked": group.booked,
        "handed_off": group.handed_off,
        "resolved": group.resolved,
        "settlement_known": group.settlement_known,
        "settled_at_once": group.settled_at_once,
        "calendar": {name.value: figure_document(found) for name, found in group.calendar.items()},
        "working": {name.value: figure_document(found) for name, found in group.working.items()},
    }


def figure_document(found: Figure) -> dict[str, Any]:
    """A figure as every document of ours has it."""
    document = asdict(found) | {"is_small": found.is_small}
    del document["measure"]
    return document


class _Page:
    """Lays one report out in one language."""

    def __init__(self, report: Report, language: str, *, colour: bool) -> None:
        self._report = report
        self._language = language
        self._words: Words = WORDS[language]
        self._colour = colour
        self._has_small = False

    def lines(self) -> Iterator[str]:
        report, words = self._report, self._words
        days = words.days[Locale.parse(self._language).plural_form(report.query.days)]
        yield self._styled(f"{words.title}: {report.query.salon.name.to(self._language)}", _BOLD)
        zone = report.query.salon.zone.key
        yield f"{self._date(report.since)} – {self._date(report.until)} ({report.query.days} {days}, {zone})"
        if not report.total.arrivals and not any(report.total.excluded.values()):
            yield ""
            yield words.no_arrivals
            return
        yield ""
        seconds = round(report.total.calendar[Measure.FIRST_USEFUL].within_s)
        yield _row("", *(column.format(seconds=seconds) for column in words.columns))
        groups = [group for cut in report.cuts.values() for group in cut]
        is_one_channel = len(groups) == 1 and groups[0].by is By.CHANNEL
        yield from self._group(groups[0] if is_one_channel else report.total)
        if not is_one_channel:
            for group in groups:
                yield ""
                yield from self._group(group)
        yield ""
        if self._has_small:
            yield self._styled(words.small.format(count=SMALL), _DIM)
        yield self._styled(f"{words.definition}: {report.query.definition}, docs/timing.md", _DIM)

    def _group(self, group: Group) -> Iterator[str]:
        words = self._words
        yield self._styled(self._channel(group), _BOLD)
        for measure, is_working in _ROWS:
            found = (group.working if is_working else group.calendar).get(measure)
            if found is None:
                continue
            if found.n or measure in (Measure.FIRST_USEFUL, Measure.BOT_FRT, Measure.HUMAN_FRT):
                name = f"{words.rows[measure]}, {words.working}" if is_working else words.rows[measure]
                yield self._figure(name, found)
        first = group.answered_first
        if first.n:
            counts = zip(words.sides, (first.bot, first.human, first.other, first.nobody), strict=True)
            shares = [f"{side} {self._percent(count / first.n)} ({count})" for side, count in counts if count]
            yield f"  {words.answered_first}: {', '.join(shares)}"
        spared = [
            phrase.format(count=self._number(group.calendar[measure].not_awaited))
            for phrase, measure in zip(words.without, (Measure.BOT_FRT, Measure.HUMAN_FRT), strict=True)
            if measure in group.calendar and group.calendar[measure].not_awaited
        ]
        if spared:
            line = ", ".join(spared)
            yield f"  {line[0].upper()}{line[1:]}"
        left_out = [f"{words.reasons[reason]} {count}" for reason, count in group.excluded.items() if count]
        if left_out:
            yield f"  {words.excluded}: {', '.join(left_out)}"
        if group.skewed:
            yield f"  {words.skewed}: {group.skewed}"

    def _figure(self, name: str, found: Figure) -> str:
        words, share = self._words, found.share
        line = _row(
            f"{'·' if found.is_small else ' '} {name}",
            self._percent(_whole(floor, share.value)) if share else words.nothing_yet,
            self._interval(share.low, share.high) if share else "",
            self._quantile(found, found.median_s),
            self._quantile(found, found.p90_s),
            self._number(found.n),
            self._number(found.open),
        )
        self._has_small = self._has_small or found.is_small
        return self._styled(line, _DIM) if found.is_small else line

    def _quantile(self, found: Figure, seconds: float | None) -> str:
        if seconds is not None:
            return duration(seconds, language=self._language)
        return self._words.not_reached if found.n else self._words.nothing_yet

    def _interval(self, low: float, high: float) -> str:
        return f"{round(_whole(floor, low) * 100)}–{self._percent(_whole(ceil, high))}"

    def _percent(self, share: float) -> str:
        return str(format_percent(share, locale=self._language)).replace("\xa0", " ")

    def _number(self, count: int) -> str:
        return str(format_decimal(count, locale=self._language)).replace("\xa0", " ")

    def _date(self, instant: datetime) -> str:
        local = instant.astimezone(self._report.query.salon.zone).date()
        return str(format_date(local, "d MMM yyyy", locale=self._language)).replace("\xa0", " ")

    def _channel(self, group: Group) -> str:
        if group.value is None:
            return self._words.all_channels
        value = str(group.value)
        match group.by:
            case By.CHANNEL:
                return self._words.channels.get(value) or CHANNEL_NAMES.get(value, value)
            case By.DAY | By.WEEK:
                return str(format_date(day_of(int(value)), "EEE, d MMM yyyy", locale=self._language))
            case By.HOUR:
                return f"{int(value):02}:00–{int(value) + 1:02}:00"
            case _:
                return value or self._words.nothing_yet

    def _styled(self, text: str, style: str) -> str:
        return f"{style}{text}{_PLAIN}" if self._colour else text


def duration(seconds: float, *, language: str) -> str:
    """A wait in the two largest units that matter ("2,1 с", "3 мин 05 с", "1 ч 20 мин", "2 д 3 ч"), rounded up."""
    day, hour, minute, second = WORDS.get(language, WORDS["en"]).units
    tenths = ceil(_exact(seconds * 10))
    if tenths < 600:
        return f"{format_decimal(tenths / 10, format='0.0', locale=language)} {second}"
    whole = ceil(_exact(seconds))
    if whole < 3_600:
        return f"{whole // 60} {minute} {whole % 60:02} {second}"
    minutes = ceil(whole / 60)
    if minutes < 1_440:
        return f"{minutes // 60} {hour} {minutes % 60:02} {minute}"
    hours = ceil(minutes / 60)
    return f"{hours // 24} {day} {hours % 24} {hour}"


def _whole(direction: Callable[[float], int], share: float) -> float:
    """A share in whole per cent, rounded in that direction."""
    return direction(_exact(share * 100)) / 100


def _exact(value: float) -> float:
    """`value` without the last digits of floating point, so that rounding up does not turn 2.3 into 2.4."""
    return round(value, 6)


def _row(first: str, *cells: str) -> str:
    padded = (cell.rjust(width) for cell, width in zip(cells, _WIDTHS, strict=True))
    return (first.ljust(_FIRST_WIDTH) + "".join(padded)).rstrip()
