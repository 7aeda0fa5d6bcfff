"""`responder alert test`: a message to every destination of alerts, and what became of each."""

from __future__ import annotations

from connectors.contract import ConnectorError, Notifier
from responder.alerts.wording import alert_words
from responder.assembly import database_url, responder
from responder.errors import NotFound
from responder.salon.profile import AlertDestination, SalonProfile
from responder.settings import Settings


async def send_tests(settings: Settings, *, salon: str | None, destination: str | None) -> tuple[list[str], bool]:
    """A line for each destination, and whether there is one and every one that is switched on took its message. Raises
    `NotFound`."""
    lines, is_well = [], True
    async with responder(settings, url=database_url(settings)) as running:
        for profile in _chosen(await running.salons.all(), salon):
            notifiers = await running.notifiers_of(profile.id)
            for found in _wanted(profile, destination):
                line, is_sent = await _try(profile, found, notifiers.get(found.key))
                lines.append(line)
                is_well &= is_sent
    if not lines:
        return ["No destinations: name some under `alerts` in the salon file (docs/alerts.md)."], False
    return lines, is_well


def _chosen(salons: tuple[SalonProfile, ...], slug: str | None) -> list[SalonProfile]:
    chosen = [profile for profile in salons if slug in (None, profile.slug)]
    if not chosen:
        raise NotFound(f"There is no salon {slug!r}." if slug else "No salon has been imported yet.")
    return chosen[:1]


def _wanted(profile: SalonProfile, key: str | None) -> list[AlertDestination]:
    wanted = [found for found in profile.alerts if key in (None, found.key)]
    if key is not None and not wanted:
        known = ", ".join(found.key for found in profile.alerts) or "none"
        raise NotFound(f"There is no destination {key!r} in this salon; known: {known}.")
    return wanted


async def _try(profile: SalonProfile, found: AlertDestination, notifier: Notifier | None) -> tuple[str, bool]:
    words = alert_words(profile.language)
    if notifier is None:
        return f"off  {found.key}: set {found.variable}", True
    title = f"{profile.name.to(profile.language)}: {words['test_title']}"
    try:
        await notifier.notify(title, words["test_body"].format(key=found.key))
    except ConnectorError as error:
        return f"FAIL {found.key}: {error or words['refused']}", False
    return f"ok   {found.key}", True
