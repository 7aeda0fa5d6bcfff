"""The house itself: what the documentation, the locks and the container files say must be what the code does."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from responder.settings import environment_names
from responder.settings_reference import settings_reference

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
LOCKS = sorted((ROOT / "requirements").glob("*.lock"))
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
RECORDS = sorted((ROOT / "docs" / "decisions").glob("0*.md"))
CODE = sorted(p for folder in ("responder", "connectors", "benchmarks") for p in (ROOT / folder).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))
COMPOSE_ONLY = {"POSTGRES_PASSWORD", "LISTEN"}
DEMO_SALON = ROOT / "responder" / "salon" / "demo" / "salon.yaml"


def test_settings_page_is_what_the_code_says() -> None:
    """docs/settings.md is exactly what `make docs` would write."""
    page = settings_reference() + "\n"

    assert (ROOT / "docs" / "settings.md").read_text() == page, "run `make docs`"


def test_settings_page_names_every_setting() -> None:
    """No setting is undocumented, and each has a description."""
    page = (ROOT / "docs" / "settings.md").read_text()

    rows = dict(re.findall(r"^\| `(\w+)` \|.*\| (.*) \|$", page, re.MULTILINE))

    assert set(rows) == set(environment_names())
    assert all(rows.values())


def test_example_environment_is_complete_and_holds_no_value_that_is_secret() -> None:
    """.env.example names every setting once, nothing unknown, and every line of it is off."""
    lines = (ROOT / ".env.example").read_text().splitlines()

    named = [match[1] for line in lines if (match := re.match(r"# ([A-Z0-9_]+)=", line))]

    in_demo_salon = re.findall(r"_env: (\w+)", DEMO_SALON.read_text())
    assert sorted(named) == sorted({*environment_names(), *COMPOSE_ONLY, *in_demo_salon})
    assert all(line.startswith("#") or not line for line in lines)


def test_dependencies_page_agrees_with_pyproject() -> None:
    """Every direct dependency is explained, and nothing is explained that is not a dependency."""
    page = (ROOT / "docs" / "dependencies.md").read_text()

    explained = re.findall(r"^\| `([^`]+)` \| \S", page, re.MULTILINE)

    assert sorted(explained) == sorted(_direct_dependencies())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """A relative link or image of a page names a file that exists."""
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text())

    broken = [link for link in links if "://" not in link and not (page.parent / link).exists()]

    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_named_in_pages_exist(page: Path) -> None:
    """A path into the code that a page names in code marks exists."""
    paths = re.findall(
        r"`((?:responder|connectors|prompts|requirements|benchmarks|docs|tests)/[\w./-]*)`", page.read_text()
    )

    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_page_of_docs_is_found_from_the_index() -> None:
    """docs/index.md leads to each page beside it."""
    index = (ROOT / "docs" / "index.md").read_text()

    pages = {page.name for page in (ROOT / "docs").glob("*.md")} - {"index.md"}

    assert {page for page in pages if f"]({page})" not in index} == set()


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.stem)
def test_decision_record_has_its_parts_and_its_place_in_the_list(record: Path) -> None:
    """A record gives context, decision, consequences and alternatives, in that order, and the list leads to it."""
    headings = re.findall(r"^## (.+)$", record.read_text(), re.MULTILINE)

    assert headings == ["Context", "Decision", "Consequences", "Alternatives"]
    assert f"]({record.name})" in (record.parent / "README.md").read_text()


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_lock_pins_by_hash_and_names_no_index(lock: Path) -> None:
    """Each line of a lock is a pinned version with hashes; no index, folder or address is named."""
    text = lock.read_text().replace("\\\n", " ")

    entries = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]

    assert entries
    assert all(re.match(r"[a-z0-9._-]+==[^ ]+( ;[^#]*)?( +--hash=sha256:[0-9a-f]{64})+ *$", line) for line in entries)
    assert "://" not in text


@pytest.mark.parametrize(("lock", "extras"), [("runtime", False), ("dev", True)])
def test_lock_covers_every_direct_dependency(lock: str, extras: bool) -> None:
    """What pyproject asks for is in the lock, so that nothing is fetched unlocked."""
    locked = _locked(lock)

    wanted = {_canonical(name) for name in _direct_dependencies(extras=extras)}

    assert wanted - set(locked) == set()


def test_locks_agree() -> None:
    """The runtime lock and the build lock can be installed beside the dev lock: no version differs."""
    dev, runtime, build = _locked("dev"), _locked("runtime"), _locked("build")

    assert {name: version for name, version in runtime.items() if dev.get(name) != version} == {}
    assert {name for name in build if dev.get(name, build[name]) != build[name]} == set()


def test_compose_file_is_valid() -> None:
    """docker-compose.yml keeps to the compose specification's schema."""
    command = [sys.executable, "-m", "check_jsonschema", "--output-format", "json"]

    checked = subprocess.run(
        [*command, "--builtin-schema", "vendor.compose-spec", str(ROOT / "docker-compose.yml")],
        capture_output=True,
        check=False,
    )

    assert json.loads(checked.stdout)["status"] == "ok", checked.stdout.decode()


