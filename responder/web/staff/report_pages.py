"""The owner's report in the browser: the verdict, bot and people side by side, every cut, and the enquiries behind
every number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import ValidationError

from responder.reports.marks import By
from responder.reports.query import BadQuery, ReportQuery, make_query
from responder.salon.profile import SalonProfile, Target
from responder.staff.rules import Right
from responder.timing.measures import Measure
from responder.timing.timeline import Exclusion
from responder.watch.targets import Selected, target_for
from responder.web.access import Staff
from responder.web.problems import Problem
from responder.web.report.api import load_engine
from responder.web.report.asked import EnquiriesAsked
from responder.web.staff.pages import Frame
from responder.web.staff.queue import count_waiting
from responder.web.staff.report_table import TABLES, table_csv
from responder.web.staff.report_view import by_weekday, light_of, verdict
from responder.web.staff.route import staff_route

PERIODS = ("today", "yesterday", "7", "30")
CUTS = (By.CHANNEL, By.OPERATOR, By.SOURCE, By.SPECIALIST, By.DAY, By.HOUR, By.WEEK_HOUR)
IN_CARDS = (Measure.FIRST_USEFUL, Measure.BOT_FRT, Measure.HUMAN_FRT, Measure.HUMAN_WAIT)
WORKING_TOO = frozenset({Measure.HUMAN_FRT.value, Measure.HUMAN_WAIT.value})
ROWS = 50
FILTERS = ("channel", "source", "operator", "specialist")
REASONS = tuple(reason.value for reason in Exclusion)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What the address asks for, as it was written: `period` of `PERIODS`, or the first and the last day."""

    period: str
    since: date | None
    until: date | None
    filters: Mapping[str, list[str]]

    def values(self) -> list[tuple[str, str]]:
        """The parts of an address that ask for the same."""
        days = [("from", self.since), ("to", self.until)]
        asked = [(name, day.isoformat()) for name, day in days if day is not None]
        if not asked:
            asked = [("period", self.period)]
        return asked + [(name, value) for name, values in self.filters.items() for value in values]


class ReportPages:
    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    async def show(self, request: Request) -> Response:
        """The period at a glance and in detail."""
        staff = await self._frame.enter(request, Right.REPORT)
        try:
            wanted, query = self._query(request, staff.salon)
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
            wanted, query = self._query(request, staff.salon)
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
            more=_address("/report/enquiries", staff, wanted, _chosen(request) | {"after": page.after or ""}),
        )

    async def table(self, request: Request) -> Response:
        """One table as CSV, with the filters of the page."""
        staff = await self._frame.enter(request, Right.REPORT)
        name = request.query_params.get("table", "")
        if name not in TABLES:
            raise Problem(404, "status_404")
        try:
            _, query = self._query(request, staff.salon)
        except BadQuery as error:
            return await self._refused(request, staff, error)
        groups = (await self._document(query))["cuts"][name]
        language = self._frame.language(request, staff.salon)
        file = f"report-{name}-{query.since}-{query.until}.csv"
        return Response(
            table_csv(groups, language=language),
            media_type="text/csv; charset=utf-8",
            headers={"content-disposition": f'attachment; filename="{file}"', "cache-control": "no-store"},
        )

    def _query(self, request: Request, salon: SalonProfile) -> tuple[Wanted, ReportQuery]:
        """Raises `BadQuery`."""
        given, now = request.query_params, self._frame.clock.now()
        today = now.astimezone(salon.zone).date()
        period = given.get("period") or "today"
        if period not in PERIODS:
            raise BadQuery("period", f"{period!r} is none of {', '.join(PERIODS)}")
        wanted = Wanted(
            period=period,
            since=_day(given.get("from"), "from"),
            until=_day(given.get("to"), "to"),
            filters={name: [value for value in given.getlist(name) if value] for name in FILTERS},
        )
        since, until = _days(wanted, today)
        chosen = wanted.filters
        query = make_query(
            salon,
            now=now,
            since=since,
            until=until,
            channels=chosen["channel"],
            sources=chosen["source"],
            operators=chosen["operator"],
            specialists=chosen["specialist"],
        )
        return wanted, held_to(query, targets_of(query))

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
            return _address("/report/enquiries", staff, wanted, chosen)

        def table_address(name: str) -> str:
            return _address("/report/table.csv", staff, wanted, {"table": name})

        def period_address(period: str) -> str:
            plain = Wanted(period=period, since=None, until=None, filters=wanted.filters)
            return _address("/report", staff, plain, {})

        return {
            "wanted": wanted,
            "query": query,
            "periods": PERIODS,
            "address": address,
            "table_address": table_address,
            "period_address": period_address,
            "back": _address("/report", staff, wanted, {}),
        }

    async def _refused(self, request: Request, staff: Staff, error: BadQuery) -> Response:
        return await self._frame.page(
            request, staff, "staff_report_refused.html", status=400, field=error.field, said=str(error)
        )


def targets_of(query: ReportQuery) -> dict[str, Target]:
    """What binds most of the enquiries a report is about: the targets of the channel chosen, else those for all. The
    headline and the bot are held to the calendar whatever the salon file says of working time."""
    channels = query.chosen.channels
    about = Selected(channel_kind=next(iter(channels)) if len(channels) == 1 else "")
    found = {measure.value: target_for(query.salon.targets, measure, about) for measure in IN_CARDS}
    return {
        name: target if name in WORKING_TOO else replace(target, working=False)
        for name, target in found.items()
        if target is not None
    }


def held_to(query: ReportQuery, targets: Mapping[str, Target]) -> ReportQuery:
    """The same question with the shares of these targets."""
    seconds = {Measure(name): target.seconds for name, target in targets.items()}
    return replace(query, within_s={**query.within_s, **seconds})


def report_pages(frame: Frame) -> APIRouter:
    pages = ReportPages(frame)
    router = APIRouter(include_in_schema=False, route_class=staff_route(frame.access))
    router.add_api_route("/report", pages.show, methods=["GET"])
    router.add_api_route("/report/enquiries", pages.enquiries, methods=["GET"])
    router.add_api_route("/report/table.csv", pages.table, methods=["GET"])
    return router


def _days(wanted: Wanted, today: date) -> tuple[date | None, date | None]:
    if wanted.since is not None or wanted.until is not None:
        return wanted.since, wanted.until
    match wanted.period:
        case "today":
            return today, today
        case "yesterday":
            return today - timedelta(days=1), today - timedelta(days=1)
        case number:
            return today - timedelta(days=int(number) - 1), today


def _day(text: str | None, field: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadQuery(field, f"{text!r} is no day; write 2026-11-25") from None


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


def _address(path: str, staff: Staff, wanted: Wanted, chosen: Mapping[str, Any]) -> str:
    values = [("salon", staff.salon.slug), *wanted.values()]
    return f"{path}?{urlencode([*values, *((name, str(value)) for name, value in chosen.items())])}"
