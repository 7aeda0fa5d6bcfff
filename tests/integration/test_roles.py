"""Every address of the staff, walked by an operator, an administrator and an owner of the salon: whoever is below the
role that an address is for is told so, and nobody else is.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import aiohttp

from responder.staff.rules import Role, rank
from tests.integration.test_two_salons import WALK, Try, World, two_salons
from tests.logging_in import join

KEYS = {Role.OPERATOR: "evening_desk", Role.ADMINISTRATOR: "front_desk", Role.OWNER: "owner"}
REVOKES_A_WALKER = ("POST", "/people")

# every other address is an operator's
LEAST = {
    ("GET", "/saved-replies"): Role.ADMINISTRATOR,
    ("POST", "/saved-replies"): Role.ADMINISTRATOR,
    ("PUT", "/api/v1/{salon}/saved-replies/{shortcut}"): Role.ADMINISTRATOR,
    ("DELETE", "/api/v1/{salon}/saved-replies/{shortcut}"): Role.ADMINISTRATOR,
    ("GET", "/people"): Role.ADMINISTRATOR,
    REVOKES_A_WALKER: Role.ADMINISTRATOR,
    ("GET", "/audit"): Role.OWNER,
    **{key: Role.ADMINISTRATOR for key in WALK if key[1].startswith(("/report", "/api/v1/{salon}/report/"))},
}


async def test_every_address_asks_for_its_role(database_url: str, tmp_path: Path) -> None:
    """Below its role: 403, whatever else is right; from its role on: anything but a refusal of the person."""
    async with two_salons(database_url, tmp_path) as world:
        people = {role: (await join(world.app, key)).headers for role, key in KEYS.items()}
        walked = 0
        for address in sorted(WALK, key=lambda address: address == REVOKES_A_WALKER):
            least = LEAST.get(address, Role.OPERATOR)
            for one in of_staff(world, address):
                walked += 1
                for role, headers in people.items():
                    status = await status_of(world, address[0], replace(one, headers=headers))
                    assert (status == 403) == (rank(role) < rank(least)), (address, role, one, status)
                    assert status != 401, (address, role, one)
    assert walked > 70
    assert LEAST.keys() <= WALK.keys()


def of_staff(world: World, address: tuple[str, str]) -> list[Try]:
    """What the walk of two salons sends to the demo salon as an owner of the other one: right but for the person."""
    return [one for one in WALK[address](world) if one.headers is world.other_owner]


async def status_of(world: World, method: str, one: Try) -> int:
    """The body is left unread: a stream has no end."""
    data = {"data": one.form} if one.form is not None else {"json": one.body} if one.body is not None else {}
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        async with http.request(
            method, world.app.url + one.path, headers=one.headers, allow_redirects=False, **data
        ) as answer:
            return answer.status
