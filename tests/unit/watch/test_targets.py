"""Which target binds an enquiry."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responder.salon.profile import Target
from responder.timing.measures import Measure
from responder.watch.targets import (
    BOOKING_CONFIRMED,
    DEFAULTS,
    Selected,
    every_target,
    target_for,
    targets_for,
    tells_each,
)

TELEGRAM, EMAIL = Selected(channel_kind="telegram"), Selected(channel_kind="email")


def target(seconds: float = 60, measure: str = "human_wait_s", **selectors: str) -> Target:
    return Target(measure=measure, seconds=seconds, **selectors)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("measure", "about", "seconds"),
    [
        (Measure.BOT_FRT, TELEGRAM, 3),
        (Measure.FIRST_USEFUL, TELEGRAM, 60),
        (Measure.HUMAN_FRT, TELEGRAM, 180),
        (Measure.HUMAN_FRT, EMAIL, 900),
        (Measure.HUMAN_WAIT, TELEGRAM, 180),
        (Measure.HUMAN_WAIT, EMAIL, 900),
        (BOOKING_CONFIRMED, TELEGRAM, 1800),
        (Measure.RESOLUTION, TELEGRAM, 86400),
    ],
)
def test_defaults_bind_a_salon_that_names_none(measure: str, about: Selected, seconds: float) -> None:
    """A salon without targets is held to those of the product."""
    found = target_for((), measure, about)

    assert found is not None
    assert found.seconds == seconds


def test_what_a_salon_sets_for_everything_stands_above_every_default() -> None:
    """A general target of the salon binds e-mail too, although the default for e-mail says more."""
    found = target_for([target(600)], "human_wait_s", EMAIL)

    assert found is not None
    assert found.seconds == 600


def test_a_target_for_one_channel_leaves_the_defaults_to_the_others() -> None:
    """Where the salon's own do not match, the default binds."""
    own = [target(600, channel_kind="email")]

    assert targets_for(own, EMAIL)["human_wait_s"].seconds == 600
    assert targets_for(own, TELEGRAM)["human_wait_s"].seconds == 180


def test_the_most_specific_wins_wherever_it_stands() -> None:
    """More selectors win; of as many, priority before category before channel; order in the file means nothing."""
    about = Selected(channel_kind="telegram", category="complaint", priority="vip")
    by_rank = [
        target(1, priority="vip", category="complaint", channel_kind="telegram"),
        target(2, priority="vip", category="complaint"),
        target(3, priority="vip", channel_kind="telegram"),
        target(4, category="complaint", channel_kind="telegram"),
        target(5, priority="vip"),
        target(6, category="complaint"),
        target(7, channel_kind="telegram"),
        target(8),
    ]
    for position in range(len(by_rank)):
        for own in (by_rank[position:], by_rank[position:][::-1]):
            found = target_for(own, "human_wait_s", about)
            assert found is not None
            assert found.seconds == position + 1


def test_the_bot_tells_single_misses_only_when_asked() -> None:
    """`bot_frt_s` and `human_frt_s` stay in the report unless a target says `alert`."""
    silent = {default.measure for default in DEFAULTS if not tells_each(default)}

    assert silent == {"bot_frt_s", "human_frt_s"}
    assert tells_each(replace(target(3, "bot_frt_s"), alert=True))
    assert not tells_each(replace(target(3), alert=False))


words = st.one_of(st.none(), st.sampled_from(["a", "b"]))
targets = st.builds(
    lambda channel, category, priority: Target(
        measure="human_wait_s", seconds=60, channel_kind=channel, category=category, priority=priority
    ),
    words,
    words,
    words,
)


@given(st.lists(targets, max_size=8), st.sampled_from("ab"), words, st.sampled_from("ab"))
def test_what_binds_matches_and_is_one_of_all(
    own: list[Target], channel: str, category: str | None, priority: str
) -> None:
    """The binding target names nothing the enquiry is not, and is among those that may bind at all."""
    about = Selected(channel_kind=channel, category=category, priority=priority)
    found = target_for(own, "human_wait_s", about)

    assert found is not None
    assert found.channel_kind in (None, channel)
    assert found.category in (None, category)
    assert found.priority in (None, priority)
    assert found in every_target(own)
