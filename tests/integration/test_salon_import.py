"""A salon file goes into the database, again and again, and comes out as the profile everything else sees."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

import responder.salon.demo
from responder.db.engine import Database
from responder.errors import NotFound, Refused
from responder.salon.file import read_salon_file
from responder.salon.importer import ImportResult, import_salon
from responder.salon.loader import SalonCache, load_salon
from tests.factories import day, salon_data, salon_file, salon_profile, stored_salon

NOW = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
DEMO = Path(responder.salon.demo.__file__).parent / "salon.yaml"


async def imported(database: Database, **overrides: Any) -> ImportResult:
    return await import_salon(database, salon_file(**overrides), now=NOW)


async def count(database: Database, table: str) -> dict[str, bool]:
    async with database.connection() as connection:
        cursor = await connection.execute(f"SELECT key, is_active FROM {table}")
        return {row["key"]: row["is_active"] for row in await cursor.fetchall()}


async def test_a_salon_comes_out_as_it_went_in(database: Database) -> None:
    """What is loaded is what the file says, with the ids of its rows."""
    salon = await stored_salon(database)

    expected = salon_profile()
    assert salon.hours == expected.hours
    assert salon.knowledge == expected.knowledge
    assert salon.addresses == expected.addresses
    assert [service.price_minor for service in salon.services] == [service.price_minor for service in expected.services]
    assert salon.service("colouring") == expected.service("colouring")
    assert salon.service("pedicure") == expected.service("pedicure")
    assert salon.specialist("anna") == expected.specialist("anna")
    assert salon.channels == expected.channels


async def test_the_demo_salon_can_be_imported(database: Database) -> None:
    """The shipped salon imports, with split shifts, days off and variables instead of secrets."""
    result = await import_salon(database, read_salon_file(DEMO), now=NOW)

    salon = await load_salon(database, salon_id=result.salon_id)
    anna, dina = salon.specialist("anna"), salon.specialist("dina")
    assert anna is not None
    assert dina is not None
    assert anna.hours.on(date(2026, 11, 23)) == day("10:00-14:00", "15:00-19:00")
    assert dina.hours.on(date(2027, 1, 7)) == ()
    assert salon.hours.on(date(2027, 1, 7)) == day("12:00-18:00")
    telegram = next(account for account in salon.channels if account.kind == "telegram")
    assert telegram.secrets == {"token": "TELEGRAM_BOT_TOKEN", "webhook_secret": "TELEGRAM_WEBHOOK_SECRET"}
    assert telegram.settings == {"base_url_env": "TELEGRAM_API_BASE"}
    assert [account.secrets for account in salon.crm] == [
        {"url": "BITRIX24_WEBHOOK_URL"},
        {"url": "LEAD_WEBHOOK_URL", "secret": "LEAD_WEBHOOK_SECRET"},
    ]
    assert salon.targets[0].goal_share == 0.95


async def test_importing_again_changes_nothing(database: Database) -> None:
    """The same file twice leaves revision and rows as they were."""
    await imported(database)
    before = await load_salon(database, slug="primer")

    result = await imported(database)

    assert result.is_unchanged
    assert await load_salon(database, slug="primer") == before


async def test_what_changes_is_counted_and_raises_the_revision(database: Database) -> None:
    """Added, changed and removed entries are told apart; each changing import is one revision."""
    first = await imported(database)
    data = salon_data()
    services = [*data["services"][1:], {"key": "brows", "name": {"ru": "Брови"}, "duration": "30"}]
    services[0] = {**services[0], "duration": "50"}
    specialists = [{**entry, "skills": ["mens_haircut"]} for entry in data["specialists"][:1]]

    result = await imported(database, services=services, specialists=specialists)

    assert first.is_new
    assert not result.is_new
    assert (result.added, result.changed, result.removed) == (1, 2, 3)
    assert (await load_salon(database, slug="primer")).revision == 2


async def test_what_leaves_the_file_is_switched_off_and_comes_back(database: Database) -> None:
    """A row is never deleted, and the same key later means the same row again."""
    before = await stored_salon(database)
    await imported(database, knowledge=[], specialists=salon_data()["specialists"][:2])
    gone = await count(database, "specialist")

    after = await stored_salon(database)

    assert gone == {"anna": True, "maria": True, "olga": False}
    assert await count(database, "specialist") == {"anna": True, "maria": True, "olga": True}
    assert after.specialist("olga") == before.specialist("olga")
    assert after.revision == 3


async def test_two_salons_share_nothing(database: Database) -> None:
    """The same keys in another salon are other rows."""
    one = await stored_salon(database)
    other = await stored_salon(database, slug="other", channels=[])

    assert one.id != other.id
    assert {service.id for service in one.services}.isdisjoint(service.id for service in other.services)


async def test_a_chat_belongs_to_one_salon(database: Database) -> None:
    """A second salon cannot take the site key or the bot of the first, and nothing of it is stored."""
    await imported(database)

    with pytest.raises(Refused, match="is used by the salon `primer` already"):
        await imported(database, slug="other")

    with pytest.raises(NotFound):
        await load_salon(database, slug="other")


async def test_a_channel_cannot_change_its_type(database: Database) -> None:
    """The threads of an account would no longer know their customers."""
    await imported(database)
    web = {"key": "telegram", "type": "webchat", "name": "Сайт", "site_key": "x", "origins": ["*"]}

    with pytest.raises(Refused, match="give the new account a new key"):
        await imported(database, channels=[web])


async def test_the_cache_answers_from_memory(database: Database) -> None:
    """A known salon costs no query: it is answered with the database gone."""
    salon = await stored_salon(database)
    cache = SalonCache(database)
    first = await cache.by_channel(salon.channels[0].id)
    await database.close()

    assert await cache.by_channel(salon.channels[0].id) is first
    assert await cache.get(salon.id) is first
    assert await cache.get(salon.id, salon.revision) is first


async def test_the_cache_follows_the_revision(database: Database) -> None:
    """Whoever knows of a newer revision gets it; `all` finds out by itself."""
    salon = await stored_salon(database)
    cache = SalonCache(database)
    await cache.get(salon.id)
    changed = await stored_salon(database, phone="+7 351 200-00-01")

    assert (await cache.get(salon.id)).phone == "+73512000000"
    assert (await cache.get(salon.id, changed.revision)).phone == "+73512000001"
    newest = await stored_salon(database, phone="+7 351 200-00-02")
    assert await cache.all() == (newest,)


async def test_unknown_salons_and_accounts(database: Database) -> None:
    """Asking for what is not there says so."""
    cache = SalonCache(database)

    with pytest.raises(NotFound):
        await cache.get(7)
    with pytest.raises(NotFound):
        await cache.by_channel(7)
    assert await cache.all() == ()
