"""The list behind a figure is exactly as long as the figure says, whatever was clicked on."""

from __future__ import annotations

from typing import Any

import pytest

from responder.db.engine import Database
from responder.reports.enquiries import Listed, Page, list_enquiries
from responder.reports.marks import By, Part, Selection
from responder.reports.query import BadQuery, ReportQuery, make_query
from responder.reports.report import Group, run_report
from responder.salon.profile import SalonProfile
from responder.timing.measures import Measure
from responder.timing.statistics import Ending, Figure
from tests.integration.test_report_counting import NOW, filled

OF_GROUPS = {
    Part.ARRIVALS: lambda group: group.arrivals,
    Part.FIRST_BY_BOT: lambda group: group.answered_first.bot,
    Part.FIRST_BY_HUMAN: lambda group: group.answered_first.human,
    Part.FIRST_BY_OTHER: lambda group: group.answered_first.other,
    Part.FIRST_BY_NOBODY: lambda group: group.answered_first.nobody,
    Part.BOOKED: lambda group: group.booked,
    Part.HANDED_OFF: lambda group: group.handed_off,
    Part.RESOLVED: lambda group: group.resolved,
    Part.SETTLEMENT_KNOWN: lambda group: group.settlement_known,
    Part.SETTLED_AT_ONCE: lambda group: group.settled_at_once,
    Part.SKEWED: lambda group: group.skewed,
    Part.EXCLUDED_SPAM: lambda group: group.excluded["spam"],
    Part.EXCLUDED_OUTREACH: lambda group: group.excluded["outreach"],
    Part.EXCLUDED_TEST: lambda group: group.excluded["test"],
}


def of_figure(found: Figure) -> dict[Part, int]:
    within, of = (found.share.within, found.share.of) if found.share else (0, 0)
    return {
        Part.ALL: found.n,
        Part.WITHIN: within,
        Part.LATE: of - within,
        Part.OPEN: found.open,
        Part.NOT_AWAITED: found.not_awaited,
    }


async def listed(database: Database, query: ReportQuery, selection: Selection, *, limit: int = 1000) -> list[Listed]:
    """Every page, each going on where the one before it ended."""
    rows: list[Listed] = []
    page = Page(rows=(), total=0, after="")
    while page.after is not None:
        page = await list_enquiries(database, query, selection, now=NOW, limit=limit, after=page.after or None)
        rows += page.rows
        assert len(page.rows) == limit or page.after is None
    assert page.total == len(rows)
    return rows


async def some(database: Database, **chosen: Any) -> tuple[SalonProfile, ReportQuery]:
    _, salon = await filled(database)
    return salon, make_query(salon, now=NOW, **chosen)


@pytest.mark.parametrize("chosen", [{}, {"sources": ["vk"], "within_s": 7}, {"definition": "zendesk"}], ids=str)
async def test_the_list_of_a_figure_is_as_long_as_the_figure_says(database: Database, chosen: dict[str, Any]) -> None:
    """Of every measure, in calendar and working time, and however the waits ended."""
    _, query = await some(database, **chosen)
    total = (await run_report(database, query, now=NOW, by=())).total
    for is_working, figures in ((False, total.calendar), (True, total.working)):
        for measure, found in figures.items():
            for part, count in of_figure(found).items():
                selection = Selection(measure=measure, is_working=is_working, part=part)
                assert len(await listed(database, query, selection)) == count, selection


async def test_what_is_counted_of_a_group_is_listed(database: Database) -> None:
    """Arrivals, who was first, what came of it and what was left out."""
    _, query = await some(database)
    report = await run_report(database, query, now=NOW, by=(By.CHANNEL,))
    assert sum(report.total.excluded.values()) > 0
    for group in (report.total, *report.channels):
        for part, count_of in OF_GROUPS.items():
            selection = Selection(part=part, by=group.by, value=group.value)
            assert len(await listed(database, query, selection)) == count_of(group), selection


@pytest.mark.parametrize("by", list(By))
async def test_a_group_of_any_cut_can_be_opened(database: Database, by: By) -> None:
    """By channel, person, day, week and cell of the heat map: n of the group is the length of its list."""
    _, query = await some(database)
    (groups,) = (await run_report(database, query, now=NOW, by=(by,))).cuts.values()

    def size(group: Group) -> int:
        return group.calendar[Measure.HUMAN_WAIT].n

    tried = sorted((group for group in groups if size(group)), key=size)[-4:]
    for group in tried:
        selection = Selection(measure=Measure.HUMAN_WAIT, by=by, value=group.value)
        assert len(await listed(database, query, selection)) == size(group), group.value


async def test_pages_give_everything_once_and_in_order(database: Database) -> None:
    """Small pages put together are the list, the latest arrival first; two hand-offs of one enquiry are two waits."""
    _, query = await some(database)
    selection = Selection(measure=Measure.HUMAN_WAIT)
    whole = await listed(database, query, selection)
    assert await listed(database, query, selection, limit=7) == whole
    keys = [(row.enquiry_id, row.handoff) for row in whole]
    assert len(set(keys)) == len(keys)
    assert any(row.handoff == 2 for row in whole)
    assert [row.arrived_at for row in whole] == sorted((row.arrived_at for row in whole), reverse=True)


async def test_a_row_says_who_when_and_how_long(database: Database) -> None:
    """Each row leads to its dialogue, with the wait in seconds, the local time of arrival and the marks."""
    salon, query = await some(database)
    rows = await listed(database, query, Selection(measure=Measure.HUMAN_FRT, part=Part.WITHIN))
    assert rows
    assert all(row.seconds is not None and row.seconds <= 60 and row.ending is Ending.ANSWERED for row in rows)
    assert {row.link for row in rows} == {f"/dialogues/{row.thread_id}" for row in rows}
    assert all(row.arrived_local.utcoffset() == row.arrived_at.astimezone(salon.zone).utcoffset() for row in rows)
    assert {row.channel for row in rows} == {"telegram", "webchat"}
    assert {row.operator for row in rows} == {None, "leyla"}


@pytest.mark.parametrize(
    ("selection", "asked", "field"),
    [
        (Selection(), {"limit": 0}, "limit"),
        (Selection(), {"after": "page2"}, "after"),
        (Selection(by=By.CHANNEL, value=3), {}, "value"),
        (Selection(by=By.WEEK_HOUR, value="noon"), {}, "value"),
    ],
)
async def test_what_cannot_be_listed_is_named(
    database: Database, selection: Selection, asked: dict[str, Any], field: str
) -> None:
    """A mistake names its field."""
    _, query = await some(database)
    with pytest.raises(BadQuery) as refused:
        await list_enquiries(database, query, selection, now=NOW, **asked)
    assert refused.value.field == field
