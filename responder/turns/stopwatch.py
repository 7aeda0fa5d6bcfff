"""How long each stage of one turn took, by the monotonic clock."""

from __future__ import annotations

import time

from responder import metrics


class Stopwatch:
    """Laps since the last lap; every lap also feeds the stage histogram."""

    def __init__(self) -> None:
        self._last = time.perf_counter()
        self._laps: dict[str, float] = {}

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        seconds = now - self._last
        self._last = now
        self._laps[stage] = self._laps.get(stage, 0.0) + seconds
        _stage(stage).observe(seconds)

    def milliseconds(self) -> dict[str, float]:
        return {stage: round(seconds * 1000, 2) for stage, seconds in self._laps.items()}


_stages: dict[str, metrics.Observer] = {}


def _stage(stage: str) -> metrics.Observer:
    """The labelled child, looked up once: `labels()` costs more than the observation."""
    child = _stages.get(stage)
    if child is None:
        child = _stages[stage] = metrics.TURN_STAGE.labels(stage)
    return child
