"""Days and hours in people's words, seen from Monday 2026-11-23, 10:00, in a salon open 10-21."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest

from responder.understanding.tokens import clean, tokenise
from responder.understanding.wishes import When, WishReader
from tests.factories import ZONE, day, salon_profile, weekly
from tests.unit.understanding.test_messages import shown

MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=ZONE)


def read(text: str, *, now: datetime = MONDAY, is_asked: bool = False, month_first: bool = False) -> When:
    source = clean(text)
    reader = WishReader(salon_profile().hours, month_first=month_first)
    return reader.read(tokenise(source), text=source, now=now, is_asked=is_asked)


def wishes(text: str, **options: bool) -> list[str]:
    return [shown(wish) for wish in read(text, **options).wishes]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("сегодня", "11-23"),
        ("послезавтра", "11-25"),
        ("в пятницу", "11-27"),
        ("в понедельник", "11-30"),
        ("на 25е", "11-25"),
        ("двадцать восьмого", "11-28"),
        ("3 числа", "12-03"),
        ("5 декабря", "12-05"),
        ("пятое дек.", "12-05"),
        ("05.12", "12-05"),
        ("5.12.2026", "12-05"),
        ("2026-12-05", "12-05"),
        ("в среду, 25 ноября", "11-25"),
        ("на следующей неделе в среду", "12-02"),
        ("вторник на след. неделе", "12-01"),
        ("через неделю", "11-30"),
        ("через 2 недели в среду", "12-09"),
        ("через пару дней", "11-25"),
        ("на выходных", "11-28..11-29"),
        ("на следующей неделе", "11-30..12-06"),
        ("в начале декабря", "12-01..12-10"),
        ("с 1 по 5 декабря", "12-01..12-05"),
        ("с понедельника по среду", "11-30..12-02"),
        ("до пятницы", "11-23..11-27"),
        ("tomorrow", "11-24"),
        ("the day after tomorrow", "11-25"),
        ("this Sunday", "11-29"),
        ("Thursday next week", "12-03"),
        ("December 7th", "12-07"),
        ("7th of December", "12-07"),
        ("on the third", "12-03"),
        ("the 28th", "11-28"),
        ("in two weeks", "12-07"),
        ("two weeks from now", "12-07"),
        ("this weekend", "11-28..11-29"),
    ],
)
def test_days(text: str, expected: str) -> None:
    """A day said in any usual way is the nearest such day to come."""
    assert wishes(text) == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("в 15:00", "15:00"),
        ("в 15.30", "15:30"),
        ("в 15-30", "15:30"),
        ("в 15 30", "15:30"),
        ("в 15ч", "15:00"),
        ("17ч10", "17:10"),
        ("в 5", "17:00"),
        ("в пять", "17:00"),
        ("в 11", "11:00"),
        ("в час", "13:00"),
        ("к двум часам", "14:00"),
        ("полседьмого", "18:30"),
        ("в пол 7", "18:30"),
        ("в половине седьмого", "18:30"),
        ("без четверти шесть", "17:45"),
        ("без десяти шесть", "17:50"),
        ("четверть шестого", "17:15"),
        ("десять минут шестого", "17:10"),
        ("в 3 часа дня", "15:00"),
        ("в 8 вечера", "20:00"),
        ("в 9 утра", "09:00"),
        ("в полдень", "12:00"),
        ("вечером часов в 7", "19:00"),
        ("после шести", "18:00-"),
        ("не раньше 12", "12:00-"),
        ("до 11 часов", "-11:00"),
        ("не позже 6", "-18:00"),
        ("с 5 до 7", "17:00-19:00"),
        ("с 10 до 2", "10:00-14:00"),
        ("10:00 - 12:30", "10:00-12:30"),
        ("между 5 и 7", "17:00-19:00"),
        ("после 12, но до 15", "12:00-15:00"),
        ("до 5 не могу", "17:00-"),
        ("утром", "06:00-12:00"),
        ("до обеда", "06:00-12:00"),
        ("вечером после 7", "19:00-"),
        ("at 3pm", "15:00"),
        ("at 3 p.m.", "15:00"),
        ("half past 3", "15:30"),
        ("quarter to five", "16:45"),
        ("quarter past 2 in the afternoon", "14:15"),
        ('5 o"clock in the evening', "17:00"),
        ("evening 4", "16:00"),
        ("twelve in the afternoon", "12:00"),
        ("noon", "12:00"),
        ("after 5", "17:00-"),
        ("no later than 6", "-18:00"),
        ("between 2 and 4 pm", "14:00-16:00"),
        ("as soon as possible", "asap"),
    ],
)
def test_hours(text: str, expected: str) -> None:
    """An hour said in any usual way is read, a bare one in the half of the day when the salon is open."""
    assert wishes(text) == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("завтра вечером или в субботу утром", ["11-24 18:00-23:59", "11-28 06:00-12:00"]),
        ("завтра или послезавтра вечером", ["11-24 18:00-23:59", "11-25 18:00-23:59"]),
        ("в среду или четверг после 18", ["11-25 18:00-", "11-26 18:00-"]),
        ("завтра в 5 или в 6", ["11-24 17:00", "11-24 18:00"]),
        ("завтра в 5, нет, лучше в 6", ["11-24 18:00"]),
        ("завтра в 5, нет, лучше в среду", ["11-25 17:00"]),
        ("сегодня не могу, давайте завтра в 12", ["11-24 12:00"]),
        ("в 17 часов завтра", ["11-24 17:00"]),
        ("свободно в среду? а в четверг?", ["11-25", "11-26"]),
        ("перенести с пятницы на субботу", ["11-28"]),
        ("записана на завтра на 12, перенесите на четверг", ["11-26"]),
        ("12 is a bit too early. Make it 5:30 pm instead", ["17:30"]),
        ("Monday or Tuesday morning", ["11-30 06:00-12:00", "11-24 06:00-12:00"]),
    ],
)
def test_alternatives_and_corrections(text: str, expected: list[str]) -> None:
    """Alternatives are separate wishes, corrections replace, what was refused is no wish."""
    assert wishes(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "32 августа",
        "29 февраля 2027",
        "это в 10",
        "температура 10.1",
        "15 часов 29 мин",
        "у меня 2 ребенка",
        "маникюр на 2 человека",
        "5 дней",
        "добрый вечер",
        "до завтра",
        "вчера была у вас",
        "на прошлой неделе",
        "на час позже",
        "I sat down",
        "you may",
        "good morning",
        "one second",
    ],
)
def test_what_is_no_time_is_not_read_as_one(text: str) -> None:
    """Counts, measures, greetings, the past and impossible dates make no wish."""
    assert wishes(text) == []


@pytest.mark.parametrize(
    ("text", "expected"), [("5", "17:00"), ("15", "15:00"), ("1530", "15:30"), ("5-7", "17:00-19:00"), ("28", "11-28")]
)
def test_bare_numbers_answer_when_asked(text: str, expected: str) -> None:
    """A bare number is an hour, or a day of the month, only as an answer to "when?"."""
    assert wishes(text, is_asked=True) == [expected]
    assert wishes(text) == []


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("в следующую среду", "weekday"),
        ("15 ноября", "past"),
        ("сегодня в 10", "past"),
        ("понедельник, 24 ноября", "weekday"),
    ],
)
def test_doubt_is_named(text: str, question: str) -> None:
    """What people mean differently, and what has gone by, carries the question to ask back."""
    assert [wish.ambiguous for wish in read(text).wishes] == [question]


def test_both_halves_of_the_day_open_is_a_doubt() -> None:
    """Where the clinic is open at 8 and at 20, "в 8" may be either."""
    long = day("07:00-22:00")
    hours = weekly(mon=long, tue=long, wed=long, thu=long, fri=long, sat=long, sun=long)

    wish = WishReader(hours).read(tokenise("в 8"), text="в 8", now=MONDAY).wishes[0]

    assert wish.ambiguous == "am_pm"


def test_relative_hours_count_from_now() -> None:
    """ "In two hours" is a date and an hour, over midnight too."""
    late = MONDAY.replace(hour=23)

    assert [shown(wish) for wish in read("через 2 часа").wishes] == ["11-23 12:00"]
    assert [shown(wish) for wish in read("через 2 часа", now=late).wishes] == ["11-24 01:00"]


def test_slashes_follow_the_country() -> None:
    """3/12 is December 3rd here and March 12th where the month comes first."""
    assert wishes("3/12") == ["12-03"]
    assert wishes("3/12", month_first=True) == ["03-12"]


def test_an_offered_weekday_is_the_day_offered() -> None:
    """ "В среду" means the Wednesday that was offered, not the nearest one."""
    when = WishReader(salon_profile().hours).read(
        tokenise("в среду"), text="в среду", now=MONDAY, offered_days=(date(2026, 12, 2),)
    )

    assert [shown(wish) for wish in when.wishes] == ["12-02"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("вторая половина дня", "12:00-18:00"),
        ("во второй половине дня", "12:00-18:00"),
        ("завтра во второй половине", "11-24 12:00-18:00"),
        ("в первой половине дня", "06:00-12:00"),
        ("in the second half of the day", "12:00-18:00"),
        ("the first half of the day", "06:00-12:00"),
        ("second half of tomorrow", "11-24 12:00-18:00"),
        ("в первой половине недели", "11-23..11-25"),
        ("во второй половине следующей недели", "12-03..12-06"),
        ("in the first half of next week", "11-30..12-02"),
        ("во второй половине декабря", "12-16..12-31"),
    ],
)
def test_halves(text: str, expected: str) -> None:
    """Half of a day is a part of it, half of a week or a month is days; neither is the second of the month."""
    assert wishes(text) == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("не могу завтра, можно в пятницу?", ["11-27"]),
        ("can't do tomorrow, could I come on Friday", ["11-27"]),
        ("не успеваю к 5, можно в 6?", ["18:00"]),
        ("не могу завтра, в пятницу", []),
        ("опоздаю минут на 10", []),
        ("у меня запись на завтра, хочу на пятницу", ["11-27"]),
    ],
)
def test_a_refusal_ends_where_a_new_request_begins(text: str, expected: list[str]) -> None:
    """A refused list goes on over commas, a request after it is a wish; what is booked already is none."""
    assert wishes(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("в девять ноль ноль утра", ["09:00"]),
        ("завтра в восемнадцать ноль ноль", ["11-24 18:00"]),
        ("в семь ноль пять", ["19:05"]),
    ],
)
def test_noughts_are_minutes(text: str, expected: list[str]) -> None:
    """ "Ноль ноль" and "ноль пять" after an hour are its minutes."""
    assert wishes(text) == expected


def test_two_bare_hours_answer_when_asked() -> None:
    """ "5 или 6" are two hours and not six minutes past five."""
    assert wishes("5 или 6", is_asked=True) == ["17:00", "18:00"]


@pytest.mark.parametrize(
    ("text", "refused_day"), [("завтра не могу", True), ("не сегодня", True), ("не в 15:00", False)]
)
def test_refusals_are_told(text: str, refused_day: bool) -> None:
    """A day or an hour that does not suit is told apart from nothing said."""
    when = read(text)

    assert (when.wishes, when.refused, when.refused_day) == ((), True, refused_day)


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ("без двадцати шесть вечера", time(17, 40)),
        ("без двадцати пяти шесть", time(17, 35)),
        ("без пяти пять", time(16, 55)),
    ],
)
def test_minutes_an_hour_lacks(said: str, at: time) -> None:
    """The number before the hour is no part of it; two numbers before it are one."""
    (wish,) = read(said, is_asked=True).wishes
    assert wish.exact_time == at


def test_a_stretch_to_a_weekday_ends_after_it_begins() -> None:
    """From a date that lies weeks ahead, the weekday is the first one from there on."""
    (wish,) = read("с 7 декабря по пятницу", is_asked=True).wishes
    assert (wish.date_from, wish.date_to) == (date(2026, 12, 7), date(2026, 12, 11))


def test_what_is_refused_in_a_row() -> None:
    """ "Neither" refuses like what was refused before it."""
    (wish,) = read("сегодня никак, завтра тоже, давайте в пятницу", is_asked=True).wishes
    assert wish.date_from == date(2026, 11, 27)
