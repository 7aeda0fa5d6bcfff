"""What `responder serve` prints when it is ready: where to go, and the truth about every channel and helper."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import redis.asyncio as redis

from connectors.contract import ChannelKind
from responder.assembly import Responder, missing_variables
from responder.salon.profile import ChannelAccount

PATIENCE_S = 0.8  # nobody waits longer for the start because somebody outside is slow


async def announce(running: Responder, *, headline: str) -> None:
    """Print the addresses; the staff link is for the person at this terminal: it holds the access token
    unless only logins let in."""
    settings = running.settings
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104
    base = settings.public_url or f"http://{host}:{settings.port}"
    understanding, redis_line = await asyncio.gather(_understanding(running), _redis(running))
    lines = ["", headline]
    for salon in await running.salons.all():
        for account in salon.channels:
            if account.kind == ChannelKind.WEBCHAT:
                lines.append(f"  chat         {base}/chat/{account.settings['site_key']}")
            else:
                lines.append(f"  {account.kind:<12} {channel_line(running, account)}")
    way_in = f"enter?key={running.access_token}" if settings.staff_key_login == "on" else "login"
    lines.append(f"  staff        {base}/{way_in}")
    lines.append(f"  API          {base}/api/docs")
    lines.append(f"  health       {base}/health/ready")
    lines.append(f"  understands  {understanding}")
    if redis_line is not None:
        lines.append(f"  Redis        {redis_line}")
    print("\n".join(lines), flush=True)


def channel_line(running: Responder, account: ChannelAccount) -> str:
    """Whether an account is on, how messages come in, and which variable would change that."""
    door, has_address = running.door_of(account.id), running.settings.public_url is not None
    if door is None:
        return f"off: set {' and '.join(missing_variables(account))} to switch it on"
    if has_address and door.takes_webhooks:
        return "on, by webhook"
    if has_address:
        return f"on, by long polling: a webhook needs {account.secrets.get('webhook_secret', 'a webhook_secret_env')}"
    return "on, by long polling"


async def is_reachable(address: str) -> bool:
    """Whether anybody listens at a web address, or at the proxy that leads there."""
    parts = urlsplit(address)
    proxy = getproxies().get(parts.scheme)
    if proxy and not proxy_bypass(parts.hostname or ""):
        parts = urlsplit(proxy)
    port = parts.port or (443 if parts.scheme == "https" else 80)

    async def knock() -> None:
        _, writer = await asyncio.open_connection(parts.hostname, port)
        writer.close()

    return await _why_not(knock) is None


async def _understanding(running: Responder) -> str:
    settings = running.settings
    if running.llm is None:
        return "by rules (no LLM is set)"
    address = settings.llm_base_url or "https://api.openai.com/v1"
    if await is_reachable(address):
        return f"by rules and {settings.llm_model}"
    return f"by rules: nobody answers at {_host(address)} now; {settings.llm_model} helps as soon as it does"


async def _redis(running: Responder) -> str | None:
    """None where there is nothing to say: not set, or well."""
    url = running.settings.redis_url
    if url is None:
        return None
    client = redis.Redis.from_url(url.get_secret_value(), socket_connect_timeout=PATIENCE_S)
    try:
        reason = await _why_not(client.ping)
    finally:
        await client.aclose()
    if reason is None:
        return None
    return f"does not answer ({reason}): until it does, pages of one process miss what another one hears"


async def _why_not(attempt: Callable[[], Awaitable[object]]) -> str | None:
    try:
        async with asyncio.timeout(PATIENCE_S):
            await attempt()
    except TimeoutError:
        return f"nothing within {PATIENCE_S:g} s"
    except (OSError, redis.RedisError) as error:
        return type(error).__name__
    return None


def _host(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
