"""Passwords of staff: argon2id with the library's parameters, hashed off the event loop; what is too easy to guess."""

from __future__ import annotations

import asyncio
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from responder.errors import Refused

SHORTEST, LONGEST = 10, 200

# of ten characters and more, those that lists of leaked ones begin with, and what people make of a keyboard
COMMON = frozenset(
    [
        "1234567890",
        "0123456789",
        "12345678910",
        "123456789a",
        "qwertyuiop",
        "1q2w3e4r5t",
        "1qaz2wsx3edc",
        "q1w2e3r4t5",
        "password12",
        "password123",
        "passw0rd12",
        "qwerty12345",
        "qwerty123456",
        "1111111111",
        "0000000000",
        "iloveyou12",
        "administrator",
        "adminadmin",
        "йцукенгшщз",
        "пароль12345",
        "парольпароль",
        "салонкрасоты",
        "responder1",
        "letmein1234",
        "welcome123",
        "1234512345",
        "9876543210",
        "qazwsxedcr",
        "abcdefghij",
        "aaaaaaaaaa",
    ]
)

_hasher = PasswordHasher()


async def hash_password(password: str) -> str:
    """A hash to keep; about 50 ms of another thread."""
    return await asyncio.to_thread(_hasher.hash, password)


async def is_password(kept: str | None, password: str) -> bool:
    """Whether it is the one that was hashed. For no hash at all it works as long and says no, so that the time it takes
    tells nobody which logins exist."""
    return await asyncio.to_thread(_verify, kept or _nobodys(), password) and kept is not None


def check_password(password: str, *, login: str) -> None:
    """Raises `Refused` for one that would be guessed."""
    if len(password) < SHORTEST:
        raise Refused("The password is too short.", code="password_short", least=SHORTEST)
    if len(password) > LONGEST:
        raise Refused("The password is too long.", code="password_long", most=LONGEST)
    easy = password.casefold().strip()
    name = login.partition("@")[0].casefold()
    if easy in COMMON or len(set(easy)) < 4 or easy in (login.casefold(), name) or (len(name) > 3 and easy == name * 2):
        raise Refused("The password is easily guessed.", code="password_common")


def _verify(kept: str, password: str) -> bool:
    try:
        return _hasher.verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobodys() -> str:
    return _hasher.hash("nobody has this password")
