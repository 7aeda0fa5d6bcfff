"""Whether every statement of a reply is borne out by facts: the guard of the LLM path, over the rules' words too, and
what the appointment book itself says.

The facts of a turn are the salon's own, what was offered or chosen before and after it, the visits of this customer
and what the customer said; `booked`, `cancelled` and the like may be claimed only where a row says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from responder.dialogue.state import DialogueState
from responder.llm.facts import Facts
from responder.llm.guard import violations
from responder.salon.profile import SalonProfile
from responder.turns.wording import phrases

MAX_CHARS = 4_000  # of a reply; messengers carry more
_BLANK = re.compile(r"\{\w+\}")
SETTLED = frozenset({"booked", "moved"})  # decisions that tell the customer of a visit

VISITS = """
SELECT a.state, a.starts_at, sp.key AS specialist, sv.key AS service, a.also_services
FROM appointment a JOIN specialist sp ON sp.id = a.specialist_id JOIN service sv ON sv.id = a.service_id
WHERE a.thread_id = %(thread)s ORDER BY a.id
"""

# an offer is kept by nobody until it is chosen, so it must be free at the moment it is made
TAKEN = """
SELECT 1 FROM appointment a JOIN specialist sp ON sp.id = a.specialist_id
WHERE a.salon_id = %(salon)s AND sp.key = %(specialist)s AND a.thread_id IS DISTINCT FROM %(thread)s
  AND (a.state = 'booked' OR a.state = 'held' AND a.hold_until > %(now)s) AND a.busy @> %(starts_at)s::timestamptz
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """A reply, and the world it was said in."""

    salon: SalonProfile
    text: str
    now: datetime
    before: DialogueState
    after: DialogueState
    decision: str
    words: Sequence[str]  # of the customer, so far
    visits: Sequence[dict[str, Any]]  # rows of `VISITS`


def _set_phrases(language: str | None) -> Iterator[str]:
    """What the product itself says to whoever needs a person: "if it is urgent, call 112"."""
    book = phrases(language or "ru")
    return (part for name, phrase in book.items() if name.startswith("handoff") for part in _BLANK.split(phrase))


def broken_promises(said: Said) -> Iterator[str]:
    """Each statement of the reply that nothing bears out, in words."""
    states = {row["state"] for row in said.visits}
    times = [row["starts_at"] for row in said.visits]
    opens = said.salon.hours.next_opening(said.now)
    times += [] if opens is None else [opens]
    times += [offer.starts_at for offer in (*said.before.offers, said.before.chosen) if offer is not None]
    claims = {"available"} if said.after.offers or said.after.chosen or times else set()
    claims |= {"booked"} if states & {"booked", "came"} else set()
    claims |= {"cancelled"} if "cancelled" in states else set()
    facts = Facts.of(
        salon=said.salon,
        now=said.now,
        state=said.after,
        extra_times=times,
        extra_dates=[day for wish in said.before.wishes for day in (wish.date_from, wish.date_to) if day],
        extra_texts=[*(word for word in said.words if word), *_set_phrases(said.after.language)],
        may_claim=claims,
        max_chars=MAX_CHARS,
    )
    yield from violations(said.text, facts)
    if said.decision in SETTLED and not any(row["state"] == "booked" for row in said.visits):
        yield "booked: the appointment book has no such visit"
