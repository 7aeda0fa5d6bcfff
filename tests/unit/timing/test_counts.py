"""Figures counted over columns are the figures of `statistics.summarise`, and Kaplan-Meier is Kaplan-Meier."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter
from numpy.typing import NDArray

from responder.timing.binned import Binned, GoingOn, figures_of_bins, last_bin
from responder.timing.bins import EDGES_US, MIDDLES_S, bin_of, bin_of_unmet, edge_at
from responder.timing.counts import ANSWERED, OPEN, RELEASED, WaitColumns, figures_of
from responder.timing.measures import Measure
from responder.timing.statistics import Ending, Figure, Wait, summarise

CODES = {Ending.ANSWERED: ANSWERED, Ending.RELEASED: RELEASED, Ending.OPEN: OPEN}
some_seconds = st.one_of(
    st.integers(0, 300_000_000).map(lambda us: us / 1e6), st.sampled_from([0.0, 59.999999, 60.0, 60.000001, 86_400.0])
)
some_waits = st.lists(st.builds(Wait, seconds=some_seconds, ending=st.sampled_from(list(Ending))), max_size=40)


def columns(groups: list[list[Wait]], *, within_s: float = 60.0) -> WaitColumns:
    rows = [(figure, wait) for figure, waits in enumerate(groups) for wait in waits]
    return WaitColumns(
        figure=np.array([figure for figure, _ in rows], dtype=np.int64),
        seconds=np.array([wait.seconds for _, wait in rows], dtype=float),
        ending=np.array([CODES[wait.ending] for _, wait in rows], dtype=np.int64),
        is_past=np.array(
            [
                wait.seconds > within_s if wait.ending is Ending.ANSWERED else wait.seconds >= within_s
                for _, wait in rows
            ],
            dtype=bool,
        ),
        count=np.ones(len(rows), dtype=np.int64),
    )


def counted(groups: list[list[Wait]]) -> list[Figure]:
    size = len(groups)
    return figures_of(columns(groups), measures=[Measure.FIRST_USEFUL] * size, within_s=[60.0] * size)


@given(st.lists(some_waits, min_size=1, max_size=5))
def test_columns_give_the_figures_of_the_definition(groups: list[list[Wait]]) -> None:
    """Whatever waits many figures have, counting all at once gives each the figure it would have alone."""
    assert counted(groups) == [summarise(waits, Measure.FIRST_USEFUL) for waits in groups]


@given(some_waits.filter(bool))
def test_equal_waits_may_share_a_row(waits: list[Wait]) -> None:
    """A row counted twice is two waits."""
    once = columns([waits])
    twice = WaitColumns(
        figure=once.figure, seconds=once.seconds, ending=once.ending, is_past=once.is_past, count=once.count * 2
    )
    (figure,) = figures_of(twice, measures=[Measure.BOT_FRT], within_s=[60.0])
    assert figure == summarise(waits * 2, Measure.BOT_FRT)


@pytest.mark.parametrize("seed", range(20))
def test_the_curve_agrees_with_lifelines(seed: int) -> None:
    """Median and p90 are those of an implementation that nobody here wrote, to 1e-9."""
    random = np.random.default_rng(seed)
    waits = [
        Wait(seconds=round(float(seconds), 6), ending=Ending.ANSWERED if is_answered else Ending.OPEN)
        for seconds, is_answered in zip(random.lognormal(4, 1.5, 400), random.random(400) < 0.8, strict=True)
    ]
    fitter = KaplanMeierFitter().fit([w.seconds for w in waits], [w.ending is Ending.ANSWERED for w in waits])

    (figure,) = counted([waits])

    for found, level in ((figure.median_s, 0.5), (figure.p90_s, 0.1)):
        expected = float(fitter.percentile(level))
        assert (found if found is not None else float("inf")) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("seconds", [1, 3, 30, 60, 77, 180, 300, 900, 1_800, 3_600, 86_400, 7 * 86_400])
def test_a_target_people_name_is_an_edge(seconds: int) -> None:
    """Waits of at most a target, and unmet ones shorter than it, are told from the others by their bins alone."""
    edge = edge_at(seconds)
    assert edge is not None
    around = np.array([-1, 0, 1], dtype=np.int64) + seconds * 1_000_000
    assert (bin_of(around) <= edge).tolist() == [True, True, False]
    assert (bin_of_unmet(around) <= edge).tolist() == [True, False, False]


def test_a_target_between_edges_is_not_guessed() -> None:
    """Where bins cannot tell, nobody pretends they could."""
    assert edge_at(60.5) is None
    assert edge_at(400 * 86_400) is None


@given(st.integers(1_000, int(EDGES_US[-1])))
def test_a_bin_stands_for_its_waits_within_one_per_cent(wait_us: int) -> None:
    """A quantile read from a bin is off by no more than one per cent."""
    middle = MIDDLES_S[bin_of(np.array([wait_us], dtype=np.int64))[0]] * 1e6
    assert abs(middle - wait_us) <= wait_us * 0.01


def in_bins(groups: list[list[Wait]]) -> tuple[list[list[Wait]], Binned, GoingOn]:
    """The groups with every ended wait as long as its bin stands for, and the same as bins."""
    key, bins, figure, lasted = [], [], [], []
    shown: list[list[Wait]] = [[] for _ in groups]
    for number, waits in enumerate(groups):
        for wait in waits:
            us = np.array([round(wait.seconds * 1e6)])
            if wait.ending is Ending.OPEN:
                figure.append(number)
                lasted.append(int(us[0]))
                shown[number].append(wait)
                continue
            is_unmet = wait.ending is Ending.RELEASED
            at = int((bin_of_unmet(us) if is_unmet else bin_of(us))[0])
            key.append(2 * number + is_unmet)
            bins.append(at)
            shown[number].append(Wait(seconds=float(MIDDLES_S[at]), ending=wait.ending))
    ended = Binned(key=as_ints(key), bin=as_ints(bins), count=np.ones(len(key), dtype=np.int64))
    return shown, ended, GoingOn(figure=as_ints(figure), us=as_ints(lasted), last=last_bin(as_ints(lasted)))


def as_ints(numbers: list[int]) -> NDArray[np.int64]:
    return np.array(numbers, dtype=np.int64)


@given(st.lists(some_waits, min_size=1, max_size=5))
def test_bins_give_the_figures_of_the_waits_they_stand_for(groups: list[list[Wait]]) -> None:
    """Counts and shares are those of the waits themselves, quantiles those of the middles of their bins."""
    shown, ended, going_on = in_bins(groups)

    found = figures_of_bins(
        ended, going_on, measures=[Measure.FIRST_USEFUL] * len(groups), within_s=[60.0] * len(groups)
    )

    for figure, exact, of_middles in zip(found, groups, shown, strict=True):
        definition = summarise(exact, Measure.FIRST_USEFUL)
        assert (figure.n, figure.open, figure.not_awaited) == (definition.n, definition.open, definition.not_awaited)
        assert figure.share == definition.share
        middles = summarise(of_middles, Measure.FIRST_USEFUL)
        if definition.not_awaited == middles.not_awaited:  # the middle of a bin at the target may lie on its other side
            for seconds, expected in ((figure.median_s, middles.median_s), (figure.p90_s, middles.p90_s)):
                assert seconds == (None if expected is None else pytest.approx(expected, rel=1e-9))


def test_bins_that_cannot_tell_are_refused() -> None:
    """A target between edges has no exact share."""
    nothing = Binned(key=as_ints([]), bin=as_ints([]), count=as_ints([]))
    with pytest.raises(ValueError, match="no edge"):
        figures_of_bins(
            nothing,
            GoingOn(figure=as_ints([]), us=as_ints([]), last=as_ints([])),
            measures=[Measure.BOT_FRT],
            within_s=[1.2345],
        )
