"""What simulated customers do, one script a habit: they say something, hear what comes back, and go on from there.

A script is a generator: it yields the next step, and gets what was heard after it. It knows nothing of clocks, HTTP or
the responder's inside.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any

from responder.demo.hearing import Asked, Heard, Key
from responder.demo.people import Person, services_for, words

MINUTE = 60.0
HOUR = 60 * MINUTE
DAY = 24 * HOUR
PATIENCE = 9  # exchanges after which even a willing customer gives up


@dataclass(frozen=True, kw_only=True, slots=True)
class Starts:
    """Opens the bot by a link that carries a mark."""

    ref: str
    after_s: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Says:
    """One message, or several in a burst."""

    texts: tuple[str, ...]
    after_s: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Presses:
    key: Key
    after_s: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Sends:
    """Something only a person can look at."""

    kind: str  # "photo" or "voice"
    caption: str = ""
    after_s: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Listens:
    """Waits for somebody to write, at most `after_s`."""

    after_s: float


Step = Starts | Says | Presses | Sends | Listens
Script = Generator[Step, Heard, None]
Talk = Generator[Step, Heard, Heard]


def script_of(person: Person) -> Script:
    """Everything this person will do, now and on later days."""
    return _Customer(person).life()


class _Customer:
    def __init__(self, person: Person) -> None:
        self._person = person
        self._words: Mapping[str, Any] = words(person.language)
        self._chance = random.Random(f"customer {person.seed}")  # noqa: S311
        self._service = person.service
        self._is_phone_wrong = person.habit == "mistypes_phone"
        self._is_fickle = person.habit == "is_choosy"

    def life(self) -> Script:
        if (ref := self._person.source.get("ref")) is not None:
            yield Starts(ref=ref)
        yield from self._first_visit()
        if self._person.habit not in ("spams", "abandons", "is_angry") and self._chance.random() < 0.14:
            yield Listens(after_s=self._chance.uniform(1.5 * DAY, 9 * DAY))
            yield from self._book(self._line("come_back"))

    def _first_visit(self) -> Script:
        habits: Mapping[str, Callable[[], Script]] = {
            "books_step_by_step": self._books_step_by_step,
            "asks_first": self._asks_first,
            "changes_service": self._changes_service,
            "asks_for_person": self._asks_for_person,
            "is_angry": self._is_angry,
            "has_risky_question": self._has_risky_question,
            "spams": self._spams,
            "writes_in_bursts": self._writes_in_bursts,
            "abandons": self._abandons,
            "moves_visit": self._moves_visit,
            "cancels_visit": self._cancels_visit,
            "is_obscure": self._is_obscure,
            "sends_photo": self._sends_photo,
            "has_several_wishes": self._has_several_wishes,
        }
        yield from habits.get(self._person.habit, self._books_at_once)()

    def _books_at_once(self) -> Script:
        heard = yield from self._book(self._line("book_at_once"))
        yield from self._part(heard)

    def _books_step_by_step(self) -> Script:
        heard = yield from self._book(self._line("greet"))
        yield from self._part(heard)

    def _asks_first(self) -> Script:
        yield from self._say(self._line("questions"), after_s=self._typing())
        if self._chance.random() < 0.35:
            yield from self._say(self._line("questions"))
        if self._chance.random() < 0.55:
            heard = yield from self._book(self._line("follow_up"), after_s=self._thinking())
            yield from self._part(heard)
        elif self._chance.random() < 0.6:
            yield from self._say(self._line("leave"))

    def _changes_service(self) -> Script:
        yield from self._say(self._line("book_at_once"), after_s=self._typing())
        self._service = self._other_service()
        heard = yield from self._book(self._line("change_service"), after_s=self._thinking())
        yield from self._part(heard)

    def _asks_for_person(self) -> Script:
        if self._chance.random() < 0.5:
            yield from self._say(self._line("questions"), after_s=self._typing())
        yield from self._say(self._line("ask_person"), after_s=self._thinking())
        yield from self._talk_to_person(self._one_of("matters"))

    def _is_angry(self) -> Script:
        yield from self._say(self._line("angry"), after_s=self._typing())
        yield from self._talk_to_person(self._line("calm"))

    def _has_risky_question(self) -> Script:
        if self._chance.random() < 0.4:
            yield from self._say(self._line("book_at_once"), after_s=self._typing())
        yield from self._say(self._line("risky"), after_s=self._thinking())
        yield from self._talk_to_person(self._line("calm"))

    def _spams(self) -> Script:
        yield from self._say(self._line("spam"), after_s=self._typing())

    def _writes_in_bursts(self) -> Script:
        parts = tuple(self._filled(part) for part in self._chance.choice(self._words["bursts"]))
        heard = yield Says(texts=parts, after_s=self._typing())
        heard = yield from self._answer_on(heard)
        yield from self._part(heard)

    def _abandons(self) -> Script:
        heard = yield from self._say(self._line(self._chance.choice(("book_at_once", "greet"))), after_s=self._typing())
        for _ in range(self._chance.randrange(0, 3)):
            if (step := self._answer(heard)) is None:
                return
            heard = yield step

    def _moves_visit(self) -> Script:
        yield from self._book(self._line("book_at_once"))
        yield Listens(after_s=self._chance.uniform(20 * MINUTE, 30 * HOUR))
        heard = yield from self._book(self._line("move"))
        yield from self._part(heard)

    def _cancels_visit(self) -> Script:
        yield from self._book(self._line("book_at_once"))
        yield Listens(after_s=self._chance.uniform(10 * MINUTE, 40 * HOUR))
        yield from self._book(self._line("cancel"))

    def _is_obscure(self) -> Script:
        yield from self._say(self._line("obscure"), after_s=self._typing())
        heard = yield from self._say(self._line("obscure"))
        if heard.asked is Asked.PERSON_COMES:
            yield from self._talk_to_person(self._line("name_service"))

    def _sends_photo(self) -> Script:
        kind = "photo" if self._chance.random() < 0.7 else "voice"
        yield Sends(kind=kind, caption=self._line("photo") if kind == "photo" else "", after_s=self._thinking())
        yield from self._talk_to_person(self._line("calm"))

    def _has_several_wishes(self) -> Script:
        heard = yield from self._book(self._line("several"))
        yield from self._part(heard)

    def _book(self, opening: str, *, after_s: float | None = None) -> Talk:
        heard = yield Says(texts=(opening,), after_s=self._typing() if after_s is None else after_s)
        return (yield from self._answer_on(heard))

    def _answer_on(self, heard: Heard) -> Talk:
        """Answer what is asked until there is a visit, a person comes, or patience ends."""
        for _ in range(PATIENCE):
            if heard.asked is Asked.PERSON_COMES:
                yield from self._talk_to_person(self._line("name_service"))
                break
            if (step := self._answer(heard)) is None:
                break
            heard = yield step
        return heard

    def _talk_to_person(self, matter: str) -> Script:
        """Wait for a person, tell what it is about, wait again; some ask whether anybody is there."""
        heard = yield Listens(after_s=self._chance.uniform(6 * MINUTE, 40 * MINUTE))
        if not heard and self._chance.random() < 0.3:
            yield Says(texts=("??",), after_s=self._typing())
        if not heard:
            heard = yield Listens(after_s=20 * HOUR)
        if heard:
            yield Says(texts=(matter,), after_s=self._thinking())
            heard = yield Listens(after_s=20 * HOUR)
        if heard and self._chance.random() < 0.5:
            yield Says(texts=(self._line("calm"),), after_s=self._thinking())

    def _part(self, heard: Heard) -> Script:
        if heard.asked is Asked.BOOKED and self._chance.random() < 0.55:
            yield Says(texts=(self._line("thanks"),), after_s=self._chance.uniform(3, 40))

    def _say(self, text: str, *, after_s: float | None = None) -> Talk:
        return (yield Says(texts=(text,), after_s=self._thinking() if after_s is None else after_s))

    def _answer(self, heard: Heard) -> Step | None:
        """What a willing customer does about what was asked; None when nothing is."""
        pause_s = self._thinking()
        match heard.asked:
            case Asked.CONTACT if heard.keys and self._chance.random() < 0.45:
                return self._share(heard, pause_s)
            case Asked.CONTACT | Asked.PHONE if self._is_phone_wrong:
                self._is_phone_wrong = False
                line = "contact" if heard.asked is Asked.CONTACT else "give_phone"
                return Says(texts=(self._line(line, phone=self._one_of("wrong_phone")),), after_s=pause_s)
            case Asked.CONTACT:
                return Says(texts=(self._line("contact"),), after_s=pause_s)
            case Asked.NAME:
                return Says(texts=(self._line("give_name"),), after_s=pause_s)
            case Asked.PHONE:
                return Says(texts=(self._line("give_phone"),), after_s=pause_s)
            case Asked.CONFIRM | Asked.CANCEL:
                yes = next((key for key in heard.keys if (key.payload or "").endswith(":yes")), None)
                if yes is not None and self._chance.random() < 0.6:
                    return Presses(key=yes, after_s=pause_s)
                return Says(texts=(self._line("agree"),), after_s=pause_s)
            case Asked.CHOICE:
                return self._choose(heard, pause_s)
            case Asked.WHEN:
                return Says(texts=(self._line("when"),), after_s=pause_s)
            case Asked.SERVICE:
                return self._name_service(heard, pause_s)
            case _:
                return None

    def _choose(self, heard: Heard, pause_s: float) -> Step:
        if self._is_fickle:
            self._is_fickle = self._chance.random() < 0.35
            return Says(texts=(self._line("choosy"),), after_s=pause_s)
        slots = [key for key in heard.keys if (key.payload or "").startswith("slot:")]
        if slots and self._chance.random() < 0.6:
            return Presses(key=self._chance.choice(slots), after_s=pause_s)
        forms = ["choose_first", "choose_second", "choose_last"][: max(len(slots), 1)]
        return Says(texts=(self._line(self._chance.choice(forms)),), after_s=pause_s)

    def _name_service(self, heard: Heard, pause_s: float) -> Step:
        keys = [key for key in heard.keys if key.payload == f"service:{self._service}"]
        if keys and self._chance.random() < 0.7:
            return Presses(key=keys[0], after_s=pause_s)
        return Says(texts=(self._line("name_service"),), after_s=pause_s)

    def _share(self, heard: Heard, pause_s: float) -> Step:
        shares = [key for key in heard.keys if key.shares_phone]
        if shares and not self._is_phone_wrong:
            return Presses(key=shares[0], after_s=pause_s)
        return Says(texts=(self._line("contact"),), after_s=pause_s)

    def _thinking(self) -> float:
        """Seconds until people answer: mostly at once, sometimes they put the phone away."""
        if self._chance.random() < 0.08:
            return self._chance.uniform(4 * MINUTE, 50 * MINUTE)
        return min(self._chance.lognormvariate(2.9, 0.8), 4 * MINUTE)

    def _typing(self) -> float:
        return self._chance.uniform(4, 25)

    def _other_service(self) -> str:
        wanted = services_for(self._person.language, self._person.group)
        return self._chance.choice([key for key in wanted if key != self._service])

    def _one_of(self, kind: str) -> str:
        return str(self._chance.choice(list(self._words[kind])))

    def _line(self, kind: str, *, phone: str | None = None) -> str:
        return self._filled(self._one_of(kind), phone=phone)

    def _filled(self, template: str, *, phone: str | None = None) -> str:
        services: Mapping[str, Any] = self._words["services"]
        day = self._person.writes_at.day
        return template.replace("{when}", self._one_of("when")).format(
            service=self._chance.choice(services[self._service]["names"]),
            other=self._chance.choice(services[self._other_service()]["names"]),
            name=self._person.name,
            phone=phone or self._person.phone,
            date=min(day + 3, 28) if day < 26 else 5,
        )
