"""The report API as a program uses it: keys, documents, mistakes, and a schema that tells the truth."""

from __future__ import annotations

import random
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from pydantic import BaseModel

from responder.commands import token
from responder.errors import Refused
from responder.reports.query import make_query
from responder.reports.report import run_report
from responder.reports.text import figure_document
from responder.salon.importer import import_salon
from responder.salon.tokens import Scope, create_token, list_tokens, revoke_token
from responder.settings import Settings
from responder.timing.measures import Measure
from responder.web.report import models
from tests.factories import salon_file
from tests.integration.timing_rows import BulkPlace, random_thread, store_thread
from tests.running import ACCESS, SLUG, TUESDAY, Running, running

REPORTS: dict[str, type[BaseModel]] = {
    "summary": models.Summary,
    "breakdown?by=channel": models.Breakdown,
    "breakdown?by=operator": models.Breakdown,
    "series?by=day": models.Series,
    "series?by=week": models.Series,
    "series?by=hour": models.Series,
    "heatmap": models.Heatmap,
    "histogram": models.Histogram,
    "enquiries": models.Enquiries,
    "enquiries?measure=human_wait_s&part=open&working=true": models.Enquiries,
    "definitions": models.Definitions,
    "spending": models.SpendingAnswer,
}
MISTAKES = (
    ("summary?from=2026-11-20&to=2026-11-01", "from"),
    ("summary?from=yesterday", "from"),
    ("summary?days=0", "days"),
    ("summary?days=7&from=2026-11-01", "days"),
    ("summary?channel=fax", "channel"),
    ("summary?operator=nobody", "operator"),
    ("summary?specialist=nobody", "specialist"),
    ("summary?definition=best", "definition"),
    ("summary?within_s=-1", "within_s"),
    ("summary?within_s=nan", "within_s"),
    ("summary?chanel=telegram", "chanel"),
    ("breakdown", "by"),
    ("breakdown?by=moon", "by"),
    ("series?by=minute", "by"),
    ("histogram?measure=speed", "measure"),
    ("enquiries?part=half", "part"),
    ("enquiries?by=day&value=monday", "value"),
    ("enquiries?by=day", "value"),
    ("enquiries?by=week_hour&value=168", "value"),
    ("summary?from=0001-01-01&to=0001-01-02", "from"),
    ("summary?to=9999-12-31", "to"),
    ("enquiries?limit=5000", "limit"),
    ("enquiries?after=next", "after"),
)
PAGE = Path("docs/api.md").read_text()


@dataclass(frozen=True, kw_only=True)
class Api:
    """A program that holds one key."""

    app: Running
    key: str

    async def ask(self, path: str, *, slug: str = SLUG, key: str | None = None) -> tuple[int, Any]:
        headers = {"authorization": f"Bearer {self.key if key is None else key}"}
        async with self.app.http.get(f"{self.app.url}/api/v1/{slug}/report/{path}", headers=headers) as answer:
            return answer.status, await answer.json()

    async def got(self, path: str) -> Any:
        status, document = await self.ask(path)
        assert status == 200, document
        return document


async def salon_id_of(app: Running, slug: str = SLUG) -> int:
    (row,) = await app.rows("SELECT id FROM salon WHERE slug = %(slug)s", slug=slug)
    return int(row["id"])


async def fill(app: Running, *, threads: int, seed: int = 5) -> None:
    """Random threads of the last weeks in the demo salon's two channels."""
    dice = random.Random(seed)
    accounts = await app.rows("SELECT id, kind FROM channel_account")
    async with app.responder.database.transaction() as connection:
        place = BulkPlace(
            connection=connection,
            salon_id=await salon_id_of(app),
            accounts={row["kind"]: row["id"] for row in accounts},
        )
        for _ in range(threads):
            events = random_thread(dice, TUESDAY - timedelta(days=dice.uniform(8, 27)))
            await store_thread(place, events, kind=dice.choice(["telegram", "webchat"]))
        await place.write()


@pytest.fixture
async def api(database_url: str) -> AsyncIterator[Api]:
    async with running(database_url, with_background=False) as app:
        await fill(app, threads=40)
        _, key = await create_token(
            app.responder.database,
            await salon_id_of(app),
            name="dashboard",
            scopes=[Scope.REPORT_READ],
            now=app.responder.clock.now(),
        )
        yield Api(app=app, key=key)


async def test_every_document_is_as_the_schema_says(api: Api) -> None:
    """Each answer has exactly the names and types of its public model, and something in it."""
    for path, model in REPORTS.items():
        document = await api.got(path)
        model.model_validate_json(model.model_validate(document).model_dump_json(by_alias=True))
    assert (await api.got("summary"))["total"]["arrivals"] > 10


