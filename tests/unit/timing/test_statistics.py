"""Statistics over waits: shares that count the unanswered, estimates that count those who still wait."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import ceil, inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responder.timing.enquiries import split_thread
from responder.timing.measures import Measure, Measures, measure
from responder.timing.statistics import (
    AnsweredFirst,
    Ending,
    Wait,
    answered_first,
    count_excluded,
    figure,
    kaplan_meier,
    share_within,
    summarise,
    waits,
    wilson_interval,
)
from responder.timing.timeline import Author, Exclusion, Inbound, MarkedSpam, Outbound, Substance

ARRIVAL = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return ARRIVAL + timedelta(seconds=seconds)


def enquiry(*, bot_s: float | None = None, human_s: float | None = None, is_spam: bool = False) -> Measures:
    """One enquiry of 10:00 that the bot and a person answered after so many seconds."""
    events: list[Inbound | Outbound | MarkedSpam] = [Inbound(key="c", sent_at=ARRIVAL, received_at=ARRIVAL)]
    for author, seconds in ((Author.BOT, bot_s), (Author.HUMAN, human_s)):
        if seconds is not None:
            reply = Outbound(
                key=author, author=author, substance=Substance.SUBSTANTIVE, composed_at=ARRIVAL,
                accepted_at=after(seconds),
            )  # fmt: skip
            events.append(reply)
    if is_spam:
        events.append(MarkedSpam(at=after(5)))
    return measure(split_thread(events)[0])


def answered(*seconds: float) -> list[Wait]:
    return [Wait(seconds=value) for value in seconds]


def still_open(*seconds: float) -> list[Wait]:
    return [Wait(seconds=value, ending=Ending.OPEN) for value in seconds]


endings = st.sampled_from(Ending)
wait_lists = st.lists(st.builds(Wait, seconds=st.integers(0, 200).map(float), ending=endings), max_size=40)


def test_share_counts_open_waits_once_their_seconds_have_passed() -> None:
    """An arrival of ten seconds ago says nothing about sixty seconds; one of two minutes ago counts against."""
    share = share_within([*answered(5, 61), *still_open(10, 120)], 60)

    assert share is not None
    assert (share.within, share.of) == (1, 3)


def test_share_includes_the_last_second() -> None:
    """Sixty seconds are within sixty seconds, a microsecond more is not."""
    share = share_within(answered(60, 60.000001), 60)

    assert share is not None
    assert (share.within, share.of) == (1, 2)


def test_share_of_nothing_is_not_a_share() -> None:
    """Where nothing can be said yet there is no figure, not a zero."""
    assert share_within(still_open(10), 60) is None
    assert share_within([], 60) is None


@pytest.mark.parametrize(
    ("successes", "of", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),
        (1, 10, 0.0179, 0.4042),
        (5, 10, 0.2366, 0.7634),
        (80, 100, 0.7112, 0.8666),
        (10, 10, 0.7225, 1.0),
    ],
)
def test_wilson_interval(successes: int, of: int, low: float, high: float) -> None:
    """The interval is the one in the tables (Wilson score, 95 %, no continuity correction)."""
    assert wilson_interval(successes, of) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 5_000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_wilson_interval_holds_the_share(counts: tuple[int, int]) -> None:
    """Whatever the sample, the interval lies in 0..1 and the share in the interval."""
    low, high = wilson_interval(*counts)

    assert 0 <= low <= counts[0] / counts[1] <= high <= 1


def test_median_counts_those_who_still_wait() -> None:
    """Three answered at once and three left waiting have no median of one second."""
    assert kaplan_meier([*answered(1, 1, 1), *still_open(500, 500, 500, 500)], 0.5) is None
    assert kaplan_meier(answered(1, 1, 1), 0.5) == 1


def test_textbook_curve() -> None:
    """A worked example: answered at 6 (three times), 7, 10, 13, 16, 22, 23, open at 6, 9, 10, 11, 17, 19, 20, 25, 32,
    32, 34, 35 (Freireich 1963, remission under 6-MP) has its median at 23 and no 90th percentile."""
    found = [
        *answered(6, 6, 6, 7, 10, 13, 16, 22, 23),
        *still_open(6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35),
    ]

    assert kaplan_meier(found, 0.5) == 23
    assert kaplan_meier(found, 0.9) is None
    assert kaplan_meier(found, 0.25) == 13


def test_an_answer_comes_before_the_end_of_an_open_wait_of_the_same_second() -> None:
    """Who waits exactly as long as the answered one took was still waiting when that answer came."""
    assert kaplan_meier([*answered(10), *still_open(10)], 0.5) == 10


@given(st.lists(st.integers(0, 300).map(float), min_size=1, max_size=60), st.sampled_from([0.5, 0.9]))
def test_with_everybody_answered_the_estimate_is_the_plain_quantile(seconds: list[float], quantile: float) -> None:
    """Without open waits the estimate is the smallest wait that so many did not exceed."""
    position = ceil(round(quantile * len(seconds), 9)) - 1

    assert kaplan_meier(answered(*seconds), quantile) == sorted(seconds)[position]


@given(wait_lists, st.integers(0, 300).map(float), st.sampled_from([0.5, 0.9]))
def test_one_more_open_wait_never_shortens_an_estimate(found: list[Wait], seconds: float, quantile: float) -> None:
    """Those who still wait can only push an estimate up."""
    before = kaplan_meier(found, quantile)
    later = kaplan_meier([*found, *still_open(seconds)], quantile)

    assert (inf if later is None else later) >= (inf if before is None else before)


@given(wait_lists)
def test_a_figure_does_not_depend_on_the_order_of_waits(found: list[Wait]) -> None:
    """The same waits in another order are the same figure."""
    reordered = sorted(found, key=lambda wait: (-wait.seconds, wait.ending))

    assert summarise(reordered, Measure.FIRST_USEFUL) == summarise(found, Measure.FIRST_USEFUL)


@given(wait_lists)
def test_every_wait_is_accounted_for(found: list[Wait]) -> None:
    """`n` and `not_awaited` together are all waits, and a share never rests on more than `n`."""
    result = summarise(found, Measure.BOT_FRT, within_s=60)

    assert result.n + result.not_awaited == len(found)
    assert result.open == sum(wait.ending is Ending.OPEN for wait in found)
    assert result.share is None or result.share.of <= result.n


@given(wait_lists, st.sampled_from([0.25, 0.5, 0.9]))
def test_kaplan_meier_agrees_with_lifelines(found: list[Wait], quantile: float) -> None:
    """The estimate is the one of the library that people in the field use."""
    lifelines = pytest.importorskip("lifelines")
    if not found:
        return
    fitter = lifelines.KaplanMeierFitter().fit(
        [wait.seconds for wait in found], [wait.ending is Ending.ANSWERED for wait in found]
    )
    curve = fitter.survival_function_["KM_estimate"]
    reached = [seconds for seconds, waiting in curve.items() if waiting <= 1 - quantile + 1e-9]
    assert kaplan_meier(found, quantile) == (reached[0] if reached else None)


def test_the_bots_figure_forgets_only_waits_cut_short_before_the_target() -> None:
    """A person who steps in after ten seconds spares the bot; one who does after two minutes shows that it failed."""
    found = [enquiry(bot_s=2), enquiry(human_s=10), enquiry(human_s=120)]

    result = figure(found, Measure.BOT_FRT, now=after(3_600), within_s=60)

    assert (result.n, result.not_awaited, result.open) == (2, 1, 0)
    assert result.share is not None
    assert (result.share.within, result.share.of) == (1, 2)


def test_a_person_is_not_awaited_where_the_bot_was_enough() -> None:
    """An enquiry the bot answered in time, and nobody was needed for, is no failing of people."""
    found = [enquiry(bot_s=2), enquiry(bot_s=2, human_s=30), enquiry()]

    result = figure(found, Measure.HUMAN_FRT, now=after(3_600), within_s=60)

    assert (result.n, result.not_awaited, result.open) == (2, 1, 1)


def test_nobody_disappears_from_the_headline() -> None:
    """Every enquiry that is not excluded is in the first-useful figure, whoever answered it or did not."""
    found = [enquiry(bot_s=2), enquiry(human_s=90), enquiry(), enquiry(bot_s=1, is_spam=True)]

    result = figure(found, Measure.FIRST_USEFUL, now=after(3_600), within_s=60)

    assert (result.n, result.open, result.not_awaited) == (3, 1, 0)
    assert result.share is not None
    assert (result.share.within, result.share.of) == (1, 3)


def test_what_happened_after_now_has_not_happened() -> None:
    """A figure as of 10:01 knows nothing of a reply at 10:02."""
    found = [enquiry(human_s=120)]

    assert waits(found, Measure.FIRST_REPLY, now=after(60)) == still_open(60)
    assert waits(found, Measure.BOT_FRT, now=after(60)) == still_open(60)
    assert waits(found, Measure.FIRST_REPLY, now=after(120)) == answered(120)


def test_answered_first_names_each_side() -> None:
    """The first useful reply decides who answered first; nobody is an answer too."""
    found = [enquiry(bot_s=2, human_s=9), enquiry(bot_s=20, human_s=9), enquiry(), enquiry(bot_s=1, is_spam=True)]

    assert answered_first(found) == AnsweredFirst(bot=1, human=1, other=0, nobody=1)


def test_exclusions_are_counted_by_reason() -> None:
    """What is left out is shown, by its reason."""
    found = [enquiry(is_spam=True), enquiry(is_spam=True), enquiry(bot_s=2)]

    assert count_excluded(found) == {Exclusion.SPAM: 2, Exclusion.OUTREACH: 0, Exclusion.TEST: 0}


def test_a_figure_of_fewer_than_ten_is_small() -> None:
    """Nine enquiries are shown greyed, ten are not."""
    assert summarise(answered(*range(9)), Measure.FIRST_REPLY).is_small
    assert not summarise(answered(*range(10)), Measure.FIRST_REPLY).is_small


def test_estimates_rest_on_the_same_waits_as_n() -> None:
    """Waits that are left out of a figure do not water its median down."""
    spared = [Wait(seconds=0, ending=Ending.RELEASED)] * 8

    result = summarise([*answered(0, 100), *spared], Measure.HUMAN_FRT, within_s=60)

    assert (result.n, result.not_awaited) == (2, 8)
    assert result.median_s == 0
