"""A desk behind the web chat that keeps everything in memory and answers by echoing; and a way to serve it."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

import uvicorn
from fastapi import FastAPI

from connectors.contract import Button, Inbound, Outbound, RawRequest
from connectors.messengers.webchat import WebChatMessenger
from responder.clock import Clock
from responder.live import InProcessLive
from responder.salon.profile import Localised
from responder.web.assets import assets_router
from responder.web.chat import AcceptedMessage, ChatLine, ChatSite, LineAuthor, chat_router, live_topic

SECRET = "a secret of at least thirty-two characters"


def chat_site(**overrides: object) -> ChatSite:
    values: dict[str, object] = {
        "key": "demo",
        "channel_account_id": 7,
        "name": Localised({"ru": "Студия «Линия»", "en": "Linea Studio"}, "ru"),
        "language": "ru",
        "languages": ("ru", "en"),
        "allowed_origins": ("https://salon.example",),
        "phone": "+73512000000",
    }
    return ChatSite(**{**values, **overrides})  # type: ignore[arg-type]


@dataclass
class EchoDesk:
    """`answers` are given in turn, then "You wrote: ..."; with `is_mute` nobody answers."""

    clock: Clock
    live: InProcessLive
    sites: dict[str, ChatSite] = field(default_factory=lambda: {"demo": chat_site()})
    answers: list[tuple[str, tuple[Button, ...]]] = field(default_factory=list)
    is_mute: bool = False
    received: list[Inbound] = field(default_factory=list)
    lines: dict[str, list[ChatLine]] = field(default_factory=lambda: defaultdict(list))
    accepted: dict[str, AcceptedMessage] = field(default_factory=dict)
    typed: list[str] = field(default_factory=list)
    first_id: int = 1

    def __post_init__(self) -> None:
        self.messenger = WebChatMessenger(publish=self._publish)

    async def site(self, site_key: str) -> ChatSite | None:
        return self.sites.get(site_key)

    async def accept(self, site: ChatSite, request: RawRequest) -> Sequence[AcceptedMessage]:
        return [await self._accept(item) for item in self.messenger.receive(request).items]

    async def typing(self, site: ChatSite, visitor_id: str) -> None:
        self.typed.append(visitor_id)

    async def messages(self, site: ChatSite, visitor_id: str, after: int) -> Sequence[ChatLine]:
        return sorted((line for line in self.lines[visitor_id] if line.id > after), key=lambda line: line.id)

    async def say(
        self,
        visitor_id: str,
        text: str,
        *,
        author: LineAuthor = LineAuthor.BOT,
        buttons: tuple[Button, ...] = (),
        author_name: str | None = None,
        line_id: int | None = None,
    ) -> ChatLine:
        """Send the visitor a line, as delivery does: visible first, then handed to the messenger."""
        line = ChatLine(
            id=line_id or self._next_id(),
            author=author,
            text=text,
            at=self.clock.now(),
            buttons=buttons,
            author_name=author_name,
        )
        self.lines[visitor_id].append(line)
        await self.messenger.send(Outbound(thread_key=visitor_id, text=text, idempotency_key=f"out-{line.id}"))
        return line

    def _next_id(self) -> int:
        return max([self.first_id - 1, *(line.id for lines in self.lines.values() for line in lines)]) + 1

    async def _accept(self, item: Inbound) -> AcceptedMessage:
        known = self.accepted.get(item.provider_key)
        if known is not None:
            return AcceptedMessage(id=known.id, received_at=known.received_at, is_duplicate=True)
        self.received.append(item)
        line = ChatLine(
            id=self._next_id(),
            author=LineAuthor.ME,
            text=item.text or (item.contact.phone if item.contact else ""),
            at=self.clock.now(),
            client_message_id=item.provider_message_id,
        )
        self.lines[item.thread_key].append(line)
        stored = AcceptedMessage(id=line.id, received_at=line.at, is_duplicate=False)
        self.accepted[item.provider_key] = stored
        if not self.is_mute:
            text, buttons = self.answers.pop(0) if self.answers else (f"You wrote: {item.text}", ())
            await self.say(item.thread_key, text, buttons=buttons)
        return stored

    async def _publish(self, thread_key: str, event: Mapping[str, object]) -> None:
        await self.live.publish(live_topic(7, thread_key), dict(event))


def chat_app(desk: EchoDesk, *, ping_s: float = 15.0) -> FastAPI:
    app = FastAPI()
    app.include_router(assets_router())
    app.include_router(chat_router(desk, secret_key=SECRET, clock=desk.clock, live=desk.live, ping_s=ping_s))
    return app


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[str]:
    """The application on a port of its own, over real HTTP, in this loop; gives its address."""
    listener, url = _listener()
    server = uvicorn.Server(_config(app))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield url
    finally:
        server.should_exit = server.force_exit = True
        await task


@contextmanager
def served_in_thread(app: FastAPI) -> Iterator[tuple[str, asyncio.AbstractEventLoop]]:
    """The same beside a test that is not async; gives the loop too, to act inside it."""
    listener, url = _listener()
    server = uvicorn.Server(_config(app))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=lambda: loop.run_until_complete(server.serve(sockets=[listener])), daemon=True)
    thread.start()
    try:
        yield url, loop
    finally:
        server.should_exit = server.force_exit = True
        thread.join(10)


def _config(app: FastAPI) -> uvicorn.Config:
    return uvicorn.Config(app, log_level="error", lifespan="off", timeout_graceful_shutdown=1)


def _listener() -> tuple[socket.socket, str]:
    # listening before the server starts: early requests wait. Named TCP, else asyncio sets no TCP_NODELAY
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    return listener, f"http://127.0.0.1:{listener.getsockname()[1]}"
