"""The published rule that classifies messages of people."""

from __future__ import annotations

import pytest

from responder.timing.substance import COURTESY, classify_message
from responder.timing.timeline import Substance

ACKNOWLEDGEMENTS = [
    "Здравствуйте! Минутку, сейчас уточню",
    "Добрый день, спасибо за обращение! Ответим в течение 15 минут.",
    "Подождите 5-10 минут, пожалуйста",
    "Передала мастеру",
    "Чем могу помочь?",
    "Ок",
    "СПАСИБО!!!",
    "Здравствуйте, ваше сообщение получили, ещё немного :)",
    "Hi! Thank you for contacting us, we'll get back to you shortly",
    "We will reply in 5 minutes",
    "One moment please",
    "Please hold on",
    "👍",
    "...",
    "",
]
SUBSTANTIVE = [
    "Есть окно в 15:30",
    "Через 15 минут",
    "На какой день вас записать?",
    "Стрижка 2000 руб, 60 минут",
    "Да",
    "Ок, записала",
    "Здравствуйте! Подскажите ваш номер телефона",
    "ул. Ленина, 5",
    "Анна работает в субботу",
    "In 10 minutes",
    "Which day suits you?",
    "The haircut is 2000",
    "Yes, we are open tomorrow",
    "89123456789",
    "Guten Tag, um 15 Uhr ist frei",
]


@pytest.mark.parametrize("text", ACKNOWLEDGEMENTS)
def test_courtesy_and_putting_off_acknowledge(text: str) -> None:
    """A message of nothing but courtesy and putting-off answers nothing."""
    assert classify_message(text) is Substance.ACKNOWLEDGEMENT


@pytest.mark.parametrize("text", SUBSTANTIVE)
def test_anything_said_is_substance(text: str) -> None:
    """A number, a name, a fact or a question for a detail makes a message substantive."""
    assert classify_message(text) is Substance.SUBSTANTIVE


def test_an_attachment_is_substance() -> None:
    """A price list as a photo answers, with or without words."""
    assert classify_message("", has_attachment=True) is Substance.SUBSTANTIVE
    assert classify_message("минутку", has_attachment=True) is Substance.SUBSTANTIVE


def test_spelling_does_not_matter() -> None:
    """Case, ё and the typographic apostrophe change nothing."""
    assert classify_message("ВЕРНЁМСЯ позже") is classify_message("вернемся позже") is Substance.ACKNOWLEDGEMENT
    assert classify_message("We’ll reply soon") is Substance.ACKNOWLEDGEMENT


def test_every_language_is_complete() -> None:
    """A language is usable only with words of courtesy, of putting-off and units of time, in lower case without ё."""
    for words in COURTESY.values():
        assert words.courtesy
        assert words.later
        assert words.units
        assert all(word == word.casefold().replace("ё", "е") for word in words.all)
