"""Every value of a call is held against the salon, the offers and the customer's words."""

from __future__ import annotations

from datetime import date, time
from typing import Any

import pytest

from responder.dialogue.meaning import Asked, Intent, Meaning, Wish
from responder.dialogue.state import DialogueState
from responder.llm.interpret import Turn, UnusableReading, interpret
from responder.llm.reply import Call
from tests.unit.llm.turn import TUESDAY_15, WEDNESDAY_1230, context, offering, salon

SALON = salon()


def read(tool: str, words: str = "", state: DialogueState | None = None, **arguments: Any) -> Meaning:
    return read_all([Call(tool, arguments)], words, state=state)


def read_all(calls: list[Call], words: str = "", *, state: DialogueState | None = None) -> Meaning:
    state = state or offering()
    turn = Turn(salon=SALON, state=state, context=context(state), words=words, today=date(2026, 11, 23))
    return interpret(calls, turn)


def test_keys_the_salon_does_not_have_are_dropped() -> None:
    """An unknown service, specialist or knowledge item is as if not said."""
    said = read("understand_request", intents=["book"], service_key="botox", specialist_key="elena")
    assert (said.intents, said.service, said.specialist) == (frozenset({Intent.BOOK}), None, None)
    assert read("answer_question", knowledge_key="secrets", text=None).knowledge is None


def test_intents_that_do_not_exist_are_dropped() -> None:
    """One invented intent does not cost the rest; choosing, people and risk cannot be smuggled in as intents."""
    assert read("understand_request", intents=["price", "fly", "choose", "human"]).intents == {Intent.PRICE}


def test_an_empty_request_is_not_understood() -> None:
    """A request in which the LLM found nothing says that nothing was made of the words."""
    assert not read("understand_request", intents=[], wishes=[]).understood
    assert read("understand_request", intents=["greet"]).understood


def test_only_offered_tokens_can_be_chosen() -> None:
    """A token from elsewhere, a time in its place, or two tokens at once refuse the whole reading."""
    assert read("choose_offer", offer_token=TUESDAY_15.token).offer_token == TUESDAY_15.token
    for token in ("t-0000", "15:00", "1", ""):
        with pytest.raises(UnusableReading):
            read("choose_offer", offer_token=token)
    both = [Call("choose_offer", {"offer_token": offer.token}) for offer in (TUESDAY_15, WEDNESDAY_1230)]
    with pytest.raises(UnusableReading):
        read_all(both)


@pytest.mark.parametrize(
    "arguments",
    [
        {"wishes": [{"date_from": "tomorrow"}]},
        {"wishes": [{"exact_time": "25:00"}]},
        {"wishes": "evening"},
        {"service_key": 5},
    ],
)
def test_arguments_of_the_wrong_shape_refuse_the_reading(arguments: dict[str, Any]) -> None:
    """What does not parse is not guessed at, and the reason names the field, not its value."""
    with pytest.raises(UnusableReading) as refused:
        read("understand_request", **arguments)
    assert "understand_request" in str(refused.value)
    assert "evening" not in str(refused.value)


@pytest.mark.parametrize(
    "wish",
    [
        {"date_from": "2026-11-20"},
        {"date_from": "2028-01-01"},
        {"date_from": "2026-11-27", "date_to": "2026-11-25"},
        {"time_from": "18:00", "time_to": "12:00"},
        {"date_from": None, "exact_time": "", "asap": None},
    ],
)
def test_an_impossible_wish_is_dropped(wish: dict[str, Any]) -> None:
    """A wish in the past, too far ahead, the wrong way round or empty is no wish."""
    assert read("understand_request", intents=["book"], wishes=[wish]).wishes == ()


def test_a_wish_keeps_its_days_and_times() -> None:
    """What the customer wants arrives as local dates and times; an equal span of time is an exact one."""
    said = read(
        "understand_request",
        wishes=[
            {"date_from": "2026-11-25", "date_to": "2026-11-26", "time_from": "18:00"},
            {"time_from": "15:00", "time_to": "15:00:00"},
        ],
    )
    assert said.wishes == (
        Wish(date_from=date(2026, 11, 25), date_to=date(2026, 11, 26), time_from=time(18)),
        Wish(exact_time=time(15)),
    )


@pytest.mark.parametrize(
    ("words", "name", "kept"),
    [
        ("меня зовут ирина", "Ирина", True),
        ("Запишите дочку, Юлю", "Юля", True),
        ("Запишите Ивана Петрова", "Иван Петров", True),
        ("I'm Mary-Jane", "Mary-Jane", True),
        ("хочу маникюр", "Ирина", False),
        ("хочу к Анне", "Анна", False),
        ("меня зовут ирина", "Ирина'); DROP TABLE", False),
        ("8 912", "8 912", False),
        ("ирина " * 30, "ирина " * 30, False),
    ],
)
def test_a_name_must_be_the_customers_own_words(words: str, name: str, kept: bool) -> None:
    """A name counts only if the customer wrote it and it is no specialist's."""
    assert read("understand_request", words, name=name).name == (name if kept else None)


def test_a_namesake_of_a_specialist_may_give_her_name() -> None:
    """Asked for the name, a customer may be called like a specialist."""
    assert read("understand_request", "Анна", offering(asked=Asked.NAME), name="Анна").name == "Анна"


@pytest.mark.parametrize(
    ("reason", "intent", "risk"),
    [
        ("asked", Intent.HUMAN, None),
        ("complaint", Intent.COMPLAINT, None),
        ("medical", Intent.RISK, "medical"),
        ("legal", Intent.RISK, "legal"),
        ("danger", Intent.RISK, "danger"),
    ],
)
def test_reasons_for_a_person_become_intents(reason: str, intent: Intent, risk: str | None) -> None:
    """Why a person must answer arrives as the intents the rules use."""
    said = read("hand_to_person", reason=reason)
    assert intent in said.intents
    assert said.risk == risk


def test_silence_gives_way_to_anything_said() -> None:
    """ "No reply needed" beside a request or a question does not silence it."""
    calls = [Call("no_reply_needed", {}), Call("understand_request", {"intents": ["thanks", "price"]})]
    assert not read_all(calls).needs_no_reply
    assert read_all([Call("no_reply_needed", {}), Call("understand_request", {"intents": ["thanks"]})]).needs_no_reply
