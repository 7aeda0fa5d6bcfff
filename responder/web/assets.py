"""Style sheets and scripts of every page: served from one address that changes when any of them does.

The version stands in the folder part of the address, so that relative imports between scripts carry it along and
browsers may keep everything for ever.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from fastapi import APIRouter, Response
from fastapi.responses import FileResponse

STATIC = Path(__file__).parent / "static"
TEMPLATES = Path(__file__).parent / "templates"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
}


@cache
def _files() -> dict[str, Path]:
    """Every asset by its path below `static`: whatever is not in here is not served."""
    return {path.relative_to(STATIC).as_posix(): path for path in sorted(STATIC.rglob("*")) if path.suffix in _TYPES}


@cache
def assets_version() -> str:
    """Twelve hexadecimal digits that stand for the present content of all assets."""
    digest = hashlib.sha256()
    for name, path in _files().items():
        digest.update(name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def asset_url(path: str, *, base: str = "") -> str:
    """The address of an asset such as `chat.css`; `base` is the path under which the application is mounted."""
    return f"{base}/static/{assets_version()}/{path}"


def assets_router() -> APIRouter:
    """`GET /static/{version}/{path}`; include it once in the application."""
    router = APIRouter(include_in_schema=False)

    @router.get("/static/{version}/{path:path}")
    async def asset(version: str, path: str) -> Response:
        file = _files().get(path)
        if file is None:
            return Response(status_code=404)
        current = version == assets_version()
        return FileResponse(
            file,
            media_type=_TYPES[file.suffix],
            headers={
                "cache-control": "public, max-age=31536000, immutable" if current else "no-cache",
                "x-content-type-options": "nosniff",
                "cross-origin-resource-policy": "cross-origin",
            },
        )

    return router
