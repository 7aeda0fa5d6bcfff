"""`responder doctor`: try every part and every account outside, and say which works, what is wrong and what to do."""

from __future__ import annotations

import asyncio
import os
import shutil
from typing import Any

import redis.asyncio as redis

from connectors.contract import ChannelKind, ConnectorError, CredentialsRefused, Polling
from responder.alerts.sending import subject_of
from responder.assembly import Responder, database_url, missing_variables, responder
from responder.commands.backlog import examine_backlog
from responder.commands.findings import Finding, State
from responder.dialogue.meaning import Context
from responder.dialogue.state import DialogueState
from responder.errors import BadSetting
from responder.llm.backend import Backend
from responder.llm.reader import LlmReader
from responder.llm.reading import Line
from responder.salon.profile import AlertDestination, SalonProfile
from responder.settings import Settings

PATIENCE_S = 5.0
FREE_AT_LEAST = 1 << 30  # bytes
SKEW_AT_MOST_S = 1.0


LAST_TROUBLE = """
SELECT facts ->> 'reason' AS reason FROM alert
WHERE salon_id = %(salon)s AND subject = %(subject)s AND resolved_at IS NULL
"""


async def examine(settings: Settings) -> list[Finding]:
    """Every part in the order to mend them in. What needs the database is left out when it does not work."""
    findings = [examine_folder(settings)]
    try:
        url = await asyncio.to_thread(database_url, settings)
        async with responder(settings, url=url) as running:
            findings += [await _examine_database(running), await _examine_redis(settings)]
            findings += await _examine_outside(running)
            findings += await examine_backlog(running.database, now=running.clock.now())
    except BadSetting as error:
        part = "database" if error.name == "DATABASE_URL" else "settings"
        findings += [Finding(part=part, state=State.FAIL, detail=str(error)), await _examine_redis(settings)]
    return findings


def examine_folder(settings: Settings) -> Finding:
    """Whether VAR_DIR can be written and has room."""
    folder = settings.var_dir.resolve()
    place = next(part for part in (folder, *folder.parents) if part.exists())  # made at the first start
    if not (place.is_dir() and os.access(place, os.W_OK | os.X_OK)):
        return Finding(
            part="folder",
            state=State.FAIL,
            detail=f"{folder} cannot be written",
            hint="let this user write it, or name another one: VAR_DIR=...",
        )
    free = shutil.disk_usage(place).free
    detail = f"{folder}, {free / (1 << 30):.1f} GB free"
    if free < FREE_AT_LEAST:
        return Finding(part="folder", state=State.FAIL, detail=detail, hint="a full disk stops the database: make room")
    return Finding(part="folder", state=State.OK, detail=detail)


async def _examine_database(running: Responder) -> Finding:
    before = running.clock.now()
    async with running.database.connection() as connection:
        row = await (
            await connection.execute("SELECT clock_timestamp() AS now, current_setting('server_version') AS version")
        ).fetchone()
    assert row is not None
    middle = before + (running.clock.now() - before) / 2
    skew_s = (row["now"] - middle).total_seconds()
    where = "embedded" if running.settings.database_url is None else "at DATABASE_URL"
    detail = f"PostgreSQL {row['version'].split()[0]}, {where}, clocks {abs(skew_s):.2f} s apart"
    if abs(skew_s) > SKEW_AT_MOST_S:
        hint = "waits are measured by both clocks: switch time synchronisation (NTP) on for both machines"
        return Finding(part="database", state=State.FAIL, detail=detail, hint=hint)
    return Finding(part="database", state=State.OK, detail=detail)


async def _examine_redis(settings: Settings) -> Finding:
    if settings.redis_url is None:
        return Finding(part="redis", state=State.OFF, detail="not needed for one process; REDIS_URL for several")
    client = redis.Redis.from_url(settings.redis_url.get_secret_value(), socket_connect_timeout=PATIENCE_S)
    try:
        async with asyncio.timeout(PATIENCE_S):
            await client.ping()
    except (TimeoutError, OSError, redis.RedisError) as error:
        hint = "Responder works on without live pages across processes; check REDIS_URL and that Redis runs"
        return Finding(part="redis", state=State.FAIL, detail=f"no answer ({type(error).__name__})", hint=hint)
    finally:
        await client.aclose()
    return Finding(part="redis", state=State.OK)


async def _examine_outside(running: Responder) -> list[Finding]:
    salons = await running.salons.all()
    if not salons:
        hint = "responder salon import FILE, or `responder serve` to begin with the example salon"
        return [Finding(part="salons", state=State.FAIL, detail="none has been imported", hint=hint)]
    names = ", ".join(salon.slug for salon in salons)
    found = await asyncio.gather(
        *(_examine_llm(running, backend, salons[0]) for backend in (running.llm.backends if running.llm else (None,))),
        _examine_transcriber(running),
        *(_examine_channel(running, salon, account) for salon in salons for account in salon.channels),
        *(_examine_crm(running, salon, account) for salon in salons for account in salon.crm),
        *(_examine_alerts(running, salon, destination) for salon in salons for destination in salon.alerts),
    )
    nowhere = "no destination outside; `alerts` in the salon file names some"
    deaf = [
        Finding(part=f"{salon.slug}: alerts", state=State.OFF, detail=nowhere) for salon in salons if not salon.alerts
    ]
    return [Finding(part="salons", state=State.OK, detail=names), *found, *deaf]


