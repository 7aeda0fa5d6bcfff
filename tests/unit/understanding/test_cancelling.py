"""What calls a visit off and what never may: sets of texts, each as typed and as people on a phone would type it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from responder.dialogue.meaning import Asked, Context, Intent
from responder.understanding.reader import Reader

VISIT = Context(has_appointment=True)
CONFIRMING = Context(has_appointment=True, asked=Asked.CANCEL_CONFIRM)
CONTEXTS = (Context(), VISIT, CONFIRMING)


def texts(name: str) -> list[str]:
    lines = Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def typed(text: str) -> Iterator[str]:
    """The same in other hands: without marks, in capitals, with a greeting in a sentence of its own or before it."""
    is_russian = re.search("[а-я]", text) is not None
    yield text
    yield text.upper()
    yield f"{'Добрый день' if is_russian else 'Good morning'}! {text}"
    yield f"{'здравствуйте' if is_russian else 'hi'}, {text}"


def calls_off(reader: Reader, text: str, context: Context, now: datetime) -> bool:
    """Whether the text, said in that context, makes the visit go away."""
    intents = reader.read([text], now=now, context=context).intents
    return Intent.CANCEL in intents or (context.asked is Asked.CANCEL_CONFIRM and Intent.CONFIRM in intents)


@pytest.mark.parametrize("context", CONTEXTS, ids=["nothing known", "a visit", "asked whether"])
def test_what_calls_nothing_off_never_does(reader: Reader, monday: datetime, context: Context) -> None:
    """Not before a visit is known, not while there is one, and not as the answer to "shall I call it off?"."""
    for text in texts("not_cancelling.txt"):
        for one in (*typed(text), re.sub("[,.!:]+", " ", text)):
            assert not calls_off(reader, one, context, monday), one


@pytest.mark.parametrize("context", CONTEXTS, ids=["nothing known", "a visit", "asked whether"])
def test_who_calls_a_visit_off_is_understood(reader: Reader, monday: datetime, context: Context) -> None:
    """However it is said: a word, a wish, a request, an inability to come."""
    for text in texts("cancelling.txt"):
        for one in typed(text):
            assert calls_off(reader, one, context, monday), one


def test_inability_told_to_a_time_proposed_refuses_the_time(reader: Reader, monday: datetime) -> None:
    """Nobody who says "I can't come on Friday" to an offer gives up the booking."""
    asked = Context(asked=Asked.CHOICE, previous_reply="Пятница, 12:00?")

    intents = reader.read(["в пятницу не смогу прийти"], now=monday, context=asked).intents

    assert intents & {Intent.DECLINE, Intent.OTHER_DAY}
    assert Intent.CANCEL not in intents


@pytest.mark.parametrize("text", ["приду", "буду!", "оставьте пожалуйста", "keep it", "I'll be there", "точно приду"])
def test_coming_keeps_the_visit(reader: Reader, monday: datetime, text: str) -> None:
    """An answer to "shall I call it off?" that sounds like a yes and says that they come."""
    intents = reader.read([text], now=monday, context=CONFIRMING).intents

    assert Intent.DECLINE in intents
    assert Intent.CONFIRM not in intents


@pytest.mark.parametrize("text", ["Good morning!", "Good afternoon"])
def test_a_greeting_confirms_nothing(reader: Reader, monday: datetime, text: str) -> None:
    """A good morning is no "good"."""
    assert Intent.CONFIRM not in reader.read([text], now=monday, context=CONFIRMING).intents


def test_the_last_word_counts(reader: Reader, monday: datetime) -> None:
    """Who changes their mind in one burst is heard to the end."""
    kept = reader.read(["отмените запись", "ой нет, не надо"], now=monday, context=VISIT)
    off = reader.read(["не отменяйте", "хотя нет, отмените"], now=monday, context=VISIT)

    assert Intent.CANCEL not in kept.intents
    assert Intent.CANCEL in off.intents
