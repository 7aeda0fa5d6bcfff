"""A wrong setting stops the start with one line of ours: which, what would be right, and never a secret."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responder.assembly.database import without_password
from responder.errors import BadSetting
from responder.settings import Settings, load_settings

WRONG = {
    "PORT": ("x", "must be a whole number, at least 1, at most 65535, not `x`"),
    "DATABASE_POOL": ("1", "must be a whole number, at least 2, at most 200, not `1`"),
    "REPLY_BUDGET_S": ("soon", "must be a number, more than 0.5, at most 60, not `soon`"),
    "BURST_QUIET_S": ("nan", "must be a number, at least 0, at most 10, not `nan`"),
    "HOLD_MINUTES": ("1e9", "must be a number, more than 0, at most 120, not `1e9`"),
    "ENQUIRY_QUIET_HOURS": ("inf", "must be a number, more than 0, at most 720, not `inf`"),
    "LLM_DEADLINE_S": ("3", "must be smaller than REPLY_BUDGET_S (3)"),
    "LOG_LEVEL": ("loud", "must be one of `debug`, `info`, `warning`, `error`, not `loud`"),
    "LOG_FORMAT": ("xml", "must be one of `console`, `json`, not `xml`"),
    "ACCESS_TOKEN": ("geheim", "must be text, 16 characters or more."),
    "SECRET_KEY": ("geheim", "must be text, 32 characters or more."),
    "DATABASE_URL": ("mysql://u:geheim@h/d", "must be an address like postgresql://user:password@host:5432/database."),
    "REDIS_URL": ("http://:geheim@h", "must be an address like redis://host:6379/0."),
    "PUBLIC_URL": ("salon.example", "must be an address like https://host, not `salon.example`"),
    "LLM_BASE_URL": ("https://u:geheim@h:port/v1", "must be an address like https://host/v1."),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_setting_says_what_would_be_right(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line names the setting and its bounds in our words, and shows what was given unless it may be a secret."""
    value, problem = WRONG[name]
    monkeypatch.setenv(name, value)

    with pytest.raises(BadSetting) as refused:
        load_settings()

    line = str(refused.value)
    assert line.startswith(f"{name}: {problem}")
    assert "geheim" not in line
    assert "Input should" not in line
    assert line.count("\n") == 0


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:password@host:5432/database",
        "postgres://user@one:5432,two:5433/database?target_session_attrs=read-write",
        "postgresql:///database?host=/run/postgresql",
    ],
)
def test_what_the_driver_takes_is_no_wrong_address(url: str) -> None:
    """Several hosts and sockets are addresses of a database too."""
    assert Settings(_env_file=None, database_url=url).database_url is not None


@given(st.text("abc@:/?#% ", min_size=3, max_size=12))
def test_no_quoted_piece_of_a_password_is_shown(password: str) -> None:
    """Whatever the driver takes for a host or a port and quotes, a piece of the password is not in the line."""
    for piece in (password, password.rpartition("@")[2], password.partition("/")[0]):
        shown = without_password(f'failed to resolve host "{piece}": unknown', f"postgresql://user:{password}@host/d")

        assert not piece.strip("@:/?# ") or f'"{piece}"' not in shown


def test_what_is_no_secret_stays_in_the_line() -> None:
    """Host and user are what somebody needs to see."""
    reason = 'connection to server at "db", port 5432 failed: no password for user "olga"'

    assert without_password(reason, "postgresql://olga:geheim@db/d") == reason
