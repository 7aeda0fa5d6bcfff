"""What `responder doctor` finds out about one part, and how it is shown."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class State(StrEnum):
    OK = "ok"
    OFF = "off"  # not set up; no fault
    FAIL = "fail"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """`detail` says how it stands, `hint` what to do about it."""

    part: str
    state: State
    detail: str = ""
    hint: str = ""


Examination = Callable[[], Awaitable[Finding]]


def is_well(findings: Sequence[Finding]) -> bool:
    """Whether everything that is switched on works."""
    return all(finding.state is not State.FAIL for finding in findings)


def to_lines(findings: Sequence[Finding]) -> list[str]:
    """A line for each part, its hint beneath it, and the sum of it."""
    width = max(len(finding.part) for finding in findings)
    lines = []
    for finding in findings:
        mark = "FAIL" if finding.state is State.FAIL else finding.state.value
        lines.append(f"{mark:<4} {finding.part:<{width}}  {finding.detail}".rstrip())
        if finding.hint:
            lines.append(f"     {'':<{width}}  -> {finding.hint}")
    failed = sum(finding.state is State.FAIL for finding in findings)
    lines += ["", f"{failed} of {len(findings)} parts need attention" if failed else "everything that is on works"]
    return lines


def to_document(findings: Sequence[Finding]) -> dict[str, Any]:
    return {"is_well": is_well(findings), "parts": [asdict(finding) for finding in findings]}
