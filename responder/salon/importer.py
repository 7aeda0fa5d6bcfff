"""A checked salon file into the database. Importing the same file again changes nothing.

Whatever leaves the file becomes inactive and keeps its row, because appointments and threads point at it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import sql
from psycopg.types.json import Jsonb

from responder.db.engine import Connection, Database
from responder.errors import Refused
from responder.salon.checks import KEYED, ONE_OF_A_KIND
from responder.salon.schema import SalonFile

LOCK = 7_246_002  # any constant: one import at a time, so that salons see each other's accounts

_KNOWN = "SELECT id, revision, profile FROM salon WHERE slug = %(slug)s"
_CREATE = """
INSERT INTO salon (slug, revision, profile, imported_at) VALUES (%(slug)s, 1, %(profile)s, %(now)s) RETURNING id
"""
_CHANGE = "UPDATE salon SET profile = %(profile)s, revision = revision + 1, imported_at = %(now)s WHERE id = %(id)s"
_ADOPT = "UPDATE operator SET is_from_file = true WHERE salon_id = %s AND key = ANY(%s) AND NOT is_from_file"
# a link was made for what the operator was then
_END_LINKS = """
UPDATE invitation i SET revoked_at = %(now)s
FROM operator o LEFT JOIN unnest(%(keys)s::text[], %(roles)s::text[]) AS f (key, role) ON f.key = o.key
WHERE i.operator_id = o.id AND o.salon_id = %(salon)s AND i.used_at IS NULL AND i.revoked_at IS NULL
  AND (f.role <> o.role OR (f.key IS NULL AND o.is_from_file))
"""
_OTHERS = "SELECT slug, profile -> 'channels' AS channels FROM salon WHERE slug <> %(slug)s"


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportResult:
    """What an import did; entries of lists count one each, so does every other field of the file."""

    salon_id: int
    is_new: bool
    added: int
    changed: int
    removed: int

    @property
    def is_unchanged(self) -> bool:
        return not (self.is_new or self.added or self.changed or self.removed)


async def import_salon(database: Database, file: SalonFile, *, now: datetime) -> ImportResult:
    """Make the salon of `file.slug` what the file says. Raises `Refused` when a channel account would change its type
    or is another salon's already."""
    async with database.transaction() as connection:
        await connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        profile = file.stored()
        known = await (await connection.execute(_KNOWN, {"slug": file.slug})).fetchone()
        before: Mapping[str, Any] = known["profile"] if known else {}
        _refuse_new_type(before, profile)
        await _refuse_accounts_of_others(connection, file.slug, profile)
        parameters = {"slug": file.slug, "profile": Jsonb(profile), "now": now}
        if known is None:
            row = await (await connection.execute(_CREATE, parameters)).fetchone()
            salon_id = int(row["id"]) if row else 0
        else:
            salon_id = int(known["id"])
            if before != profile:
                await connection.execute(_CHANGE, {**parameters, "id": salon_id})
        await _write_rows(connection, salon_id, file, now=now)
    return _result(salon_id, before, profile, is_new=known is None)


async def _write_rows(connection: Connection, salon_id: int, file: SalonFile, *, now: datetime) -> None:
    language = file.language
    await _list(connection, "service", salon_id, [(part.key, _in(part.name, language)) for part in file.services])
    await _list(connection, "specialist", salon_id, [(part.key, _in(part.name, language)) for part in file.specialists])
    operators = [(part.key, part.name, part.role) for part in file.operators]
    keys, roles = [part.key for part in file.operators], [part.role for part in file.operators]
    await connection.execute(_END_LINKS, {"now": now, "salon": salon_id, "keys": keys, "roles": roles})
    await _list(connection, "operator", salon_id, operators, also="role")
    await connection.execute(_ADOPT, (salon_id, keys))
    channels = [(part.key, part.name, part.type) for part in file.channels]
    await _list(connection, "channel_account", salon_id, channels, also="kind")


async def _list(
    connection: Connection,
    table: str,
    salon_id: int,
    entries: Sequence[tuple[str, ...]],
    *,
    also: str | None = None,
) -> None:
    """Write the entries and switch off all others; a row that says so already is not written."""
    columns = ("key", "name", *([also] if also else []))
    statement = sql.SQL(
        """
        INSERT INTO {table} (salon_id, is_active, {columns})
        SELECT %s, true, * FROM unnest({arrays})
        ON CONFLICT (salon_id, key) DO UPDATE SET is_active = true, {changes}
        WHERE ({old}) IS DISTINCT FROM ({new})
        """
    ).format(
        table=sql.Identifier(table),
        columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
        arrays=sql.SQL(", ").join([sql.SQL("%s::text[]")] * len(columns)),
        changes=sql.SQL(", ").join(
            sql.SQL("{0} = excluded.{0}").format(sql.Identifier(column)) for column in columns[1:]
        ),
        old=sql.SQL(", ").join(sql.Identifier(table, column) for column in ("is_active", *columns[1:])),
        new=sql.SQL(", ").join(sql.Identifier("excluded", column) for column in ("is_active", *columns[1:])),
    )
    arrays = [[entry[number] for entry in entries] for number in range(len(columns))]
    await connection.execute(statement, (salon_id, *arrays))
    mine = sql.SQL("AND is_from_file") if table == "operator" else sql.SQL("")  # the others were added in the desk
    switch_off = sql.SQL(
        "UPDATE {} SET is_active = false WHERE salon_id = %s AND is_active AND key <> ALL(%s::text[]) {}"
    ).format(sql.Identifier(table), mine)
    await connection.execute(switch_off, (salon_id, arrays[0]))


def _in(texts: Mapping[str, str], language: str) -> str:
    return texts.get(language) or next(iter(texts.values()))


def _refuse_new_type(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Threads of an account know their customers by that channel's own ids."""
    types = {channel["key"]: channel["type"] for channel in before.get("channels", ())}
    for channel in after.get("channels", ()):
        if types.get(channel["key"], channel["type"]) != channel["type"]:
            raise Refused(f"channel `{channel['key']}` cannot become {channel['type']}; give the new account a new key")


async def _refuse_accounts_of_others(connection: Connection, slug: str, profile: Mapping[str, Any]) -> None:
    mine = set(_accounts(profile.get("channels")))
    rows = await (await connection.execute(_OTHERS, {"slug": slug})).fetchall()
    for row in rows:
        for option, value in mine & set(_accounts(row["channels"])):
            raise Refused(f"{option} {value} is used by the salon `{row['slug']}` already")


def _accounts(channels: Sequence[Mapping[str, Any]] | None) -> Iterator[tuple[str, str]]:
    for channel in channels or ():
        for option in ONE_OF_A_KIND:
            if option in channel:
                yield option, channel[option]


def _result(salon_id: int, before: Mapping[str, Any], after: Mapping[str, Any], *, is_new: bool) -> ImportResult:
    old, new = _things(before), _things(after)
    return ImportResult(
        salon_id=salon_id,
        is_new=is_new,
        added=len(new.keys() - old.keys()),
        changed=sum(1 for place in new.keys() & old.keys() if new[place] != old[place]),
        removed=len(old.keys() - new.keys()),
    )


def _things(profile: Mapping[str, Any]) -> dict[tuple[str, ...], Any]:
    things: dict[tuple[str, ...], Any] = {}
    for field, value in profile.items():
        if field in KEYED:
            things |= {(field, entry["key"]): entry for entry in value}
        else:
            things[(field,)] = value
    return things
