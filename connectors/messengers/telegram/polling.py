"""Long polling: updates without a public address, confirmed to Telegram only when somebody has taken them.

Telegram repeats an update until a later offset confirms it, so nothing is lost when this process dies. An update that
its handler refuses again and again would hold up all that follow; it is then handed over as `UNKNOWN`, which a handler
only stores. When even that is refused the handler itself is in trouble, and everything waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import structlog
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential_jitter,
)

from connectors.contract import Inbound, InboundHandler, TransientError
from connectors.messengers.telegram.failures import WebhookActiveError
from connectors.messengers.telegram.updates import unknown_of

_log = structlog.get_logger(component=__name__)

_HANDOVER_ATTEMPTS = 5
_backoff = wait_exponential_jitter(initial=1, max=60)

RawUpdate = Mapping[str, Any]  # with a whole-number update_id


class Poller:
    """Asks for updates for ever.

    `ask` takes the offset (everything below it is confirmed) and gives the next updates, oldest first, or an empty list
    when none came for a while; `read` makes items of an update and never fails; `remove_webhook` makes polling possible
    where a webhook is set.
    """

    def __init__(
        self,
        *,
        ask: Callable[[int | None], Awaitable[Sequence[RawUpdate]]],
        read: Callable[[RawUpdate], Sequence[Inbound]],
        remove_webhook: Callable[[], Awaitable[None]],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._ask = ask
        self._read = read
        self._remove_webhook = remove_webhook
        self._sleep = sleep

    async def run(self, handle: InboundHandler) -> None:
        """Until cancelled; `PermanentError` when the account is refused, for then asking again cannot help."""
        offset: int | None = None
        while True:
            updates = await self._next(offset)
            if updates:
                await self._hand_over(updates, handle)
                offset = updates[-1]["update_id"] + 1

    async def _next(self, offset: int | None) -> Sequence[RawUpdate]:
        attempts = AsyncRetrying(
            retry=retry_if_exception_type(TransientError), wait=_wait_s, sleep=self._sleep, before_sleep=_log_failure
        )
        return await attempts(self._ask_once, offset)

    async def _ask_once(self, offset: int | None) -> Sequence[RawUpdate]:
        try:
            return await self._ask(offset)
        except WebhookActiveError:
            _log.warning("telegram_webhook_removed", reason="polling is not possible while a webhook is set")
            await self._remove_webhook()
            return await self._ask(offset)

    async def _hand_over(self, updates: Sequence[RawUpdate], handle: InboundHandler) -> None:
        """All at once, which is cheap; one by one when that fails, to find out which is to blame."""
        try:
            await handle([item for update in updates for item in self._read(update)])
        except Exception as error:  # whatever a handler raises, the updates are not confirmed
            _log.warning("telegram_updates_refused", updates=len(updates), error=type(error).__name__)
            for update in updates:
                await self._insist(update, handle)

    async def _insist(self, update: RawUpdate, handle: InboundHandler) -> None:
        while True:
            attempts = AsyncRetrying(
                stop=stop_after_attempt(_HANDOVER_ATTEMPTS), wait=_backoff, sleep=self._sleep, reraise=True
            )
            try:
                return await attempts(handle, self._read(update))
            except Exception as error:  # as above
                _log.warning("telegram_update_refused", update_id=update["update_id"], error=type(error).__name__)
            try:
                await handle([unknown_of(update)])
            except Exception as error:  # not this update's fault: start again
                _log.error("telegram_handler_fails", update_id=update["update_id"], error=type(error).__name__)
            else:
                _log.error("telegram_update_set_aside", update_id=update["update_id"])
                return None


def _wait_s(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome is not None else None
    named = error.retry_after_s if isinstance(error, TransientError) else None
    return _backoff(state) if named is None else named


def _log_failure(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome is not None else None
    _log.warning("telegram_poll_failed", attempt=state.attempt_number, error=str(error))
