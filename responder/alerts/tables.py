"""Alerts, and where each stands with each destination outside."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, Column, Index, String, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from responder.db.columns import identity, instant, jsonb, reference


class Alert(SQLModel, table=True):
    """One thing to be told. `subject` is what it is about (a wait, an account), `step` tells alerts of one subject
    apart; while it is not resolved the same is not raised again. `facts` never hold a customer's name, words or
    number: they leave the product."""

    __tablename__ = "alert"
    __table_args__ = (
        Index("alert_once", "salon_id", "subject", "step", unique=True, postgresql_where=text("resolved_at IS NULL")),
        Index("alert_recent", "salon_id", "id"),
        Index("alert_unrouted", "salon_id", postgresql_where=text("routed_at IS NULL")),
    )

    id: int | None = identity()
    salon_id: int = reference("salon.id")
    subject: str
    step: str = ""
    kind: str  # AlertKind
    severity: str  # Severity
    roles: list[str] = Field(sa_column=Column(ARRAY(String), nullable=False))
    thread_id: int | None = reference("thread.id", nullable=True)
    enquiry_id: int | None = reference("enquiry.id", nullable=True)
    facts: dict[str, Any] = jsonb()
    raised_at: datetime = instant(nullable=False)
    routed_at: datetime | None = instant()  # given to the destinations it is for
    seen_at: datetime | None = instant()
    resolved_at: datetime | None = instant()


class AlertDelivery(SQLModel, table=True):
    """An alert on its way to a destination; `dropped_at`: not sent, since it was over before or nobody took it."""

    __tablename__ = "alert_delivery"
    __table_args__ = (
        UniqueConstraint("alert_id", "destination", name="alert_delivery_once"),
        Index(
            "alert_delivery_pending",
            "salon_id",
            "destination",
            postgresql_where=text("sent_at IS NULL AND dropped_at IS NULL"),
        ),
        Index("alert_delivery_sent", "salon_id", "destination", "sent_at"),
    )

    id: int | None = identity()
    salon_id: int = reference("salon.id")
    alert_id: int = reference("alert.id")
    destination: str  # key in the salon file
    attempts: int = 0
    next_attempt_at: datetime = instant(nullable=False)
    sent_at: datetime | None = instant()
    dropped_at: datetime | None = instant()
    last_error: str | None = None
