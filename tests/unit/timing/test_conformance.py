"""The measuring code against the conformance vectors: the definitions of docs/timing.md as data."""

from __future__ import annotations

import random
from typing import Any

import pytest

from responder.dialogue import states
from responder.timing.enquiries import split_thread
from responder.timing.measures import measure
from responder.timing.timeline import Author, Substance
from tests.unit.timing.vectors import Vector, agrees, described, expected, read_vectors

VECTORS = read_vectors()


def measured(vector: Vector, events: list[Any]) -> list[dict[str, Any]]:
    timelines = split_thread(events, now=vector.now, quiet=vector.quiet, is_test=vector.is_test)
    return [described(measure(timeline, hours=vector.hours)) for timeline in timelines]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_vector(vector: Vector) -> None:
    """The events of a vector give exactly the measures it states, and none it does not."""
    found = measured(vector, list(vector.events))

    assert len(found) == len(vector.expect)
    for got, stated in zip(found, vector.expect, strict=True):
        assert agrees(got, expected(stated)), f"{got} is not {stated}"


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_vector_in_any_order_and_twice(vector: Vector) -> None:
    """Neither the order of the events nor their repetition changes a measure."""
    in_order = measured(vector, list(vector.events))

    for seed in range(10):
        shuffled = [*vector.events, *vector.events]
        random.Random(seed).shuffle(shuffled)
        assert measured(vector, shuffled) == in_order


def test_every_vector_says_what_it_shows() -> None:
    """Each vector has a name of its own and one sentence that states its rule."""
    assert len({vector.name for vector in VECTORS}) == len(VECTORS)
    assert all(vector.says.endswith(".") and len(vector.says) > 20 for vector in VECTORS)


def test_the_words_are_those_of_the_dialogue() -> None:
    """What the rows say and what is measured are spelled alike; people are the same people in both."""
    spoken = {author.value: author.is_auto_reply for author in states.Author if author is not states.Author.CUSTOMER}

    assert {author.value: author.is_auto_reply for author in Author if author is not Author.UNKNOWN} == spoken
    assert [substance.value for substance in Substance] == [substance.value for substance in states.Substance]
