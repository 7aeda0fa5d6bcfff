"""The outcome for people in a terminal, and as a document for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from responder.evals.verdict import Tally, Verdict


def to_text(tally: Tally, *, with_talks: bool) -> str:
    """What went wrong, talk by talk (all of every talk when `with_talks`), then the figures."""
    lines: list[str] = []
    for runs in tally.verdicts:
        shown = next((run for run in runs if not run.is_success), runs[0])
        if with_talks or not shown.is_success:
            lines += [*_talk(shown), ""]
    return "\n".join([*lines, *_figures(tally)])


def _talk(verdict: Verdict) -> Iterator[str]:
    mark = "ok  " if verdict.is_success else "FAIL"
    yield f"{mark} {verdict.name}  ({verdict.found.file.name}:{verdict.found.line})"
    if verdict.found.scenario.fails_because and not verdict.is_success:
        yield f"     known: {verdict.found.scenario.fails_because}"
    for exchange in verdict.exchanges:
        yield f"  {'> ' if exchange.is_customer else '  '}{exchange.happened}"
        for reply in exchange.replies:
            yield from (f"      {line}" for line in reply.splitlines())
        for problem in exchange.problems:
            yield f"    ! {problem}"
    for problem in verdict.problems:
        yield f"    ! at the end: {problem}"
    for promise in verdict.promises:
        yield f"    ! said what no fact bears out: {promise}"
    for loop in verdict.loops:
        yield f"    ! asked over and over: {loop}"


def _figures(tally: Tally) -> Iterator[str]:
    plays, good = len(tally.played), sum(each.is_success for each in tally.played)
    known = sum(bool(each.found.scenario.fails_because) and not each.is_success for each in tally.played)
    runs = f"{tally.runs} run{'s' * (tally.runs > 1)}"
    count = len(tally.verdicts)
    yield f"{count} scenario{'s' * (count != 1)} by {tally.by}, {runs}: {tally.seconds:.1f} s"
    yield f"  succeeded             {good} of {plays} ({100 * tally.success:.1f} %)" + (
        f", {known} of the others known" if known else ""
    )
    if tally.runs > 1:
        passed = ", ".join(f"pass^{k} {100 * tally.pass_hat(k):.1f} %" for k in range(1, tally.runs + 1))
        yield f"  every time            {passed}"
    turns = tally.turns_to_booking
    if turns is not None:
        yield f"  messages to a booking {turns:.1f} on average"
    tokens_in, tokens_out = tally.tokens
    if tokens_in or tokens_out:
        yield f"  tokens                {tokens_in} in, {tokens_out} out"
    yield f"  untrue statements     {len(tally.promises)}"
    yield f"  loops                 {len(tally.loops)}"
    lost = tally.lost
    yield f"  failed without person {len(lost)}" + (f": {'; '.join(each.name for each in lost)}" if lost else "")


def to_document(tally: Tally) -> dict[str, Any]:
    """Everything, for programs."""
    return {
        "by": tally.by,
        "scenarios": len(tally.verdicts),
        "runs": tally.runs,
        "success": tally.success,
        "pass_hat_k": {str(k): tally.pass_hat(k) for k in range(1, tally.runs + 1)},
        "turns_to_booking": tally.turns_to_booking,
        "tokens": dict(zip(("in", "out"), tally.tokens, strict=True)),
        "untrue_statements": len(tally.promises),
        "loops": len(tally.loops),
        "failed_without_person": len(tally.lost),
        "seconds": tally.seconds,
        "results": [_result(run) for runs in tally.verdicts for run in runs],
    }


def _result(verdict: Verdict) -> dict[str, Any]:
    return {
        "name": verdict.name,
        "file": str(verdict.found.file),
        "line": verdict.found.line,
        "success": verdict.is_success,
        "known": verdict.found.scenario.fails_because,
        "with_person": verdict.with_person,
        "turns_to_booking": verdict.turns_to_booking,
        "tokens": {"in": verdict.tokens_in, "out": verdict.tokens_out},
        "problems": [*(problem for one in verdict.exchanges for problem in one.problems), *verdict.problems],
        "untrue_statements": list(verdict.promises),
        "loops": list(verdict.loops),
        "talk": [
            {"happened": one.happened, "replies": list(one.replies), "decision": one.decision}
            for one in verdict.exchanges
        ],
    }
