"""Column shapes that every table shares, so that ids, instants and documents look the same everywhere."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Identity, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field


def identity() -> Any:
    """A bigint identity primary key."""
    return Field(default=None, sa_column=Column(BigInteger, Identity(), primary_key=True))


def reference(target: str, *, nullable: bool = False, index: bool = False) -> Any:
    """A foreign key to a bigint identity."""
    default: Any = None if nullable else ...
    return Field(default, sa_column=Column(BigInteger, ForeignKey(target), nullable=nullable, index=index))


def instant(*, nullable: bool = True) -> Any:
    """An aware UTC instant with microseconds."""
    default: Any = None if nullable else ...
    return Field(default, sa_column=Column(DateTime(timezone=True), nullable=nullable))


def created() -> Any:
    """An instant that the database fills in; for housekeeping, never for timing."""
    return Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=False, server_default=text("now()")))


def jsonb() -> Any:
    """A JSON object, empty by default."""
    return Field(default_factory=dict, sa_column=Column(JSONB, nullable=False, server_default=text("'{}'::jsonb")))
