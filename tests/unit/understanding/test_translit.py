"""Russian in Latin letters: the words it stands for, and English that is left alone."""

from __future__ import annotations

from datetime import datetime

import pytest

from responder.dialogue.meaning import Intent
from responder.understanding.reader import Reader
from responder.understanding.translit import cyrillic


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("zavtra", "завтра"),
        ("strizhku", "стрижку"),
        ("strijku", "стрижку"),
        ("skolko", "сколько"),
        ("hochu", "хочу"),
        ("xochu", "хочу"),
        ("zapis", "запись"),
        ("sleduyuschiy", "следующий"),
        ("utrom", "утром"),
        ("svobodnoye", "свободное"),
        ("pyatnitsu", "пятницу"),
        ("moy", "мой"),
        ("eto", "это"),
    ],
)
def test_words(typed: str, meant: str) -> None:
    """However a sound is spelled, the word the dictionary knows is found."""
    assert cyrillic(typed) == meant


def test_a_message_is_read_like_russian(reader: Reader, monday: datetime) -> None:
    """Service, day and hour are found, the name is kept as typed, and the answer is to be Russian."""
    meaning = reader.read(["zapishite menya na manikyur zavtra v 5 vechera, menya zovut Katya"], now=monday)

    assert Intent.BOOK in meaning.intents
    assert (meaning.service, meaning.name, meaning.language) == ("manicure", "Katya", "ru")
    assert [wish.exact_time and wish.exact_time.hour for wish in meaning.wishes] == [17]


def test_english_is_left_alone(reader: Reader, monday: datetime) -> None:
    """A message without words that only Russian has is not respelled."""
    meaning = reader.read(["I need a manicure on Friday, do you have slots"], now=monday)

    assert (meaning.service, meaning.language) == ("manicure", "en")