async def _examine_llm(running: Responder, backend: Backend | None, salon: SalonProfile) -> Finding:
    """One real question, read the way a customer's words are: nothing less shows that key, model and form are right."""
    llm = running.llm
    if llm is None or backend is None:
        detail = "understanding by rules; LLM_BASE_URL and LLM_API_KEY, or OPENAI_API_KEY, switch it on"
        return Finding(part="llm", state=State.OFF, detail=detail)
    name, model = backend.spec.name, backend.spec.model
    outcome, detail = await _asked(running, llm, name, salon)
    if outcome is None:
        return Finding(part=name, state=State.OK, detail=model)
    prefix = name.upper()
    others = "the others are asked" if len(llm.backends) > 1 else "customers are answered by rules"
    hint = f"{others} meanwhile; check {prefix}_BASE_URL, {prefix}_API_KEY and {prefix}_MODEL"
    return Finding(part=name, state=State.FAIL, detail=f"{model}: {outcome} ({detail})", hint=hint)


async def _examine_transcriber(running: Responder) -> Finding:
    """A moment of silence is sent: nothing less shows that key, model and form are right."""
    transcriber = running.transcriber
    if transcriber is None:
        return Finding(part="voice", state=State.OFF, detail="a person listens; LLM_TRANSCRIBE_MODEL switches it on")
    reason = await transcriber.examine(PATIENCE_S)
    if reason is None:
        return Finding(part="voice", state=State.OK, detail=transcriber.spec.model)
    hint = "a person listens meanwhile; check LLM_TRANSCRIBE_BASE_URL, LLM_TRANSCRIBE_API_KEY, LLM_TRANSCRIBE_MODEL"
    return Finding(part="voice", state=State.FAIL, detail=f"{transcriber.spec.model}: {reason}", hint=hint)


async def _asked(running: Responder, llm: LlmReader, name: str, salon: SalonProfile) -> tuple[str | None, str]:
    reading = await llm.read(
        [Line(author="customer", text=salon.services[0].name.to(salon.language))],
        salon=salon,
        state=DialogueState(),
        context=Context(language=salon.language),
        now=running.clock.now(),
        deadline_s=PATIENCE_S,
        only=name,
    )
    return (None, "") if reading.meaning is not None else (str(reading.outcome), reading.detail)


async def _examine_channel(running: Responder, salon: SalonProfile, account: Any) -> Finding:
    part = f"{salon.slug}: channel {account.key}"
    messenger = running.messenger_of(account.id)
    if messenger is None:
        return Finding(part=part, state=State.OFF, detail=f"set {' and '.join(missing_variables(account))}")
    if account.kind == ChannelKind.WEBCHAT:
        return Finding(part=part, state=State.OK, detail="our own page")
    if running.settings.public_url is None and not isinstance(messenger, Polling):
        hint = "this channel brings messages to a public address only: set PUBLIC_URL"
        return Finding(part=part, state=State.FAIL, detail="cannot receive", hint=hint)
    return await _probed(part, messenger, ", ".join(account.secrets.values()))


async def _examine_crm(running: Responder, salon: SalonProfile, account: Any) -> Finding:
    part = f"{salon.slug}: crm {account.key}"
    crm = running.crms.get(salon.id, {}).get(account.key)
    if crm is None:
        return Finding(part=part, state=State.OFF, detail=f"set {' and '.join(missing_variables(account))}")
    return await _probed(part, crm, ", ".join(account.secrets.values()))


async def _examine_alerts(running: Responder, salon: SalonProfile, destination: AlertDestination) -> Finding:
    """Asks nobody outside: `responder alert test` sends."""
    part = f"{salon.slug}: alerts {destination.key}"
    if destination.key not in running.notifiers.get(salon.id, {}):
        return Finding(part=part, state=State.OFF, detail=f"set {destination.variable}")
    async with running.database.connection() as connection:
        values = {"salon": salon.id, "subject": subject_of(destination.key)}
        row = await (await connection.execute(LAST_TROUBLE, values)).fetchone()
    if row is None:
        return Finding(part=part, state=State.OK)
    detail = row["reason"] or "the last message was not taken"
    return Finding(
        part=part, state=State.FAIL, detail=detail, hint=f"check {destination.variable}, then: responder alert test"
    )


async def _probed(part: str, connector: Any, variables: str) -> Finding:
    """Ask a connector to prove that its account works; what it answers is what the other side calls the account."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            return Finding(part=part, state=State.OK, detail=str(await connector.probe()))
    except TimeoutError:
        detail, hint = f"no answer within {PATIENCE_S:g} s", "can this machine reach it? what is due is tried again"
    except CredentialsRefused as error:
        detail, hint = str(error), f"check {variables}"
    except ConnectorError as error:
        detail, hint = str(error), f"can this machine reach it? else check {variables}"
    return Finding(part=part, state=State.FAIL, detail=detail, hint=hint)
