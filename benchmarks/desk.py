"""How soon a stored message is on every open desk, and how long pages take beside a long history.

    python -m benchmarks.desk [--desks 50] [--messages 200] [--enquiries 10000] [--open 500]

One real `responder serve` over an embedded PostgreSQL; the desks are open event streams, the messages come from the web
chat of the demo salon. The time is from `stored_at`, which the program stamps, to the arrival at each stream, by the
same clock. Pages are timed by a client on the same machine, one at a time.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import aiohttp

from responder.db.embedded import start_server
from responder.db.engine import Database
from responder.db.migrate import migrate
from responder.salon.demo import DEMO_SALON
from responder.salon.file import read_salon_file
from responder.salon.importer import import_salon
from responder.salon.loader import load_salon

TOKEN = "access-token-of-the-benchmark"
VISITORS = 20
PAGE_TIMES = 100
PAUSE_S = 0.26  # the web chat takes four messages a second from one address

HISTORY = """
WITH person AS (
    INSERT INTO customer (salon_id, name, phone)
    SELECT %(salon)s, 'Клиент ' || n, '+7912' || lpad(n::text, 7, '0') FROM generate_series(1, %(count)s) n
    RETURNING id
), numbered AS (SELECT id, row_number() OVER () AS n FROM person), place AS (
    INSERT INTO thread (salon_id, channel_account_id, thread_key, customer_id, last_message_at)
    SELECT %(salon)s, %(account)s, 'history-' || n, id, now() - n * interval '2 minutes' FROM numbered
    RETURNING id, customer_id, last_message_at
), ranked AS (SELECT *, row_number() OVER (ORDER BY last_message_at DESC) AS n FROM place), opened AS (
    INSERT INTO enquiry (salon_id, thread_id, customer_id, channel_account_id, clock_start_at, received_at, closed_at,
        close_reason)
    SELECT %(salon)s, id, customer_id, %(account)s, last_message_at, last_message_at,
        CASE WHEN n > %(open)s THEN last_message_at + interval '1 hour' END, CASE WHEN n > %(open)s THEN 'quiet' END
    FROM ranked RETURNING id, thread_id, received_at, closed_at
), called AS (
    INSERT INTO handoff (salon_id, thread_id, enquiry_id, needed_at, reason)
    SELECT %(salon)s, thread_id, id, received_at, 'asked' FROM opened WHERE closed_at IS NULL
), said AS (
    INSERT INTO message (salon_id, thread_id, enquiry_id, channel_account_id, direction, author, text, received_at,
        stored_at, sent_at)
    SELECT %(salon)s, thread_id, id, %(account)s, 'in', 'customer', 'Здравствуйте, хочу на маникюр ' || k,
        received_at + k * interval '1 minute', received_at + k * interval '1 minute', received_at
    FROM opened, generate_series(1, 4) k
)
INSERT INTO message (salon_id, thread_id, enquiry_id, channel_account_id, direction, author, auto_reply, text,
    composed_at, accepted_at, send_state, substance, idempotency_key)
SELECT %(salon)s, thread_id, id, %(account)s, 'out', 'bot', true, 'На какой день вас записать?',
    received_at + k * interval '61 seconds', received_at + k * interval '61 seconds', 'accepted', 'substantive',
    'h' || k
