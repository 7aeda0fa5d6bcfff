"""The "typing…" a customer sees while an answer takes long; nothing at all while it is quick.

Best effort: it never fails a turn and never holds one up. Until its time has come it is a timer of the event loop, so
that a quick turn pays nothing for it; it keeps the loop's time, as the LLM's deadline does.
"""

from __future__ import annotations

import asyncio
from types import TracebackType

from connectors.contract import Messenger
from responder.logs import get_logger

SHOWN_AFTER_S = 0.7  # an answer that is quicker needs no sign
_RENEWED_AT = 0.9  # of the time a messenger shows it

log = get_logger(__name__)


class TypingSign:
    """A context manager: inside it the customer of `thread_key` sees somebody typing, once `after_s` have passed."""

    def __init__(self, messenger: Messenger | None, thread_key: str, *, after_s: float = SHOWN_AFTER_S) -> None:
        self._messenger = messenger if messenger is not None and messenger.capabilities.has_typing else None
        self._thread_key = thread_key
        self._after_s = after_s
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    def __enter__(self) -> None:
        if self._messenger is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._after_s, self._begin, self._messenger)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            self._task.cancel()

    def _begin(self, messenger: Messenger) -> None:
        self._task = asyncio.create_task(self._show(messenger), name=f"typing-{self._thread_key}")

    async def _show(self, messenger: Messenger) -> None:
        try:
            while True:
                await messenger.show_typing(self._thread_key)
                await asyncio.sleep(messenger.capabilities.typing_lasts_s * _RENEWED_AT)
        except Exception as error:  # the outer edge of a task that nobody awaits; the turn goes on without a sign
            log.warning("typing_not_shown", channel=messenger.kind.value, error=type(error).__name__)
