"""What came of playing scenarios: each exchange as it went, what was wrong, and the figures of all together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from responder.evals.file import Found

TURN_LIMIT_S = 3.0  # within which a customer is promised an answer (mission)


@dataclass(frozen=True, kw_only=True, slots=True)
class Exchange:
    """One step: what happened, what was replied, and what of it was not as expected."""

    happened: str
    replies: tuple[str, ...] = ()
    is_customer: bool = True
    decision: str = ""
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One scenario played once. `promises` are statements that no fact bears out, `loops` questions asked over
    and over."""

    found: Found
    exchanges: tuple[Exchange, ...]
    problems: tuple[str, ...] = ()  # at the end
    promises: tuple[str, ...] = ()
    loops: tuple[str, ...] = ()
    with_person: bool = False
    turns_to_booking: int | None = None  # messages of the customer
    tokens_in: int = 0
    tokens_out: int = 0
    slowest_s: float = 0.0

    @property
    def name(self) -> str:
        return self.found.scenario.name

    @property
    def is_success(self) -> bool:
        wrong = self.problems or self.promises or self.loops or any(each.problems for each in self.exchanges)
        return not wrong

    @property
    def is_lost(self) -> bool:
        """Neither a success nor with a person."""
        return not self.is_success and not self.with_person


@dataclass(frozen=True, kw_only=True)
class Tally:
    """All scenarios, each played `runs` times."""

    verdicts: Sequence[Sequence[Verdict]]  # by scenario, by run
    seconds: float = 0.0
    by: str = "rules"
    _all: tuple[Verdict, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_all", tuple(verdict for runs in self.verdicts for verdict in runs))

    @property
    def played(self) -> tuple[Verdict, ...]:
        return self._all

    @property
    def runs(self) -> int:
        return len(self.verdicts[0]) if self.verdicts else 0

    @property
    def success(self) -> float:
        """Share of all plays that succeeded."""
        return sum(each.is_success for each in self._all) / len(self._all)

    def pass_hat(self, k: int) -> float:
        """pass^k: the share of scenarios all of whose first `k` runs succeed, the chance that a customer who comes
        back k times is served well each time (Yao et al., tau-bench, 2024; there estimated over all choices of k)."""
        return sum(all(run.is_success for run in runs[:k]) for runs in self.verdicts) / len(self.verdicts)

    @property
    def promises(self) -> list[tuple[Verdict, str]]:
        return [(each, promise) for each in self._all for promise in each.promises]

    @property
    def loops(self) -> list[tuple[Verdict, str]]:
        return [(each, loop) for each in self._all for loop in each.loops]

    @property
    def lost(self) -> list[Verdict]:
        return [each for each in self._all if each.is_lost]

    @property
    def turns_to_booking(self) -> float | None:
        counts = sorted(each.turns_to_booking for each in self._all if each.turns_to_booking is not None)
        return None if not counts else sum(counts) / len(counts)

    @property
    def tokens(self) -> tuple[int, int]:
        return sum(each.tokens_in for each in self._all), sum(each.tokens_out for each in self._all)
