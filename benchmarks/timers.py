"""How late timers are told: 5,000 due within one minute, two real processes, as `responder serve` runs them.

    python -m benchmarks.timers [COUNT] [SPREAD_SECONDS]

Lateness is from the due second to the commit of the alert, stamped by the database at commit: what an observer sees.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from responder.db.embedded import start_server
from responder.db.engine import Connection, Database
from responder.db.migrate import migrate
from responder.salon.demo import DEMO_SALON
from responder.salon.file import read_salon_file
from responder.salon.importer import import_salon
from responder.salon.loader import load_salon
from responder.salon.profile import SalonProfile

PROCESSES = 2
WARN_AFTER_S = 40.0  # of the demo salon: two thirds of a minute to the first useful reply

SEED = """
WITH person AS (
    INSERT INTO customer (salon_id, name) SELECT %(salon)s, 'Имя' FROM generate_series(1, %(count)s) RETURNING id
), numbered AS (
    SELECT id, row_number() OVER () AS n FROM person
), place AS (
    INSERT INTO thread (salon_id, channel_account_id, thread_key, customer_id, last_message_at, mode)
    SELECT %(salon)s, %(account)s, 'timer-' || n, id, %(first_at)s + %(spread)s * ((n - 1.0) / %(count)s), 'human'
    FROM numbered RETURNING id, customer_id, last_message_at
), opened AS (
    INSERT INTO enquiry (salon_id, thread_id, customer_id, channel_account_id, clock_start_at, received_at,
        next_check_at)
    SELECT %(salon)s, id, customer_id, %(account)s, last_message_at, last_message_at, last_message_at + %(look_after)s
    FROM place RETURNING id, thread_id, received_at
)
INSERT INTO message (salon_id, thread_id, enquiry_id, channel_account_id, direction, author, text, sent_at, received_at)
SELECT %(salon)s, thread_id, id, %(account)s, 'in', 'customer', 'Здравствуйте', received_at, received_at FROM opened
"""

# a deferred constraint trigger runs at the commit
OBSERVE = """
CREATE TABLE told (enquiry_id bigint, step text, at timestamptz);
CREATE FUNCTION note_told() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO told VALUES (NEW.enquiry_id, NEW.step, clock_timestamp()); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER told AFTER INSERT ON alert DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION note_told();
"""

RESULT = """
SELECT count(*) AS n, count(DISTINCT told.enquiry_id) AS enquiries,
    percentile_cont(ARRAY[0.5, 0.9, 0.99, 1]) WITHIN GROUP (ORDER BY extract(epoch FROM told.at - e.due_at)) AS late_s
FROM told JOIN sla_event e ON e.enquiry_id = told.enquiry_id AND e.step = told.step WHERE told.step = 'warn'
"""


async def seed_enquiries(
    connection: Connection,
    salon: SalonProfile,
    *,
    count: int,
    first_at: datetime,
    spread: timedelta,
    look_after_s: float,
) -> None:
    """Enquiries that nobody has answered, their clock starts spread evenly from `first_at` on, in the hands of people
    so that no bot answers."""
    values = {
        "salon": salon.id,
        "account": salon.channels[0].id,
        "count": count,
        "first_at": first_at,
        "spread": spread,
        "look_after": timedelta(seconds=look_after_s),
    }
    await connection.execute(SEED, values)


async def run(count: int, spread_s: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        url: str = start_server(Path(folder) / "postgres").get_uri()
        migrate(url)
        database = Database(url)
        await database.open()
        await import_salon(database, read_salon_file(DEMO_SALON), now=datetime.now(UTC))
        async with database.connection() as connection:
            await connection.execute(OBSERVE)
        processes = [await _serve(url, folder) for _ in range(PROCESSES)]
        try:
            await _fill(database, count, spread_s)
            await asyncio.sleep(5 + spread_s + 3)
            async with database.connection() as connection:
                row = await (await connection.execute(RESULT)).fetchone()
        finally:
            for process in processes:
                process.send_signal(signal.SIGTERM)
            await asyncio.gather(*(process.wait() for process in processes))
            await database.close()
    if row is None or row["late_s"] is None:
        raise SystemExit("no timer fired")
    median, p90, p99, most = (f"{1000 * value:.0f} ms" for value in row["late_s"])
    print(f"{count} timers due within {spread_s:g} s, {PROCESSES} processes: told {row['n']} of {row['enquiries']}")
    print(f"late: median {median}, p90 {p90}, p99 {p99}, most {most}")


async def _fill(database: Database, count: int, spread_s: float) -> None:
    salon = await load_salon(database, slug="malakhitovaya-shkatulka")
    first_at = datetime.now(UTC) + timedelta(seconds=5 - WARN_AFTER_S)
    async with database.transaction() as connection:
        await seed_enquiries(
            connection,
            salon,
            count=count,
            first_at=first_at,
            spread=timedelta(seconds=spread_s),
            look_after_s=WARN_AFTER_S,
        )


async def _serve(url: str, folder: str) -> asyncio.subprocess.Process:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "PYTHONPATH")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "responder.cli", "serve", "--no-jobs"),
        env={**kept, "PYTHONUNBUFFERED": "1", "DATABASE_URL": url, "VAR_DIR": folder, "PORT": str(port)},
        stdout=asyncio.subprocess.PIPE,
    )
    if process.stdout is None:
        raise RuntimeError("no pipe")
    while b"understands" not in (line := await process.stdout.readline()):
        if not line:
            raise RuntimeError("the process did not start")
    return process


if __name__ == "__main__":
    count, spread_s = (int(argument) for argument in (*sys.argv[1:], "5000", "60")[:2])
    asyncio.run(run(count, spread_s))
