"""How a staff page becomes HTML: the templates, the headers of every page, parts of pages for scripts."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from responder.salon.profile import SalonProfile
from responder.web.assets import TEMPLATES, asset_url
from responder.web.staff.texts import staff_texts
from responder.web.staff.wording import Wording

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; media-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
}


def render(template: str, *, salon: SalonProfile, language: str, now: datetime, **values: Any) -> str:
    """A template with the salon's wording: `t` are texts, `say` puts values into words."""
    say = Wording(salon, language, now=now)
    return (
        templates().get_template(template).render(salon=salon, language=language, now=now, say=say, t=say.t, **values)
    )


def html(content: str, *, status: int = 200) -> HTMLResponse:
    return HTMLResponse(content, headers=HEADERS, status_code=status)


def bare_page(template: str, *, language: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page that is about no salon yet: a login, an invitation."""
    content = templates().get_template(template).render(language=language, t=staff_texts(language), **values)
    return html(content, status=status)


def compile_templates() -> None:
    """So that the first who opens a page need not wait for it; half a second of one processor."""
    for name in templates().list_templates():
        templates().get_template(name)


@cache
def templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["asset_url"] = asset_url
    environment.globals["icons"] = environment.get_template("staff_icons.html").module
    return environment