def test_compose_file_holds_no_secret() -> None:
    """A password in docker-compose.yml, plain or inside an address, is always a variable that must be given."""
    given = [pair for service in COMPOSE["services"].values() for pair in service.get("environment", {}).items()]

    plain = [value for name, value in given if re.search("PASSWORD|SECRET|TOKEN|KEY", name)]
    inside = [match[1] for _, value in given if (match := re.search(r"://[^:/@]+:(.+)@", value))]

    assert plain
    assert inside
    assert [value for value in plain + inside if not re.fullmatch(r"\$\{[A-Z_]+:\?[^}]+\}", value)] == []


def test_compose_environment_is_made_of_settings() -> None:
    """What the containers of Responder are given are settings that exist."""
    names = {name for service in ("app", "worker") for name in COMPOSE["services"][service]["environment"]}

    assert names - set(environment_names()) == set()


@pytest.mark.parametrize("service", ["app", "worker"])
def test_container_runs_a_command_that_exists(service: str) -> None:
    """The image's entry point is the console script, and the service's command is one of its commands."""
    dockerfile = (ROOT / "Dockerfile").read_text()
    entry_point = re.findall(r"^ENTRYPOINT (.+)$", dockerfile, re.MULTILINE)
    command = COMPOSE["services"][service]["command"]

    shown = subprocess.run(
        [sys.executable, "-m", "responder.cli", *command, "--help"], capture_output=True, cwd=ROOT, check=False
    )

    assert [json.loads(line) for line in entry_point] == [["responder"]]
    assert "responder" in PYPROJECT["project"]["scripts"]
    assert shown.returncode == 0, shown.stderr.decode()


def test_image_is_built_from_what_its_context_holds() -> None:
    """Everything the Dockerfile copies from the folder is let through by .dockerignore."""
    let_in = re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    copies = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)

    copied = [path for line in copies for path in line.split()]

    assert copied
    assert [path for path in copied if not any(Path(path).match(pattern) for pattern in let_in)] == []
    assert [path for path in copied if not (ROOT / path).exists()] == []


def test_make_targets_are_documented() -> None:
    """Every target of the Makefile says what it does, and `make help` therefore shows it."""
    makefile = (ROOT / "Makefile").read_text()

    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    described = set(re.findall(r"^([a-z]+):[^#\n]*## \S", makefile, re.MULTILINE))

    assert targets == described
    assert {"run", "demo", "test", "check", "bench", "help"} <= targets


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_module_says_why_it_exists(path: Path) -> None:
    """A module that is not empty opens with a docstring."""
    tree = ast.parse(path.read_text())

    assert not tree.body or ast.get_docstring(tree)


@pytest.mark.parametrize("path", TESTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_test_states_its_rule(path: Path) -> None:
    """A test has a docstring."""
    tree = ast.parse(path.read_text())

    functions = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    silent = [node.name for node in functions if node.name.startswith("test") and not ast.get_docstring(node)]

    assert silent == []


def _direct_dependencies(*, extras: bool = True) -> list[str]:
    project = PYPROJECT["project"]
    lines = [*project["dependencies"], *(project["optional-dependencies"]["dev"] if extras else ())]
    return [re.split(r"[\[<>=!;~ ]", line)[0].lower() for line in lines]


def _locked(name: str) -> dict[str, str]:
    text = (ROOT / "requirements" / f"{name}.lock").read_text()
    return {_canonical(found): version for found, version in re.findall(r"^([a-z0-9._-]+)==(\S+)", text, re.MULTILINE)}


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
