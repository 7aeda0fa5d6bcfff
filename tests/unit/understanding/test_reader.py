"""The door of understanding as a whole: never fails, never changes, and no wider than its promise."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from responder.dialogue.meaning import Asked, Context, Intent, Offered
from responder.understanding.reader import Reader
from tests.factories import salon_profile

WORDS = [
    "завтра",
    "в",
    "5",
    "до",
    "после",
    "18:00",
    "или",
    "не",
    "могу",
    "нет",
    "лучше",
    "25.11",
    "через",
    "час",
    "неделю",
    "пол",
    "седьмого",
    "без",
    "четверти",
    "с",
    "по",
    "декабря",
    "утра",
    "вечером",
    "at",
    "half",
    "past",
    "3",
    "pm",
    "the",
    "second",
    "next",
    "Friday",
    "-",
    ",",
    ".",
    "?",
    "маникюр",
    "Анна",
    "89123456789",
    "31",
    "00",
    "12.12.",
    "на",
    "к",
]
OFFER = Offered(token="a", day=date(2026, 11, 24), at=time(15))


@settings(max_examples=300, deadline=None)
@given(words=st.lists(st.sampled_from(WORDS), max_size=12), asked=st.sampled_from(Asked), offered=st.booleans())
def test_any_words_of_the_trade_are_read(words: list[str], asked: Asked, offered: bool) -> None:
    """No order of words the readers know makes them fail, and every wish is a possible one."""
    context = Context(asked=asked, offers=(OFFER,) if offered else ())

    meaning = _READER.read([" ".join(words)], now=_NOW, context=context)

    for wish in meaning.wishes:
        assert (wish.date_from is None) == (wish.date_to is None)
        assert wish.date_from is None or wish.date_to is None or wish.date_from <= wish.date_to
        assert wish.exact_time is None or (wish.time_from, wish.time_to) == (None, None)
    assert (Intent.CHOOSE in meaning.intents) == (meaning.choice is not None)


@settings(max_examples=200, deadline=None)
@given(texts=st.lists(st.text(max_size=80), max_size=3))
def test_any_text_is_read(texts: list[str]) -> None:
    """Whatever signs arrive, an answer comes."""
    assert _READER.read(texts, now=_NOW) is not None


def test_reading_changes_nothing(reader: Reader, monday: datetime) -> None:
    """The same words give the same meaning, whatever was read in between."""
    first = reader.read(["маникюр завтра в 5"], now=monday)
    reader.read(["нет, отмена, 89123456789"], now=monday)

    assert reader.read(["маникюр завтра в 5"], now=monday) == first


def test_nothing_said_means_nothing(reader: Reader, monday: datetime) -> None:
    """A burst without words (a sticker) is understood, empty, and needs no reply."""
    meaning = reader.read([""], now=monday)

    assert (meaning.intents, meaning.wishes, meaning.understood, meaning.needs_no_reply) == (
        frozenset(),
        (),
        True,
        True,
    )


def test_the_day_is_the_salons(reader: Reader) -> None:
    """ "Завтра" at 20:00 UTC is a day later in Chelyabinsk, where it is past midnight."""
    late = datetime.fromisoformat("2026-11-23T20:00:00+00:00")

    assert reader.read(["завтра"], now=late).wishes[0].date_from == date(2026, 11, 25)


@pytest.mark.parametrize(("previous", "needs_no_reply"), [("Ждём вас завтра.", True), ("Что-нибудь ещё?", False)])
def test_a_question_of_ours_wants_its_answer(
    reader: Reader, monday: datetime, previous: str, needs_no_reply: bool
) -> None:
    """ "Ок" ends a talk unless we had asked something."""
    meaning = reader.read(["ок"], now=monday, context=Context(previous_reply=previous))

    assert meaning.needs_no_reply is needs_no_reply


def test_weighing_is_no_consent(reader: Reader, monday: datetime) -> None:
    """ "Ладно, я подумаю" does not confirm a booking."""
    meaning = reader.read(["ладно, я подумаю"], now=monday, context=Context(asked=Asked.CONFIRM))

    assert Intent.CONFIRM not in meaning.intents


def test_a_salon_without_anything_is_read_too(monday: datetime) -> None:
    """No services, specialists or knowledge is no reason to fail."""
    bare = Reader(salon_profile(services=(), specialists=(), knowledge=()))

    assert Intent.BOOK in bare.read(["запишите на завтра"], now=monday).intents


_READER = Reader(salon_profile())
_NOW = datetime.fromisoformat("2026-11-23T05:00:00+00:00")
