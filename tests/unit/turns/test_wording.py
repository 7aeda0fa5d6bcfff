"""Figures the way people read them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from responder.turns.wording import Voice
from tests.unit.turns.test_decide import NOW, SALON


@pytest.mark.parametrize(
    ("currency", "language", "said"),
    [
        ("RUB", "ru", "1\xa0800\xa0₽"),
        ("RUB", "en", "RUB\xa01,800"),
        ("GBP", "en", "£1,800"),
    ],
)
def test_a_price_reads_well_in_every_language(currency: str, language: str, said: str) -> None:
    """A sign stands at the figure, letters stand apart from it."""
    salon = replace(SALON, currency=currency, language=language)
    assert Voice(salon, language, now=NOW).price(SALON.services[0]) == said


def test_several_services_are_named_in_one_breath() -> None:
    """Joined as people say it, the later ones in small letters unless they are letters themselves."""
    spa = replace(SALON.services[0], name=replace(SALON.services[0].name, by_language={"ru": "SPA-уход"}))
    voice = Voice(SALON, "ru", now=NOW)
    assert voice.services(SALON.services[3:5]) == "Маникюр и педикюр"
    assert voice.services((*SALON.services[3:5], spa)) == "Маникюр, педикюр и SPA-уход"
    assert voice.services(()) == ""
