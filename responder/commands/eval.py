"""`responder eval`: plays scenarios through the real turns, in a PostgreSQL of its own, and reports what came of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg

from responder.assembly import database_url, responder
from responder.clock import ShiftedClock
from responder.db.embedded import start_server
from responder.db.engine import Database
from responder.db.migrate import migrate
from responder.errors import BadSetting
from responder.evals.file import Found
from responder.evals.player import Player
from responder.evals.saving import scenario_of
from responder.evals.verdict import Tally
from responder.salon.demo import DEMO_SALON
from responder.salon.document import read_document
from responder.salon.file import read_salon_file
from responder.settings import Settings

NAME = "scenarios"


def play(settings: Settings, found: Sequence[Found], *, runs: int, with_llm: bool, salon: Path | None) -> Tally:
    """Every scenario `runs` times. Raises `BadSetting` when the LLM is asked for and none is set up."""
    if with_llm and not settings.has_llm:
        raise BadSetting(
            "LLM_MODEL", "not set, and --llm plays with an LLM", "Set LLM_BASE_URL, LLM_API_KEY, LLM_MODEL"
        )
    server = start_server(settings.var_dir / "evals" / "postgres")
    url = _fresh_database(server.get_uri())
    return asyncio.run(play_at(_alone(settings, with_llm=with_llm), url, found, runs=runs, salon=salon))


async def play_at(
    settings: Settings, url: str, found: Sequence[Found], *, runs: int = 1, salon: Path | None = None
) -> Tally:
    """The same in the migrated database at `url`, which holds nothing else."""
    clock = ShiftedClock()
    path = salon or DEMO_SALON
    read_salon_file(path)  # says what is wrong with it, line by line
    began = time.monotonic()
    async with responder(settings, url=url, clock=clock) as running:
        player = Player(running, clock, base=read_document(path).data)
        verdicts = [[await player.play(one) for _ in range(runs)] for one in found]
    by = settings.llm_model if settings.has_llm else "rules"
    return Tally(verdicts=verdicts, seconds=time.monotonic() - began, by=by)


async def saved(settings: Settings, thread_id: int, *, name: str) -> str:
    """A live dialogue as the text of a scenario file. Raises `NotFound`."""
    database = Database(database_url(settings), pool_size=1)
    await database.open()
    try:
        return await scenario_of(database, thread_id, name=name)
    finally:
        await database.close()


def _alone(settings: Settings, *, with_llm: bool) -> Settings:
    """The same settings without anything outside but the LLM, and without waiting for the end of a burst."""
    changes: dict[str, Any] = {
        "redis_url": None,
        "database_url": None,
        "burst_quiet_s": 0.0,
        "llm_transcribe_model": None,
    }
    if not with_llm:
        changes |= {
            "llm_base_url": None,
            "llm_api_key": None,
            "openai_api_key": None,
            "llm_model": "none",
            "llm_transcribe_model": None,
        }
    return settings.model_copy(update=changes)


def _fresh_database(server_url: str) -> str:
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {NAME}")
    head, _, query = server_url.partition("?")
    url = f"{head.rsplit('/', 1)[0]}/{NAME}" + (f"?{query}" if query else "")
    migrate(url)
    return url
