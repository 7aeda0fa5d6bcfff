"""Phone numbers: every habit of writing, nothing that is none."""

from __future__ import annotations

import pytest

from responder.understanding.phones import PhoneReader
from responder.understanding.tokens import clean


@pytest.mark.parametrize(
    "text",
    [
        "89123456789",
        "8 912 345 67 89",
        "8-912-345-67-89",
        "8(912)345-67-89",
        "+7 (912) 345-67-89",
        "+79123456789",
        "7 912 345 6789",
        "9123456789",
        "912 345-67-89",
        "мой номер 8912 345 6789, звоните",
        "тел.89123456789",
    ],
)
def test_every_way_of_writing(text: str) -> None:
    """A Russian mobile number is E.164 however it was typed."""
    assert PhoneReader("RU").read(clean(text)).numbers == ("+79123456789",)


@pytest.mark.parametrize(
    "text",
    [
        "1500 рублей",
        "25.11.2026 15:30",
        "25.11.2026",
        "2026-11-25",
        "10.00 - 12.30",
        "номер заказа 9123456789",
        "карта 2200 1234 5678 9012",
        "15 000 руб",
        "12:30",
        "с 10 до 12",
    ],
)
def test_what_is_no_phone(text: str) -> None:
    """Prices, dates, hours, order and card numbers are neither phones nor bad phones."""
    phones = PhoneReader("RU").read(clean(text))

    assert (phones.numbers, phones.bad) == ((), None)


@pytest.mark.parametrize("text", ["8912345678", "+7 912 345 67", "8 912 345 67 891"])
def test_almost_a_phone_is_bad(text: str) -> None:
    """Digits that look like a phone and are not valid are given back to be corrected."""
    phones = PhoneReader("RU").read(clean(text))

    assert (phones.numbers, phones.bad) == ((), text)


@pytest.mark.parametrize(
    "text",
    [
        "плюс семь девятьсот двенадцать триста сорок пять шестьдесят семь восемьдесят девять",
        "восемь девятьсот двенадцать триста сорок пять шестьдесят семь восемьдесят девять",
        "мой номер восемь девять один два три четыре пять шесть семь восемь девять",
        "девятьсот двенадцать, триста сорок пять, шестьдесят семь, восемьдесят девять",
        "8 912 триста сорок пять 67 89",
        "plus seven nine one two three four five six seven eight nine",
        "eight nine one two three four five six seven eight nine",
        "it is nine one two, three four five, six seven, eight nine",
    ],
)
def test_a_phone_in_words(text: str) -> None:
    """A phone that voice typing spelled out is a phone, in hundreds, in pairs or digit by digit."""
    phones = PhoneReader("RU").read(clean(text))

    assert phones.numbers == ("+79123456789",)


@pytest.mark.parametrize(
    ("country", "text", "number"),
    [
        ("GB", "oh seven nine one one one two three four five six", "+447911123456"),
        ("GB", "oh seven nine double one one two three four five six", "+447911123456"),
        ("GB", "my number is oh seven nine triple one two three four five six", "+447911123456"),
        ("RU", "plus four four twenty seven nine four six oh nine five eight", "+442079460958"),
        ("US", "four one five five five five two six seven one", "+14155552671"),
    ],
)
def test_habits_of_saying_figures(country: str, text: str, number: str) -> None:
    """ "Oh" is a nought, "double" and "triple" repeat, tens add up only where the number needs it."""
    assert PhoneReader(country).read(clean(text)).numbers == (number,)


@pytest.mark.parametrize(
    "text",
    [
        "запишите на завтра на пять тридцать",
        "в шесть сорок пять или в семь двадцать",
        "с двенадцати до двух, с трех до пяти",
        "one two three",
        "нас двое, три или четыре человека",
        "at five thirty or six fifteen",
    ],
)
def test_hours_in_words_are_no_phone(text: str) -> None:
    """A few numbers in words are hours or amounts."""
    phones = PhoneReader("RU").read(clean(text))

    assert (phones.numbers, phones.bad, phones.spans) == ((), None, ())


def test_a_phone_in_words_too_short_is_shown_in_figures() -> None:
    """Words that make no valid number are given back as the figures that were heard."""
    assert PhoneReader("RU").read("восемь девять один два три четыре пять", is_asked=True).bad == "8912345"


def test_an_answer_may_be_shorter() -> None:
    """When a phone was asked for, a few digits are an attempt at one; otherwise they are not."""
    assert PhoneReader("RU").read("12345", is_asked=True).bad == "12345"
    assert PhoneReader("RU").read("12345").bad is None


@pytest.mark.parametrize(
    ("country", "text", "number"),
    [
        ("US", "(415) 555-2671", "+14155552671"),
        ("RU", "+44 7911 123456", "+447911123456"),
        ("KZ", "8 701 234 56 78", "+77012345678"),
    ],
)
def test_other_countries(country: str, text: str, number: str) -> None:
    """The salon's country is dialled without a prefix, others with one."""
    assert PhoneReader(country).read(text).numbers == (number,)


def test_spans_cover_the_digits() -> None:
    """The span of a phone covers all its digits, so that none is read as an hour."""
    text = "в 5, тел 8 912 345-67-89"

    (span,) = PhoneReader("RU").read(text).spans

    assert text[slice(*span)].strip() == "8 912 345-67-89"
