"""The routes of the report API: one question each, answered by the engine the terminal and the pages use.

Annotations are evaluated here, unlike elsewhere: the gate they name is made by the function the routes stand in.
"""

import asyncio
from importlib import import_module
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from responder.clock import Clock
from responder.db.engine import Database
from responder.reports.marks import By
from responder.reports.spending import read_spending, spending_document
from responder.salon.loader import SalonCache
from responder.salon.profile import SalonProfile
from responder.web.access import Access
from responder.web.report import models
from responder.web.report.asked import Asked, BreakdownAsked, EnquiriesAsked, HistogramAsked, SeriesAsked
from responder.web.report.gate import report_gate
from responder.web.report.route import ReportRoute, as_json
from responder.web.report.words import definitions_document


async def load_engine() -> None:
    """The first question loads numpy and the engine, which a process that only answers customers never needs; in a
    thread, since customers are answered meanwhile."""
    await asyncio.to_thread(import_module, "responder.web.report.engine")


def report_api(*, database: Database, salons: SalonCache, clock: Clock, access: Access) -> APIRouter:
    gate = report_gate(access=access, database=database, salons=salons, clock=clock)
    router = APIRouter(
        prefix="/api/v1/{salon}/report",
        tags=["report"],
        route_class=ReportRoute,
        responses=models.PROBLEMS,
        dependencies=[Depends(load_engine)],
    )

    @router.get("/summary", response_model=models.Summary)
    async def summary(salon: Annotated[SalonProfile, Depends(gate)], asked: Annotated[Asked, Query()]) -> Response:
        """All figures of a period, and those of the period before it."""
        from responder.web.report import engine

        now = clock.now()
        report = await engine.run_report(database, asked.query(salon, now=now), now=now, by=())
        previous = None if report.previous is None else engine.group_document(report.previous)
        return as_json(
            engine.period_document(report) | {"total": engine.group_document(report.total), "previous": previous}
        )

    @router.get("/breakdown", response_model=models.Breakdown)
    async def breakdown(
        salon: Annotated[SalonProfile, Depends(gate)], asked: Annotated[BreakdownAsked, Query()]
    ) -> Response:
        """The figures of each channel, source, operator, specialist, category or priority."""
        from responder.web.report import engine

        now, by = clock.now(), By(asked.by.value)
        query = asked.query(salon, now=now)
        report = await engine.run_report(database, query, now=now, by=(by,), with_previous=False)
        groups = [engine.group_document(group) for group in report.cuts[by]]
        return as_json(engine.period_document(report) | {"by": by.value, "groups": groups})

    @router.get("/series", response_model=models.Series)
    async def series(salon: Annotated[SalonProfile, Depends(gate)], asked: Annotated[SeriesAsked, Query()]) -> Response:
        """The figures day by day, week by week, or by the hour of the day."""
        from responder.web.report import engine

        now, by = clock.now(), By(asked.by)
        query = asked.query(salon, now=now)
        report = await engine.run_report(database, query, now=now, by=(by,), with_previous=False)
        return as_json(engine.period_document(report) | {"by": by.value, "points": engine.series_document(report, by)})

    @router.get("/heatmap", response_model=models.Heatmap)
    async def heatmap(salon: Annotated[SalonProfile, Depends(gate)], asked: Annotated[Asked, Query()]) -> Response:
        """When enquiries come and how long they wait, by weekday and hour."""
        from responder.web.report import engine

        now = clock.now()
        query = asked.query(salon, now=now)
        report = await engine.run_report(database, query, now=now, by=(By.WEEK_HOUR,), with_previous=False)
        return as_json(engine.period_document(report) | {"cells": engine.heatmap_document(report)})

    @router.get("/histogram", response_model=models.Histogram)
    async def histogram(
        salon: Annotated[SalonProfile, Depends(gate)], asked: Annotated[HistogramAsked, Query()]
    ) -> Response:
        """How waits are spread, by default the bot's beside the people's."""
        from responder.web.report import engine

        now = clock.now()
        found = await engine.run_histogram(
            database, asked.query(salon, now=now), now=now, measures=asked.measure, is_working=asked.working
        )
        return as_json({"distributions": [engine.distribution_document(each) for each in found]})

    @router.get("/enquiries", response_model=models.Enquiries)
    async def enquiries(
        salon: Annotated[SalonProfile, Depends(gate)], asked: Annotated[EnquiriesAsked, Query()]
    ) -> Response:
        """The enquiries behind a figure, page by page."""
        from responder.web.report import engine

        now = clock.now()
        page = await engine.list_enquiries(
            database,
            asked.query(salon, now=now),
            asked.selection(),
            now=now,
            limit=asked.limit,
            after=asked.after,
        )
        return as_json(engine.page_document(page, salon=salon.slug))

    @router.get("/spending", response_model=models.SpendingAnswer)
    async def spending(salon: Annotated[SalonProfile, Depends(gate)], asked: Annotated[Asked, Query()]) -> Response:
        """What the language model cost in the period, and for each booking."""
        now = clock.now()
        query = asked.query(salon, now=now)
        spent = await read_spending(database, query)
        period = {"salon": salon.slug, "from": query.since.isoformat(), "to": query.until.isoformat()}
        return as_json(period | {"llm": spending_document(spent)})

    @router.get("/definitions", response_model=models.Definitions)
    async def definitions(salon: Annotated[SalonProfile, Depends(gate)]) -> Response:
        """What is measured from when to when, and by whose rules."""
        return as_json(definitions_document())

    return router
