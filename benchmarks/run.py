"""`make bench`: ours beside the lean floor, turn by turn (A B A B), medians and ratios.

Starts a PostgreSQL, a stand-in messenger and a stand-in LLM of its own; the programs run on the first core, the load
and the stand-ins on the last. Prints tables and writes every figure as JSON.
"""

from __future__ import annotations

import argparse
import re
import socket
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import orjson
import psycopg
import uvloop

from benchmarks import programs
from benchmarks.load import Load
from benchmarks.programs import SECRET, TOKEN, Program, Running
from benchmarks.report import print_report
from benchmarks.stand_ins import Call, Llm, Messenger
from benchmarks.wire import Client
from responder.db.embedded import start_server

Figures = dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """`llm_delay_s` None: understanding by rules, no LLM configured."""

    name: str
    chats: int
    llm_delay_s: float | None = None


SCENARIOS = (
    Scenario(name="rules, 1 chat", chats=1),
    Scenario(name="rules, 50 chats", chats=50),
    Scenario(name="rules, 200 chats", chats=200),
    Scenario(name="LLM 0 ms, 1 chat", chats=1, llm_delay_s=0.0),
    Scenario(name="LLM 0 ms, 50 chats", chats=50, llm_delay_s=0.0),
    Scenario(name="LLM 300 ms, 50 chats", chats=50, llm_delay_s=0.3),
)


