"""A salon in the lines that the LLM is sent."""

from __future__ import annotations

from dataclasses import replace

from responder.llm.salon_text import MAX_SERVICES, salon_texts
from tests.factories import service
from tests.unit.llm.turn import salon

SALON = salon()


def test_prices_say_what_kind_they_are() -> None:
    """One price, a range, "from" and none are told apart without words of any language."""
    lines = salon_texts(SALON, "ru")["services"].splitlines()
    prices = {line.split(" | ")[0]: line.split(" | ")[3] for line in lines}
    assert prices == {
        "womens_haircut": "1800",
        "mens_haircut": "1200",
        "colouring": "4500-9000",
        "manicure": "2000",
        "pedicure": ">= 2500",
    }
    free = replace(SALON, services=(service("consultation", "Консультация", "Consultation"),))
    assert " | 60 | - | " in salon_texts(free, "ru")["services"]


def test_lists_are_in_the_language_asked_for() -> None:
    """Names and answers come in the language of the instructions, other names follow."""
    texts = salon_texts(SALON, "en")
    assert texts["services"].splitlines()[3].startswith("manicure | Manicure | 90 | 2000 | Маникюр")
    assert "There is free parking" in texts["knowledge"]
    assert texts["hours"].splitlines()[0] == "Mon 10:00-21:00"


def test_a_very_long_list_is_cut() -> None:
    """A salon with a thousand services does not fill the model's memory with them."""
    many = tuple(service(f"s{n}", f"Услуга {n}", f"Service {n}") for n in range(1_000))
    assert len(salon_texts(replace(SALON, services=many), "ru")["services"].splitlines()) == MAX_SERVICES


def test_an_empty_salon_has_dashes() -> None:
    """A list with nothing in it says so."""
    bare = replace(SALON, services=(), specialists=(), knowledge=(), addresses=())
    texts = salon_texts(bare, "ru")
    assert [texts[name] for name in ("services", "specialists", "knowledge", "addresses")] == ["-"] * 4
