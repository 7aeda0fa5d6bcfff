"""One truth: events measured directly, production rows, the API and the SQL views say the same microseconds.

Ten thousand random timelines and the conformance vectors go into the tables of a running Responder; what comes out at
each door is compared with `measure` and `other_definitions` of the events themselves.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from responder.clock import ShiftedClock
from responder.commands.demo import own_environment, simulate
from responder.demo.stand_ins import StandIns
from responder.hours import OpeningHours
from responder.reports.keeping import SINGLE, bring_up_to_date, micros
from responder.settings import Settings
from responder.timing.definitions import Definition, other_definitions
from responder.timing.enquiries import split_thread
from responder.timing.load import load_timelines
from responder.timing.measures import Measure, Span, measure
from responder.timing.statistics import figure
from responder.timing.timeline import Timeline
from tests.integration.timing_rows import BulkPlace, random_thread, store_thread
from tests.running import ACCESS, SLUG, Running, running
from tests.unit.timing.vectors import read_vectors

NOW = datetime(2027, 6, 1, 12, tzinfo=UTC)  # after everything that happens in a vector
DAYS = 1_000
TIMELINES = 10_000
OTHERS = (Definition.ZENDESK, Definition.INTERCOM, Definition.CHATWOOT)


@dataclass(kw_only=True)
class Truth:
    """The timelines by the id of their enquiry, and what the pure functions say of them."""

    timelines: dict[int, Timeline] = field(default_factory=dict)

    def add(self, keys: Sequence[int], timelines: Iterable[Timeline]) -> None:
        self.timelines.update(zip(keys, timelines, strict=True))

    def columns(self, hours: OpeningHours) -> dict[int, dict[str, int | None]]:
        """Microseconds by the names of `bi.enquiries`."""
        found: dict[int, dict[str, int | None]] = {}
        for key, timeline in self.timelines.items():
            measured = measure(timeline, hours=hours)
            row: dict[str, int | None] = {}
            for name in SINGLE:
                row[name.value] = micros(getattr(measured.calendar, name.value))
                row[_working(name.value)] = micros(getattr(measured.working, name.value))
            for name in (Measure.BOT_FRT, Measure.HUMAN_FRT):
                (span,) = measured.spans[name]
                released = Span(start=span.start, end=span.released_at)
                stem = name.value.removesuffix("_s")
                row[f"{stem}_released_s"] = micros(released.seconds())
                row[f"{stem}_released_working_s"] = micros(released.seconds(hours))
            for definition, span in other_definitions(timeline).items():
                row[f"{definition.value}_first_reply_s"] = micros(span.seconds())
                row[f"{definition.value}_first_reply_working_s"] = micros(span.seconds(hours))
            found[key] = row
        return found

    def human_waits(self, hours: OpeningHours) -> dict[tuple[int, int], tuple[int | None, int | None]]:
        """Calendar and working microseconds by enquiry and hand-off."""
        return {
            (key, number): (micros(span.seconds()), micros(span.seconds(hours)))
            for key, timeline in self.timelines.items()
            for number, span in enumerate(measure(timeline).spans[Measure.HUMAN_WAIT], start=1)
        }


def _working(name: str) -> str:
    return f"{name.removesuffix('_s')}_working_s"


async def fill(app: Running) -> Truth:
    """The vectors and the random threads, in the demo salon."""
    dice, truth = random.Random(20_261_124), Truth()
    (salon,) = await app.rows("SELECT id FROM salon WHERE slug = %(slug)s", slug=SLUG)
    accounts = {row["kind"]: row["id"] for row in await app.rows("SELECT id, kind FROM channel_account")}
    async with app.responder.database.transaction() as connection:
        place = BulkPlace(connection=connection, salon_id=salon["id"], accounts=accounts)
        for vector in read_vectors():
            told = {"now": vector.now, "quiet": vector.quiet, "is_test": vector.is_test}
            keys = await store_thread(place, vector.events, **told)
            truth.add(keys, split_thread(vector.events, **told))
        while len(truth.timelines) < TIMELINES:
            events = random_thread(dice, NOW - timedelta(days=dice.uniform(30, DAYS - 30)))
            keys = await store_thread(place, events, kind=dice.choice(["telegram", "webchat"]))
            truth.add(keys, split_thread(events))
        await place.write()
    return truth


async def listed(app: Running, **asked: Any) -> list[dict[str, Any]]:
    """Every page of a list of the API."""
    rows: list[dict[str, Any]] = []
    after: str | None = ""
    while after is not None:
        async with app.http.get(
            f"{app.url}/api/v1/{SLUG}/report/enquiries",
            params={"days": DAYS, "limit": 1000, **asked} | ({"after": after} if after else {}),
            headers={"authorization": f"Bearer {ACCESS}"},
        ) as answer:
            document = await answer.json()
            assert answer.status == 200, document
        rows += document["enquiries"]
        after = document["after"]
    return rows


async def test_every_door_says_the_same_to_the_microsecond(database_url: str) -> None:
    """Vectors and ten thousand timelines: pure functions, production rows, API and SQL views agree."""
    async with running(database_url, with_background=False, clock=ShiftedClock(NOW)) as app:
        truth = await fill(app)
        (salon,) = await app.responder.salons.all()
        await bring_up_to_date(app.responder.database, salon, now=NOW)
        assert len(truth.timelines) >= TIMELINES

        wanted = truth.columns(salon.hours)
        await _views_agree(app, wanted, truth.human_waits(salon.hours))
        await _api_agrees(app, truth, wanted, truth.human_waits(salon.hours))
        await _summary_agrees(app, truth, salon.hours)


async def test_every_door_says_the_same_of_the_demo(database_url: str) -> None:
    """Dialogues of simulated customers and operators, stamped on their way through the real doors."""
    async with StandIns() as stand_ins:
        with own_environment(stand_ins):
            settings = Settings(_env_file=None)
            await simulate(settings, database_url, stand_ins=stand_ins, customers=40, days=4, seed=3, talks=False)
    async with running(database_url, with_background=False, clock=ShiftedClock(NOW)) as app:
        (salon,) = await app.responder.salons.all()
        await bring_up_to_date(app.responder.database, salon, now=NOW)
        keys = [row["id"] for row in await app.rows("SELECT id FROM enquiry")]
        async with app.responder.database.connection() as connection:
            truth = Truth(timelines=await load_timelines(connection, keys))
        assert len(truth.timelines) >= 40

        wanted, waits = truth.columns(salon.hours), truth.human_waits(salon.hours)
        assert any(us is not None for us, _ in waits.values()), "nobody was answered by a person"
        await _views_agree(app, wanted, waits)
        await _api_agrees(app, truth, wanted, waits)
        await _summary_agrees(app, truth, salon.hours)


async def _views_agree(
    app: Running,
    wanted: dict[int, dict[str, int | None]],
    waits: dict[tuple[int, int], tuple[int | None, int | None]],
) -> None:
    rows = {row["enquiry_id"]: row for row in await app.rows("SELECT * FROM bi.enquiries")}
    assert rows.keys() == wanted.keys()
    for key, columns in wanted.items():
        assert {name: _exact(rows[key][name]) for name in columns} == columns
    shown = await app.rows("SELECT * FROM bi.human_waits")
    assert {
        (row["enquiry_id"], row["handoff"]): (_exact(row["human_wait_s"]), _exact(row["human_wait_working_s"]))
        for row in shown
    } == waits


async def _api_agrees(
    app: Running,
    truth: Truth,
    wanted: dict[int, dict[str, int | None]],
    waits: dict[tuple[int, int], tuple[int | None, int | None]],
) -> None:
    """Of every measure, every wait that was answered, in calendar and in working time."""
    counted = {key for key, timeline in truth.timelines.items() if timeline.excluded is None}
    for name in SINGLE:
        for is_working in (False, True):
            column = _working(name.value) if is_working else name.value
            rows = await listed(app, measure=name.value, working=str(is_working).lower())
            assert _answered(rows) == {
                (key, None): wanted[key][column] for key in counted if wanted[key][column] is not None
            }
    for at, is_working in enumerate((False, True)):
        rows = await listed(app, measure=Measure.HUMAN_WAIT.value, working=str(is_working).lower())
        assert _answered(rows) == {
            key: both[at] for key, both in waits.items() if both[at] is not None and key[0] in counted
        }
        assert Counter(row["ending"] == "open" for row in rows)[True] == sum(
            both[at] is None for key, both in waits.items() if key[0] in counted
        )
    for definition in OTHERS:
        rows = await listed(app, measure=Measure.FIRST_REPLY.value, definition=definition.value)
        column = f"{definition.value}_first_reply_s"
        assert _answered(rows) == {
            (key, None): wanted[key][column] for key in counted if wanted[key][column] is not None
        }


async def _summary_agrees(app: Running, truth: Truth, hours: OpeningHours) -> None:
    """Counts and shares of the summary are those of the statistics over the same timelines."""
    async with app.http.get(
        f"{app.url}/api/v1/{SLUG}/report/summary",
        params={"days": DAYS, "within_s": 60},
        headers={"authorization": f"Bearer {ACCESS}"},
    ) as answer:
        total = (await answer.json())["total"]
    measured = [measure(timeline) for timeline in truth.timelines.values()]
    for name in Measure:
        for mode, counted_in in (("calendar", None), ("working", hours)):
            exact = figure(measured, name, now=NOW, within_s=60, hours=counted_in)
            found = total[mode][name.value]
            assert (found["n"], found["open"], found["not_awaited"]) == (exact.n, exact.open, exact.not_awaited)
            assert (found["share"]["within"], found["share"]["of"]) == (
                (exact.share.within, exact.share.of) if exact.share else None
            ), (name, mode)


def _answered(rows: list[dict[str, Any]]) -> dict[tuple[int, int | None], int]:
    return {
        (row["enquiry_id"], row["handoff"]): round(row["seconds"] * 1_000_000)
        for row in rows
        if row["ending"] == "answered"
    }


def _exact(seconds: Any) -> int | None:
    """A numeric of SQL in microseconds, without a float in between."""
    return None if seconds is None else int(seconds * 1_000_000)
