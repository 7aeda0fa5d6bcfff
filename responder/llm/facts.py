"""What is true in this turn: the only times, days, amounts, contacts and promises a reply may contain.

Made from the salon's profile (once per revision and day), the dialogue's state and whatever the caller vouches for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time

from responder.dialogue.state import DialogueState
from responder.hours import OpeningHours
from responder.llm.claims import Kind, Mention
from responder.llm.guard_patterns import PROMISES
from responder.llm.search import extract
from responder.llm.sources import Source, source_of_names, source_of_text, sources_of
from responder.llm.spelling import folded, normalise
from responder.salon.profile import Localised, SalonProfile, Service, Specialist

PROMISE_KINDS = frozenset(PROMISES)
_QUOTE_FROM = 12  # characters: a shorter text of the salon is no quotation when it occurs in a reply
_NOTHING_KNOWN = DialogueState()


@dataclass(frozen=True, kw_only=True)
class Facts:
    """`moments` are local date and time together, `free_times` hold on any day."""

    salon: SalonProfile
    today: date
    hours: OpeningHours
    moments: frozenset[tuple[date, time]] = frozenset()
    offered: Mapping[tuple[date, time], frozenset[str]] = field(default_factory=dict)  # stems of who is offered then
    free_times: frozenset[time] = frozenset()
    specialists: tuple[tuple[frozenset[str], OpeningHours], ...] = ()  # stems of the names, when they work
    days: frozenset[date] = frozenset()  # what the dialogue is about, today included
    dates: frozenset[date] = frozenset()  # those, holidays and dates in the salon's texts
    weekdays: frozenset[int] = frozenset()  # in the salon's texts
    prices: frozenset[float] = frozenset()
    text_prices: frozenset[float] = frozenset()
    service_prices: tuple[tuple[tuple[str, ...], frozenset[float]], ...] = ()  # stems of the name, its prices
    percents: frozenset[float] = frozenset()
    minutes: frozenset[float] = frozenset()
    numbers: frozenset[float] = frozenset()
    phones: frozenset[str] = frozenset()
    links: frozenset[str] = frozenset()  # e-mail and web addresses, handles
    people: frozenset[str] = frozenset()  # stems
    quotes: tuple[str, ...] = ()  # texts of the salon: quoted word for word, they are true
    texts: tuple[str, ...] = ()  # all of them, lower case
    sources: tuple[Source, ...] = ()  # what the salon says, thing by thing
    roots: frozenset[str] = frozenset()  # of all its words
    may_claim: frozenset[str] = frozenset()
    max_chars: int = 1_000

    @staticmethod
    def of(
        *,
        salon: SalonProfile,
        now: datetime,
        state: DialogueState | None = None,
        extra_times: Iterable[datetime | time] = (),
        extra_dates: Iterable[date] = (),
        extra_texts: Iterable[str] = (),
        may_claim: Collection[str] = (),
        with_wishes: bool = True,
        max_chars: int = 1_000,
    ) -> Facts:
        """The facts of a turn.

        `extra_times` are instants (aware) or local times of any day; `extra_texts` are texts whose every statement is
        true; `may_claim` names kinds of `PROMISE_KINDS` that hold ("booked" and "available" also follow from the
        state). Without wishes, the times the customer asked for are no facts: they are wanted, not free.
        """
        state = state or _NOTHING_KNOWN
        facts = _of_salon(salon, now.astimezone(salon.zone).date())
        said = list(extra_texts)
        sources = [source_of_text(text, facts.today) for text in said]
        if state.name:
            sources.append(source_of_names(state.name, is_customer=True))
        facts = _with_sources(_with_texts(facts, said), sources)
        extras = list(extra_times)
        instants = [extra for extra in extras if isinstance(extra, datetime)]
        visits = [state.visit.starts_at] if state.visit is not None else []
        instants += [kept.starts_at for kept in (*state.offers, state.chosen) if kept is not None] + visits
        local = [instant.astimezone(salon.zone) for instant in instants]
        times = {extra for extra in extras if not isinstance(extra, datetime)}
        days = {facts.today, *extra_dates, *(moment.date() for moment in local)}
        for wish in state.wishes if with_wishes else ():
            times.update(at for at in (wish.exact_time, wish.time_from, wish.time_to) if at is not None)
            days.update(day for day in (wish.date_from, wish.date_to) if day is not None)
        implied = (["booked"] if state.is_booked else []) + (["available"] if instants and instants != visits else [])
        return replace(
            facts,
            moments=frozenset((moment.date(), moment.time().replace(second=0, microsecond=0)) for moment in local),
            offered=_offered(salon, state),
            free_times=facts.free_times | times,
            days=frozenset(days),
            dates=facts.dates | days,
            numbers=facts.numbers | {float(count) for count in range(1, max(len(state.offers), 1) + 1)},
            phones=facts.phones | ({state.phone.lstrip("+")} if state.phone else frozenset()),
            may_claim=frozenset({*may_claim, *implied}),
            max_chars=max_chars,
        )


def _offered(salon: SalonProfile, state: DialogueState) -> dict[tuple[date, time], frozenset[str]]:
    people: dict[tuple[date, time], frozenset[str]] = {}
    for offer in (*state.offers, *([state.chosen] if state.chosen else [])):
        local, person = offer.starts_at.astimezone(salon.zone), salon.specialist(offer.specialist)
        if person is not None:
            at = (local.date(), local.time().replace(second=0, microsecond=0))
            people[at] = people.get(at, frozenset()) | _stems_of(person)
    return people


_salon_facts: dict[int, Facts] = {}


def _of_salon(salon: SalonProfile, today: date) -> Facts:
    known = _salon_facts.get(salon.id)
    if known is None or known.salon is not salon or known.today != today:
        is_new_day = known is not None and known.salon is salon  # what the salon says is the same every day
        sources = known.sources if known is not None and is_new_day else sources_of(salon, today)
        known = _salon_facts[salon.id] = _read_salon(salon, today, sources)
    return known


def _read_salon(salon: SalonProfile, today: date, sources: Collection[Source]) -> Facts:
    durations = frozenset(float(service.duration_min) for service in salon.services)
    prices = frozenset(price for service in salon.services for price in _prices(service))
    phones = (salon.phone, *(address.phone for address in salon.addresses))
    specialists = tuple((_stems_of(person), person.hours) for person in salon.specialists)
    operators = frozenset(each for operator in salon.operators for each in stems(operator.name))
    facts = Facts(
        salon=salon,
        today=today,
        hours=salon.hours,
        specialists=specialists,
        days=frozenset({today}),
        dates=frozenset({today, *salon.hours.exceptions}),
        prices=prices,
        service_prices=tuple(
            (stems(name), frozenset(_prices(service))) for service in salon.services for name in service.name.every()
        ),
        minutes=durations,
        numbers=prices,
        phones=frozenset(phone.lstrip("+") for phone in phones if phone),
        people=operators.union(*(names for names, _ in specialists)),
    )
    names = [*salon.name.every(), *(name for service in salon.services for name in service.name.every())]
    facts = _with_texts(_with_texts(facts, names, are_quotes=False), _texts(salon))
    streets = [folded(normalise(part)) for a in salon.addresses for text in a.text.every() for part in text.split(", ")]
    facts = replace(facts, quotes=(*facts.quotes, *(each for each in streets if len(each) >= _QUOTE_FROM)))
    return _with_sources(facts, sources)


def _with_sources(facts: Facts, sources: Collection[Source]) -> Facts:
    if not sources:
        return facts
    return replace(
        facts,
        sources=(*facts.sources, *sources),
        roots=facts.roots.union(*(source.roots for source in sources)),
    )


def _with_texts(facts: Facts, texts: Iterable[str], *, are_quotes: bool = True) -> Facts:
    """Whatever these texts state is a fact too, found by the search that reads replies."""
    spellings = [spelling for text in texts if (spelling := normalise(text))]
    if not spellings:
        return facts
    said: dict[Kind, list[Mention]] = {kind: [] for kind in Kind}
    for spelling in spellings:
        for sentence in extract(spelling, today=facts.today):
            for mention in sentence.mentions:
                said[mention.kind].append(mention)
    lower = [folded(spelling) for spelling in spellings]
    quotes = [each for each in lower if len(each) >= _QUOTE_FROM] if are_quotes else []
    amounts = frozenset(amount for each in said[Kind.MONEY] for amount in each.numbers)
    links = said[Kind.URL] + said[Kind.EMAIL] + said[Kind.HANDLE]
    return replace(
        facts,
        free_times=facts.free_times | {at for each in said[Kind.TIME] for at in each.times},
        dates=facts.dates | {day for each in said[Kind.DATE] for day in each.dates},
        weekdays=facts.weekdays | {each.weekday for each in said[Kind.DAY] if each.weekday is not None},
        prices=facts.prices | amounts,
        text_prices=facts.text_prices | amounts,
        percents=facts.percents | {number for each in said[Kind.PERCENT] for number in each.numbers},
        minutes=facts.minutes | {minutes for each in said[Kind.DURATION] for minutes in each.minutes},
        numbers=facts.numbers | {number for mentions in said.values() for each in mentions for number in each.numbers},
        phones=facts.phones | {each.said for each in said[Kind.PHONE]},
        links=facts.links | {bare_link(each.said) for each in links},
        people=facts.people | {each for person in said[Kind.PERSON] for each in stems(person.said)},
        quotes=tuple(sorted({*facts.quotes, *quotes}, key=len, reverse=True)),
        texts=(*facts.texts, *lower),
    )


def bare_link(said: str) -> str:
    """An address without what does not change where it leads."""
    return said.lower().removeprefix("https://").removeprefix("http://").removeprefix("www.").rstrip("/.,;:!?")


def stem(word: str) -> str:
    """What an inflected word keeps: enough to recognise a name in another case."""
    plain = folded(word)
    return plain if len(plain) <= 3 else plain[: max(3, len(plain) - 2)]


def stems(text: str) -> tuple[str, ...]:
    return tuple(stem(word) for word in normalise(text).split() if len(word) >= 3)


def _stems_of(person: Specialist) -> frozenset[str]:
    return frozenset(each for name in (*person.name.every(), *person.aliases) for each in stems(name))


def _prices(service: Service) -> list[float]:
    return [minor / 100 for minor in (service.price_minor, service.price_to_minor) if minor is not None]


def _texts(salon: SalonProfile) -> list[str]:
    localised: list[Localised | None] = [item.answer for item in salon.knowledge]
    for address in salon.addresses:
        localised += [address.text, address.directions]
    localised += [service.description for service in salon.services]
    localised += [specialist.title for specialist in salon.specialists]
    return [text for each in localised if each is not None for text in each.every()]
