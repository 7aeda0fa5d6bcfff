"""The views BI tools read: documented column by column, safe to hand out, and the same figures as everywhere."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from responder.db.engine import Database
from responder.reports.keeping import bring_up_to_date
from responder.reports.marks import By
from responder.reports.query import make_query
from responder.reports.report import run_report
from responder.timing.measures import Measure
from tests.integration.test_report_counting import NOW, filled

PAGE = Path("docs/bi.md").read_text()
DAILY = {"first_useful": Measure.FIRST_USEFUL, "bot_frt": Measure.BOT_FRT, "human_frt": Measure.HUMAN_FRT}


async def rows(database: Database, query: str) -> list[dict[str, Any]]:
    async with database.connection() as connection:
        return await (await connection.execute(query)).fetchall()  # type: ignore[arg-type]


async def test_the_page_names_every_column_of_every_view(database: Database) -> None:
    """docs/bi.md lists the columns of each view, and no others."""
    found = await rows(
        database,
        """SELECT table_name, array_agg(column_name::text ORDER BY ordinal_position) AS columns
           FROM information_schema.columns WHERE table_schema = 'bi' GROUP BY table_name""",
    )
    parts = re.split(r"^## bi\.(\w+)$", PAGE, flags=re.MULTILINE)[1:]
    documented = {
        view: re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)
        for view, text in zip(parts[::2], parts[1::2], strict=True)
    }
    known = {row["table_name"]: row["columns"] for row in found}
    assert documented.keys() == known.keys()
    for view, columns in known.items():
        assert sorted(documented[view]) == sorted(columns), view


def test_the_documented_role_reads_the_views_and_nothing_else(database_url: str) -> None:
    """The statements of the page make a role that sees no customer's words, and changes nothing."""
    (statements,) = re.findall(r"```sql\n(CREATE ROLE bi_reader.*?)```", PAGE, re.DOTALL)
    with psycopg.connect(database_url) as connection:
        connection.execute(statements)
        connection.execute("SET LOCAL ROLE bi_reader")
        for view in ("enquiries", "human_waits", "replies", "daily"):
            connection.execute(f"SELECT * FROM bi.{view}")  # type: ignore[arg-type]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT text FROM message")
        connection.rollback()


async def test_no_view_holds_words_or_phones(database: Database) -> None:
    """What customers and staff wrote, names and numbers are in no column of any view."""
    _, salon = await filled(database, threads=20)
    await bring_up_to_date(database, salon, now=NOW)
    for view in ("enquiries", "human_waits", "replies", "daily"):
        shown = await rows(database, f"SELECT to_jsonb(v)::text AS row FROM bi.{view} v")
        assert shown
        assert not any(word in row["row"] for row in shown for word in ("сообщение", "ответ", "+7900", "Имя", "Лейла"))


async def test_days_give_the_shares_of_the_report(database: Database) -> None:
    """`bi.daily` counts by the rules of the report: arrivals, and shares within 60 s, day by day and channel."""
    _, salon = await filled(database)
    for kind in ("telegram", "webchat"):
        asked = make_query(salon, now=NOW, days=40, within_s=60, channels=[kind])
        report = await run_report(database, asked, now=NOW, by=(By.DAY,), with_previous=False)
        daily = {row["day"]: row for row in await rows(database, f"SELECT * FROM bi.daily WHERE channel = '{kind}'")}
        for group in report.cuts[By.DAY]:
            day = daily[date(1970, 1, 1) + timedelta(days=int(group.value or 0))]
            assert day["arrivals"] == group.arrivals
            assert day["excluded"] == sum(group.excluded.values())
            assert (day["booked"], day["handed_off"], day["resolved"]) == (
                group.booked,
                group.handed_off,
                group.resolved,
            )
            for stem, measure in DAILY.items():
                share = group.calendar[measure].share
                wanted = (share.within, share.of) if share else (0, 0)
                assert (day[f"{stem}_within_60s"], day[f"{stem}_of"]) == wanted, (kind, group.value, stem)
                assert (day[f"{stem}_share_60s"] is None) == (share is None)
