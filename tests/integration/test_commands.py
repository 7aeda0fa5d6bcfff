"""What commands say when something is not as it should be: one line, an exit code, never a stack trace."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from responder import cli
from responder.cli import options
from responder.salon.demo import DEMO_SALON

Said = tuple[int, str, str]
Run = Callable[..., Said]


@pytest.fixture
def run(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`responder ...` in this process, with a database of the test's own: exit code, output, errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("VAR_DIR", str(tmp_path / "var"))
    monkeypatch.setattr(
        options, "configure_logs", lambda **_: None
    )  # it would tie every later test to this one's stderr

    def run(*command: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["responder", *command])
        try:
            cli.main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_an_import_says_what_it_did(run: Run, tmp_path: Path) -> None:
    """New, unchanged and changed are told apart, in words."""
    file = tmp_path / "salon.yaml"
    file.write_text(DEMO_SALON.read_text())
    slug = "malakhitovaya-shkatulka"

    first, again = run("salon", "import", str(file)), run("salon", "import", str(file))
    file.write_text(file.read_text().replace("price: 1300", "price: 1400").replace("  - key: pets", "  - key: dogs"))
    changed = run("salon", "import", str(file))

    assert first[:2] == (0, f"{slug}: imported as a new salon (48 entries)\n")
    assert again[:2] == (0, f"{slug}: the salon is already what the file says; nothing changed\n")
    assert changed[1].startswith(f"{slug}: imported: 1 added, 1 changed, 1 removed;")


@pytest.mark.parametrize("command", [("salon", "check"), ("salon", "import"), ("serve", "--salon")])
def test_a_file_that_cannot_be_used_is_named(run: Run, tmp_path: Path, command: tuple[str, ...]) -> None:
    """A missing file, a folder and an empty file are told in one line each."""
    (tmp_path / "empty.yaml").touch()

    for name, problem in (
        ("none.yaml", "there is no such file"),
        (".", "is a folder; name the file in it"),
        ("empty.yaml", "is empty"),
    ):
        assert run(*command, name) == (2, "", f"responder: {name}: {problem}\n")


def test_several_mistakes_are_counted_and_listed(run: Run, tmp_path: Path) -> None:
    """The first line says how many, each further one where and what."""
    (tmp_path / "small.yaml").write_text("slug: x\n")

    code, _, errors = run("salon", "check", "small.yaml")

    first, *lines = errors.splitlines()
    assert (code, first) == (2, "responder: 6 mistakes in the salon file")
    assert lines[0] == "small.yaml:1: country: is missing"
    assert len(lines) == 6


@pytest.mark.parametrize(
    ("option", "problem"),
    [
        (("--days", "x"), "`x` is not a whole number from 1 to 1098."),
        (("--days", "0"), "`0` is not a whole number from 1 to 1098."),
        (("--language", "de"), "`de` is not one of ru, en."),
    ],
)
def test_a_wrong_option_is_told_in_our_words(run: Run, option: tuple[str, ...], problem: str) -> None:
    """What would be right is said; nothing of a library's wording is."""
    code, _, errors = run("report", *option)

    assert (code, problem in errors) == (2, True)


def test_a_database_of_a_newer_version_is_left_alone(run: Run, database_url: str) -> None:
    """An older program does not work on tables it does not know."""
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")

    code, _, errors = run("report")

    assert code == 2
    assert errors.startswith("responder: DATABASE_URL: its tables were made by a newer version of Responder.")


def test_a_database_that_may_not_be_written_is_told(
    run: Run, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user without the right to make tables gets the reason, not a stack trace."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS poor")
        connection.execute("CREATE DATABASE poor")
        connection.execute("DROP ROLE IF EXISTS guest")
        connection.execute("CREATE ROLE guest LOGIN")
    head, _, query = postgres_url.partition("?")
    monkeypatch.setenv("DATABASE_URL", f"{head.rsplit('/', 1)[0]}/poor?{query}".replace("postgres:@", "guest:geheim@"))

    code, _, errors = run("report")

    assert code == 2
    assert "the tables cannot be made (permission denied" in errors
    assert "geheim" not in errors


def test_nothing_listens_at_the_database(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command says which setting is to be looked at, and keeps the password to itself."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://olga:geheim@127.0.0.1:1/responder")

    for command in (("serve",), ("worker",), ("chat",), ("report",), ("salon", "import", str(DEMO_SALON))):
        code, _, errors = run(*command)

        assert code == 2
        assert errors.startswith("responder: DATABASE_URL: no connection (")
        assert "geheim" not in errors
