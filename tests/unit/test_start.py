"""What a start loads: a process that answers customers by rules has no use for what reports and models need."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("numpy", "openai", "responder.llm.guard_patterns")


@pytest.mark.parametrize("module", ["responder.commands.serve", "responder.turns.engine"])
def test_serving_loads_neither_the_report_engine_nor_a_client_for_models(module: str) -> None:
    """Each costs tenths of a second of every start and megabytes of every process; who needs one imports it."""
    told = f"import {module}, sys; print([name for name in {HEAVY!r} if name in sys.modules])"
    loaded = subprocess.run((sys.executable, "-c", told), check=True, capture_output=True, text=True).stdout
    assert loaded.strip() == "[]"
