"""`responder chat`: talk to the bot in the terminal, through the same intake, turns and delivery as everybody."""

from __future__ import annotations

import asyncio
import secrets
import sys
from collections.abc import Sequence
from dataclasses import replace

from connectors.contract import Button, ChannelKind, Inbound, InboundKind
from responder.assembly import OpenDoor, Responder, background, database_url, responder
from responder.clock import SystemClock
from responder.commands.serve import ensure_salon
from responder.errors import Refused
from responder.settings import Settings
from responder.web.chat.desk import ChatLine, LineAuthor
from responder.web.chat_desk import SalonChatDesk

HINT = "Write as a customer would; a number presses a button, an empty line or Ctrl-D ends."
ANSWER_WAIT_S = 10.0


async def chat(settings: Settings, *, salon: str | None) -> None:
    """Run until the input ends; raises `Refused` when the salon has no web chat to speak through."""
    async with responder(settings, url=database_url(settings)) as running:
        await ensure_salon(running.database, clock=SystemClock())
        await running.refresh_accounts()
        door = await _web_door(running, salon)
        async with background(running):
            await _Conversation(running, door).run()


async def _web_door(running: Responder, slug: str | None) -> OpenDoor:
    for profile in await running.salons.all():
        if slug not in (None, profile.slug):
            continue
        for account in profile.channels:
            door = running.door_of(account.id)
            if door is not None and account.kind == ChannelKind.WEBCHAT:
                return door
    raise Refused(f"salon {slug}: there is no such salon with a web chat" if slug else "no salon has a web chat")


class _Conversation:
    def __init__(self, running: Responder, door: OpenDoor) -> None:
        self._running = running
        self._door = door
        self._visitor = f"terminal-{secrets.token_hex(6)}"
        self._seen = 0
        self._buttons: Sequence[Button] = ()
        self._desk = SalonChatDesk(
            database=running.database,
            clock=running.clock,
            salons=running.salons,
            door_of=running.door_of,
            accept=running.accept,
            live=running.live,
        )

    async def run(self) -> None:
        print(HINT, file=sys.stderr)
        while True:
            text = await asyncio.to_thread(_ask)
            if not text:
                return
            await self._say(text)
            for line in await self._answers():
                self._show(line)

    async def _say(self, text: str) -> None:
        button = self._button(text)
        item = Inbound(
            kind=InboundKind.MESSAGE if button is None else InboundKind.PRESSED,
            provider_key=f"{self._visitor}:{secrets.token_hex(6)}",
            thread_key=self._visitor,
            text=text if button is None else button.label,
            payload=None if button is None else button.payload,
        )
        trial = replace(self._door.account, is_test=True)  # whoever tries the bot out is no customer in any figure
        await self._running.accept(trial, [item], self._running.clock.now())

    def _button(self, text: str) -> Button | None:
        if text.isdigit() and 1 <= int(text) <= len(self._buttons):
            return self._buttons[int(text) - 1]
        return None

    async def _answers(self) -> list[ChatLine]:
        """Lines said since the last time; empty when the bot keeps silent."""
        for _ in range(int(ANSWER_WAIT_S / 0.05)):
            await asyncio.sleep(0.05)
            lines = [line for line in await self._lines() if line.id > self._seen]
            answers = [line for line in lines if line.author is not LineAuthor.ME]
            if answers:
                self._seen = max(line.id for line in lines)
                return answers
            if await self._is_settled():
                return []
        return []

    async def _lines(self) -> Sequence[ChatLine]:
        return await self._desk.lines(self._door.account.id, self._visitor, self._seen)

    async def _is_settled(self) -> bool:
        """The turn is over and said nothing."""
        async with self._running.database.connection() as connection:
            row = await (
                await connection.execute(
                    "SELECT turn_due_at, lease_until FROM thread WHERE channel_account_id = %s AND thread_key = %s",
                    (self._door.account.id, self._visitor),
                )
            ).fetchone()
        return row is not None and row["turn_due_at"] is None and row["lease_until"] is None

    def _show(self, line: ChatLine) -> None:
        print("\n".join(f"  {part}" for part in line.text.splitlines()))
        self._buttons = line.buttons
        if line.buttons:
            print("  " + "  ".join(f"[{n}] {button.label}" for n, button in enumerate(line.buttons, start=1)))


def _ask() -> str:
    try:
        return input("> ").strip()
    except EOFError:
        return ""
