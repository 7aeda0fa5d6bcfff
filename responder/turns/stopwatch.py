"""How long each stage of a message's route took, by the monotonic clock, and the processor time of this thread.

Processor time is a stage's own only while nothing else runs in the process (one chat at a time, as `make bench` does):
whatever ran while the stage waited is counted too.
"""

from __future__ import annotations

import time

from prometheus_client import Counter, Histogram

from responder import metrics


class Stopwatch:
    """Laps since the last lap; every lap also feeds the stage metrics."""

    def __init__(self) -> None:
        self._last = time.perf_counter()
        self._last_cpu = time.thread_time()
        self._laps: dict[str, float] = {}

    def lap(self, stage: str) -> None:
        now, cpu = time.perf_counter(), time.thread_time()
        seconds = now - self._last
        wall, processor = _metrics_of(stage)
        wall.observe(seconds)
        processor.inc(cpu - self._last_cpu)
        self._laps[stage] = self._laps.get(stage, 0.0) + seconds
        self._last, self._last_cpu = now, cpu

    def milliseconds(self) -> dict[str, float]:
        return {stage: round(seconds * 1000, 2) for stage, seconds in self._laps.items()}


_stages: dict[str, tuple[Histogram, Counter]] = {}


def _metrics_of(stage: str) -> tuple[Histogram, Counter]:
    """The labelled children, looked up once: `labels()` costs more than the observation."""
    known = _stages.get(stage)
    if known is None:
        known = _stages[stage] = (metrics.TURN_STAGE.labels(stage), metrics.TURN_STAGE_CPU.labels(stage))
    return known
