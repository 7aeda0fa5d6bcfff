"""The public door of understanding: documents in, documents out, in order, and a clear word on what cannot be read."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responder.commands.understand import Interpreter, answers, page
from responder.understanding.door import BadInput

ROOT = Path(__file__).resolve().parents[3]
NOW = "2026-11-25T10:00"  # a Wednesday


@pytest.fixture(scope="module")
def example() -> Interpreter:
    return Interpreter(None)


def read(example: Interpreter, text: str, **circumstances: Any) -> dict[str, Any]:
    return example.read({"text": text, "now": NOW, **circumstances})


def test_the_example_of_the_page_is_what_comes_out(example: Interpreter) -> None:
    """docs/understanding.md shows an object and, field for field, what becomes of it."""
    given, wanted = (
        json.loads(block)
        for block in re.findall(r"```json\n(.*?)```", (ROOT / "docs/understanding.md").read_text(), re.DOTALL)
    )
    found = example.read(given)
    wishes = wanted.pop("wishes")
    assert {name: found[name] for name in wanted} == wanted
    assert len(found["wishes"]) == len(wishes)
    for wish, shown in zip(found["wishes"], wishes, strict=True):
        assert {name: wish[name] for name in shown} == shown


def test_every_field_has_a_line_in_the_page(example: Interpreter) -> None:
    """What comes out is described, down to the parts of a wish and every intent."""
    text = (ROOT / "docs/understanding.md").read_text()
    found = read(example, "завтра в 5")
    assert [name for name in (*found, *found["wishes"][0]) if f"`{name}`" not in text] == []


@pytest.mark.parametrize(
    ("text", "circumstances", "wanted"),
    [
        ("5", {"asked": "when"}, "17:00"),
        ("5", {"asked": "time"}, "17:00"),
        ("5", {"prev": "На какое время вас записать?"}, "17:00"),
        ("нет, лучше в 10", {"prev": "Записать вас на завтра в 12:00?"}, "10:00"),
        ("at 3", {"prev": "What time would suit you?", "lang": "en"}, "15:00"),
    ],
)
def test_what_was_asked_tells_what_a_bare_answer_is(
    example: Interpreter, text: str, circumstances: dict[str, Any], wanted: str
) -> None:
    """Told by `asked`, or by the last question of the reply before."""
    assert [wish["exact_time"] for wish in read(example, text, **circumstances)["wishes"]] == [wanted]


def test_a_choice_is_one_of_what_was_offered(example: Interpreter) -> None:
    """The slots are those the reply before named."""
    offered = "Есть время завтра: в 12:00, в 15:30 или в 18:00. Что подойдёт?"
    assert read(example, "давайте второе", asked="choice", prev=offered)["choice"] == 2
    assert read(example, "последнее", asked="choice", prev=offered)["choice"] in (-1, 3)


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ([], "object"),
        ({}, "text"),
        ({"text": 5}, "text"),
        ({"text": "x" * 20_001}, "text"),
        ({"text": "x", "now": "soon"}, "now"),
        ({"text": "x", "now": "0001-01-01T00:00"}, "now"),
        ({"text": "x", "now": "9999-12-31T00:00"}, "now"),
        ({"text": "x", "now": 5}, "now"),
        ({"text": "x", "asked": "colour"}, "asked"),
        ({"text": "x", "asked": ["when"]}, "asked"),
        ({"text": "x", "prev": 5}, "prev"),
        ({"text": "x", "lang": {}}, "lang"),
    ],
)
def test_a_mistake_names_its_field(example: Interpreter, document: Any, field: str) -> None:
    """What cannot be read is said, not guessed."""
    with pytest.raises(BadInput, match=field):
        example.read(document)


def test_lines_are_answered_in_order_whatever_they_hold(example: Interpreter) -> None:
    """A line that is no JSON, or the wrong one, costs its own answer and nothing else."""
    first, last = b'{"text": "5", "asked": "when"}\n', b'{"text": "spasibo"}'
    lines = [first, b"not json\n", b"\n", b'{"text": null}\n', b'{"text": "\xff"}\n', last]
    found = [json.loads(line) for line in answers(lines, example)]
    assert [document.get("line") for document in found] == [None, 2, 3, 4, 5, None]
    assert found[1]["error"].startswith("line 2: no JSON")
    assert found[5]["intents"] == ["thanks"]


def test_the_command_speaks_with_programs() -> None:
    """A process fed through a pipe answers every line before the next one comes."""
    command = [sys.executable, "-m", "responder.cli", "understand", "--jsonl"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for text in ("завтра в 15", "спасибо"):
            process.stdin.write(json.dumps({"text": text, "now": NOW}).encode() + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["understood"] is True
        process.stdin.close()
        assert process.wait(30) == 0


def test_people_read_only_what_was_said(example: Interpreter) -> None:
    """The page of a text has a line for each thing found, and none for what was not said."""
    lines = page(read(example, "Аня, 8 912 345-67-89, завтра в 15")).splitlines()
    names = [line.split()[0] for line in lines]
    assert {"intents", "phones", "name", "wish"} <= set(names)
    assert "risk" not in names


@given(text=st.text(max_size=300), asked=st.sampled_from(["nothing", "when", "phone", "name", "choice"]))
def test_any_text_is_read(text: str, asked: str) -> None:
    """Whatever is written and asked, there is an answer, and it is plain JSON."""
    json.dumps(_example().read({"text": text, "asked": asked, "prev": text, "now": NOW}))


_cache: list[Interpreter] = []


def _example() -> Interpreter:
    if not _cache:
        _cache.append(Interpreter(None))
    return _cache[0]
