"""`responder doctor`: try every part and every account outside, and say which works and what is wrong."""

from __future__ import annotations

from connectors.contract import ChannelKind, Polling
from responder.alerts.sending import subject_of
from responder.assembly import Responder, database_url, responder
from responder.commands.serve import checks_of
from responder.dialogue.meaning import Context
from responder.dialogue.state import DialogueState
from responder.llm.reader import LlmReader
from responder.llm.reading import Line
from responder.settings import Settings
from responder.web.health import CHECK_LASTS_S, Check, check_parts

OFF = "off"


LAST_TROUBLE = """
SELECT facts ->> 'reason' AS reason FROM alert
WHERE salon_id = %(salon)s AND subject = %(subject)s AND resolved_at IS NULL
"""


async def examine(settings: Settings) -> dict[str, str]:
    """Every part by name: "ok", "off: ..." or what is wrong."""
    async with responder(settings, url=database_url(settings)) as running:
        checks: dict[str, Check] = dict(checks_of(running))
        switched_off = await _add_accounts(running, checks)
        if running.llm is not None:
            checks[f"llm {settings.llm_model}"] = await _asking(running, running.llm)
        else:
            switched_off["llm"] = f"{OFF}: understanding by rules; set LLM_BASE_URL or LLM_API_KEY"
        return {**await check_parts(checks), **switched_off}


async def _add_accounts(running: Responder, checks: dict[str, Check]) -> dict[str, str]:
    switched_off: dict[str, str] = {}
    for salon in await running.salons.all():
        for account in salon.channels:
            name = f"{salon.slug} channel {account.key} ({account.kind})"
            messenger = running.messenger_of(account.id)
            if messenger is None:
                switched_off[name] = f"{OFF}: set {', '.join(account.secrets.values())}"
            elif account.kind != ChannelKind.WEBCHAT:
                checks[name] = _calling(messenger.probe)
                is_deaf = running.settings.public_url is None and not isinstance(messenger, Polling)
                if is_deaf:
                    switched_off[f"{name} inbound"] = f"{OFF}: this channel needs PUBLIC_URL"
        for crm_account in salon.crm:
            name = f"{salon.slug} crm {crm_account.key} ({crm_account.kind})"
            crm = running.crms.get(salon.id, {}).get(crm_account.key)
            if crm is None:
                switched_off[name] = f"{OFF}: set {', '.join(crm_account.secrets.values())}"
            else:
                checks[name] = _calling(crm.probe)
        for destination in salon.alerts:
            name = f"{salon.slug} alerts {destination.key}"
            if destination.key in running.notifiers.get(salon.id, {}):
                checks[name] = _last_message_arrived(running, salon.id, destination.key)
            else:
                switched_off[name] = f"{OFF}: set {destination.variable}"
    return switched_off


def _last_message_arrived(running: Responder, salon_id: int, key: str) -> Check:
    """Asks nobody outside: `responder alert test` sends."""

    async def check() -> None:
        async with running.database.connection() as connection:
            values = {"salon": salon_id, "subject": subject_of(key)}
            row = await (await connection.execute(LAST_TROUBLE, values)).fetchone()
        if row is not None:
            raise LookupError(row["reason"] or "the last message was not taken")

    return check


def _calling(probe: object) -> Check:
    async def check() -> None:
        await probe()  # type: ignore[operator]

    return check


async def _asking(running: Responder, llm: LlmReader) -> Check:
    """One real question, read the way a customer's words are."""
    salon = (await running.salons.all())[0]

    async def check() -> None:
        reading = await llm.read(
            [Line(author="customer", text=salon.services[0].name.to(salon.language))],
            salon=salon,
            state=DialogueState(),
            context=Context(language=salon.language),
            now=running.clock.now(),
            deadline_s=CHECK_LASTS_S - 0.2,
        )
        if reading.meaning is None:
            raise LookupError(f"{reading.outcome}: {reading.detail}")

    return check


def report_lines(parts: dict[str, str]) -> tuple[list[str], bool]:
    """Lines to print, and whether everything that is switched on works."""
    width = max(len(name) for name in parts)
    lines = []
    for name, result in parts.items():
        mark = "ok  " if result == "ok" else "off " if result.startswith(OFF) else "FAIL"
        lines.append(f"{mark} {name:<{width}}" + ("" if result == "ok" else f"  {result.removeprefix('off: ')}"))
    is_well = all(result == "ok" or result.startswith(OFF) for result in parts.values())
    return [line.rstrip() for line in lines], is_well
