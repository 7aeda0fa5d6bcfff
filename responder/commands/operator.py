"""`responder operator`: who may log in to a salon's desk, for whoever runs the installation."""

from __future__ import annotations

from datetime import datetime, tzinfo

from responder.clock import SystemClock
from responder.commands.one_salon import one_salon
from responder.settings import Settings
from responder.staff.audit import Actor
from responder.staff.people import add_operator, invite, people_of, revoke
from responder.staff.rules import Role

COMMAND_LINE = Actor(address="command line")


async def invite_operator(
    settings: Settings, *, salon: str | None, key: str | None, name: str | None, role: Role
) -> str:
    """The link of an invitation, and how long it lasts; `name` makes a new operator of it. Raises `NotFound`."""
    now = SystemClock().now()
    async with one_salon(settings, salon) as (database, profile), database.transaction() as connection:
        who = {"by": Role.OWNER, "actor": COMMAND_LINE, "now": now}
        if name is not None:
            key = await add_operator(connection, profile.id, name=name, role=role, **who)  # type: ignore[arg-type]
        token = await invite(connection, profile.id, key or "", **who)  # type: ignore[arg-type]
    base = (settings.public_url or f"http://127.0.0.1:{settings.port}").rstrip("/")
    return f"{base}/join/{token}\nAn invitation for {key} of {profile.slug}: good once, for 7 days, shown only now."


async def list_operators(settings: Settings, *, salon: str | None) -> str:
    """A line for each operator: key, role, login or how they stand, when they were last seen."""
    async with one_salon(settings, salon) as (database, profile), database.connection() as connection:
        people = await people_of(connection, profile.id, now=SystemClock().now())
    if not people:
        return "No operators yet: responder operator invite --name NAME"
    lines = []
    for one in people:
        state = one["login"] or ("invited" if one["invited_until"] else "not invited")
        seen = _when(one["last_seen_at"], zone=profile.zone)
        lines.append(
            f"{one['key']:<20} {one['role']:<14} {state if one['is_active'] else 'switched off':<28} {seen:<16}  "
            f"{one['name']}"
        )
    return "\n".join([*lines, f"Times are those of {profile.zone}."])


async def reset_operator(settings: Settings, *, salon: str | None, key: str) -> str:
    """Nobody logs in as this operator any more; a new link for whoever does next. Raises `NotFound`."""
    now = SystemClock().now()
    async with one_salon(settings, salon) as (database, profile), database.transaction() as connection:
        await revoke(connection, profile.id, key, by=Role.OWNER, actor=COMMAND_LINE, now=now, may_be_last=True)
    return await invite_operator(settings, salon=salon, key=key, name=None, role=Role.OPERATOR)


def _when(instant: datetime | None, *, zone: tzinfo) -> str:
    return "never" if instant is None else f"{instant.astimezone(zone):%Y-%m-%d %H:%M}"
