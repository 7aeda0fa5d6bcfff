"""Scenario files: what may stand in them, and that every mistake is told with its line and field."""

from __future__ import annotations

import re
from datetime import date, time
from pathlib import Path

import pytest
from pydantic import BaseModel

from responder.errors import BadFile, Refused
from responder.evals.file import find_scenarios, read_scenarios
from responder.evals.schema import Ending, Expectation, Offers, Scenario, Step, Times, VisitPart, day_of

TUESDAY = date(2026, 11, 24)
RIGHT = """\
scenarios:
  - name: a talk
    start: 2026-11-24 11:00
    talk:
      - customer: [hi, nails tomorrow]
        expect: {offers: {day: tomorrow, from: "15:00"}, asks: choice}
      - waits: 1h30
      - customer: first
    end: {booked: {service: manicure, day: +1, name: Ann}, never_says: [sorry]}
"""


END = next(line.strip() for line in RIGHT.splitlines() if line.strip().startswith("end:"))
DOCS = Path(__file__).parents[3] / "docs" / "evaluation.md"


def written(folder: Path, text: str, name: str = "one.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_scenario_is_read(tmp_path: Path) -> None:
    """Steps, bursts, waits and expectations come out as they were meant."""
    [found] = read_scenarios(written(tmp_path, RIGHT))

    talk = found.scenario.talk
    assert found.line == 2
    assert talk[0].customer == ("hi", "nails tomorrow")
    assert talk[0].expect.offers is not None
    assert talk[0].expect.offers.earliest == time(15)
    assert talk[1].waits == 90 * 60
    assert isinstance(found.scenario.end.booked, tuple)


@pytest.mark.parametrize(
    ("before", "after", "line", "field", "said"),
    [
        ("customer: first", "custmer: first", 8, "scenarios[0].talk[2].custmer", "did you mean `customer`"),
        ("asks: choice", "asks: slots", 6, "scenarios[0].talk[0].expect.asks", "known: nothing, service"),
        ("day: tomorrow", "day: someday", 6, "scenarios[0].talk[0].expect.offers.day", "write 2026-11-28"),
        ("waits: 1h30", "waits: long", 7, "scenarios[0].talk[1].waits", "long"),
        ("start: 2026-11-24 11:00", "start: noon", 3, "scenarios[0].start", "write it like"),
        (
            "end: {booked: {service: manicure, day: +1, name: Ann}, never_says: [sorry]}",
            "end: TODO",
            9,
            "scenarios[0].end",
            "TODO",
        ),
        ("- waits: 1h30", "- {waits: 1h30, customer: x}", 7, "scenarios[0].talk[1]", "one thing happens"),
        ("name: a talk", "names: a talk", 2, "scenarios[0].name", "missing"),
    ],
)
def test_a_mistake_names_line_and_field(
    tmp_path: Path, before: str, after: str, line: int, field: str, said: str
) -> None:
    """Whoever writes scenarios is told where to look and what would be right."""
    with pytest.raises(BadFile) as refused:
        read_scenarios(written(tmp_path, RIGHT.replace(before, after)))

    assert (line, field) in [(problem.line, problem.field) for problem in refused.value.problems]
    assert said in str(refused.value)


def test_all_mistakes_of_all_files_are_told_together(tmp_path: Path) -> None:
    """Nobody mends one file to be told of the next."""
    written(tmp_path, RIGHT.replace("talk:", "tolk:"), "a.yaml")
    written(tmp_path, RIGHT.replace("asks: choice", "asks: slots"), "b.yaml")

    with pytest.raises(BadFile) as refused:
        find_scenarios([tmp_path])

    assert {Path(problem.file).name for problem in refused.value.problems} == {"a.yaml", "b.yaml"}


def test_two_scenarios_of_one_name_are_refused(tmp_path: Path) -> None:
    """A name in a report must be one talk."""
    with pytest.raises(BadFile, match="the name of another scenario"):
        find_scenarios([written(tmp_path, RIGHT, "a.yaml"), written(tmp_path, RIGHT, "b.yaml")])


def test_a_folder_without_scenarios_is_refused(tmp_path: Path) -> None:
    """Nothing played is no success."""
    with pytest.raises(Refused, match="no scenario file"):
        find_scenarios([tmp_path])


@pytest.mark.parametrize(
    ("word", "day"),
    [
        ("today", TUESDAY),
        ("tomorrow", date(2026, 11, 25)),
        ("+3", date(2026, 11, 27)),
        ("saturday", date(2026, 11, 28)),
        ("tue", date(2026, 12, 1)),
        ("2026-12-31", date(2026, 12, 31)),
    ],
)
def test_days_are_seen_from_the_talk(word: str, day: date) -> None:
    """A weekday is the next one, never today."""
    assert day_of(Times(day=word).day or "", TUESDAY) == day


def test_the_product_ships_a_hundred_and_twenty() -> None:
    """At least so many talks, in both languages, each with something to be true at its end."""
    found = find_scenarios([])

    assert len(found) >= 120
    assert {one.file.parent.name for one in found} == {"ru", "en"}
    idle = [one.scenario.name for one in found if not (one.scenario.end.model_fields_set or _expects(one.scenario))]
    assert idle == []


def _expects(scenario: Scenario) -> bool:
    return any(step.expect.model_fields_set for step in scenario.talk)


def test_the_example_of_the_documentation_is_right(tmp_path: Path) -> None:
    """What is shown can be copied."""
    [example] = re.findall(r"```yaml\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)

    assert read_scenarios(written(tmp_path, example))


@pytest.mark.parametrize("model", [Scenario, Step, Expectation, Ending, Offers, VisitPart])
def test_every_field_is_documented(model: type[BaseModel]) -> None:
    """Whoever writes scenarios reads one page."""
    words = set(re.findall(r"[a-z_]+", DOCS.read_text(encoding="utf-8")))

    assert {field.alias or name for name, field in model.model_fields.items()} <= words
