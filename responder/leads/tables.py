"""The lead as the product itself lists it, and its way into each CRM."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import SQLModel

from responder.db.columns import created, identity, instant, jsonb, reference


class Lead(SQLModel, table=True):
    """One per visit, from the wish for it on: a later change of the visit is a change of its lead, in whatever enquiry
    it happens. `revision` grows with every change; a CRM is up to date when it was given that revision.

    The visit is a copy of the appointment as it was at that revision, so that a booking that follows a hold, or a
    cancellation, is a change of the lead.
    """

    __tablename__ = "lead"
    __table_args__ = (
        UniqueConstraint("appointment_id", name="lead_visit"),
        Index("lead_wish", "enquiry_id", unique=True, postgresql_where=text("appointment_id IS NULL")),
        Index("lead_enquiry", "enquiry_id"),
        UniqueConstraint("origin_id", name="lead_origin"),
        Index("lead_recent", "salon_id", "id"),
    )

    id: int | None = identity()
    salon_id: int = reference("salon.id")
    enquiry_id: int = reference("enquiry.id")  # the one it began in: its source and its timing
    thread_id: int = reference("thread.id")
    customer_id: int = reference("customer.id")
    appointment_id: int | None = reference("appointment.id", nullable=True)
    origin_id: str  # stable for ever; what CRMs are searched by
    name: str | None = None
    phone: str | None = None
    service: str | None = None  # key
    specialist: str | None = None  # key
    wish: str | None = None
    visit_state: str | None = None  # AppointmentState
    visit_at: datetime | None = instant()
    source: dict[str, Any] = jsonb()
    revision: int = 1
    created_at: datetime = created()
    updated_at: datetime | None = instant()


class LeadDelivery(SQLModel, table=True):
    """Where a lead stands in one CRM account of the salon."""

    __tablename__ = "lead_delivery"
    __table_args__ = (UniqueConstraint("lead_id", "crm_key", name="lead_delivery_once"),)

    id: int | None = identity()
    lead_id: int = reference("lead.id")
    crm_key: str
    crm_id: str | None = None
    crm_url: str | None = None
    revision: int = 0  # the lead's revision the CRM holds
    attempts: int = 0
    failures: int = 0  # since one succeeded
    next_attempt_at: datetime | None = instant()  # the CRM, or a lost answer, asks for patience until then
    last_error: str | None = None
    delivered_at: datetime | None = instant()
    parked_at: datetime | None = instant()  # a permanent error: waits for staff
    parked_revision: int | None = None  # what was refused; a later one is tried again. None: the account was refused