class Bench:
    """The stand-ins and the database that all programs share."""

    def __init__(self, folder: Path, *, seconds: float, scenarios: tuple[Scenario, ...]) -> None:
        self._folder, self._seconds, self._scenarios = folder, seconds, scenarios
        self._load: Load | None = None
        self._messenger = Messenger(lambda chat_id, at: self._load.accepted(chat_id, at) if self._load else None)
        self._llm = Llm(understand)
        self._databases = 0

    async def open(self) -> None:
        self._server = start_server(self._folder / "postgres")
        self._postgres_url: str = self._server.get_uri()
        self._postgres_pid = self._server.get_pid() or 0
        self._messenger_url = (await self._messenger.open()).url
        self._llm_url = (await self._llm.open()).url

    def close(self) -> None:
        self._server.cleanup()

    async def measure(self, program: Program) -> dict[str, Figures]:
        """Every scenario once, a fresh start of `program` on a fresh database: two starts, without and with LLM."""
        figures: dict[str, Figures] = {}
        for with_llm in (False, True):
            scenarios = [s for s in self._scenarios if (s.llm_delay_s is not None) == with_llm]
            if not scenarios:
                continue
            environment = self._environment(with_llm=with_llm)
            program.prepare(environment)
            with programs.stopping(await programs.start(program, environment)) as running:
                self._load = Load(running.url, program.hook, secret=SECRET)
                figures[f"process, {'LLM' if with_llm else 'rules'}"] = await self._idle(program, running)
                for scenario in scenarios:
                    figures[scenario.name] = await self._scenario(scenario, running)
                    if scenario.chats == 1 and program.name != "floor":
                        figures[f"stages, {'LLM' if with_llm else 'rules'}"] = await _stages(running)
                if program.name != "floor":
                    figures[f"turns, {'LLM' if with_llm else 'rules'}"] = await _turns(running)
        return figures

    async def _idle(self, program: Program, running: Running) -> Figures:
        idle = {"start_s": running.start_s, "idle_rss_mb": running.rss_mb()}
        if program.name == "floor" and self._load:
            times = await self._load.acknowledgements("/bare", seconds=min(3.0, self._seconds))
            idle["bare_ack_p50_ms"] = statistics.median(times[len(times) // 5 :])
        return idle

    async def _scenario(self, scenario: Scenario, running: Running) -> Figures:
        assert self._load is not None
        self._llm.delay_s = scenario.llm_delay_s or 0.0
        measured, before, after = await self._load.run(
            scenario.chats,
            seconds=self._seconds,
            mark=lambda: (running.cpu_s(), programs.cpu_seconds(self._postgres_pid), time.process_time()),
        )
        assert isinstance(before, tuple)
        assert isinstance(after, tuple)
        if not measured.replies:
            told = f"{measured.refused} refused, {measured.lost} lost, calls of the messenger {self._messenger.calls}"
            raise RuntimeError(f"{scenario.name}: no reply at all ({told})\n{running.log_tail()}")
        return {
            "per_second": measured.per_second,
            "cpu_ms": (after[0] - before[0]) * 1000 / measured.replies,
            "postgres_cpu_ms": (after[1] - before[1]) * 1000 / measured.replies,
            "p50_ms": statistics.median(measured.reply_ms),
            "p99_ms": percentile(measured.reply_ms, 99),
            "ack_p50_ms": statistics.median(measured.ack_ms),
            "ack_p99_ms": percentile(measured.ack_ms, 99),
            "generator_share": (after[2] - before[2]) / measured.seconds,  # near 1 the figures are the generator's
            "rss_mb": running.rss_mb(),
            "replies": measured.replies,
            "lost": measured.lost,
            "refused": measured.refused,
        }

    def _environment(self, *, with_llm: bool) -> dict[str, str]:
        self._databases += 1
        name = f"bench_{self._databases}"
        with psycopg.connect(self._postgres_url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        head, _, query = self._postgres_url.partition("?")
        port = str(_free_port())
        environment = {
            "DATABASE_URL": f"{head.rsplit('/', 1)[0]}/{name}?{query}",
            "VAR_DIR": str(self._folder / name),
            "PORT": port,
            "PUBLIC_URL": f"http://127.0.0.1:{port}",
            "TELEGRAM_API_BASE": self._messenger_url,
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "TELEGRAM_WEBHOOK_SECRET": SECRET,
            "BURST_QUIET_S": "0",
            "LOG_LEVEL": "warning",
        }
        if with_llm:
            environment |= {"LLM_BASE_URL": f"{self._llm_url}/v1", "LLM_API_KEY": "bench", "LLM_MODEL": "bench"}
        return environment


def understand(said: str, tools: list[str]) -> Call | None:
    """What the stand-in LLM reads from one of the load's sayings; no call for a program that offers no tools."""
    if UNDERSTAND not in tools:
        return None
    return UNDERSTAND, next((arguments for word, arguments in READINGS if word in said), {"intents": ["greet"]})


UNDERSTAND = "understand_request"
READINGS: tuple[tuple[str, dict[str, object]], ...] = (
    ("стоит", {"intents": ["price"], "service_key": "haircut"}),
    ("находитесь", {"intents": ["address"]}),
    ("работаете", {"intents": ["hours"]}),
    ("записаться", {"intents": ["book"], "service_key": "haircut"}),
)


def percentile(values: list[float], percent: int) -> float:
    """Nearest-rank percentile of a non-empty list."""
    return sorted(values)[max(0, -(-len(values) * percent // 100) - 1)]


def medians(rounds: list[dict[str, Figures]]) -> dict[str, Figures]:
    """Per scenario and figure the median over the rounds that have it."""
    collected: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for figures in rounds:
        for scenario, values in figures.items():
            for name, value in values.items():
                collected[scenario][name].append(value)
    return {
        scenario: {name: statistics.median(values) for name, values in named.items()}
        for scenario, named in collected.items()
    }


async def _stages(running: Running) -> Figures:
    """Mean wall and processor milliseconds of each stage, as the program publishes them. Meaningful after one chat at a
    time only: with more, a stage's processor time holds what others did meanwhile."""
    body = await _published(running)
    cpu = dict(re.findall(r'^responder_turn_stage_cpu_seconds_total\{stage="([^"]+)"\} (\S+)$', body, re.MULTILINE))
    sums: dict[str, float] = {}
    counts: dict[str, float] = {}
    for kind, stage, value in re.findall(
        r'^responder_turn_stage_seconds_(sum|count)\{stage="([^"]+)"\} (\S+)$', body, re.MULTILINE
    ):
        (sums if kind == "sum" else counts)[stage] = float(value)
    figures = {f"{stage}_wall_ms": sums[stage] * 1000 / counts[stage] for stage in sums if counts.get(stage)}
    return figures | {f"{stage}_cpu_ms": float(cpu[stage]) * 1000 / counts[stage] for stage in cpu if counts.get(stage)}


async def _turns(running: Running) -> Figures:
    """How many turns were understood by what: an LLM that was never used would make the figures a lie."""
    figures: Figures = {}
    body = await _published(running)
    for outcome, by, value in re.findall(
        r'^responder_turns_total\{outcome="([^"]+)",understood_by="([^"]+)"\} (\S+)$', body, re.MULTILINE
    ):
        figures[f"turns_{by}_{outcome}"] = float(value)
    return figures


async def _published(running: Running) -> str:
    client = Client(running.url)
    _, body = await client.get("/metrics")
    client.close()
    return body.decode()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _main(arguments: argparse.Namespace) -> int:
    chosen = [programs.floor()] if arguments.floor_only else [programs.floor(), programs.ours()]
    scenarios = tuple(s for s in SCENARIOS if not arguments.only or arguments.only in s.name)
    programs.pin(0, first=False)
    rounds: dict[str, list[dict[str, Figures]]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="responder-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # as root the embedded server runs as another user
        bench = Bench(Path(folder), seconds=arguments.seconds, scenarios=scenarios)
        await bench.open()
        try:
            for number in range(arguments.rounds):
                for program in chosen:
                    print(f"round {number + 1} of {arguments.rounds}: {program.name}", file=sys.stderr, flush=True)
                    rounds[program.name].append(await bench.measure(program))
        finally:
            bench.close()
    result = {name: medians(measured) for name, measured in rounds.items()}
    print_report(result, scenarios=[s.name for s in scenarios])
    target = Path(arguments.json)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(orjson.dumps({"medians": result, "rounds": rounds}, option=orjson.OPT_INDENT_2))
    print(f"\nevery figure: {target}")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how often each program is started (default 3)")
    parser.add_argument("--seconds", type=float, default=5.0, help="measured seconds of each scenario (default 5)")
    parser.add_argument("--only", default="", help="only scenarios whose name holds this text")
    parser.add_argument("--floor-only", action="store_true", help="measure the floor alone")
    parser.add_argument("--json", default="var/bench.json", help="where every figure goes")
    return uvloop.run(_main(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
