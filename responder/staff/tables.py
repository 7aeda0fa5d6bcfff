"""Who may log in and what they did. An account is a person; an operator is that person's place in one salon."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Column, ForeignKey, Index, String, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from responder.db.columns import created, identity, instant, jsonb, reference


class Account(SQLModel, table=True):
    """A person who logs in, perhaps to several salons. Secrets are kept as digests or encrypted, never plainly."""

    __tablename__ = "account"
    __table_args__ = (UniqueConstraint("login", name="account_login"),)

    id: int | None = identity()
    login: str  # e-mail address or name, in lower case
    name: str
    password_hash: str  # argon2id
    language: str | None = None
    totp_secret: str | None = None  # encrypted with the installation's secret key
    totp_confirmed_at: datetime | None = instant()  # null: begun and not yet in force
    totp_last_step: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))  # no code twice
    recovery_digests: list[str] = Field(
        default_factory=list, sa_column=Column(ARRAY(String), nullable=False, server_default=text("'{}'"))
    )
    failed_logins: int = 0  # in a row
    locked_until: datetime | None = instant()
    created_at: datetime = created()


class StaffSession(SQLModel, table=True):
    """A browser that is logged in; the cookie holds a random token, the row its digest."""

    __tablename__ = "staff_session"
    __table_args__ = (
        UniqueConstraint("digest", name="staff_session_digest"),
        Index("staff_session_account", "account_id"),
    )

    id: int | None = identity()
    account_id: int = reference("account.id")
    digest: str
    user_agent: str = ""
    address: str = ""
    created_at: datetime = instant(nullable=False)
    last_seen_at: datetime = instant(nullable=False)
    expires_at: datetime = instant(nullable=False)
    ended_at: datetime | None = instant()


class Invitation(SQLModel, table=True):
    """A link that lets one person become one operator, once."""

    __tablename__ = "invitation"
    __table_args__ = (UniqueConstraint("digest", name="invitation_digest"),)

    id: int | None = identity()
    salon_id: int = reference("salon.id", index=True)
    operator_id: int = reference("operator.id")
    digest: str
    created_by_id: int | None = reference("operator.id", nullable=True)
    created_at: datetime = instant(nullable=False)
    expires_at: datetime = instant(nullable=False)
    used_at: datetime | None = instant()
    revoked_at: datetime | None = instant()


class AuditEntry(SQLModel, table=True):
    """Who did what to what, and when; rows are only ever added. `details` hold keys and ids, no message texts."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index("audit_entry_salon", "salon_id", "id"), Index("audit_entry_account", "account_id", "id"))

    id: int | None = identity()
    salon_id: int | None = reference("salon.id", nullable=True)  # null: of the account alone, like a failed login
    account_id: int | None = Field(default=None, sa_column=Column(BigInteger, ForeignKey("account.id"), nullable=True))
    operator_id: int | None = reference("operator.id", nullable=True)
    at: datetime = instant(nullable=False)
    action: str
    subject: str = ""  # "thread:5"
    details: dict[str, Any] = jsonb()
    address: str = ""
