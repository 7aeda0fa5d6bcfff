"""What a process remembers between reports is never out of date: neither when it changes the figures itself nor when
another process does."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from responder.db.engine import Connection, Database
from responder.reports import reading
from responder.reports.keeping import bring_up_to_date
from responder.reports.marks import By
from responder.reports.memory import Shelf, memory_of
from responder.reports.reading import Versioned, read_loose, read_rows
from responder.reports.rollups import count_stale_days
from responder.salon.profile import SalonProfile
from tests.integration.test_report_counting import NOW, asked, assert_same_groups, filled
from tests.integration.timing_rows import Place, random_thread, store_thread

CHANGES = {
    "spam": """UPDATE enquiry SET excluded = CASE WHEN excluded IS NULL THEN 'spam' END WHERE id = ANY(
        SELECT id FROM enquiry ORDER BY md5(id::text || %(dice)s) LIMIT 2)""",
    "moved": """UPDATE enquiry SET clock_start_at = clock_start_at - interval '1 day' WHERE id = (
        SELECT id FROM enquiry ORDER BY md5(id::text || %(dice)s) LIMIT 1)""",
    "source": """UPDATE enquiry SET source = jsonb_build_object('ref', %(dice)s) WHERE id = (
        SELECT id FROM enquiry ORDER BY md5(id::text || %(dice)s) LIMIT 1)""",
    "channel": """UPDATE channel_account SET kind = CASE kind WHEN 'vk' THEN 'webchat' ELSE 'vk' END
        WHERE key = 'webchat'""",
}


async def assert_remembered_is_exact(database: Database, salon: SalonProfile, exact: Any) -> None:
    counted = await asked(database, salon, exact_up_to=0)
    assert_same_groups((counted.total,), (exact.total,))
    for by in By:
        assert_same_groups(counted.cuts[by], exact.cuts[by])


async def test_two_processes_tell_the_same_whatever_changes(database: Database, database_url: str) -> None:
    """Enquiries arrive and change, a channel becomes another, days are counted by the one or the other: after each step
    both tell what the enquiries by themselves tell."""
    dice = random.Random(5)
    place, salon = await filled(database, threads=150)
    other = Database(database_url)
    await other.open()
    try:
        for step in range(12):
            name = dice.choice([*CHANGES, "arrival"])
            async with database.transaction() as connection:
                if name == "arrival":
                    here = Place(
                        connection=connection, salon_id=place.salon_id, accounts=place.accounts, threads=1000 + step
                    )
                    await store_thread(here, random_thread(dice, NOW - timedelta(hours=dice.uniform(1, 30))))
                else:
                    await connection.execute(CHANGES[name], {"dice": str(dice.random())})
            for is_counted in (False, True):
                if is_counted:
                    await count_stale_days(dice.choice([database, other]), salon, now=NOW, limit=dice.choice([1, 40]))
                exact = await asked(database, salon)
                for process in (database, other):
                    await assert_remembered_is_exact(process, salon, exact)
    finally:
        await other.close()


async def test_only_what_changed_is_read_again(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a hundred enquiries that are known one has changed, one has closed and one is gone: one is read."""
    _, salon = await filled(database)
    await bring_up_to_date(database, salon, now=NOW)
    days = [NOW.date() - timedelta(days=at) for at in range(30)]
    asked_for: list[dict[str, Any]] = []
    read = reading._read

    async def spy(connection: Connection, query: str, values: dict[str, Any]) -> Any:
        asked_for.append(values)
        return await read(connection, query, values)

    async with database.transaction() as connection:
        known = await read_loose(connection, salon_id=salon.id, days=days[:10], open_days=days[10:])
        is_open = "SELECT enquiry_id FROM enquiry_measures WHERE has_open AND day < %s ORDER BY enquiry_id LIMIT 2"
        closed, gone = await ids(connection, is_open, days[11])
        (changed,) = await ids(connection, "SELECT enquiry_id FROM enquiry_measures WHERE day > %s LIMIT 1", days[8])
        await connection.execute("UPDATE enquiry_measures SET has_open = false WHERE enquiry_id = %s", [closed])
        await connection.execute("DELETE FROM enquiry_measures WHERE enquiry_id = %s", [gone])
        await connection.execute("UPDATE enquiry_measures SET source = 'other' WHERE enquiry_id = %s", [changed])
        monkeypatch.setattr(reading, "_read", spy)
        again = await read_loose(connection, salon_id=salon.id, days=days[:10], open_days=days[10:], known=known)
        assert [values["ids"] for values in asked_for] == [[changed]]
        nothing = await read_loose(connection, salon_id=salon.id, days=days[:10], open_days=days[10:], known=again)
        assert len(asked_for) == 1
        anew = await read_loose(connection, salon_id=salon.id, days=days[:10], open_days=days[10:])
    assert plain(again) == plain(nothing) == plain(anew)
    assert plain(again) != plain(known)
    assert len(again) == len(known) - 2


