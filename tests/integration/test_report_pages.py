"""The owner's report in the browser: every number leads to exactly the dialogues it counts, and says what the engine
says."""

from __future__ import annotations

import io
import re
import zipfile
from html import unescape
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from responder.clock import FixedClock
from responder.reports.keeping import bring_up_to_date
from responder.reports.query import make_query
from responder.reports.report import run_report
from responder.timing.measures import Measure
from responder.web.staff.report_wanted import held_to, targets_of
from tests.integration.test_access import ask
from tests.integration.test_report_api import fill
from tests.logging_in import join
from tests.running import SLUG, TUESDAY, Running, running

ENGLISH = {"accept-language": "en"}
NUMBER = re.compile(r'<a[^>]*data-n="(\d+)"[^>]*>')
MISTAKES = (
    ("/report?from=2026-13-01", "from"),
    ("/report?from=2026-11-20&to=2026-11-01", "from"),
    ("/report?period=century", "period"),
    ("/report?channel=fax", "channel"),
    ("/report?operator=nobody", "operator"),
    ("/report?specialist=nobody", "specialist"),
    ("/report/enquiries?part=half", "part"),
    ("/report/enquiries?measure=speed", "measure"),
    ("/report/enquiries?by=day&value=monday", "value"),
    ("/report/enquiries?by=channel", "value"),
    ("/report/enquiries?after=next", "after"),
    ("/report/enquiries?by=week_hour&value=-1", "value"),
    ("/report/enquiries?by=hour&value=24", "value"),
    (f"/report/enquiries?by=hour&value={'9' * 5000}", "value"),
    ("/report?from=0001-01-01&to=0001-01-02", "from"),
    ("/report?to=0001-01-01", "to"),
    ("/report?to=9999-12-31", "to"),
    ("/report/table.csv?table=channel&from=x", "from"),
)


def numbers_of(page: str) -> list[tuple[int, str]]:
    """Every number that can be clicked, and where it leads."""
    found = []
    for match in NUMBER.finditer(page):
        address = re.search(r'href="([^"]+)"', match[0])
        assert address, match[0]
        found.append((int(match[1]), unescape(address[1])))
    return found


def arrivals_of(page: str) -> int:
    return next(number for number, address in numbers_of(page) if "part=arrivals" in address)


async def filled(app: Running) -> None:
    await fill(app, threads=150)
    (salon,) = await app.responder.salons.all()
    await bring_up_to_date(app.responder.database, salon, now=app.responder.clock.now())


@pytest.mark.parametrize(
    "path",
    ["/report?period=30", "/report?period=30&channel=telegram", "/report?from=2026-10-30&to=2026-11-08"],
)
async def test_every_number_opens_exactly_its_dialogues(database_url: str, path: str) -> None:
    """Each link of the page is followed; the list behind it says the number that was clicked."""
    async with running(database_url, clock=FixedClock(TUESDAY), with_background=False) as app:
        await filled(app)
        nina = await join(app, "owner")
        status, page = await ask(app, "GET", f"{path}&salon={SLUG}", who=nina, **ENGLISH)
        assert status == 200
        found = numbers_of(page)
        kinds = {parse_qs(urlsplit(address).query)["part"][0] for _, address in found}
        assert kinds >= {"all", "within", "late", "open", "arrivals", "first_by_bot", "first_by_human"}
        for number, address in dict.fromkeys(found):
            status, listed = await ask(app, "GET", address, who=nina, **ENGLISH)
            assert status == 200, (address, listed)
            total = re.search(r'data-total="(\d+)"', listed)
            assert total, address
            assert int(total[1]) == number, address


