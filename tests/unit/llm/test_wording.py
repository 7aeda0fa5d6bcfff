"""Free wording by the LLM passes when it is courtesy, a question or a paraphrase of the salon, and never otherwise."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from responder.llm.guard import refusals
from tests.unit.llm import corpus
from tests.unit.llm.corpus import Wording
from tests.unit.llm.turn import NOW

UNTRUE, HONEST = corpus.read("untrue"), corpus.read("honest")
OFFERS = corpus.facts_of("offers")


@pytest.mark.parametrize("wording", UNTRUE, ids=str)
def test_what_is_untrue_or_unsafe_is_refused(wording: Wording) -> None:
    """No wording of the corpus that says what the turn does not hold may go out."""
    assert refusals(wording.text, wording.facts) != ()


@pytest.mark.parametrize("wording", HONEST, ids=str)
def test_what_is_honest_passes(wording: Wording) -> None:
    """Warm and varied wording of what is true goes out as it is."""
    assert refusals(wording.text, wording.facts) == ()


def test_the_corpus_is_broad() -> None:
    """Every kind of untruth the guard is for has examples, in both languages, and none twice."""
    texts = [(wording.text, wording.turn, wording.knows) for wording in UNTRUE + HONEST]
    assert len(texts) == len(set(texts))
    assert len(UNTRUE) >= 150
    assert len(HONEST) >= 100
    assert {wording.kind for wording in UNTRUE} >= {
        *("hours", "time", "date", "price", "discount", "free", "guarantee", "phone", "email", "link", "address"),
        *("specialist", "service", "payment", "secrets", "medical", "leak", "others", "obeyed", "booked", "cancelled"),
        *("action", "available", "refund", "false-negation", "false-mixture"),
    }


TRUE_OF = {
    "price": ("Маникюр стоит {} рублей.", "2000"),
    "from": ("Педикюр стоит от {} руб.", "2500"),
    "duration": ("Маникюр занимает {} минут.", "90"),
    "phone": ("Наш телефон: +7{}.", "3512000000"),
    "time": ("Вторник в {}, вам удобно?", "15:00"),
    "date": ("Вам удобно {}.11 в 15:00?", "24"),
    "percent": ("Студентам по вторникам скидка {} %.", "10"),
    "age": ("Да, стрижём детей с {} лет.", "3"),
    "house": ("Мы находимся по адресу: Челябинск, улица Примерная, {}.", "1"),
    "hours": ("Работаем с 10:00 до {}.", "21:00"),
}


@given(what=st.sampled_from(sorted(TRUE_OF)), place=st.integers(0, 10), digit=st.integers(1, 9))
@settings(max_examples=400, deadline=None)
def test_a_fact_with_one_digit_changed_is_refused(what: str, place: int, digit: int) -> None:
    """The figure of the salon passes in its sentence; the same sentence with one other digit does not."""
    sentence, figure = TRUE_OF[what]
    digits = [index for index, sign in enumerate(figure) if sign.isdigit()]
    at = digits[place % len(digits)]
    changed = f"{figure[:at]}{(int(figure[at]) + digit) % 10}{figure[at + 1 :]}"
    assert refusals(sentence.format(figure), OFFERS) == ()
    assert refusals(sentence.format(changed), OFFERS) != ()


PEOPLE = ("Анна", "Мария", "Ольга")
STRANGERS = ("Марина", "Света", "Елена", "Аня Петрова", "Вика", "Инна", "Марианна", "Олег", "марина", "Kate", "Иван")
SENTENCES = ("У нас есть мастер {}.", "Хотите к мастеру по имени {}?", "У нас работает {}.", "Вам больше нравится {}?")


@given(name=st.sampled_from(STRANGERS), known=st.sampled_from(PEOPLE), sentence=st.sampled_from(SENTENCES))
@settings(max_examples=150, deadline=None)
def test_a_name_that_is_nobody_here_is_refused(name: str, known: str, sentence: str) -> None:
    """Only people of the salon are named, whatever stands around the name."""
    assert refusals(sentence.format(known), OFFERS) == ()
    assert refusals(sentence.format(name), OFFERS) != ()


@given(letters=st.text("абвгдежзиклмнопрстуфхцчшщэюя", min_size=4, max_size=12), at=st.sampled_from(HONEST))
@settings(max_examples=300, deadline=None)
def test_a_word_nobody_knows_is_refused_anywhere(letters: str, at: Wording) -> None:
    """A word that is neither courtesy nor the salon's stops the text it stands in."""
    word = f"ъ{letters}ъ"
    assert refusals(f"{at.text[:-1]} {word}{at.text[-1]}", at.facts) != ()
    assert refusals(f"{word} {at.text}", at.facts) != ()


_HIDDEN = ("\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad")
_CONFUSABLE = str.maketrans("асеорхАСЕОРХ", "aceopxACEOPX")


@given(wording=st.sampled_from(UNTRUE), hidden=st.sampled_from(_HIDDEN), every=st.integers(1, 5))
@settings(max_examples=300, deadline=None)
def test_hidden_signs_and_look_alikes_help_nothing(wording: Wording, hidden: str, every: int) -> None:
    """What is refused stays refused with invisible signs between its letters or letters of another alphabet."""
    parted = "".join(sign + (hidden if index % every == 0 else "") for index, sign in enumerate(wording.text))
    assert refusals(parted, wording.facts) != ()
    assert refusals(wording.text.translate(_CONFUSABLE), wording.facts) != ()


@given(one=st.sampled_from(HONEST), other=st.sampled_from(UNTRUE))
@settings(max_examples=200, deadline=None)
def test_honest_words_before_an_untrue_one_do_not_carry_it(one: Wording, other: Wording) -> None:
    """A text is refused for any sentence of it. What is refused for being alone ("yes", "we have that") is the
    exception: an answer beside it bears it out."""
    if not all(reason.startswith(("bare:", "assent:")) for reason in refusals(other.text, other.facts)):
        assert refusals(f"{one.text} {other.text}", other.facts) != ()


@given(minutes=st.integers(0, 24 * 12 - 1))
@settings(max_examples=150, deadline=None)
def test_a_time_of_day_is_no_fact_without_an_offer(minutes: int) -> None:
    """Where nothing is offered no time can be proposed, opening times included."""
    at = (NOW.replace(hour=0, minute=0) + timedelta(minutes=5 * minutes)).time()
    assert isinstance(at, time)
    assert refusals(f"Вам удобно в {at:%H:%M}?", corpus.facts_of("fresh")) != ()
