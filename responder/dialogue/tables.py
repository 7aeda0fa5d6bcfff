"""Tables of a dialogue: who writes where, what is measured, every message with its stamps, every turn with its why."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Column, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from responder.db.columns import created, identity, instant, jsonb, reference


class Customer(SQLModel, table=True):
    """A person as one salon knows them; erasure empties the person and keeps the row."""

    __tablename__ = "customer"
    __table_args__ = (Index("customer_phone", "salon_id", "phone"),)

    id: int | None = identity()
    salon_id: int = reference("salon.id")
    name: str | None = None
    phone: str | None = None  # E.164
    language: str | None = None
    is_vip: bool = False
    created_at: datetime = created()
    erased_at: datetime | None = instant()


class Thread(SQLModel, table=True):
    """One customer's identity in one channel account, the state of its dialogue and the lease of its turn."""

    __tablename__ = "thread"
    __table_args__ = (
        UniqueConstraint("channel_account_id", "thread_key", name="thread_key"),
        Index("thread_due", "turn_due_at", postgresql_where=text("turn_due_at IS NOT NULL")),
        Index("thread_recent", "salon_id", text("last_message_at DESC")),
        Index(
            "thread_awaited",
            "salon_id",
            "unanswered_since",
            postgresql_where=text("mode = 'human' AND unanswered_since IS NOT NULL"),
        ),
        Index("thread_operator", "operator_id", postgresql_where=text("operator_id IS NOT NULL")),
    )

    id: int | None = identity()
    salon_id: int = reference("salon.id")
    channel_account_id: int = reference("channel_account.id")
    thread_key: str
    customer_id: int = reference("customer.id", index=True)
    display_name: str | None = None  # what the messenger calls the customer
    mode: str = "bot"  # ThreadMode
    operator_id: int | None = reference("operator.id", nullable=True)
    state: dict[str, Any] = jsonb()  # DialogueState
    source: dict[str, Any] = jsonb()  # first touch
    is_blocked: bool = False  # the customer has blocked the bot
    barred_at: datetime | None = instant()  # staff want nothing from this customer: stored, never answered or counted
    barred_by_id: int | None = reference("operator.id", nullable=True)
    tags: list[str] = Field(
        default_factory=list, sa_column=Column(ARRAY(String), nullable=False, server_default=text("'{}'"))
    )
    is_test: bool = False
    last_inbound_id: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    # the newest message that a turn has answered or given up, or staff have answered: no turn reads up to here again
    answered_to_id: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    unanswered_since: datetime | None = instant()  # received_at of the oldest message no turn has taken yet
    last_message_at: datetime | None = instant()
    turn_due_at: datetime | None = instant()
    turn_failures: int = 0  # in a row; backs the next turn off
    # how far the first of them had read: what is given up with them
    failing_to_id: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    lease_token: str | None = None
    lease_until: datetime | None = instant()
    created_at: datetime = created()


class Enquiry(SQLModel, table=True):
    """The unit that is measured (timing.md): opens with a thread's first inbound message, closes when settled."""

    __tablename__ = "enquiry"
    __table_args__ = (
        Index("enquiry_open", "thread_id", unique=True, postgresql_where=text("closed_at IS NULL")),
        Index("enquiry_arrival", "salon_id", "clock_start_at"),
        Index("enquiry_check", "next_check_at", postgresql_where=text("next_check_at IS NOT NULL")),
    )

    id: int | None = identity()
    salon_id: int = reference("salon.id")
    thread_id: int = reference("thread.id", index=True)
    customer_id: int = reference("customer.id")
    channel_account_id: int = reference("channel_account.id")
    clock_start_at: datetime = instant(nullable=False)
    received_at: datetime = instant(nullable=False)
    skew_s: float = 0.0  # how far sent_at lay after received_at before it was clamped
    source: dict[str, Any] = jsonb()
    category: str | None = None
    priority: str = "normal"
    excluded: str | None = None  # "spam", "outreach", "test"
    settled_at: datetime | None = instant()  # booked, cancelled or answered for good; closes after a short quiet
    closed_at: datetime | None = instant()
    close_reason: str | None = None  # CloseReason
    next_check_at: datetime | None = instant()  # when its timers are to be looked at (responder/watch)
    created_at: datetime = created()


