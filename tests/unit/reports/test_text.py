"""A response report as an owner sees it, and as another program reads it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from responder.reports.marks import By
from responder.reports.query import ReportQuery
from responder.reports.report import Group, Report
from responder.reports.text import duration, to_json, to_text
from responder.reports.words import WORDS
from responder.timing.measures import Measure
from responder.timing.statistics import AnsweredFirst, Ending, Figure, Wait, summarise
from responder.timing.timeline import Exclusion
from tests.factories import localised, salon_profile

UNTIL = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)


def figure(measure: Measure, *, answered: int, each_s: float = 2.0, still_open: int = 0, released: int = 0) -> Figure:
    waits = [
        *[Wait(seconds=each_s)] * answered,
        *[Wait(seconds=4_000, ending=Ending.OPEN)] * still_open,
        *[Wait(seconds=3, ending=Ending.RELEASED)] * released,
    ]
    return summarise(waits, measure)


def group(kind: str | None = None, **overrides: Any) -> Group:
    """Twelve enquiries, each answered by the bot in two seconds, three of them by a person in four minutes."""
    figures = {name: figure(name, answered=12) for name in Measure}
    figures[Measure.HUMAN_FRT] = figure(Measure.HUMAN_FRT, answered=3, each_s=240, released=9)
    figures[Measure.HUMAN_WAIT] = figure(Measure.HUMAN_WAIT, answered=0)
    values: dict[str, Any] = {
        "by": None if kind is None else By.CHANNEL,
        "value": kind,
        "arrivals": 12,
        "excluded": dict.fromkeys(Exclusion, 0),
        "calendar": figures,
        "working": figures,
        "answered_first": AnsweredFirst(bot=12, human=0, other=0, nobody=0),
        "booked": 4,
        "handed_off": 3,
        "resolved": 9,
        "settlement_known": 9,
        "settled_at_once": 8,
        "skewed": 0,
    }
    return Group(**{**values, **overrides})


def report(*channels: Group, days: int = 30, **overrides: Any) -> Report:
    until = date(2026, 11, 23)
    query = ReportQuery(
        salon=salon_profile(slug="primer", name=localised("Салон «Пример»", "Example Salon")),
        since=until - timedelta(days=days - 1),
        until=until,
    )
    values: dict[str, Any] = {
        "query": query,
        "now": UNTIL,
        "total": group(),
        "previous": None,
        "cuts": {By.CHANNEL: channels or (group("telegram"), group("webchat"))},
    }
    return Report(**{**values, **overrides})


def line_of(text: str, name: str) -> str:
    return next(line for line in text.splitlines() if line[2:].startswith(name))


def test_bot_and_person_have_lines_of_their_own() -> None:
    """Both sides stand under the same columns, each with its own figures."""
    text = to_text(report(), language="en")

    assert line_of(text, "Bot").split() == ["Bot", "100%", "75–100%", "2.0", "s", "2.0", "s", "12", "0"]
    person = line_of(text, "Person").split()
    assert person == ["·", "Person", "0%", "0–57%", "4", "min", "00", "s", "4", "min", "00", "s", "3", "0"]


@pytest.mark.parametrize("language", WORDS)
def test_columns_line_up(language: str) -> None:
    """Every figure ends under the end of its heading."""
    lines = to_text(report(), language=language).splitlines()

    width = len(lines[3])
    rows = [line for line in lines if line.startswith(("  ", "· ")) and line.rstrip()[-1].isdigit() and "  0" in line]
    assert rows
    assert {len(line) for line in rows} == {width}
    assert width <= 120


def test_russian_and_english_say_the_same() -> None:
    """The two languages differ in words and number forms alone."""
    russian, english = (to_text(report(), language=language) for language in ("ru", "en"))

    assert "Салон «Пример»" in russian
    assert "25 окт. 2026 – 23 нояб. 2026 (30 дней, Asia/Yekaterinburg)" in russian
    assert "2,0 с" in line_of(russian, "Бот")
    assert "Example Salon" in english
    assert "25 Oct 2026 – 23 Nov 2026 (30 days, Asia/Yekaterinburg)" in english
    assert len(russian.splitlines()) == len(english.splitlines())


@pytest.mark.parametrize(("days", "says"), [(1, "1 день"), (3, "3 дня"), (7, "7 дней"), (21, "21 день")])
def test_days_are_counted_in_the_languages_own_forms(days: int, says: str) -> None:
    """Russian has three forms of "day"."""
    assert f"({says}," in to_text(report(days=days), language="ru")


def test_a_language_that_is_not_there_is_shown_in_english() -> None:
    """A salon of another language gets a report all the same."""
    assert "All channels" in to_text(report(), language="de")


def test_a_small_figure_is_marked_and_dimmed() -> None:
    """Fewer than ten enquiries carry a dot, grey in colour, and the dot is explained."""
    plain, coloured = to_text(report(), language="en"), to_text(report(), language="en", colour=True)

    assert line_of(plain, "Person").startswith("·")
    assert line_of(plain, "Bot").startswith(" ")
    assert "· fewer than 10 enquiries" in plain
    assert "\x1b" not in plain
    assert any(line.startswith("\x1b[2m· Person") for line in coloured.splitlines())
    assert not any(line.startswith("\x1b[2m  Bot") for line in coloured.splitlines())


def test_what_the_curve_does_not_reach_is_said() -> None:
    """A median that half of the customers still wait beyond is not a number."""
    figures = dict(group().calendar) | {Measure.FIRST_USEFUL: figure(Measure.FIRST_USEFUL, answered=5, still_open=7)}

    assert "not reached" in line_of(to_text(report(total=group(calendar=figures)), language="en"), "Useful reply")
    assert "не достигнуто" in line_of(to_text(report(total=group(calendar=figures)), language="ru"), "Полезный ответ")


def test_nothing_is_not_zero() -> None:
    """A side without a single wait has dashes, not zeros that look like a result."""
    figures = dict(group().calendar) | {Measure.HUMAN_FRT: figure(Measure.HUMAN_FRT, answered=0, released=12)}
    text = to_text(report(total=group(calendar=figures, working=figures)), language="en")

    assert line_of(text, "Person").split()[2:5] == ["—", "—", "—"]
    assert "No person needed: 12" in text


def test_exclusions_and_skew_stand_beneath() -> None:
    """What was left out is shown by reason, and only where there is something."""
    excluded = {Exclusion.SPAM: 4, Exclusion.OUTREACH: 0, Exclusion.TEST: 2}
    text = to_text(report(total=group(excluded=excluded, skewed=3)), language="en")

    assert "Not counted: spam 4, test dialogues 2" in text
    assert "Messenger's clock ahead of ours: 3" in text
    assert text.count("Not counted") == 1


def test_a_single_channel_is_shown_once() -> None:
    """With one channel a total would only repeat it."""
    text = to_text(report(group("webchat")), language="en")

    assert "Web chat" in text
    assert "All channels" not in text


@pytest.mark.parametrize(
    ("seconds", "says"),
    [
        (0, "0.0 s"),
        (2.3, "2.3 s"),
        (2.31, "2.4 s"),
        (59.91, "1 min 00 s"),
        (59.9, "59.9 s"),
        (60.01, "1 min 01 s"),
        (3_599.5, "1 h 00 min"),
        (4_800, "1 h 20 min"),
        (4_801, "1 h 21 min"),
        (86_399, "1 d 0 h"),
        (183_601, "2 d 4 h"),
    ],
)
def test_times_are_rounded_up(seconds: float, says: str) -> None:
    """A wait is never shown shorter than it was."""
    assert duration(seconds, language="en") == says


def test_shares_are_rounded_down() -> None:
    """999 of 1000 within a minute are not a hundred per cent."""
    found = summarise([*[Wait(seconds=1)] * 999, Wait(seconds=61)], Measure.FIRST_USEFUL)
    text = to_text(report(total=group(calendar=dict(group().calendar) | {Measure.FIRST_USEFUL: found})), language="en")

    assert line_of(text, "Useful reply").split()[2] == "99%"


def test_the_document_has_stable_names_and_plain_values() -> None:
    """Other programs read the same figures unrounded, under names that do not change."""
    document = json.loads(json.dumps(to_json(report())))

    assert list(document) == ["definition", "salon", "zone", "since", "until", "days", "total", "channels"]
    assert document["definition"] == "timing/1"
    assert document["since"] == "2026-10-24T19:00:00+00:00"
    assert [found["channel"] for found in document["channels"]] == ["telegram", "webchat"]
    assert list(document["total"]["calendar"]) == [name.value for name in Measure]
    assert document["total"]["calendar"]["human_frt_s"] == {
        "within_s": 60.0,
        "n": 3,
        "open": 0,
        "not_awaited": 9,
        "share": {"within": 0, "of": 3, "value": 0.0, "low": 0.0, "high": pytest.approx(0.5615, abs=1e-4)},
        "median_s": 240.0,
        "p90_s": 240.0,
        "is_small": True,
    }
    assert document["total"]["answered_first"] == {"bot": 12, "human": 0, "other": 0, "nobody": 0}


def test_the_report_names_its_definitions() -> None:
    """A figure without the version of its definitions cannot be compared."""
    assert "timing/1" in to_text(replace(report()), language="ru")


def test_every_language_has_every_word() -> None:
    """No measure, reason or unit is left without a word in any language."""
    for words in WORDS.values():
        assert set(words.rows) == set(Measure)
        assert set(words.reasons) == set(Exclusion)
        assert "other" in words.days
        assert "{seconds}" in words.columns[0]
        assert all("{count}" in phrase for phrase in (*words.without, words.small))
