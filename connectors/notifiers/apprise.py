"""Messages to staff through Apprise: Telegram, e-mail, Slack and whatever else it has an address for.

Apprise's HTTP runs in threads of its own, so a slow destination holds up nobody. The address is a secret: it is never
logged nor part of an error.
"""

from __future__ import annotations

import asyncio
import logging
from weakref import WeakKeyDictionary

from connectors.contract import TransientError

_lasts_s = 30.0

# Apprise tells why it failed in its log alone, which is one for the process: one message at a time
_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()


class AppriseNotifier:
    """One destination. `url` as Apprise spells it; raises `ValueError` when Apprise knows no such address."""

    def __init__(self, url: str) -> None:
        import apprise  # 16 MB and half a second that an installation without destinations need not spend

        logging.getLogger("apprise").propagate = False
        self._apprise = apprise.Apprise()
        if not self._apprise.add(url):
            raise ValueError("is no address that Apprise knows")

    async def notify(self, title: str, body: str, *, is_critical: bool = False) -> None:
        import apprise

        kind = apprise.NotifyType.FAILURE if is_critical else apprise.NotifyType.WARNING
        async with _turns.setdefault(asyncio.get_running_loop(), asyncio.Lock()):
            with apprise.LogCapture(level=logging.WARNING, fmt="%(message)s") as said:  # type: ignore[no-untyped-call]
                try:
                    async with asyncio.timeout(_lasts_s):
                        is_sent = bool(await self._apprise.async_notify(title=title, body=body, notify_type=kind))
                except TimeoutError:
                    raise TransientError(f"no answer within {_lasts_s:g} s") from None
                reason = said.getvalue().strip().splitlines()
        if not is_sent:
            raise TransientError(reason[0][:200] if reason else "")
