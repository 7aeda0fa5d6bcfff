"""The owner's report in the browser: the verdict, bot and people side by side, every cut, and the enquiries behind
every number.
"""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import ValidationError

from responder.reports.marks import By
from responder.reports.query import BadQuery, ReportQuery
from responder.staff.rules import Right
from responder.timing.measures import Measure
from responder.timing.timeline import Exclusion
from responder.web.access import Staff
from responder.web.problems import Problem
from responder.web.report.api import load_engine
from responder.web.report.asked import EnquiriesAsked
from responder.web.staff.pages import Frame
from responder.web.staff.queue import count_waiting
from responder.web.staff.report_table import TABLES, table_csv, workbook
from responder.web.staff.report_view import by_weekday, light_of, verdict
from responder.web.staff.report_wanted import PERIODS, Wanted, address_of, read_wanted, targets_of
from responder.web.staff.route import staff_route
from responder.web.staff.wording import Wording

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CUTS = (By.CHANNEL, By.OPERATOR, By.SOURCE, By.SPECIALIST, By.DAY, By.HOUR, By.WEEK_HOUR)
ROWS = 50
REASONS = tuple(reason.value for reason in Exclusion)


class ReportPages:
    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    async def show(self, request: Request) -> Response:
        """The period at a glance and in detail."""
        staff = await self._frame.enter(request, Right.REPORT)
        try:
            wanted, query = read_wanted(request, staff.salon, now=self._frame.clock.now())
        except BadQuery as error:
            return await self._refused(request, staff, error)
        targets = targets_of(query)
        document = await self._document(query)
        async with self._frame.database.connection() as connection:
            waiting = await count_waiting(connection, staff.salon.id)
        total, cuts = document["total"], document["cuts"]
        first_useful = total["calendar"][Measure.FIRST_USEFUL.value]
        return await self._frame.page(
            request,
            staff,
            "staff_report.html",
            **self._about(wanted, query, staff),
            total=total,
            previous=document["previous"],
            cuts=cuts,
            heat=by_weekday(document["heat"]),
            waiting=waiting["waiting"],
            targets=targets,
            verdict=verdict(
                first_useful,
                goal=targets[Measure.FIRST_USEFUL.value].goal_share,
                channels=cuts["channel"],
                hours=cuts["hour"],
            ),
            light_of=light_of,
            reasons=REASONS,
            tables=TABLES,
        )

    async def enquiries(self, request: Request) -> Response:
        """Exactly the dialogues behind one number."""
        staff = await self._frame.enter(request, Right.REPORT)
        try:
            wanted, query = read_wanted(request, staff.salon, now=self._frame.clock.now())
            asked = _selection(request)
            await load_engine()
            from responder.web.report import engine

            page = await engine.list_enquiries(
                self._frame.database,
                query,
                asked.selection(),
                now=self._frame.clock.now(),
                limit=ROWS,
                after=asked.after,
            )
        except BadQuery as error:
            return await self._refused(request, staff, error)
        return await self._frame.page(
            request,
            staff,
            "staff_report_enquiries.html",
            **self._about(wanted, query, staff),
            found=engine.page_document(page, salon=staff.salon.slug),
            instants=[row.arrived_at for row in page.rows],
            selected=asked,
            more=address_of("/report/enquiries", staff.salon, wanted, _chosen(request) | {"after": page.after or ""}),
        )

    async def table(self, request: Request) -> Response:
        """One table as CSV, with the filters of the page."""
        staff = await self._frame.enter(request, Right.REPORT)
        name = request.query_params.get("table", "")
        if name not in TABLES:
            raise Problem(404, "status_404")
        try:
            _, query = read_wanted(request, staff.salon, now=self._frame.clock.now())
        except BadQuery as error:
            return await self._refused(request, staff, error)
        groups = (await self._document(query))["cuts"][name]
        language = self._frame.language(request, staff.salon)
        content = table_csv(groups, language=language)
        return _file(content, f"report-{name}-{query.since}-{query.until}.csv", "text/csv; charset=utf-8")

    async def book(self, request: Request) -> Response:
        """Every table as a workbook, with the filters of the page."""
        staff = await self._frame.enter(request, Right.REPORT)
        try:
            _, query = read_wanted(request, staff.salon, now=self._frame.clock.now())
        except BadQuery as error:
            return await self._refused(request, staff, error)
        cuts = (await self._document(query))["cuts"]
        say = Wording(staff.salon, self._frame.language(request, staff.salon), now=self._frame.clock.now())
        about = f"{staff.salon.name.to(say.language)}: {say.long_day(query.since)} – {say.long_day(query.until)}"
        content = await asyncio.to_thread(
            workbook, {name: cuts[name] for name in TABLES}, texts=say.t, named=say.group, about=about
        )
        return _file(content, f"report-{query.since}-{query.until}.xlsx", XLSX)

    async def _document(self, query: ReportQuery) -> dict[str, Any]:
        await load_engine()
        from responder.web.report import engine

        report = await engine.run_report(self._frame.database, query, now=self._frame.clock.now(), by=CUTS)
        days = engine.series_document(report, By.DAY)
        hours = engine.series_document(report, By.HOUR)
        groups = {
            by.value: [engine.group_document(group) for group in report.cuts[by]]
            for by in (By.CHANNEL, By.OPERATOR, By.SOURCE, By.SPECIALIST)
        }
        return {
            "total": engine.group_document(report.total),
            "previous": None if report.previous is None else engine.group_document(report.previous),
            "cuts": groups | {"day": days, "hour": hours},
            "heat": engine.heatmap_document(report),
        }

    def _about(self, wanted: Wanted, query: ReportQuery, staff: Staff) -> dict[str, Any]:
        """What both pages say of what they are about, and how they make addresses."""

        def address(**chosen: Any) -> str:
            return address_of("/report/enquiries", staff.salon, wanted, chosen)

        def table_address(name: str) -> str:
            return address_of("/report/table.csv", staff.salon, wanted, {"table": name})

        def book_address() -> str:
            return address_of("/report/report.xlsx", staff.salon, wanted, {})

        def period_address(period: str) -> str:
            plain = Wanted(period=period, since=None, until=None, filters=wanted.filters)
            return address_of("/report", staff.salon, plain, {})

        return {
            "wanted": wanted,
            "query": query,
            "periods": PERIODS,
            "address": address,
            "table_address": table_address,
            "book_address": book_address,
            "period_address": period_address,
            "back": address_of("/report", staff.salon, wanted, {}),
        }

    async def _refused(self, request: Request, staff: Staff, error: BadQuery) -> Response:
        return await self._frame.page(
            request, staff, "staff_report_refused.html", status=400, field=error.field, said=str(error)
        )


def report_pages(frame: Frame) -> APIRouter:
    pages = ReportPages(frame)
    router = APIRouter(include_in_schema=False, route_class=staff_route(frame.access))
    router.add_api_route("/report", pages.show, methods=["GET"])
    router.add_api_route("/report/enquiries", pages.enquiries, methods=["GET"])
    router.add_api_route("/report/table.csv", pages.table, methods=["GET"])
    router.add_api_route("/report/report.xlsx", pages.book, methods=["GET"])
    return router


def _file(content: bytes, name: str, media_type: str) -> Response:
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
    return Response(content, media_type=media_type, headers=headers)


def _chosen(request: Request) -> dict[str, str]:
    names = ("measure", "part", "by", "value", "working")
    return {name: request.query_params[name] for name in names if name in request.query_params}


def _selection(request: Request) -> EnquiriesAsked:
    """Raises `BadQuery`."""
    chosen = _chosen(request) | {"after": request.query_params.get("after")}
    try:
        return EnquiriesAsked.model_validate(chosen)
    except ValidationError as error:
        first = error.errors()[0]
        raise BadQuery(str(first["loc"][0]), first["msg"]) from None
