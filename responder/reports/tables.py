"""What is kept of measured enquiries, so that a report need not measure them again (docs/decisions/0008).

Nothing here is a truth of its own: every row can be thrown away and made anew from the stamps.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    Computed,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    SmallInteger,
    text,
)
from sqlmodel import Field, SQLModel

from responder.db.columns import identity, instant, reference


def _micros() -> Any:
    """A length of time in microseconds; null: it was not met."""
    return Field(default=None, sa_column=Column(BigInteger, nullable=True))


def _many(kind: Any) -> Any:
    return Field(default_factory=list, sa_column=Column(ARRAY(kind), nullable=False, server_default=text("'{}'")))


def _counter() -> Any:
    return Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default=text("0")))


def _packed() -> Any:
    return Field(sa_column=Column(LargeBinary, nullable=False))


def _generated(expression: str) -> Any:
    """A column that PostgreSQL fills itself; what with, says its migration."""
    return Field(default=b"", sa_column=Column(LargeBinary, Computed(expression, persisted=True), nullable=False))


class EnquiryMeasures(SQLModel, table=True):
    """One enquiry as `timing.measures.measure` measured it, and what reports group it by.

    `day` and `hour` are the salon's local ones of the start of the clock. `operator_id` is the person who answered
    first, `specialist` the key of whoever the latest booking of the enquiry is with. `has_open` is whether some wait
    goes on. `returned_at` is when the same customer opened the next enquiry.
    """

    __tablename__ = "enquiry_measures"
    __table_args__ = (
        Index("enquiry_measures_day", "salon_id", "day"),
        Index("enquiry_measures_open", "salon_id", "day", postgresql_where=text("has_open")),
    )

    enquiry_id: int = Field(sa_column=Column(BigInteger, ForeignKey("enquiry.id"), primary_key=True))
    salon_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    thread_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    channel_account_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    clock_start_at: datetime = instant(nullable=False)
    day: date = Field(sa_column=Column(Date, nullable=False))
    hour: int = Field(sa_column=Column(SmallInteger, nullable=False))
    source: str = ""
    category: str = ""
    priority: str = "normal"
    operator_id: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    specialist: str = ""
    excluded: str | None = None
    first_reply_by: str | None = None
    first_useful_by: str | None = None
    skew_us: int = _counter()
    first_reply_us: int | None = _micros()
    first_reply_working_us: int | None = _micros()
    first_useful_us: int | None = _micros()
    first_useful_working_us: int | None = _micros()
    bot_frt_us: int | None = _micros()
    bot_frt_working_us: int | None = _micros()
    bot_frt_released_us: int | None = _micros()
    bot_frt_released_working_us: int | None = _micros()
    human_frt_us: int | None = _micros()
    human_frt_working_us: int | None = _micros()
    human_frt_released_us: int | None = _micros()
    human_frt_released_working_us: int | None = _micros()
    resolution_us: int | None = _micros()
    resolution_working_us: int | None = _micros()
    pipeline_lag_us: int | None = _micros()
    pipeline_lag_working_us: int | None = _micros()
    human_wait_from_at: list[datetime] = _many(DateTime(timezone=True))
    human_wait_us: list[int | None] = _many(BigInteger)
    human_wait_working_us: list[int | None] = _many(BigInteger)
    zendesk_us: int | None = _micros()
    zendesk_working_us: int | None = _micros()
    intercom_us: int | None = _micros()
    intercom_working_us: int | None = _micros()
    chatwoot_us: int | None = _micros()
    chatwoot_working_us: int | None = _micros()
    is_booked: bool = False
    is_handed_off: bool = False
    resolved_at: datetime | None = instant()
    returned_at: datetime | None = instant()
    has_open: bool = True
    measured_at: datetime = instant(nullable=False)
    definition: str
    packed: bytes = _generated("of its columns")
    packed_human_waits: bytes = _generated("of its columns")


class MeasuresDue(SQLModel, table=True):
    """An enquiry whose stamps changed since it was measured; written by triggers in the transaction that changed them.
    One row a change and never updated: nobody who stamps waits for whoever measures."""

    __tablename__ = "measures_due"
    __table_args__ = (Index("measures_due_salon", "salon_id", "id"),)

    id: int | None = identity()
    salon_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    enquiry_id: int = Field(sa_column=Column(BigInteger, nullable=False))


class RollupDay(SQLModel, table=True):
    """A day that was counted; a stale one is counted again and meanwhile read from its enquiries."""

    __tablename__ = "rollup_day"
    __table_args__ = (Index("rollup_day_stale", "salon_id", "day", postgresql_where=text("is_stale")),)

    salon_id: int = Field(sa_column=Column(BigInteger, ForeignKey("salon.id"), primary_key=True))
    day: date = Field(sa_column=Column(Date, primary_key=True))
    is_stale: bool = True
    reaches: date | None = None  # local day of the last stamp its measures rest on
    hours_digest: str = ""  # of the opening hours of `day`..`reaches` that it was measured in
    hours_revision: int = 0  # of the salon's file, when the hours were last compared


class Rollup(SQLModel, table=True):
    """The enquiries of one day, or of the week that begins on it, that share these marks, counted: a cell of one
    `reports.entries.Side`. The last columns are its `reports.entries.Part`s, records of `reports.entries.ENTRY`."""

    __tablename__ = "rollup"
    __table_args__ = (Index("rollup_of_salon", "salon_id", "side", "days", "day"),)

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(), primary_key=True))
    salon_id: int = reference("salon.id")
    day: date = Field(sa_column=Column(Date, nullable=False))
    days: int = Field(default=1, sa_column=Column(SmallInteger, nullable=False, server_default=text("1")))
    side: str = "cell"
    person: str = ""
    channel_account_id: int = _counter()
    source: str = ""
    category: str = ""
    priority: str = ""
    counters: list[int] = _many(BigInteger)
    short: bytes = _packed()
    short_working: bytes = _packed()
    more: bytes = _packed()
    hourly: bytes = _packed()
