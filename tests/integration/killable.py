"""A serving process that kills itself (SIGKILL) at one named step of a message's route; run by test_killed_anywhere.

    python -m tests.integration.killable STEP PORT

Leases and pauses are short, so that what was cut off is taken up soon.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any

import uvicorn

from connectors.crm.bitrix24 import Bitrix24Crm
from connectors.messengers.telegram import TelegramMessenger
from responder import assembly, jobs
from responder.commands.serve import build_app, ensure_salon
from responder.delivery import rules as delivery_rules
from responder.delivery import service as delivery
from responder.intake.service import Intake
from responder.leads.service import LeadPusher
from responder.settings import load_settings
from responder.turns import claim, engine, statements

BEFORE, AFTER = "before", "after"

# name of the step -> (owner, attribute, when to die); in the order of the route
STEPS: dict[str, tuple[Any, str, str]] = {
    "before the message is stored": (Intake, "store", BEFORE),
    "after it is stored, before 2xx": (Intake, "store", AFTER),
    "after the lease is taken": (engine, "claim_thread", AFTER),
    "after it is understood": (engine, "read", AFTER),
    "after the book was changed, before the rest": (engine, "carry_out", AFTER),
    "after everything is written, before the commit": (engine, "write_down", AFTER),
    "after the commit, before the send": (TelegramMessenger, "send", BEFORE),
    "after the send, before the stamp": (TelegramMessenger, "send", AFTER),
    "after the stamp": (delivery.Delivery, "deliver", AFTER),
    "before the CRM is called": (Bitrix24Crm, "put_lead", BEFORE),
    "after the CRM took it, before we noted it": (Bitrix24Crm, "put_lead", AFTER),
    "after the lead is noted, before the job is done": (LeadPusher, "push", AFTER),
}


def kill_at(step: str) -> None:
    """Arrange for SIGKILL at a step; unknown names raise KeyError."""
    owner, attribute, when = STEPS[step]
    original: Callable[..., Any] = getattr(owner, attribute)

    async def deadly(*args: Any, **kwargs: Any) -> Any:
        if when == BEFORE:
            os.kill(os.getpid(), signal.SIGKILL)
        result = await original(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, attribute, deadly)


def hurry() -> None:
    """Make dead processes' leases end soon."""
    short = timedelta(seconds=0.8)
    claim.LEASE_LASTS = short
    delivery.ATTEMPT_LASTS = delivery_rules.ATTEMPT_LASTS = statements.ATTEMPT_LASTS = short
    delivery_rules.UNKNOWN_PAUSE_S = 0.2
    original = jobs.run_worker

    async def run_worker(app: Any, **options: Any) -> None:
        await original(app, poll_s=0.2, heartbeat_s=0.2, stalled_after_s=1.0, **options)

    jobs.run_worker = run_worker  # type: ignore[assignment]


async def serve(port: int) -> None:
    settings = load_settings()
    url = assembly.database_url(settings)
    async with assembly.responder(settings, url=url) as running:
        await ensure_salon(running.database, clock=running.clock)
        await running.refresh_accounts()
        config = uvicorn.Config(
            build_app(running),
            port=port,
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
        loops: AbstractAsyncContextManager[None] = assembly.background(running)
        async with loops:
            print("ready", flush=True)
            await uvicorn.Server(config).serve()


if __name__ == "__main__":
    hurry()
    if sys.argv[1] != "never":
        kill_at(sys.argv[1])
    asyncio.run(serve(int(sys.argv[2])))
