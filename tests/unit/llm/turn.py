"""One turn that the tests of this folder share: a salon with telling texts, two offers, a Monday morning."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from responder.dialogue.meaning import Asked, Context, Offered
from responder.dialogue.state import DialogueState, Offer
from responder.salon.profile import KnowledgeItem, SalonProfile
from tests.factories import ZONE, day, localised, salon_profile, weekly

NOW = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)  # Monday, 10:00 in the salon
TUESDAY_15 = Offer(token="t-7f3a", specialist="anna", starts_at=datetime(2026, 11, 24, 10, 0, tzinfo=UTC))
WEDNESDAY_1230 = Offer(token="t-b41c", specialist="maria", starts_at=datetime(2026, 11, 25, 7, 30, tzinfo=UTC))
OFFERS = (TUESDAY_15, WEDNESDAY_1230)


def salon() -> SalonProfile:
    """Open 10-21, Sunday closed; its texts hold one URL, one discount, one span of weeks, free parking."""
    base = salon_profile()
    long = day("10:00-21:00")
    return replace(
        base,
        hours=weekly(ZONE, mon=long, tue=long, wed=long, thu=long, fri=long, sat=long),
        knowledge=(
            *base.knowledge,
            KnowledgeItem(
                key="wear",
                questions=("сколько держится гель-лак", "how long does gel polish last"),
                answer=localised("Гель-лак держится 2–3 недели.", "Gel polish lasts 2-3 weeks."),
            ),
            KnowledgeItem(
                key="students",
                questions=("есть ли скидка студентам", "student discount"),
                answer=localised(
                    "Студентам по вторникам скидка 10 %, правила на primer-salon.ru/student.",
                    "Students get a 10 % discount on Tuesdays, see primer-salon.ru/student.",
                ),
            ),
        ),
    )


def offering(**changes: object) -> DialogueState:
    """A manicure asked for, two times offered, a choice awaited."""
    return DialogueState(asked=Asked.CHOICE, language="ru", service="manicure", offers=OFFERS).but(**changes)


def context(state: DialogueState, **changes: object) -> Context:
    offers = tuple(
        Offered(
            token=offer.token,
            day=offer.starts_at.astimezone(ZONE).date(),
            at=offer.starts_at.astimezone(ZONE).time(),
            specialist=offer.specialist,
        )
        for offer in state.offers
    )
    made = Context(asked=state.asked, offers=offers, language=state.language or "ru", service=state.service)
    return replace(made, **changes)  # type: ignore[arg-type]