class Message(SQLModel, table=True):
    """One message either way. Stamps are never moved; a null stamp means it has not happened."""

    __tablename__ = "message"
    __table_args__ = (
        Index(
            "message_once",
            "channel_account_id",
            "provider_key",
            unique=True,
            postgresql_where=text("provider_key IS NOT NULL"),
        ),
        Index("message_thread", "thread_id", "id"),
        Index("message_enquiry", "enquiry_id", "id"),
        Index(
            "message_unsent",
            "thread_id",
            "id",
            postgresql_where=text("send_state IN ('queued', 'sending', 'unknown')"),
        ),
        Index(
            "message_sent_once", "thread_id", "idempotency_key", unique=True, postgresql_where=text("direction = 'out'")
        ),
        Index("message_provider", "channel_account_id", "provider_message_id"),
        # what people wrote, for the search of the desk; of the bot's own words every dialogue has the same
        Index(
            "message_words",
            text("to_tsvector('simple'::regconfig, text::text)"),
            postgresql_using="gin",
            postgresql_where=text("author IN ('customer', 'human', 'human_device')"),
        ),
    )

    id: int | None = identity()
    salon_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    thread_id: int | None = reference("thread.id", nullable=True)  # null: an item no thread could be made of, kept raw
    enquiry_id: int | None = Field(default=None, sa_column=Column(BigInteger, ForeignKey("enquiry.id"), nullable=True))
    channel_account_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    direction: str  # Direction
    author: str  # Author
    auto_reply: bool = False
    kind: str = "message"  # InboundKind of inbound ones
    provider_key: str | None = None  # inbound: dedupe key
    provider_message_id: str | None = None
    order_key: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default=text("0")))
    text: str = ""
    payload: dict[str, Any] = jsonb()  # inbound: attachments, contact, pressed; outbound: buttons, ask_contact
    raw: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB, nullable=True))
    # inbound stamps
    sent_at: datetime | None = instant()
    sent_at_resolution_s: float | None = None
    received_at: datetime | None = instant()
    stored_at: datetime | None = instant()
    edited_at: datetime | None = instant()
    deleted_at: datetime | None = instant()
    # outbound stamps
    composed_at: datetime | None = instant()
    accepted_at: datetime | None = instant()
    delivered_at: datetime | None = instant()
    read_at: datetime | None = instant()
    failed_at: datetime | None = instant()
    substance: str | None = None  # Substance
    substance_corrected_at: datetime | None = instant()  # by staff: the rule, or whoever corrected before, was wrong
    substance_corrected_by: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))  # operator
    idempotency_key: str | None = None
    send_state: str | None = None  # SendState
    attempts: int = 0
    next_attempt_at: datetime | None = instant()  # queued: when to try; sending: when to give the attempt up as unknown
    failure: str | None = None
    turn_id: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    operator_id: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))


class Handoff(SQLModel, table=True):
    """A person was needed: starts `human_wait_s`; one row per hand-off."""

    __tablename__ = "handoff"
    __table_args__ = (
        Index("handoff_enquiry", "enquiry_id"),
        Index("handoff_thread", "thread_id"),
        Index("handoff_open", "salon_id", "needed_at", postgresql_where=text("returned_at IS NULL")),
    )

    id: int | None = identity()
    salon_id: int = reference("salon.id")
    thread_id: int = reference("thread.id")
    enquiry_id: int | None = reference("enquiry.id", nullable=True)
    needed_at: datetime = instant(nullable=False)
    reason: str  # HandoffReason
    detail: str = ""
    taken_at: datetime | None = instant()
    operator_id: int | None = reference("operator.id", nullable=True)
    returned_at: datetime | None = instant()


class Turn(SQLModel, table=True):
    """One turn of the bot: what it read, how it was understood, why it said what it said, how long each stage took."""

    __tablename__ = "turn"
    __table_args__ = (
        Index("turn_thread", "thread_id", "id"),
        Index("turn_paid", "salon_id", "started_at", postgresql_where=text("tokens_in > 0")),
        Index("turn_given_up", "enquiry_id", postgresql_where=text("decision = 'handoff_failed'")),
    )

    id: int | None = identity()
    salon_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    thread_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    enquiry_id: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    started_at: datetime = instant(nullable=False)
    decided_at: datetime = instant(nullable=False)
    first_message_id: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    last_message_id: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    understood_by: str  # "rules", "llm", "buttons"; "none": the turn was given up
    llm_outcome: str | None = None  # "used", "late", "refused", "failed", "guarded"
    meaning: dict[str, Any] = jsonb()
    decision: str = ""
    prompt_version: str | None = None
    llm_model: str | None = None
    tokens_in: int = 0
    tokens_cached: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})  # of those sent
    tokens_out: int = 0
    llm_cost_micros: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))  # of the currency
    llm_currency: str | None = None
    stages_ms: dict[str, Any] = jsonb()


class Note(SQLModel, table=True):
    """What staff tell each other about a dialogue; the customer never sees it."""

    __tablename__ = "note"
    __table_args__ = (
        Index("note_thread", "thread_id", "id"),
        Index(
            "note_once",
            "thread_id",
            "idempotency_key",
            unique=True,
            postgresql_where=text("idempotency_key IS NOT NULL"),
        ),
    )

    id: int | None = identity()
    salon_id: int = reference("salon.id")
    thread_id: int = reference("thread.id")
    operator_id: int | None = reference("operator.id", nullable=True)
    mentions: list[int] = Field(  # ids of operators
        default_factory=list, sa_column=Column(ARRAY(BigInteger), nullable=False, server_default=text("'{}'"))
    )
    text: str
    at: datetime = instant(nullable=False)
    idempotency_key: str | None = None
    is_hint: bool = False  # told to the bot when the dialogue was given back


class ThreadSeen(SQLModel, table=True):
    """How far an operator has read a dialogue: what came after `message_id` is unread to them."""

    __tablename__ = "thread_seen"

    thread_id: int = Field(sa_column=Column(BigInteger, ForeignKey("thread.id"), primary_key=True))
    operator_id: int = Field(sa_column=Column(BigInteger, ForeignKey("operator.id"), primary_key=True))
    message_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    at: datetime = instant(nullable=False)


class SavedReply(SQLModel, table=True):
    """Words that staff send often, found by a shortcut; placeholders stand in braces: {name}."""

    __tablename__ = "saved_reply"
    __table_args__ = (UniqueConstraint("salon_id", "shortcut", name="saved_reply_shortcut"),)

    id: int | None = identity()
    salon_id: int = reference("salon.id")
    shortcut: str
    text: str
    updated_at: datetime = instant(nullable=False)
    updated_by_id: int | None = reference("operator.id", nullable=True)
