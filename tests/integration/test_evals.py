"""Evaluation: the shipped scenarios through the real turns, what a failing one looks like, a live talk saved."""

from __future__ import annotations

import re
from pathlib import Path

from responder.commands.eval import play_at
from responder.evals.file import find_scenarios, read_scenarios
from responder.evals.saving import scenario_of
from responder.evals.text import to_document, to_text
from responder.settings import Settings
from tests.running import running
from tests.stubs.telegram_api import TelegramStub

FLOOR = 0.95
WRONG = """\
scenarios:
  - name: expects too much
    talk:
      - customer: сколько стоит педикюр?
        expect: {says: ["1 рубль"], handed_over: asked}
    end: {booked: yes}
  - name: loses a slot
    talk:
      - customer: брови в четверг
      - taken: {offer: 1}
      - customer: первое
        expect: {never_says: ["26 ноября, в 10:00"], asks: choice}
"""


def settings(folder: Path) -> Settings:
    return Settings(var_dir=folder, burst_quiet_s=0.0)


async def test_the_shipped_scenarios(database_url: str, tmp_path: Path) -> None:
    """Nearly all succeed, nothing untrue is said, nothing is asked for ever; a failure that is not known is a fault."""
    tally = await play_at(settings(tmp_path), database_url, find_scenarios([]))

    failed = [verdict for verdict in tally.played if not verdict.is_success]
    told = to_text(tally, with_talks=False)
    assert [verdict.name for verdict in failed if not verdict.found.scenario.fails_because] == [], told
    assert tally.success >= FLOOR
    assert tally.promises == []
    assert tally.loops == []


async def test_a_failure_tells_what_was_said_and_what_was_wanted(database_url: str, tmp_path: Path) -> None:
    """The report of a failing scenario is the talk, with each difference beside its turn."""
    path = tmp_path / "wrong.yaml"
    path.write_text(WRONG, encoding="utf-8")

    tally = await play_at(settings(tmp_path), database_url, read_scenarios(path), runs=2)

    text = to_text(tally, with_talks=False)
    assert tally.success == 0.5
    assert tally.pass_hat(2) == 0.5
    assert "did not say “1 рубль”" in text
    assert "was not handed to a person for asked" in text
    assert "at the end: nothing is booked" in text
    assert [verdict.name for verdict in tally.lost] == ["expects too much"] * 2
    assert [result["success"] for result in to_document(tally)["results"]] == [False, False, True, True]


async def test_a_live_dialogue_becomes_a_scenario(database_url: str, tmp_path: Path) -> None:
    """Saved with one call, without who it was; played again once its end is written."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram, burst_quiet_s=0.0) as app:
        for words in ("Это Снежана, хочу маникюр завтра в 15", "8 912 345-67-89, почта snow@mail.ru", "да"):
            await telegram.customer_says(7, words).confirmed()
            await app.responder.scheduler.idle()
        [thread] = await app.rows("SELECT id FROM thread")
        text = await scenario_of(app.responder.database, thread["id"], name="saved")

    for private in ("Снежана", "345-67-89", "3456789", "snow"):
        assert private not in text
    assert "end: TODO" in text
    path = tmp_path / "saved.yaml"
    end = 'end: {booked: {service: manicure, day: tomorrow, time: "15:00"}}'
    path.write_text(re.sub("end: TODO.*", end, text), encoding="utf-8")

    tally = await play_at(settings(tmp_path), database_url, read_scenarios(path))

    assert tally.success == 1.0, to_text(tally, with_talks=True)
