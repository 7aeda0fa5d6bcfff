"""What is hidden from the LLM, and what is not mistaken for it."""

from __future__ import annotations

import pytest

from responder.llm.contacts import mask, same_phone


@pytest.mark.parametrize(
    "phone",
    [
        "+7 912 345-67-89",
        "89123456789",
        "8 (912) 345 67 89",
        "8(912)345-67-89",
        "(912) 345-67-89",
        "8-912-345-67-89",
        "8.912.345.67.89",
        "7912 345 67 89",
        "+44 20 7946 0958",
        "+1 (415) 555-0132",
        "351 200-00-00",
        "200-00-00",
        "2000000",
        "９１２３４５６７８９０",
    ],
)
@pytest.mark.parametrize("around", ["{}", "мой номер {}, жду", "тел.{}", "({})", "Анна {}\nзавтра в 15:00"])
def test_phones_are_hidden(phone: str, around: str) -> None:
    """A phone is replaced in every usual spelling, and nothing around it changes."""
    assert mask(around.format(phone)) == around.format("[phone]")


def test_mail_and_cards_are_hidden() -> None:
    """E-mail addresses and card numbers have placeholders of their own."""
    assert mask("почта a.b+c@mail.ru") == "почта [email]"
    assert mask("карта 4276 1234 5678 9010") == "карта [card]"


@pytest.mark.parametrize(
    "text",
    [
        "завтра в 15:00 или в 16:30",
        "25.11.2026 в 14:00",
        "25.11.26 14.30",
        "2026-11-25 14:00",
        "с 10:00 до 21:00",
        "10.00 11.30 12.00",
        "1 500 - 2 000 рублей",
        "150 000 рублей",
        "дом 12, кв. 45, код 1234",
        "нас 2, детям 5 и 7 лет",
        "",
    ],
)
def test_times_dates_and_prices_stay(text: str) -> None:
    """What the LLM must read is left as it is."""
    assert mask(text) == text


@pytest.mark.parametrize(
    ("said", "is_same"),
    [("73512000000", True), ("83512000000", True), ("3512000000", True), ("2000000", True), ("93512000000", False)],
)
def test_a_phone_of_another_country_is_another_phone(said: str, is_same: bool) -> None:
    """The country may be left out or replaced by a trunk prefix, not by another country."""
    assert same_phone(said, "73512000000") is is_same
