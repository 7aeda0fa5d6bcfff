"""Tables of a salon: the profile as imported, and a row for everything other tables point at."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Column, ForeignKey, String, UniqueConstraint
from sqlmodel import Field, SQLModel

from responder.db.columns import created, identity, instant, jsonb, reference


class Salon(SQLModel, table=True):
    """A salon; `profile` is the imported file in its checked form, `revision` grows with every change of it."""

    __tablename__ = "salon"
    __table_args__ = (UniqueConstraint("slug", name="salon_slug"),)

    id: int | None = identity()
    slug: str
    revision: int = 1
    profile: dict[str, Any] = jsonb()
    imported_at: datetime | None = instant()
    created_at: datetime = created()


class _Listed(SQLModel):
    """What is named by a key in the salon file: leaving the file makes it inactive, never deletes it."""

    key: str
    name: str
    is_active: bool = True


class Service(_Listed, table=True):
    __tablename__ = "service"
    __table_args__ = (UniqueConstraint("salon_id", "key", name="service_key"),)

    id: int | None = identity()
    salon_id: int = reference("salon.id")


class Specialist(_Listed, table=True):
    __tablename__ = "specialist"
    __table_args__ = (UniqueConstraint("salon_id", "key", name="specialist_key"),)

    id: int | None = identity()
    salon_id: int = reference("salon.id")


class Operator(_Listed, table=True):
    __tablename__ = "operator"
    __table_args__ = (UniqueConstraint("salon_id", "key", name="operator_key"),)

    id: int | None = identity()
    salon_id: int = reference("salon.id")
    role: str = "operator"
    is_from_file: bool = True  # False: added in the desk; the salon file does not switch it off
    account_id: int | None = Field(
        default=None, sa_column=Column(BigInteger, ForeignKey("account.id"), nullable=True, index=True)
    )  # the person who logs in as this operator


class ChannelAccountRow(_Listed, table=True):
    """An account in a channel; credentials stay in the environment, `profile` only names their variables."""

    __tablename__ = "channel_account"
    __table_args__ = (UniqueConstraint("salon_id", "key", name="channel_account_key"),)

    id: int | None = identity()
    salon_id: int = reference("salon.id")
    kind: str


class ApiToken(SQLModel, table=True):
    """A key for programs of one salon; only its digest is kept, and `revoked_at` ends it for good."""

    __tablename__ = "api_token"
    __table_args__ = (UniqueConstraint("digest", name="api_token_digest"),)

    id: int | None = identity()
    salon_id: int = reference("salon.id", index=True)
    name: str
    digest: str
    scopes: list[str] = Field(sa_column=Column(ARRAY(String), nullable=False))
    created_at: datetime = instant(nullable=False)
    last_used_at: datetime | None = instant()
    revoked_at: datetime | None = instant()
