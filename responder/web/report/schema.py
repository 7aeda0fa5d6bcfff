"""The public schema: the report routes and nothing else. The other routes serve our own pages and may change."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi

DESCRIPTION = """
Figures of a salon for other programs: how fast the bot and the people answered, and what came of it.

Send a key made by `responder token create NAME` as `Authorization: Bearer rsp_...`. It opens one salon.
What the figures mean: docs/timing.md. Names in these answers do not change within `/api/v1`; new ones may be added.
"""


def publish_schema(app: FastAPI, router: APIRouter) -> None:
    """Let `/api/openapi.json` and `/api/docs` show `router` alone."""
    made: dict[str, Any] = {}

    def schema() -> dict[str, Any]:
        if not made:
            made.update(
                get_openapi(
                    title="Responder reports",
                    version=app.version,
                    description=DESCRIPTION.strip(),
                    routes=router.routes,
                )
            )
        return made

    app.openapi = schema  # type: ignore[method-assign]
