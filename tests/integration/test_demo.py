"""The demo: the same customers for the same seed, through real doors, leaving behind what every page can show."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg.rows import dict_row

from responder.commands.demo import Outcome, own_environment, simulate
from responder.demo.clock import DemoClock
from responder.demo.customers import Says, script_of
from responder.demo.hearing import MEANS, Asked, Heard
from responder.demo.people import Person, invite, words
from responder.demo.stand_ins import StandIns
from responder.settings import Settings
from responder.turns.wording import phrases

NOON = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Yekaterinburg")
SETTINGS = Settings(
    _env_file=None,
    access_token="access-token-of-tests",
    secret_key="secret-key-of-the-tests-and-nobody-else",
)


def some_people(*, seed: int, count: int = 60) -> list[Person]:
    return invite(count=count, days=7, seed=seed, until=NOON, zone=ZONE)


def first_words(person: Person) -> tuple[str, ...]:
    """What a person says first when nothing has been heard."""
    script = script_of(person)
    step = next(script)
    while not isinstance(step, Says):
        step = script.send(Heard(language=person.language))
    return step.texts


@pytest.fixture
async def outcome(database_url: str) -> AsyncIterator[Outcome]:
    async with StandIns() as stand_ins:
        with own_environment(stand_ins):
            yield await play(database_url, stand_ins, seed=3)


async def play(database_url: str, stand_ins: StandIns, *, seed: int, customers: int = 24) -> Outcome:
    return await simulate(
        SETTINGS, database_url, stand_ins=stand_ins, customers=customers, days=4, seed=seed, talks=False
    )


def rows(database_url: str, query: str) -> list[dict[str, object]]:
    with psycopg.connect(database_url, row_factory=dict_row) as connection:
        return connection.execute(query).fetchall()  # type: ignore[arg-type]


def test_the_same_seed_gives_the_same_customers() -> None:
    """Who writes, when, and with which words depends on the seed alone."""
    people, again = some_people(seed=5), some_people(seed=5)

    assert people == again
    assert [first_words(person) for person in people] == [first_words(person) for person in again]
    assert people != some_people(seed=6)


def test_customers_come_in_order_within_the_days() -> None:
    """Nobody writes before the first day or after the present."""
    people = some_people(seed=5)

    moments = [person.writes_at for person in people]
    assert moments == sorted(moments)
    assert NOON - timedelta(days=7) < moments[0]
    assert moments[-1] < NOON


@pytest.mark.parametrize("language", ["ru", "en"])
def test_a_customer_understands_every_question_of_the_bot(language: str) -> None:
    """Each phrase a customer listens for exists in the phrase book and is recognised when it is said."""
    for phrase, asked in MEANS:
        said = phrases(language)[phrase].format_map(dict.fromkeys(_places(phrases(language)[phrase]), "x"))
        heard = Heard(language=language, texts=(f"Some line first\n{said}",))

        assert heard.asked is asked, phrase


def test_what_is_asked_last_counts() -> None:
    """A reply that greets, offers and then asks for contact details asks for contact details."""
    book = phrases("en")
    heard = Heard(language="en", texts=("\n".join((book["offer_ask"], "A line.", book["ask_name_and_phone"])),))

    assert heard.asked is Asked.CONTACT


def test_words_of_both_languages_have_everything_the_scripts_ask_for() -> None:
    """No script and no operator meets a missing line in the other language."""
    russian, english = words("ru"), words("en")

    assert set(russian) - {"habits"} == set(english)
    assert set(russian["operators"]) == set(english["operators"])


async def test_time_passes_only_when_the_simulation_lets_it() -> None:
    """A sleeper of the demo's clock wakes when it is told to, and the clock then reads the time it slept for."""
    clock = DemoClock(NOON)
    sleeper = asyncio.create_task(clock.sleep(3600))
    await clock.somebody_sleeps()
    assert clock.now() < NOON + timedelta(minutes=1)

    clock.wake_next()
    await sleeper

    assert NOON + timedelta(hours=1) <= clock.now() < NOON + timedelta(hours=1, minutes=1)


async def test_the_demo_leaves_bookings_leads_and_answers_of_people(outcome: Outcome) -> None:
    """Every page and report finds something to show."""
    assert outcome.enquiries >= outcome.customers - outcome.spam
    assert outcome.bookings > 0
    assert outcome.leads > 0
    assert outcome.handoffs > 0
    assert outcome.answers_of_people > 0


async def test_the_demo_goes_by_the_rules(outcome: Outcome, database_url: str) -> None:
    """No turn fails, every reply is accepted, no visits overlap, nothing happens in the future."""
    assert rows(database_url, "SELECT id FROM thread WHERE turn_failures > 0") == []
    assert rows(database_url, "SELECT detail FROM handoff WHERE detail = 'turn failed'") == []
    assert rows(database_url, "SELECT id FROM message WHERE direction = 'out' AND accepted_at IS NULL") == []
    assert rows(database_url, "SELECT id FROM message WHERE accepted_at < composed_at") == []
    overlapping = """
        SELECT a.id FROM appointment a JOIN appointment b
          ON a.specialist_id = b.specialist_id AND a.id < b.id AND a.starts_at < b.ends_at AND b.starts_at < a.ends_at
        WHERE a.state = 'booked' AND b.state = 'booked'
    """
    assert rows(database_url, overlapping) == []
    (latest,) = rows(database_url, "SELECT max(COALESCE(accepted_at, received_at)) AS at FROM message")
    assert isinstance(latest["at"], datetime)
    assert latest["at"] <= datetime.now(UTC)


async def test_the_demo_can_be_played_again(outcome: Outcome, database_url: str) -> None:
    """A second run on the same database brings new customers, not duplicates of the first."""
    (before,) = rows(database_url, "SELECT count(*) AS n FROM thread")

    async with StandIns() as stand_ins:
        with own_environment(stand_ins):
            again = await play(database_url, stand_ins, seed=3, customers=5)

    (after,) = rows(database_url, "SELECT count(*) AS n FROM thread")
    assert (before["n"], after["n"]) == (outcome.customers, outcome.customers + again.customers)


def _places(template: str) -> list[str]:
    return [part.partition("}")[0] for part in template.split("{")[1:]]
