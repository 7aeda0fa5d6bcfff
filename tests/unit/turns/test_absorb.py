"""New wishes meet earlier ones: what was not said again stays, what was said anew goes."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest

from responder.dialogue.meaning import Asked, Meaning, Wish
from responder.dialogue.state import DialogueState
from responder.turns import flow
from responder.turns.absorb import absorb
from tests.factories import ZONE

TOMORROW, SATURDAY, SUNDAY = date(2026, 11, 24), date(2026, 11, 28), date(2026, 11, 29)
EVENING = {"time_from": time(18), "time_to": time(23, 59)}
MORNING = {"time_from": time(6), "time_to": time(12)}


def day(on: date, **slots: time | bool) -> Wish:
    return Wish(date_from=on, date_to=on, **slots)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("earlier", "said", "kept"),
    [
        # "завтра вечером", "а в субботу?"
        ([day(TOMORROW, **EVENING)], [day(SATURDAY)], [day(SATURDAY, **EVENING)]),
        # "а в субботу утром?"
        ([day(TOMORROW, **EVENING)], [day(SATURDAY, **MORNING)], [day(SATURDAY, **MORNING)]),
        # "в любое время в субботу"
        ([day(TOMORROW, **EVENING)], [day(SATURDAY, asap=True)], [day(SATURDAY, asap=True)]),
        # "завтра вечером", "а утром?"
        ([day(TOMORROW, **EVENING)], [Wish(**MORNING)], [day(TOMORROW, **MORNING)]),
        # "завтра или в субботу вечером", "а в воскресенье?"
        ([day(TOMORROW, **EVENING), day(SATURDAY, **EVENING)], [day(SUNDAY)], [day(SUNDAY, **EVENING)]),
        # "завтра вечером или в субботу утром", "а в воскресенье?": which of the two is not known
        ([day(TOMORROW, **EVENING), day(SATURDAY, **MORNING)], [day(SUNDAY)], [day(SUNDAY)]),
        # "завтра вечером", "а в субботу или воскресенье?"
        (
            [day(TOMORROW, **EVENING)],
            [day(SATURDAY), day(SUNDAY)],
            [day(SATURDAY, **EVENING), day(SUNDAY, **EVENING)],
        ),
        # "завтра вечером", "как можно скорее"
        ([day(TOMORROW, **EVENING)], [Wish(asap=True)], [Wish(asap=True)]),
    ],
)
def test_what_was_not_said_again_stays(earlier: list[Wish], said: list[Wish], kept: list[Wish]) -> None:
    """A day keeps the time named before it, a time the day; "any time" keeps none."""
    state = DialogueState(service="manicure", wishes=tuple(earlier), asked=Asked.CHOICE)
    merged, is_progress = absorb(state, Meaning(wishes=tuple(said)), ZONE)
    assert merged.wishes == tuple(kept)
    assert is_progress


def test_anybody_without_a_service_books_nothing() -> None:
    """ "Is anybody there?" is no choice of a specialist; with a service named before, "anybody" is."""
    said = Meaning(any_specialist=True)
    assert not absorb(DialogueState(), said, ZONE)[1]
    assert absorb(DialogueState(service="manicure"), said, ZONE)[1]


def test_a_bare_time_is_meant_for_the_day_spoken_of() -> None:
    """Sunday was wished for, Saturday was chosen instead; "and at ten?" is Saturday at ten."""
    chosen = flow.offer_of("olga", datetime.combine(SATURDAY, time(12), tzinfo=ZONE))
    for state in (
        DialogueState(service="manicure", wishes=(day(SUNDAY),), chosen=chosen, asked=Asked.PHONE),
        DialogueState(service="manicure", wishes=(day(SUNDAY),), offers=(chosen,), asked=Asked.CHOICE),
    ):
        merged, _ = absorb(state, Meaning(wishes=(Wish(exact_time=time(10)),)), ZONE)
        assert merged.wishes == (day(SATURDAY, exact_time=time(10)),)
