"""The measuring code against the conformance vectors: the definitions of docs/timing.md as data."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from responder.dialogue import states
from responder.timing.enquiries import split_thread
from responder.timing.measures import measure
from responder.timing.timeline import Author, Substance
from tests.unit.timing.vectors import (
    OTHERS,
    Vector,
    agrees,
    described,
    described_otherwise,
    expected,
    read_vectors,
)

VECTORS = read_vectors()
OTHERWISE = [vector for vector in VECTORS if any("other" in form for form in vector.expect)]
PAGE = Path("docs/timing-other-definitions.md").read_text()


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


@pytest.mark.parametrize("vector", OTHERWISE, ids=lambda vector: vector.name)
def test_vector_by_other_definitions(vector: Vector) -> None:
    """First reply as others define it is exactly what the vector states, and there where it states a value."""
    timelines = split_thread(vector.events, now=vector.now, quiet=vector.quiet, is_test=vector.is_test)

    for timeline, stated in zip(timelines, vector.expect, strict=True):
        wanted = {name: stated[name] for name in OTHERS if name in stated}
        assert agrees(described_otherwise(timeline, vector.hours), wanted)


def test_the_page_shows_what_the_vectors_state() -> None:
    """Every row of the table of examples in docs/timing-other-definitions.md is a vector and has its figures."""
    rows = re.findall(r"^\| `(other_\w+)` \|.*?\| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", PAGE, re.MULTILINE)
    stated = {vector.name: vector.expect for vector in OTHERWISE}

    assert len(rows) >= 10
    for name, *shown in rows:
        forms = stated[name]
        for column, form_of in zip(shown, (_ours, *map(_theirs, ("zendesk", "intercom", "chatwoot"))), strict=True):
            assert column.strip() == ", ".join(form_of(form) for form in forms), name


def _ours(form: dict[str, Any]) -> str:
    return f"{form['human_frt_s']:g}" if "human_frt_s" in form else "none"


def _theirs(definition: str) -> Callable[[dict[str, Any]], str]:
    return lambda form: f"{form['other'][definition]:g}" if definition in form["other"] else "none"


def test_every_vector_says_what_it_shows() -> None:
    """Each vector has a name of its own and one sentence that states its rule."""
    assert len({vector.name for vector in VECTORS}) == len(VECTORS)
    assert all(vector.says.endswith(".") and len(vector.says) > 20 for vector in VECTORS)


def test_the_words_are_those_of_the_dialogue() -> None:
    """What the rows say and what is measured are spelled alike; people are the same people in both."""
    spoken = {author.value: author.is_auto_reply for author in states.Author if author is not states.Author.CUSTOMER}

    assert {author.value: author.is_auto_reply for author in Author if author is not Author.UNKNOWN} == spoken
    assert [substance.value for substance in Substance] == [substance.value for substance in states.Substance]