async def test_the_figures_are_those_of_the_engine(api: Api) -> None:
    """The API rounds nothing and adds nothing: every figure is what the terminal's report is made of."""
    document = await api.got("summary?days=30&channel=telegram&within_s=120")
    salon = (await api.app.responder.salons.all())[0]
    query = make_query(salon, now=TUESDAY + timedelta(hours=1), days=30, channels=["telegram"], within_s=120)
    report = await run_report(api.app.responder.database, query, now=TUESDAY + timedelta(hours=1), by=())
    for name in Measure:
        found = document["total"]["calendar"][name.value]
        wanted = figure_document(report.total.calendar[name])
        assert {key: found[key] for key in ("n", "open", "share", "median_s")} == {
            key: wanted[key] for key in ("n", "open", "share", "median_s")
        }, name


async def test_a_series_has_every_step(api: Api) -> None:
    """Days without enquiries are there with nothing in them; the steps add up to the summary."""
    total = (await api.got("summary?days=30"))["total"]
    for by, size in (("day", 30), ("hour", 24)):
        points = (await api.got(f"series?days=30&by={by}"))["points"]
        assert len(points) == size
        assert sum(point["arrivals"] for point in points) == total["arrivals"]
    weeks = (await api.got("series?days=30&by=week"))["points"]
    assert [week["value"] for week in weeks] == ["2026-10-26", "2026-11-02", "2026-11-09", "2026-11-16", "2026-11-23"]
    cells = (await api.got("heatmap?days=30"))["cells"]
    assert [(cell["weekday"], cell["hour"]) for cell in cells] == [
        (day, hour) for day in range(1, 8) for hour in range(24)
    ]
    assert sum(cell["arrivals"] for cell in cells) == total["arrivals"]


async def test_a_group_of_a_breakdown_can_be_opened(api: Api) -> None:
    """The list behind a group's figure is read page by page and is as long as the figure says."""
    groups = (await api.got("breakdown?by=channel"))["groups"]
    assert [group["value"] for group in groups] == ["telegram", "webchat"]
    for group in groups:
        ask = f"enquiries?measure=human_frt_s&by=channel&value={group['value']}&limit=3"
        page = await api.got(ask)
        rows = page["enquiries"]
        while page["after"] is not None:
            page = await api.got(f"{ask}&after={page['after']}")
            rows += page["enquiries"]
        assert len(rows) == page["total"] == group["calendar"]["human_frt_s"]["n"]
        assert rows[0]["link"] == f"/dialogues/{rows[0]['thread_id']}?salon={SLUG}"


async def test_days_are_opened_by_their_date(api: Api) -> None:
    """A point of the series names its list by the value it shows."""
    points = (await api.got("series?by=day"))["points"]
    busiest = max(points, key=lambda point: point["arrivals"])
    page = await api.got(f"enquiries?part=arrivals&by=day&value={busiest['value']}")
    assert page["total"] == busiest["arrivals"] > 0
    assert {row["arrived_local"][:10] for row in page["enquiries"]} == {busiest["value"]}


async def test_a_mistake_names_its_field(api: Api) -> None:
    """Whoever finds it, the answer is 422 with the parameter to change and what is wrong with it."""
    for path, field in MISTAKES:
        status, document = await api.ask(path)
        assert (status, document.get("field")) == (422, field), (path, document)
        assert document["message"]


async def test_a_key_opens_its_own_salon_and_nothing_else(api: Api) -> None:
    """Another salon's key is told what is told of a salon that does not exist; staff routes take no key at all."""
    database, now = api.app.responder.database, api.app.responder.clock.now()
    await import_salon(database, salon_file(slug="other", channels=[]), now=now)
    other = await salon_id_of(api.app, "other")
    _, theirs = await create_token(database, other, name="theirs", scopes=[Scope.REPORT_READ], now=now)

    status, refusal = await api.ask("summary", key=theirs)
    _, unknown = await api.ask("summary", slug="nowhere")
    assert status == 404
    assert refusal["message"] == unknown["message"].replace("nowhere", SLUG)
    assert (await api.ask("summary", slug="other", key=theirs))[0] == 200
    assert (await api.ask("summary", slug="other"))[0] == 404
    assert (await api.ask("summary", slug="other", key=ACCESS))[0] == 200
    headers = {"authorization": f"Bearer {api.key}"}
    assert (await api.app.http.get(f"{api.app.url}/api/v1/{SLUG}/dialogues", headers=headers)).status == 401