async def ids(connection: Connection, query: str, *values: Any) -> list[int]:
    return [row["enquiry_id"] for row in await (await connection.execute(query, values)).fetchall()]


def plain(read: Versioned) -> dict[int, Any]:
    """Each enquiry with all that is known of it, in no order."""
    rows, found = read.rows, {}
    for at, enquiry in enumerate(rows.facts["enquiry"].tolist()):
        mine = rows.human.row == at
        found[enquiry] = (
            int(read.versions[at]),
            [int(column[at]) for column in (*rows.facts.values(), *rows.waits.values())],
            [str(marked.values[marked.codes[at]]) for marked in rows.names.values()],
            sorted(zip(rows.human.from_us[mine].tolist(), rows.human.us[mine].tolist(), strict=True)),
        )
    return found


async def test_a_report_asked_twice_counts_its_days_once(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second answer comes without a look at counted days, until one of them is counted anew."""
    _, salon = await filled(database)
    await bring_up_to_date(database, salon, now=NOW)
    while await count_stale_days(database, salon, now=NOW, limit=20):
        pass
    looks: list[Any] = []
    from responder.reports import rollups

    fetch = rollups._fetch

    async def spy(connection: Connection, query: str, values: dict[str, Any]) -> Any:
        looks.append(values)
        return await fetch(connection, query, values)

    monkeypatch.setattr(rollups, "_fetch", spy)
    first = await asked(database, salon, exact_up_to=0)
    assert len(looks) >= len(By)
    looks.clear()
    assert (await asked(database, salon, exact_up_to=0)).cuts == first.cuts
    assert looks == []
    async with database.connection() as connection:
        await connection.execute(CHANGES["spam"], {"dice": "x"})
    await bring_up_to_date(database, salon, now=NOW)
    await count_stale_days(database, salon, now=NOW, limit=20)
    looks.clear()
    assert (await asked(database, salon, exact_up_to=0)).total != first.total
    assert looks != []


def test_a_shelf_holds_what_was_used_last() -> None:
    """What does not fit goes, the longest unused first; a thing too large for the shelf is not kept at all."""
    shelf: Shelf[str] = Shelf(10, len)
    for key, thing in [("a", "1234"), ("b", "1234")]:
        shelf.keep(key, thing)
    assert shelf.find("a") == "1234"
    shelf.keep("c", "1234")
    assert [shelf.find(key) for key in "abc"] == ["1234", None, "1234"]
    shelf.keep("a", "12")
    shelf.keep("d", "1234")
    assert [shelf.find(key) for key in "acd"] == ["12", "1234", "1234"]
    shelf.keep("e", "12345678901")
    assert [shelf.find(key) for key in "acde"] == ["12", "1234", "1234", None]


async def test_memories_of_two_databases_are_apart(database: Database, database_url: str) -> None:
    """Salons of two installations may have the same number."""
    assert memory_of(database) is memory_of(database)
    assert memory_of(database) is not memory_of(Database(database_url))


async def test_rows_of_no_day_are_rows(database: Database) -> None:
    """Nothing read is nothing known, and knowing nothing is no mistake."""
    async with database.transaction() as connection:
        none = await read_loose(connection, salon_id=1, days=[], open_days=[])
        again = await read_loose(connection, salon_id=1, days=[], open_days=[], known=none)
        rows = await read_rows(connection, salon_id=1, days=[])
    assert len(none) == len(again) == len(rows) == 0
    assert np.array_equal(none.versions, again.versions)
