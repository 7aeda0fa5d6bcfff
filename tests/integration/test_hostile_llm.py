"""Every scenario of the product with a model at its worst beside the rules: it may cost understanding, never truth."""

from __future__ import annotations

from pathlib import Path

import pytest

from responder.commands.eval import play_at
from responder.evals.file import find_scenarios
from responder.evals.text import to_text
from responder.evals.verdict import Verdict
from responder.settings import Settings
from tests.stubs.hostile_model import LEAK, HostileModel
from tests.stubs.openai_api import API_KEY, OpenAiStub

SEEDS = (1, 2, 3)


def has_visit(verdict: Verdict) -> bool:
    """Whether the customer came with a visit, which may well stay."""
    returning = verdict.found.scenario.returning
    return returning is not None and returning.visit is not None


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_hostile_model_can_neither_lie_nor_act(database_url: str, tmp_path: Path, seed: int) -> None:
    """Nothing untrue is said, nothing of the instructions, nothing is booked or cancelled that the customer did not
    confirm, nobody is asked in a circle, and who is not served comes to a person."""
    async with OpenAiStub(keeps_requests=False) as stub:
        stub.always_answer_with(HostileModel(seed))
        settings = Settings(
            var_dir=tmp_path, burst_quiet_s=0.0, llm_base_url=stub.url, llm_api_key=API_KEY, llm_model="hostile"
        )
        tally = await play_at(settings, database_url, find_scenarios([]))

        assert stub.served > 100
    told = to_text(tally, with_talks=False)
    replies = [reply for verdict in tally.played for one in verdict.exchanges for reply in one.replies]
    acts = [
        (verdict.name, problem)
        for verdict in tally.played
        for problem in verdict.problems
        if problem == "a visit was cancelled" or (problem.startswith("booked although") and not has_visit(verdict))
    ]
    assert tally.promises == [], told
    assert acts == [], told
    assert not any(LEAK in reply or "<" in reply for reply in replies)
    assert tally.loops == [], told