FROM opened, generate_series(1, 4) k
"""
STORED = "SELECT text, extract(epoch FROM stored_at)::float8 AS at FROM message WHERE text LIKE 'mark-%%'"


async def measure(url: str, database: Database, *, desks: int, messages: int) -> None:
    arrivals: defaultdict[str, list[float]] = defaultdict(list)
    headers = {"authorization": f"Bearer {TOKEN}"}
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(url, connector=connector, headers=headers) as http:
        ready = asyncio.Semaphore(0)
        streams = [asyncio.create_task(_watch(http, arrivals, ready)) for _ in range(desks)]
        for _ in range(desks):
            await ready.acquire()
        visitors = [await _visitor(http) for _ in range(VISITORS)]
        for number in range(messages):
            text = f"mark-{number:05d}"
            body = {"client_message_id": f"b-{number}", "text": text}
            token = {"authorization": f"Bearer {visitors[number % VISITORS]}"}
            async with http.post("/web/v1/messages", json=body, headers=token) as answer:
                answer.raise_for_status()
            await asyncio.sleep(PAUSE_S)
        await asyncio.sleep(2)
        for stream in streams:
            stream.cancel()
        async with database.connection() as connection:
            stored = {row["text"]: row["at"] for row in await (await connection.execute(STORED)).fetchall()}
        late = [1000 * (at - stored[text]) for text, times in arrivals.items() for at in times]
        missing = len(stored) * desks - len(late)
        print(f"on the screens: {len(stored)} messages, {desks} desks, {missing} missing: {_spread(late)}")
        (thread,) = await _ids(database, "SELECT max(thread_id) AS id FROM message WHERE text LIKE 'mark-%%'")
        (long_ago,) = await _ids(database, "SELECT min(id) AS id FROM thread")
        for path in (
            "/dialogues",
            "/dialogues?view=waiting",
            "/dialogues?view=closed",
            f"/dialogues/{thread}",
            f"/dialogues/{long_ago}/panes",
            "/dialogues?q=маникюр",
            "/dialogues?q=Клиент 777",
            "/dialogues?q=+7 912 000 07 77",
            "/calendar",
            "/calendar?view=week",
            "/leads",
            "/alerts",
            "/people",
            "/audit",
        ):
            first, *others = await _page(http, path)
            print(f"{path}: first {first:.1f} ms, then {_spread(others)}")


async def _watch(http: aiohttp.ClientSession, arrivals: dict[str, list[float]], ready: asyncio.Semaphore) -> None:
    seen: set[str] = set()
    timeout = aiohttp.ClientTimeout(total=None)
    async with http.get("/desk/events", timeout=timeout) as stream:
        async for line in stream.content:
            if line.startswith(b"event: ready"):
                ready.release()
            elif line.startswith(b"data: ") and b"mark-" in line:
                at, text = time.time(), line.decode()
                for part in text.split("mark-")[1:]:
                    mark = f"mark-{part[:5]}"
                    if mark not in seen:
                        seen.add(mark)
                        arrivals[mark].append(at)


async def _visitor(http: aiohttp.ClientSession) -> str:
    async with http.post("/web/v1/sessions", json={"site": "demo"}) as answer:
        return str((await answer.json())["token"])


async def _page(http: aiohttp.ClientSession, path: str) -> list[float]:
    times = []
    for _ in range(PAGE_TIMES):
        began = time.perf_counter()
        async with http.get(path, headers={"accept": "text/html"}) as answer:
            await answer.read()
            answer.raise_for_status()
        times.append(1000 * (time.perf_counter() - began))
    return times


async def _ids(database: Database, query: str) -> list[int]:
    async with database.connection() as connection:
        return [row["id"] for row in await (await connection.execute(query)).fetchall()]


def _spread(values: Sequence[float]) -> str:
    ordered = sorted(values)
    at = {name: ordered[min(len(ordered) - 1, int(share * len(ordered)))] for name, share in SHARES}
    return ", ".join(f"{name} {value:.1f} ms" for name, value in at.items())


SHARES = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("max", 1.0))


async def _main(arguments: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory(prefix="responder-desk-", ignore_cleanup_errors=True) as folder:
        database_url: str = start_server(Path(folder) / "postgres").get_uri()
        migrate(database_url)
        database = Database(database_url)
        await database.open()
        imported = await import_salon(database, read_salon_file(DEMO_SALON), now=datetime.now(tz=UTC))
        salon = await load_salon(database, salon_id=imported.salon_id)
        async with database.transaction() as connection:
            values = {
                "salon": salon.id,
                "account": next(account.id for account in salon.channels if account.kind == "webchat"),
                "count": arguments.enquiries,
                "open": arguments.open,
            }
            await connection.execute(HISTORY, values)
            await connection.execute("ANALYZE")
        process, url = _serve(database_url, folder)
        try:
            await _until_ready(url)
            await measure(url, database, desks=arguments.desks, messages=arguments.messages)
        finally:
            process.terminate()
            process.wait(20)
            await database.close()


def _serve(database_url: str, folder: str) -> tuple[subprocess.Popen[bytes], str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "DATABASE_URL": database_url,
        "VAR_DIR": folder,
        "ACCESS_TOKEN": TOKEN,
        "PORT": str(port),
    }
    command = [sys.executable, "-m", "responder.cli", "serve"]
    with open(Path(folder) / "serve.log", "wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
    return process, f"http://127.0.0.1:{port}"


async def _until_ready(url: str) -> None:
    async with aiohttp.ClientSession() as http:
        for _ in range(600):
            try:
                async with http.get(f"{url}/health/ready") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.1)
    raise TimeoutError("it did not start within a minute")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--desks", type=int, default=50)
    parser.add_argument("--messages", type=int, default=200)
    parser.add_argument("--enquiries", type=int, default=10_000)
    parser.add_argument("--open", type=int, default=500, help="how many of them still wait for a person")
    asyncio.run(_main(parser.parse_args()))


if __name__ == "__main__":
    main()
