"""What each role may do. Pure: a role and a right give yes or no."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """Each may do what the ones before it may."""

    OPERATOR = "operator"
    ADMINISTRATOR = "administrator"
    OWNER = "owner"


class Right(StrEnum):
    """What a page or an action asks for."""

    DIALOGUES = "dialogues"  # read, answer, book, note
    SETTINGS = "settings"  # saved replies, tags
    PEOPLE = "people"  # invite, end sessions, change roles below one's own
    AUDIT = "audit"
    REPORT = "report"


LEAST_ROLE = {
    Right.DIALOGUES: Role.OPERATOR,
    Right.REPORT: Role.ADMINISTRATOR,
    Right.SETTINGS: Role.ADMINISTRATOR,
    Right.PEOPLE: Role.ADMINISTRATOR,
    Right.AUDIT: Role.OWNER,
}
_RANK = {role: rank for rank, role in enumerate(Role)}


def rank(role: Role) -> int:
    """The higher, the more a role may."""
    return _RANK[role]


def may(role: Role, right: Right) -> bool:
    return _RANK[role] >= _RANK[LEAST_ROLE[right]]


def may_manage(role: Role, other: Role) -> bool:
    """An owner manages everybody, others only those below them."""
    return role is Role.OWNER or (may(role, Right.PEOPLE) and _RANK[role] > _RANK[other])
