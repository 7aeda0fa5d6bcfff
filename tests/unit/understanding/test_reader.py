"""The door of understanding as a whole: never fails, never changes, and no wider than its promise."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from responder.dialogue.meaning import Asked, Context, Intent, Offered
from responder.salon.profile import KnowledgeItem
from responder.understanding.reader import Reader
from tests.factories import localised, salon_profile

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


CAREFUL = Reader(
    salon_profile(
        knowledge=(
            KnowledgeItem(
                key="mothers",
                questions=("можно ли беременным и кормящим", "is it safe in pregnancy"),
                answer=localised("Да."),
            ),
            KnowledgeItem(
                key="redo",
                questions=("если не понравится, можно переделать", "what if I do not like it"),
                answer=localised("Да."),
            ),
        )
    )
)


@pytest.mark.parametrize(
    ("text", "knowledge", "is_risk"),
    [
        ("сколько стоит маникюр, кормящим можно?", "mothers", False),
        ("маникюр завтра, а беременным можно?", "mothers", False),
        ("у меня аллергия, беременным можно?", "mothers", True),
        ("я беременна, палец опух", None, True),
        ("можно с аллергией?", None, True),
    ],
)
def test_a_danger_the_salon_has_answered_is_none(
    monday: datetime, text: str, knowledge: str | None, is_risk: bool
) -> None:
    """The salon's own answer to a medical question stands; a danger it does not speak of is a risk beside it."""
    meaning = CAREFUL.read([text], now=monday)

    assert (meaning.knowledge, Intent.RISK in meaning.intents) == (knowledge, is_risk)


@pytest.mark.parametrize(
    ("text", "knowledge", "is_complaint"),
    [
        ("а если не понравится?", "redo", False),
        ("если мне не понравится, можно переделать?", "redo", False),
        ("what if I don't like it?", "redo", False),
        ("мне не понравилось", "redo", True),
        ("I didn't like it at all", None, True),
    ],
)
def test_a_complaint_only_supposed_is_a_question(
    monday: datetime, text: str, knowledge: str | None, is_complaint: bool
) -> None:
    """What might displease is asked, what did displease is complained of."""
    meaning = CAREFUL.read([text], now=monday)

    assert (meaning.knowledge, Intent.COMPLAINT in meaning.intents) == (knowledge, is_complaint)


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


@pytest.mark.parametrize(
    ("text", "known", "name"),
    [
        ("Алия", (), "Алия"),
        ("катя", (), "Катя"),
        ("Алия", ("name",), None),
        ("Конечно", (), None),
        ("номер тот же", (), None),
        ("не дам", (), None),
    ],
)
def test_a_name_answers_the_question_for_name_and_phone(
    reader: Reader, monday: datetime, text: str, known: tuple[str, ...], name: str | None
) -> None:
    """Both are asked for in one question; who gives the name alone has answered half of it."""
    context = Context(asked=Asked.PHONE, known=frozenset(known))
    assert reader.read([text], now=monday, context=context).name == name
