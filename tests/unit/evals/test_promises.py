"""A reply that says what no fact bears out is found, whoever worded it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from responder.dialogue.state import DialogueState, Offer
from responder.evals.promises import Said, broken_promises
from tests.factories import salon_profile

NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)
FREE = datetime(2026, 11, 25, 10, tzinfo=UTC)  # 15:00 at the salon
OFFERING = DialogueState(language="ru", offers=(Offer(token="t", specialist="anna", starts_at=FREE),))
VISIT = {"state": "booked", "starts_at": FREE, "specialist": "anna", "service": "manicure", "also_services": []}


def said(text: str, **changes: Any) -> Said:
    return replace(
        Said(
            salon=salon_profile(),
            text=text,
            now=NOW,
            before=DialogueState(language="ru"),
            after=OFFERING,
            decision="offer",
            words=(),
            visits=(),
        ),
        **changes,
    )


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("Есть время завтра в 15:00.", {}),
        ("Готово, вы записаны: завтра, 25 ноября, в 15:00.", {"decision": "booked", "visits": (VISIT,)}),
        ("Ваш номер +7 912 345-67-89?", {"words": ("мой номер 8 912 345-67-89",)}),
    ],
)
def test_what_is_true_passes(text: str, changes: dict[str, Any]) -> None:
    """Offers, visits in the book and the customer's own words are facts."""
    assert list(broken_promises(said(text, **changes))) == []


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("Есть время завтра в 16:00.", {}),
        ("Вы записаны на завтра в 15:00.", {}),
        ("Готово, вы записаны: завтра, 25 ноября, в 15:00.", {"decision": "booked"}),
        ("Позвоните Анне: +7 912 345-67-89", {}),
        ("Это стоит 77 рублей.", {}),
        ("Запись отменена.", {"visits": (VISIT,)}),
    ],
)
def test_what_nothing_bears_out_is_found(text: str, changes: dict[str, Any]) -> None:
    """A time nobody offered, a booking no row says, a number nobody gave, a price of nothing."""
    assert list(broken_promises(said(text, **changes))) != []