async def test_the_page_says_what_the_engine_says(database_url: str) -> None:
    """Medians, shares and counts of the cards and of the headline are those of the engine for the same question."""
    async with running(database_url, clock=FixedClock(TUESDAY), with_background=False) as app:
        await filled(app)
        nina = await join(app, "owner")
        _, page = await ask(app, "GET", f"/report?period=30&salon={SLUG}", who=nina, **ENGLISH)
        (salon,) = await app.responder.salons.all()
        now = app.responder.clock.now()
        query = make_query(salon, now=now, days=30)
        targets = targets_of(query)
        report = await run_report(app.responder.database, held_to(query, targets), now=now, by=())
        from responder.web.staff.wording import Wording

        say = Wording(salon, "en", now=now)
        cards = dict(re.findall(r'<h2>([^<]+)</h2>\s*<p class="big[^"]*">(.*?)</p>', page, re.S))
        shown = {name: re.sub(r"<[^>]+>", "", text).strip() for name, text in cards.items()}
        for title, measure in (
            ("Bot", Measure.BOT_FRT), ("People", Measure.HUMAN_FRT), ("Wait for a person", Measure.HUMAN_WAIT)
        ):  # fmt: skip
            figures = report.total.working if targets[measure.value].working else report.total.calendar
            median = figures[measure].median_s
            assert shown[title] == ("not that many yet" if median is None else say.span(median)), title
            share = figures[measure].share
            assert share
            assert f"{say.percent(share.value)}</span>" in page
        assert shown["What came of it"] == say.number(report.total.arrivals)
        headline = report.total.calendar[Measure.FIRST_USEFUL].share
        assert headline
        assert f"{say.percent(headline.value)} had a useful reply in 60 s" in page
        assert targets[Measure.HUMAN_WAIT.value].seconds == 180
        assert targets[Measure.HUMAN_WAIT.value].working


async def test_a_list_goes_on_page_by_page(database_url: str) -> None:
    """Fifty at a time until all have been shown once."""
    async with running(database_url, clock=FixedClock(TUESDAY), with_background=False) as app:
        await filled(app)
        nina = await join(app, "owner")
        address, links = f"/report/enquiries?period=30&part=arrivals&salon={SLUG}", []
        while address:
            _, page = await ask(app, "GET", address, who=nina)
            links += re.findall(r'class="row-link" href="([^"]+)"', page)
            total = re.search(r'data-total="(\d+)"', page)
            further = re.search(r'<a class="button" href="(/report/enquiries[^"]+)"', page)
            address = unescape(further[1]) if further else ""
    assert total
    assert len(links) == int(total[1]) > 100


async def test_a_salon_without_enquiries_is_told_what_to_do(database_url: str) -> None:
    """Neither a table of dashes nor a division by nothing."""
    async with running(database_url, clock=FixedClock(TUESDAY), with_background=False) as app:
        nina = await join(app, "owner")
        status, page = await ask(app, "GET", f"/report?salon={SLUG}", who=nina, **ENGLISH)
    assert status == 200
    assert "Nobody wrote in these days" in page
    assert "<table" not in page


async def test_mistakes_name_their_field(database_url: str) -> None:
    """A question that cannot be answered gets a page that says which part of it, and a way on."""
    async with running(database_url, clock=FixedClock(TUESDAY), with_background=False) as app:
        nina = await join(app, "owner")
        for path, field in MISTAKES:
            status, page = await ask(app, "GET", path, who=nina, **ENGLISH)
            assert status == 400, path
            assert f"{field}:" in page, path
            assert "/report?salon=" in page
        assert (await ask(app, "GET", "/report/table.csv?table=people", who=nina))[0] == 404


async def test_a_table_comes_as_a_file_with_the_filters_of_the_page(database_url: str) -> None:
    """The rows of the file add up to the arrivals of the page."""
    async with running(database_url, clock=FixedClock(TUESDAY), with_background=False) as app:
        await filled(app)
        nina = await join(app, "owner")
        _, page = await ask(app, "GET", f"/report?period=30&channel=telegram&salon={SLUG}", who=nina, **ENGLISH)
        address = next(unescape(found) for found in re.findall(r'href="([^"]+)"', page) if "table=channel" in found)
        status, text = await ask(app, "GET", address, who=nina, **ENGLISH)
        book = next(unescape(found) for found in re.findall(r'href="([^"]+)"', page) if "report.xlsx" in found)
        async with aiohttp.ClientSession(app.url, cookie_jar=aiohttp.DummyCookieJar()) as http:
            async with http.get(book, headers={"cookie": nina.cookie, **ENGLISH}) as answer:
                assert answer.headers["content-disposition"] == (
                    'attachment; filename="report-2026-10-26-2026-11-24.xlsx"'
                )
                with zipfile.ZipFile(io.BytesIO(await answer.read())) as archive:
                    assert f"<v>{arrivals_of(page)}</v>" in archive.read("xl/worksheets/sheet1.xml").decode()
    rows = text.lstrip("\ufeff").splitlines()
    assert status == 200
    assert len(rows) == 2
    assert rows[1].split(",")[:2] == ["telegram", str(arrivals_of(page))]
