"""What was expected against what came: each difference in words that say both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from responder.dialogue.meaning import Asked
from responder.dialogue.state import DialogueState
from responder.evals.schema import Ending, Expectation, Offers, Times, VisitPart, day_of
from responder.evals.stage import Line
from responder.salon.profile import SalonProfile


@dataclass(frozen=True, kw_only=True, slots=True)
class Came:
    """What one step brought."""

    replies: Sequence[Line]
    state: DialogueState
    handoffs: Sequence[str]  # reasons, of this step
    visits: Sequence[Mapping[str, Any]]
    salon: SalonProfile
    today: date  # the day of the talk's beginning: what `tomorrow` is seen from

    @property
    def text(self) -> str:
        return "\n".join(line.text for line in self.replies)

    @property
    def offers(self) -> list[dict[str, Any]]:
        """Slots offered to choose from."""
        if self.state.asked is not Asked.CHOICE:
            return []
        return [{"starts_at": offer.starts_at, "specialist": offer.specialist} for offer in self.state.offers]


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """How the talk stood at its end."""

    visits: Sequence[Mapping[str, Any]]
    handoffs: Sequence[str]
    texts: Sequence[str]
    state: DialogueState
    name: str | None
    phone: str | None
    is_spam: bool
    salon: SalonProfile
    today: date


def differences(wanted: Expectation, came: Came) -> Iterator[str]:
    """What one step brought that was not wanted, or the other way round."""
    if wanted.silent is not None and wanted.silent is bool(came.replies):
        yield "something was said, and nothing should have been" if wanted.silent else "nothing was said"
    if wanted.asks is not None and came.state.asked not in wanted.asks:
        yield f"asked for {came.state.asked}, not for {' or '.join(wanted.asks)}"
    if wanted.offers is not None:
        yield from _of_offers(wanted.offers, came)
    yield from _of_words(wanted.says, wanted.never_says, [came.text])
    if wanted.handed_over is not None:
        yield from _of_handoffs(wanted.handed_over, came.handoffs)
    if wanted.booked is not None:
        is_booked = any(visit["state"] == "booked" for visit in came.visits)
        if is_booked is not wanted.booked:
            yield "nothing is booked yet" if wanted.booked else "a visit is booked already"


def final_differences(wanted: Ending, ended: Ended) -> Iterator[str]:
    """How the talk ended otherwise than wanted."""
    booked = [visit for visit in ended.visits if visit["state"] == "booked"]
    if wanted.booked is True and not booked:
        yield "nothing is booked"
    elif wanted.booked is False and booked:
        yield f"booked although nothing should be: {', '.join(_visit(visit, ended.salon) for visit in booked)}"
    elif isinstance(wanted.booked, tuple):
        yield from _of_visits(wanted.booked, booked, ended)
    if wanted.cancelled is not None:
        is_cancelled = any(visit["state"] == "cancelled" for visit in ended.visits)
        if is_cancelled is not wanted.cancelled:
            yield "no visit was cancelled" if wanted.cancelled else "a visit was cancelled"
    if wanted.handed_over is not None:
        yield from _of_handoffs(wanted.handed_over, ended.handoffs)
    if wanted.spam is not None and wanted.spam is not ended.is_spam:
        yield "was not taken for advertising" if wanted.spam else "was taken for advertising"
    if wanted.language is not None and ended.state.language != wanted.language:
        yield f"the language is {ended.state.language}, not {wanted.language}"
    for what, given, found in (("name", wanted.name, ended.name), ("phone", wanted.phone, ended.phone)):
        if given is not None and given != found:
            yield f"the {what} is {found or 'unknown'}, not {given}"
    yield from _of_words(wanted.says, wanted.never_says, ended.texts)


def _of_words(says: Sequence[str], never_says: Sequence[str], texts: Sequence[str]) -> Iterator[str]:
    text = "\n".join(texts).casefold().replace("\xa0", " ")
    for phrase in says:
        if not any(one.strip() in text for one in phrase.casefold().split("|")):
            yield f"did not say “{phrase}”"
    for phrase in never_says:
        if phrase.casefold() in text:
            yield f"said “{phrase}”"


def _of_handoffs(wanted: bool | str, reasons: Sequence[str]) -> Iterator[str]:
    if isinstance(wanted, bool):
        if wanted is not bool(reasons):
            yield "was not handed to a person" if wanted else f"was handed to a person ({', '.join(reasons)})"
    elif wanted not in reasons:
        yield f"was not handed to a person for {wanted} ({', '.join(reasons) or 'not at all'})"


def _of_offers(wanted: Offers, came: Came) -> Iterator[str]:
    offers = came.offers
    if wanted.count is not None and len(offers) != wanted.count:
        yield f"offered {len(offers)} times, not {wanted.count}"
    elif wanted.count is None and len(offers) < wanted.at_least:
        yield f"offered {len(offers)} times, not at least {wanted.at_least}"
    for offer in offers:
        if wrong := list(_misfits(wanted, offer, came.salon, came.today)):
            yield f"offered {_visit(offer, came.salon)}: {', '.join(wrong)}"


def _of_visits(wanted: Sequence[VisitPart], booked: Sequence[Mapping[str, Any]], ended: Ended) -> Iterator[str]:
    if len(booked) != len(wanted):
        found = ", ".join(_visit(visit, ended.salon) for visit in booked) or "none"
        yield f"{len(booked)} visits are booked, not {len(wanted)}: {found}"
        return
    left = list(booked)
    for part in wanted:
        best = min(left, key=lambda visit: len(list(_visit_misfits(part, visit, ended))))
        left.remove(best)
        if wrong := list(_visit_misfits(part, best, ended)):
            yield f"booked {_visit(best, ended.salon)}: {', '.join(wrong)}"


def _visit_misfits(part: VisitPart, visit: Mapping[str, Any], ended: Ended) -> Iterator[str]:
    yield from _misfits(part, visit, ended.salon, ended.today)
    if part.service is not None and visit["service"] != part.service:
        yield f"the service is {visit['service']}, not {part.service}"
    if part.also is not None and sorted(visit["also_services"]) != sorted(part.also):
        yield f"also {', '.join(visit['also_services']) or 'nothing'}, not {', '.join(part.also)}"
    for what, given, found in (("name", part.name, ended.name), ("phone", part.phone, ended.phone)):
        if given is not None and given != found:
            yield f"the {what} is {found or 'unknown'}, not {given}"


def _misfits(wanted: Times, found: Mapping[str, Any], salon: SalonProfile, today: date) -> Iterator[str]:
    local = _local(found["starts_at"], salon)
    if wanted.day is not None and local.date() != day_of(wanted.day, today):
        yield f"the day is not {wanted.day}"
    if wanted.time is not None and local.time() != wanted.time:
        yield f"the time is not {wanted.time:%H:%M}"
    if wanted.earliest is not None and local.time() < wanted.earliest:
        yield f"before {wanted.earliest:%H:%M}"
    if wanted.latest is not None and local.time() > wanted.latest:
        yield f"after {wanted.latest:%H:%M}"
    if wanted.specialist is not None and found["specialist"] != wanted.specialist:
        yield f"with {found['specialist']}, not {wanted.specialist}"


def _local(instant: datetime, salon: SalonProfile) -> datetime:
    return instant.astimezone(salon.zone)


def _visit(visit: Mapping[str, Any], salon: SalonProfile) -> str:
    named = f"{visit['service']} " if "service" in visit else ""
    return f"{named}{_local(visit['starts_at'], salon):%a %d %b %H:%M} with {visit['specialist']}"
