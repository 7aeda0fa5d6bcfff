"""The "typing…" that a customer sees while an answer takes long."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from connectors.fake import FAKE_CAPABILITIES, FakeMessenger
from responder.turns.typing_sign import TypingSign

ANNA = "4455"


class Watched(FakeMessenger):
    """A fake whose calls of `show_typing` can be awaited."""

    def __init__(self, **given: object) -> None:
        super().__init__(capabilities=replace(FAKE_CAPABILITIES, **given))  # type: ignore[arg-type]
        self.shown: asyncio.Queue[str] = asyncio.Queue()

    async def show_typing(self, thread_key: str) -> None:
        await super().show_typing(thread_key)
        self.shown.put_nowait(thread_key)


class Broken(FakeMessenger):
    """A fake that breaks the contract."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = asyncio.Event()

    async def show_typing(self, thread_key: str) -> None:
        self.asked.set()
        raise ZeroDivisionError


async def test_a_slow_answer_shows_typing() -> None:
    """The customer who waits sees it, and nobody else."""
    messenger = Watched()
    with TypingSign(messenger, ANNA, after_s=0):
        assert await messenger.shown.get() == ANNA
    assert messenger.typing_in == [ANNA]


async def test_typing_is_shown_again_while_it_lasts() -> None:
    """A messenger forgets it after a few seconds; the sign does not."""
    messenger = Watched(typing_lasts_s=0.001)
    with TypingSign(messenger, ANNA, after_s=0):
        for _ in range(3):
            await messenger.shown.get()


async def test_a_quick_answer_shows_nothing() -> None:
    """What is over before its time leaves neither a call nor a task behind."""
    messenger = Watched()
    with TypingSign(messenger, ANNA):
        await asyncio.sleep(0)
    assert messenger.typing_in == []
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_typing_ends_with_the_answer() -> None:
    """After the answer nothing is shown any more, however long the sign would have gone on."""
    messenger = Watched(typing_lasts_s=0)
    with TypingSign(messenger, ANNA, after_s=0):
        await messenger.shown.get()
    shown = len(messenger.typing_in)
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(messenger.typing_in) == shown
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_messenger_without_typing_is_left_alone() -> None:
    """Nothing is even timed where it cannot be shown."""
    messenger = Watched(has_typing=False)
    with TypingSign(messenger, ANNA, after_s=0):
        for _ in range(20):
            await asyncio.sleep(0)
    assert messenger.typing_in == []


async def test_a_messenger_that_breaks_costs_the_turn_nothing() -> None:
    """The sign gives up and the turn goes on."""
    messenger = Broken()
    with TypingSign(messenger, ANNA, after_s=0):
        await messenger.asked.wait()
        await asyncio.sleep(0)
