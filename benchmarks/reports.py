"""`python -m benchmarks.reports`: how long the 30-day report takes as the history behind it grows.

Every figure is the whole way: marks looked for, days read, every cut of the report worked out. Cold is the first report
of a process, which remembers nothing yet; warm the median of the following ones; after changes the same with two
hundred of today's enquiries written anew before each.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import orjson
import psycopg

from benchmarks.history import write_history
from responder.db.embedded import start_server
from responder.db.engine import Database
from responder.db.migrate import migrate
from responder.reports.query import make_query
from responder.reports.report import run_report
from responder.reports.rollups import count_stale_days
from responder.salon.file import read_salon_file
from responder.salon.importer import import_salon
from responder.salon.loader import load_salon
from responder.salon.profile import SalonProfile

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
SALON = Path(__file__).parent / "salon.yaml"
CHANGED = 200
TOUCH = """
UPDATE enquiry_measures SET measured_at = now() WHERE enquiry_id IN (
    SELECT enquiry_id FROM enquiry_measures WHERE salon_id = %(salon)s AND day = %(day)s
    ORDER BY random() LIMIT %(changed)s)
"""
HISTORIES = {"10 thousand": (1, 10_000), "1 million": (100, 10_000), "10 million": (1_000, 10_000)}  # days, a day


async def measure(url: str, salon: SalonProfile, *, rounds: int) -> dict[str, float]:
    database = Database(url)
    await database.open()
    times = []
    try:
        await run_report(database, make_query(salon, now=NOW), now=NOW, by=())  # numpy is loaded, as in a server
        gc.collect()
        gc.freeze()  # as `responder serve` does
        for _ in range(rounds + 1):
            began = time.perf_counter()
            report = await run_report(database, make_query(salon, now=NOW), now=NOW)
            times.append((time.perf_counter() - began) * 1000)
        alone, busy = [], []
        for _ in range(rounds):
            began = time.perf_counter()
            await run_report(database, make_query(salon, now=NOW), now=NOW, with_previous=False)
            alone.append((time.perf_counter() - began) * 1000)
        for _ in range(rounds):
            async with database.connection() as connection:
                await connection.execute(TOUCH, {"salon": salon.id, "day": NOW.date(), "changed": CHANGED})
            began = time.perf_counter()
            await run_report(database, make_query(salon, now=NOW), now=NOW)
            busy.append((time.perf_counter() - began) * 1000)
    finally:
        await database.close()
    return {
        "enquiries_in_30_days": report.total.arrivals,
        "cold_ms": times[0],
        "warm_ms": statistics.median(times[1:]),
        "warm_without_previous_ms": statistics.median(alone),
        "after_changes_ms": statistics.median(busy),
    }


async def history(url: str, *, days: int, a_day: int) -> tuple[SalonProfile, dict[str, float]]:
    """A migrated database with a history in it, every day of it counted, and how long that took."""
    migrate(url)
    database = Database(url)
    await database.open()
    try:
        await import_salon(database, read_salon_file(SALON), now=NOW)
        salon = await load_salon(database, slug="bench")
        began = time.perf_counter()
        size = await asyncio.to_thread(
            write_history, url, salon=salon.id, last=NOW.date(), days=days, a_day=a_day, zone=salon.zone.key
        )
        written = time.perf_counter()
        while await count_stale_days(database, salon, now=NOW, limit=100):
            pass
        counted = time.perf_counter()
        async with database.connection() as connection:  # what a server does beside the months such a history takes
            await connection.execute("VACUUM ANALYZE")
            await connection.execute("CHECKPOINT")
    finally:
        await database.close()
    return salon, {
        "enquiries": size,
        "written_s": written - began,
        "count_a_day_ms": (counted - written) * 1000 / max(days - 1, 1),
    }


async def _main(arguments: argparse.Namespace) -> int:
    results = {}
    with tempfile.TemporaryDirectory(prefix="responder-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # as root the embedded server runs as another user
        server = start_server(Path(folder) / "postgres")
        try:
            for number, (name, (days, a_day)) in enumerate(HISTORIES.items()):
                if arguments.only and arguments.only not in name:
                    continue
                print(f"writing {name}", file=sys.stderr, flush=True)
                url = _database(server.get_uri(), f"history_{number}")
                salon, made = await history(url, days=days, a_day=a_day)
                results[name] = made | await measure(url, salon, rounds=arguments.rounds)
                print(name, {key: round(value, 1) for key, value in results[name].items()}, flush=True)
        finally:
            server.cleanup()
    target = Path(arguments.json)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(orjson.dumps(results, option=orjson.OPT_INDENT_2))
    return 0


def _database(server_url: str, name: str) -> str:
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    head, _, query = server_url.partition("?")
    return f"{head.rsplit('/', 1)[0]}/{name}?{query}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reports", description=__doc__)
    parser.add_argument("--only", default="", help="only histories whose name holds this text")
    parser.add_argument("--rounds", type=int, default=7, help="how many reports make a median (default 7)")
    parser.add_argument("--json", default="var/bench-reports.json", help="where every figure goes")
    return asyncio.run(_main(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
