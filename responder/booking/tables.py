"""The appointment book. The database itself refuses overlaps: see `appointment_no_overlap`."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, Index
from sqlalchemy.dialects.postgresql import JSONB, TSTZRANGE, ExcludeConstraint
from sqlalchemy.sql import text
from sqlmodel import Field, SQLModel

from responder.db.columns import created, identity, instant, reference

# gist compares ranges without any extension: a range of one id makes "same specialist" an overlap
SAME_SPECIALIST = "int8range(specialist_id, specialist_id, '[]')"
OCCUPIES = "state IN ('held', 'booked', 'came')"


class Appointment(SQLModel, table=True):
    """A hold or a booking of one specialist. `busy` is the visit plus the buffer after it, half open [)."""

    __tablename__ = "appointment"
    __table_args__ = (
        ExcludeConstraint(
            (text(SAME_SPECIALIST), "&&"),
            (Column("busy"), "&&"),
            name="appointment_no_overlap",
            using="gist",
            where=text(OCCUPIES),
        ),
        Index("appointment_day", "salon_id", "starts_at"),
        Index("appointment_customer", "customer_id"),
        Index("appointment_thread", "thread_id"),
        Index("appointment_holds", "hold_until", postgresql_where=text("state = 'held'")),
    )

    id: int | None = identity()
    salon_id: int = reference("salon.id")
    specialist_id: int = reference("specialist.id")
    service_id: int = reference("service.id")
    customer_id: int | None = reference("customer.id", nullable=True)
    thread_id: int | None = reference("thread.id", nullable=True)
    enquiry_id: int | None = reference("enquiry.id", nullable=True)
    also_services: list[str] = Field(  # keys of further services done in the same visit, in order
        default_factory=list, sa_column=Column(JSONB, nullable=False, server_default=text("'[]'::jsonb"))
    )
    state: str  # AppointmentState
    starts_at: datetime = instant(nullable=False)
    ends_at: datetime = instant(nullable=False)
    busy: str = Field(sa_column=Column(TSTZRANGE, nullable=False))
    hold_until: datetime | None = instant()
    booked_at: datetime | None = instant()
    cancelled_at: datetime | None = instant()
    confirmed_at: datetime | None = instant()  # by a manager
    confirmed_by_id: int | None = reference("operator.id", nullable=True)
    note: str = ""  # staff's own words
    created_by_id: int | None = reference("operator.id", nullable=True)  # null: booked by the bot
    marked_at: datetime | None = instant()  # as came or as no-show
    marked_by_id: int | None = reference("operator.id", nullable=True)
    created_at: datetime = created()
