"""The chat page and the widget's loader, with the headers that keep both harmless."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import orjson
from fastapi import Request, Response
from fastapi.responses import FileResponse, HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from connectors.messengers.webchat import TEXT_LIMIT
from responder.web.assets import STATIC, TEMPLATES, asset_url
from responder.web.chat.catalogue import choose_language, texts
from responder.web.chat.desk import ChatDesk, ChatSite
from responder.web.chat.origins import frame_ancestors

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}"
)


class ChatPages:
    def __init__(self, desk: ChatDesk) -> None:
        self._desk = desk

    async def chat_page(self, request: Request) -> Response:
        """The whole chat of one site; `?embed=1` inside the widget, `?lang=` to insist on a language."""
        site = await self._desk.site(request.path_params["site_key"])
        wanted, accepted = request.query_params.get("lang"), request.headers.get("accept-language", "")
        if site is None:
            language = choose_language(wanted, accepted, offered=("ru", "en"), default="en")
            content = (
                _templates()
                .get_template("chat_missing.html")
                .render(language=language, texts=texts(language), asset_url=_asset_url(request))
            )
            return HTMLResponse(content, status_code=404, headers=_headers("'none'"))
        language = choose_language(wanted, accepted, offered=site.languages, default=site.language)
        return HTMLResponse(_render(request, site, language), headers=_headers(frame_ancestors(site)))

    async def widget_script(self, request: Request) -> Response:
        """The loader that a salon puts on its own page; its address never changes, so it is kept only briefly."""
        return FileResponse(
            Path(STATIC / "widget.js"),
            media_type="text/javascript; charset=utf-8",
            headers={
                "cache-control": "public, max-age=300",
                "x-content-type-options": "nosniff",
                "cross-origin-resource-policy": "cross-origin",
            },
        )


def _render(request: Request, site: ChatSite, language: str) -> str:
    words = texts(language)
    config = {
        "site": site.key,
        "base": request.scope.get("root_path", ""),
        "language": language,
        "embed": request.query_params.get("embed") == "1",
        "textLimit": TEXT_LIMIT,
        "texts": words,
    }
    starters = [starter.to(language) for starter in site.starters]
    return (
        _templates()
        .get_template("chat.html")
        .render(
            site=site,
            name=site.name.to(language),
            greeting=site.greeting.to(language) if site.greeting else words["greeting"],
            starters=starters or [words["starter_book"], words["starter_prices"], words["starter_address"]],
            language=language,
            texts=words,
            is_embedded=config["embed"],
            config=orjson.dumps(config).decode(),
            asset_url=_asset_url(request),
        )
    )


def _asset_url(request: Request) -> object:
    base = request.scope.get("root_path", "")
    return lambda path: asset_url(path, base=base)


def _headers(ancestors: str) -> dict[str, str]:
    return {
        "content-security-policy": POLICY.format(ancestors=ancestors),
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
        "permissions-policy": "camera=(), microphone=(), geolocation=()",
        "cache-control": "no-cache",
        "vary": "Accept-Language",
    }


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
