"""The questions of the report API: their parameters, described for whoever writes the program that asks."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from responder.reports.marks import HOURS, MOST, By, Part, Selection, number_of
from responder.reports.query import LONGEST_DAYS, BadQuery, ReportQuery, make_query
from responder.salon.profile import SalonProfile
from responder.timing.definitions import Definition
from responder.timing.measures import Measure


class Mark(StrEnum):
    """What a breakdown can be by."""

    CHANNEL = "channel"
    SOURCE = "source"
    OPERATOR = "operator"
    SPECIALIST = "specialist"
    CATEGORY = "category"
    PRIORITY = "priority"


class Asked(BaseModel):
    """The enquiries a report is about: those that arrived in the period and have the marks asked for."""

    model_config = ConfigDict(extra="forbid")

    since: date | None = Field(
        None, alias="from", description="First day, in the salon's own time zone.", examples=["2026-11-01"]
    )
    until: date | None = Field(
        None, alias="to", description="Last day, included; today when left out.", examples=["2026-11-30"]
    )
    days: int | None = Field(
        None,
        description=f"The last so many days, today included, at most {LONGEST_DAYS}; 30 when no period is given.",
        examples=[30],
    )
    channel: list[str] = Field([], description="Kinds of channel; repeat for several.", examples=[["telegram"]])
    source: list[str] = Field(
        [], description="Where customers came from (utm source, deep link, site); empty for unknown.", examples=[["vk"]]
    )
    operator: list[str] = Field([], description="Keys of the operators who answered first.", examples=[["leyla"]])
    specialist: list[str] = Field([], description="Keys of the specialists booked.", examples=[["anna"]])
    category: list[str] = Field([], description="Categories of enquiries.")
    priority: list[str] = Field([], description="Priorities of enquiries.", examples=[["vip"]])
    definition: Definition = Field(
        Definition.TIMING_1,
        description="By whose rules `first_reply_s` is measured; the other measures are ours in any case.",
    )
    within_s: float | None = Field(
        None,
        description="The target of every share, in seconds; the salon's own targets, else 60, when left out.",
        examples=[60],
    )

    def query(self, salon: SalonProfile, *, now: datetime) -> ReportQuery:
        """Raises `BadQuery`."""
        return make_query(
            salon,
            now=now,
            days=self.days,
            since=self.since,
            until=self.until,
            channels=self.channel,
            sources=self.source,
            categories=self.category,
            priorities=self.priority,
            operators=self.operator,
            specialists=self.specialist,
            definition=self.definition.value,
            within_s=self.within_s,
        )


class BreakdownAsked(Asked):
    by: Mark = Field(description="The mark that makes the groups.")


class SeriesAsked(Asked):
    by: Literal["hour", "day", "week"] = Field(
        "day", description="Days, weeks from their Monday, or the 24 hours of the day over the whole period."
    )


class HistogramAsked(Asked):
    measure: list[Measure] = Field(
        [Measure.BOT_FRT, Measure.HUMAN_FRT], description="Measures to lay side by side; repeat for several."
    )
    working: bool = Field(False, description="In working seconds, inside the salon's opening hours.")


class EnquiriesAsked(Asked):
    measure: Measure = Field(Measure.FIRST_USEFUL, description="The measure whose waits are listed.")
    working: bool = Field(False, description="In working seconds, inside the salon's opening hours.")
    part: Part = Field(
        Part.ALL,
        description=(
            "Which of them. Of a figure: `all` (its n), `within` (share.within), `late` (share.of - share.within), "
            "`answered_late`, `open`, `not_awaited`. Of a group: `arrivals`, `first_by_...`, `booked`, `handed_off`, "
            "`resolved`, `settlement_known`, `settled_at_once`, `skewed`, and what was left out: `excluded_...`."
        ),
    )
    by: By | None = Field(None, description="Only one group of this cut, named by `value`.")
    value: str | None = Field(
        None,
        description=(
            "The group: a key or label; a date for `day` and `week`; 0..23 for `hour`; 0..167 for `week_hour`, counted "
            "from Monday midnight."
        ),
    )
    limit: int = Field(100, description=f"Rows of a page, 1 to {MOST}.")
    after: str | None = Field(None, description="`after` of the page before.")

    def selection(self) -> Selection:
        """Raises `BadQuery`."""
        return Selection(measure=self.measure, is_working=self.working, part=self.part, by=self.by, value=self._value())

    def _value(self) -> str | int | None:
        if (self.by is None) != (self.value is None):
            raise BadQuery("value", "a group is named by `by` and `value` together")
        if self.by is None or self.value is None:
            return None
        try:
            if self.by in (By.DAY, By.WEEK):
                return number_of(date.fromisoformat(self.value))
            if self.by.is_hourly:
                hour = int(self.value)
                if not 0 <= hour < HOURS[self.by]:
                    raise ValueError
                return hour
        except ValueError:
            raise BadQuery("value", f"{self.value[:40]!r} is no {self.by}") from None
        return self.value
