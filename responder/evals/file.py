"""Scenario files on disk to checked scenarios, or to every mistake with file, line and field."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from pydantic import ValidationError

from responder.errors import BadFile, FileProblem, Refused
from responder.evals.schema import Scenario, ScenarioFile
from responder.salon.document import Mistake, read_document
from responder.salon.mistakes import mistakes_of, spelled

WHAT = "scenario file"
SHIPPED = Path(str(resources.files("responder.evals") / "scenarios"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A scenario and where it stands."""

    scenario: Scenario
    file: Path
    line: int


def find_scenarios(paths: Sequence[Path]) -> list[Found]:
    """The scenarios of files and folders, those that come with the product when none is named. Raises `Refused` for a
    path that is not there or holds none, `BadFile` with every mistake of all files."""
    found: list[Found] = []
    problems: list[FileProblem] = []
    for path in _files(paths or [SHIPPED]):
        try:
            found += read_scenarios(path)
        except BadFile as error:
            problems += error.problems
    if problems:
        raise BadFile(problems, what=f"{WHAT}s")
    _refuse_twins(found)
    return found


def read_scenarios(path: Path) -> list[Found]:
    """The scenarios of one file; raises `BadFile` with every mistake, in the order of lines."""
    document = read_document(path)
    mistakes = list(document.mistakes)
    scenarios: tuple[Scenario, ...] = ()
    if document.data is not None:
        try:
            scenarios = ScenarioFile.model_validate(document.data).scenarios
        except ValidationError as error:
            mistakes += mistakes_of(error, document.data, model=ScenarioFile, file=WHAT)
    if mistakes:
        first = {(mistake.place, mistake.line): mistake for mistake in reversed(mistakes)}
        problems = [_problem(path, document.line(each.place), each) for each in first.values()]
        raise BadFile(sorted(problems, key=lambda problem: (problem.line, problem.field)), what=WHAT)
    return [
        Found(scenario=scenario, file=path, line=document.line(("scenarios", number)))
        for number, scenario in enumerate(scenarios)
    ]


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            inside = sorted(path.rglob("*.yaml"))
            if not inside:
                raise Refused(f"{path}: there is no scenario file (*.yaml) in this folder")
            yield from inside
        else:
            yield path


def _problem(path: Path, line: int, mistake: Mistake) -> FileProblem:
    shown = mistake.line if mistake.line is not None else line
    return FileProblem(file=str(path), line=shown, field=spelled(mistake.place), problem=mistake.problem)


def _refuse_twins(found: Sequence[Found]) -> None:
    seen: dict[str, Found] = {}
    problems = []
    for one in found:
        earlier = seen.setdefault(one.scenario.name, one)
        if earlier is not one:
            where = f"{earlier.file}:{earlier.line}"
            problem = f"`{one.scenario.name}` is the name of another scenario too ({where})"
            problems.append(FileProblem(file=str(one.file), line=one.line, field="name", problem=problem))
    if problems:
        raise BadFile(problems, what=f"{WHAT}s")