async def test_without_a_valid_key_there_is_nothing(api: Api) -> None:
    """No key, a made-up one, a revoked one, one without the scope."""
    database, now = api.app.responder.database, api.app.responder.clock.now()
    salon = await salon_id_of(api.app)
    assert (await api.ask("definitions", key="rsp_made-up"))[0] == 401
    async with aiohttp.ClientSession() as nobody:
        assert (await nobody.get(f"{api.app.url}/api/v1/{SLUG}/report/definitions")).status == 401

    (known,) = await list_tokens(database, salon)
    assert known.last_used_at is None
    assert (await api.ask("definitions"))[0] == 200
    (known,) = await list_tokens(database, salon)
    assert known.last_used_at is not None
    await revoke_token(database, salon, known.id, now=now)
    assert (await api.ask("definitions"))[0] == 401

    number, key = await create_token(database, salon, name="n", scopes=[Scope.REPORT_READ], now=now)
    await api.app.rows("UPDATE api_token SET scopes = '{}' WHERE id = %(id)s RETURNING id", id=number)
    assert (await api.ask("definitions", key=key))[0] == 403


async def test_the_terminal_makes_lists_and_ends_keys(api: Api) -> None:
    """`responder token` shows a key once, that it exists ever after, and never the key again."""
    settings = Settings(database_url=api.app.responder.database.url)
    shown = await token.create(settings, salon=None, name="for the owner", scopes=["report:read"])
    key = shown.splitlines()[0]
    assert (await api.ask("definitions", key=key))[0] == 200
    listing = await token.listing(settings, salon=SLUG)
    assert "for the owner" in listing
    assert key not in listing
    await token.revoke(settings, salon=SLUG, number=2)
    assert "revoked" in await token.listing(settings, salon=SLUG)
    assert (await api.ask("definitions", key=key))[0] == 401
    for wrong in ({"name": "x", "scopes": ["report:write"]}, {"name": " ", "scopes": ["report:read"]}):
        with pytest.raises(Refused):
            await token.create(settings, salon=None, **wrong)
    with pytest.raises(Refused):
        await token.revoke(settings, salon=SLUG, number=99)


async def test_the_database_does_not_hold_a_key(api: Api) -> None:
    """A copy of the database opens nothing."""
    (row,) = await api.app.rows("SELECT to_jsonb(t)::text AS kept FROM api_token t")
    assert api.key not in row["kept"]
    assert api.key.removeprefix("rsp_") not in row["kept"]


async def test_the_public_schema_is_of_reports_alone_and_explains_itself(api: Api) -> None:
    """Only report routes are shown, each with a summary, described parameters, examples and its problems."""
    schema = await (await api.app.http.get(f"{api.app.url}/api/openapi.json")).json()
    assert set(schema["paths"]) == {f"/api/v1/{{salon}}/report/{path.partition('?')[0]}" for path in REPORTS}
    for path, methods in schema["paths"].items():
        assert list(methods) == ["get"]
        assert methods["get"]["description"], path
        assert methods["get"]["security"] == [{"token": []}], path
        assert {"200", "401", "403", "404", "422"} <= set(methods["get"]["responses"])
        assert [each["name"] for each in methods["get"]["parameters"] if not each.get("description")] == []
    figure = schema["components"]["schemas"]["Figure"]["properties"]
    assert all(one.get("examples") or one.get("description") for one in figure.values())
    assert (await api.app.http.get(f"{api.app.url}/api/docs")).status == 200


async def test_the_page_names_every_route_and_parameter(api: Api) -> None:
    """docs/api.md has a row for each route and each parameter of the schema, and none besides."""
    schema = await (await api.app.http.get(f"{api.app.url}/api/openapi.json")).json()
    routes = re.findall(r"^\| `GET (\w+)` \|", PAGE, re.MULTILINE)
    assert sorted(routes) == sorted({path.rpartition("/")[2] for path in schema["paths"]})
    named = re.findall(r"^\| `(\w+)` \| (?:all|[a-z, ]+) \|", PAGE, re.MULTILINE)
    parameters = {
        each["name"]
        for methods in schema["paths"].values()
        for each in methods["get"]["parameters"]
        if each["in"] == "query"
    }
    assert set(named) == parameters


async def test_the_time_of_a_request_is_measured(api: Api) -> None:
    """Each report has its own line among the metrics."""
    await api.got("summary")
    shown = await (await api.app.http.get(f"{api.app.url}/metrics")).text()
    assert 'responder_report_seconds_count{report="summary"}' in shown
