"""The answers of the report API as the public schema describes them; a test holds the documents to these."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from responder.timing.measures import Measure

Count = Annotated[int, Field(ge=0)]


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Share(Model):
    """`within` of `of`, with its 95 % Wilson interval."""

    within: Count = Field(examples=[183])
    of: Count = Field(examples=[190])
    value: float = Field(examples=[0.9631578947368421])
    low: float = Field(examples=[0.9260061562936886])
    high: float = Field(examples=[0.9820251546806637])


class Figure(Model):
    """One measure over many enquiries, those still unanswered included."""

    within_s: float = Field(description="The target of the share, in seconds.", examples=[60])
    n: Count = Field(description="Waits the figure rests on.", examples=[194])
    open: Count = Field(description="Those of them that go on.", examples=[4])
    not_awaited: Count = Field(
        description="Further ones, left out: the other side answered before the target had passed.", examples=[6]
    )
    share: Share | None = Field(description="Answered within the target; null while nothing can be said.")
    median_s: float | None = Field(description="Kaplan-Meier median; null when not reached.", examples=[2.412])
    p90_s: float | None = Field(description="Kaplan-Meier 90th percentile; null when not reached.", examples=[14.03])
    is_small: bool = Field(description="Fewer than ten waits: too few to rely on.", examples=[False])


class AnsweredFirst(Model):
    """Enquiries by whose first useful reply came first."""

    bot: Count = Field(examples=[170])
    human: Count = Field(examples=[20])
    other: Count = Field(description="An author nobody knows.", examples=[0])
    nobody: Count = Field(description="Nobody yet.", examples=[10])


class Excluded(Model):
    """Enquiries left out of everything else, by reason."""

    spam: Count = Field(examples=[3])
    outreach: Count = Field(examples=[0])
    test: Count = Field(examples=[1])


class Hourly(Model):
    arrivals: Count = Field(description="Enquiries that arrived then.", examples=[17])
    calendar: dict[Measure, Figure] = Field(description="`first_useful_s` and `human_wait_s`.")


class Point(Hourly):
    """An hour of the day over the whole period."""

    by: Literal["hour"]
    value: int = Field(ge=0, le=23, examples=[14])


class Group(Model):
    """Enquiries that share a mark, or all of them."""

    by: str | None = Field(description="The mark; null for all enquiries.", examples=["channel"])
    value: str | int | None = Field(description="Key, label or first day.", examples=["telegram"])
    arrivals: Count = Field(description="Enquiries that arrived and are counted.", examples=[200])
    excluded: Excluded
    skewed: Count = Field(description="Those whose messenger's clock ran ahead of ours.", examples=[0])
    answered_first: AnsweredFirst
    booked: Count = Field(description="Those that led to a booking.", examples=[61])
    handed_off: Count = Field(description="Those in which a person was needed.", examples=[25])
    resolved: Count = Field(description="Those closed as resolved.", examples=[150])
    settlement_known: Count = Field(
        description="Those of them that arrived over eight days ago: of later ones it is not known who comes back.",
        examples=[144],
    )
    settled_at_once: Count = Field(
        description="Those of these whose customer did not come back within a week.", examples=[141]
    )
    conversion: Share | None = Field(description="Booked of arrivals.")
    handoff_rate: Share | None = Field(description="Handed off of arrivals.")
    first_contact_resolution: Share | None = Field(description="Settled at once of those it is known of.")
    calendar: dict[Measure, Figure] = Field(description="Figures in calendar seconds, by measure.")
    working: dict[Measure, Figure] = Field(description="The same in working seconds, inside the opening hours.")


class Period(Model):
    """What the figures are about."""

    definition: str = Field(description="The definitions measured by.", examples=["timing/1"])
    salon: str = Field(examples=["malakhitovaya-shkatulka"])
    zone: str = Field(description="Its time zone: days and hours are local.", examples=["Asia/Yekaterinburg"])
    from_: date = Field(alias="from", description="First day.", examples=["2026-11-01"])
    to: date = Field(description="Last day, included.", examples=["2026-11-30"])
    days: Count = Field(examples=[30])
    since: datetime = Field(description="The first day's first instant, in UTC.")
    until: datetime = Field(description="The end of the period, or now while it is not over.")
    now: datetime = Field(description="The instant the figures are of.")
    within_s: dict[Measure, float] = Field(description="The target of each measure's share.")


class Summary(Period):
    """All enquiries of the period, beside those of the period of equal length before it."""

    total: Group
    previous: Group


class Breakdown(Period):
    """The enquiries of the period group by group. Nobody's enquiries are in no person's group."""

    by: str = Field(examples=["channel"])
    groups: list[Group]


class Series(Period):
    """The period step by step, steps without enquiries included."""

    by: str = Field(examples=["day"])
    points: list[Group | Point]


class Cell(Hourly):
    """One hour of the week."""

    weekday: int = Field(ge=1, le=7, description="1 is Monday.", examples=[1])
    hour: int = Field(ge=0, le=23, examples=[14])


class Heatmap(Period):
    """The 168 hours of the week, from Monday midnight on."""

    cells: list[Cell]


class Bar(Model):
    """Waits longer than `from_s` and at most `to_s` (null: no end)."""

    from_s: Count = Field(examples=[5])
    to_s: Count | None = Field(examples=[10])
    answered: Count = Field(description="Took so long.", examples=[31])
    open: Count = Field(description="Have lasted so long and go on.", examples=[1])
    missed: Count = Field(description="Ended without an answer, past the target.", examples=[0])


class Distribution(Model):
    """The waits of one measure, the shortest first."""

    measure: Measure
    is_working: bool
    within_s: float = Field(examples=[60])
    n: Count = Field(description="All waits in the bars: `n` of the measure's figure.", examples=[194])
    bars: list[Bar]


class Histogram(Model):
    """Distributions with the same bars."""

    distributions: list[Distribution]


class Listed(Model):
    """One wait, or one enquiry."""

    enquiry_id: int
    thread_id: int
    arrived_at: datetime = Field(description="Start of the clock, in UTC.")
    arrived_local: datetime = Field(description="The same in the salon's time zone.")
    channel: str = Field(description="Kind of channel.", examples=["telegram"])
    account: str = Field(description="Key of the channel account.", examples=["telegram"])
    source: str = Field(description="Where the customer came from; empty when unknown.", examples=["vk"])
    operator: str | None = Field(description="Who of the operators answered first.", examples=["leyla"])
    specialist: str = Field(description="With whom a visit was booked; empty for nobody.", examples=["anna"])
    category: str
    priority: str = Field(examples=["normal"])
    first_useful_by: str | None = Field(description="Author of the first useful reply.", examples=["bot"])
    excluded: str | None = Field(description="Why it enters no figure.", examples=[None])
    close_reason: str | None = Field(examples=["resolved"])
    handoff: int | None = Field(description="Of waits for a person: which one of the enquiry, from 1.", examples=[None])
    seconds: float | None = Field(description="How long it took, or has taken so far.", examples=[2.1])
    ending: Literal["answered", "released", "open"] | None = Field(examples=["answered"])
    link: str = Field(description="The dialogue among the staff pages.", examples=["/dialogues/17?salon=primer"])


class Enquiries(Model):
    """A page of the enquiries behind a figure, the latest arrival first."""

    total: Count = Field(description="Length of the whole list.", examples=[183])
    after: str | None = Field(description="Give it back to read on; null on the last page.")
    enquiries: list[Listed]


class MeasureDefined(Model):
    name: Measure
    starts: str
    ends: str


class DefinitionDescribed(Model):
    name: str = Field(examples=["timing/1"])
    says: str


class Spending(Model):
    """Of one currency."""

    currency: str | None = Field(description="Null for turns no price was set for.", examples=["USD"])
    turns: Count = Field(description="Turns in which the model answered.", examples=[812])
    tokens_in: Count = Field(examples=[974_400])
    tokens_cached: Count = Field(description="Of those sent, found in the vendor's cache.", examples=[812_000])
    tokens_out: Count = Field(examples=[32_480])
    cost: float | None = Field(description="Null where no price was set.", examples=[0.1049])
    bookings: Count = Field(description="Bookings made in dialogues in the period.", examples=[96])
    cost_per_booking: float | None = Field(examples=[0.001093])


class SpendingAnswer(Model):
    salon: str
    from_: date = Field(alias="from")
    to: date
    llm: list[Spending]


class Definitions(Model):
    """What the words of the other answers mean."""

    definition: str = Field(examples=["timing/1"])
    measures: list[MeasureDefined]
    definitions: list[DefinitionDescribed]
    exclusions: list[str]


class Problem(Model):
    """Why there is no answer; `field` names the parameter to change."""

    error: int = Field(examples=[422])
    message: str = Field(examples=["2026-11-30 lies after the last day, 2026-11-01"])
    field: str | None = Field(None, examples=["from"])


PROBLEMS: dict[int | str, dict[str, Any]] = {
    401: {"model": Problem, "description": "No token, or one that was revoked."},
    403: {"model": Problem, "description": "The token lacks the scope `report:read`."},
    404: {"model": Problem, "description": "No such salon for this token."},
    422: {"model": Problem, "description": "The question has a mistake; `field` says where."},
}
