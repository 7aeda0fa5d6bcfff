"""What timers have said, once each."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Column, Index
from sqlmodel import Field, SQLModel

from responder.db.columns import identity, instant, reference


class SlaEvent(SQLModel, table=True):
    """A step of a wait that fell due and was told; `number` tells waits of one measure apart."""

    __tablename__ = "sla_event"
    __table_args__ = (
        Index("sla_event_once", "enquiry_id", "measure", "number", "step", unique=True),
        Index("sla_event_recent", "salon_id", "due_at"),
    )

    id: int | None = identity()
    salon_id: int = reference("salon.id")
    enquiry_id: int = reference("enquiry.id")
    measure: str
    number: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    step: str  # "warn", "breach", "escalate:owner"
    target_s: float
    due_at: datetime = instant(nullable=False)
    fired_at: datetime = instant(nullable=False)
