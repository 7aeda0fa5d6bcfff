"""The distribution behind a median: bars that add up to the figure, by whatever way they were counted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from responder.db.engine import Database
from responder.reports.histogram import EDGES_S, run_histogram
from responder.reports.keeping import bring_up_to_date
from responder.reports.marks import Part, Selection
from responder.reports.query import make_query
from responder.reports.report import run_report
from responder.reports.rollups import count_stale_days
from responder.timing.bins import edge_at
from responder.timing.measures import Measure
from responder.timing.statistics import Ending
from tests.integration.test_report_counting import NOW, filled
from tests.integration.test_report_enquiries import listed


def test_every_edge_of_a_bar_is_an_edge_of_the_bins() -> None:
    """Counted days can tell each bar exactly."""
    assert [edge for edge in EDGES_S if edge_at(edge) is None] == []
    assert sorted(set(EDGES_S)) == list(EDGES_S)


@pytest.mark.parametrize("is_working", [False, True])
@pytest.mark.parametrize("chosen", [{}, {"channels": ["telegram"], "within_s": 7}], ids=str)
async def test_bars_add_up_to_the_figure(database: Database, chosen: dict[str, Any], is_working: bool) -> None:
    """Of every measure: together they hold n and open, and from counted days they are the same bars."""
    _, salon = await filled(database)
    query = make_query(salon, now=NOW, **chosen)
    await bring_up_to_date(database, salon, now=NOW)
    await count_stale_days(database, salon, now=NOW, limit=20)
    exact = await run_histogram(database, query, now=NOW, measures=list(Measure), is_working=is_working)
    counted = await run_histogram(
        database, query, now=NOW, measures=list(Measure), is_working=is_working, exact_up_to=0
    )
    total = (await run_report(database, query, now=NOW, by=())).total
    figures = total.working if is_working else total.calendar

    assert counted == exact
    assert len({len(found.bars) for found in exact}) == 1
    for found in exact:
        assert (found.n, sum(bar.open for bar in found.bars)) == (
            figures[found.measure].n,
            figures[found.measure].open,
        )


async def test_a_bar_holds_the_waits_between_its_edges(database: Database) -> None:
    """Each answered wait of the list lies in exactly one bar, which counts it."""
    _, salon = await filled(database)
    query = make_query(salon, now=NOW)
    (found,) = await run_histogram(database, query, now=NOW, measures=[Measure.HUMAN_FRT])
    rows = await listed(database, query, Selection(measure=Measure.HUMAN_FRT))
    answered = [row.seconds for row in rows if row.ending is Ending.ANSWERED and row.seconds is not None]
    assert answered
    for bar in found.bars:
        to_s = float("inf") if bar.to_s is None else bar.to_s
        between = [seconds for seconds in answered if bar.from_s < seconds <= to_s or (bar.from_s == 0 == seconds)]
        assert bar.answered == len(between), bar


async def test_nobody_has_no_bars(database: Database) -> None:
    """A period without enquiries gives measures without bars."""
    _, salon = await filled(database, threads=1)
    query = replace(
        make_query(salon, now=NOW), since=NOW.date().replace(year=2025), until=NOW.date().replace(year=2025)
    )
    found = await run_histogram(database, query, now=NOW)
    assert [(one.measure, one.bars) for one in found] == [(Measure.BOT_FRT, ()), (Measure.HUMAN_FRT, ())]
    assert await listed(database, query, Selection(part=Part.ARRIVALS)) == []
