"""Turns whatever ended a request early into its answer: a page for browsers, JSON for programs, never a stack trace."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from psycopg_pool import PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from responder.db.outages import is_about_values, is_outage
from responder.errors import Refused
from responder.logs import get_logger
from responder.web.problems import Problem, problem_of, problem_of_status
from responder.web.staff.pages import refusal_page
from responder.web.staff.rendering import HEADERS

log = get_logger(__name__)


def answer_refusals(app: FastAPI) -> None:
    """Every way in which a request may end early, in one list."""
    app.add_exception_handler(HTTPException, refuse)
    app.add_exception_handler(RequestValidationError, _refuse_fields)
    app.add_exception_handler(Refused, _refuse_from_within)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(psycopg.Error, _database_failed)
    app.add_exception_handler(PoolTimeout, _database_failed)
    app.add_exception_handler(Exception, _failed)  # Starlette raises it again afterwards, and the server logs it


async def refuse(request: Request, error: Exception) -> Response:
    """Say what is wrong, where, and what would be right."""
    problem = problem_of_status(error) if isinstance(error, HTTPException) else Problem(500, "status_500")
    status, headers = problem.status_code, dict(problem.headers or {})
    if "text/html" in request.headers.get("accept", "") and "x-requested-with" not in request.headers:
        accepted, wanted = request.headers.get("accept-language", ""), request.query_params.get("lang")
        page = refusal_page(problem, wanted=wanted, accepted=accepted)
        return HTMLResponse(page, status_code=status, headers=headers | HEADERS | {"vary": "Accept-Language"})
    content = {"error": status, "code": problem.code, "message": _message(request, problem)}
    return JSONResponse(content, status_code=status, headers=headers | {"cache-control": "no-store"})


def _message(request: Request, problem: Problem) -> str:
    """English for programs and logs; our own pages' scripts show it to their reader."""
    if "x-requested-with" not in request.headers:
        return str(problem.detail)
    language = request.headers.get("accept-language", "").split(",")[0].split(";")[0].split("-")[0].strip().lower()
    return problem.to(language)


async def _refuse_fields(request: Request, error: Exception) -> Response:
    """The first field that is wrong; a path that cannot name anything names nothing."""
    errors: Sequence[Any] = error.errors() if isinstance(error, RequestValidationError) else ()
    first = next(iter(errors), {"loc": (), "msg": "it is wrong"})
    where = [str(part) for part in first["loc"]]
    if where[:1] == ["path"]:
        return await refuse(request, Problem(404, "status_404"))
    field = ".".join(where[1:]) or "body"
    return await refuse(request, Problem(422, "invalid", field=field, reason=first["msg"]))


async def _refuse_from_within(request: Request, error: Exception) -> Response:
    return await refuse(request, problem_of(error) if isinstance(error, Refused) else error)


async def _database_failed(request: Request, error: Exception) -> Response:
    if is_about_values(error):
        log.error("request_not_storable", path=_path_of(request), error=type(error).__name__)
        return await refuse(request, Problem(400, "unstorable"))
    if is_outage(error):
        log.error("database_away", path=_path_of(request), error=type(error).__name__)
        return await refuse(request, Problem(503, "unavailable", headers={"retry-after": "2"}))
    raise error


async def _gone(request: Request, error: Exception) -> Response:
    """The client hung up before its body was here, or took too long: nobody hears the answer, and nothing is amiss."""
    return Response(status_code=400)


async def _failed(request: Request, error: Exception) -> Response:
    return await refuse(request, Problem(500, "status_500"))


def _path_of(request: Request) -> str:
    """The route's own spelling, which holds nobody's words."""
    return str(getattr(request.scope.get("route"), "path", ""))
