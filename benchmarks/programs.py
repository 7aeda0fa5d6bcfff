"""The programs under measurement, each as its own process on the first core: how to start one, what it costs.

`floor` and `ours` get the same environment; only what they are told to run differs.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.wire import Client

ROOT = Path(__file__).resolve().parent.parent
SECRET = "bench-webhook-secret"
TOKEN = "1:bench-token"
READY_WITHIN_S = 60.0

Environment = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Program:
    """`prepare` runs once a database, before the start; `hook` is where Telegram's updates go."""

    name: str
    command: tuple[str, ...]
    hook: str
    prepare: Callable[[Environment], None] = lambda _environment: None


@dataclass
class Running:
    process: subprocess.Popen[bytes]
    url: str
    start_s: float
    log: Path

    def cpu_s(self) -> float:
        return cpu_seconds(self.process.pid)

    def log_tail(self) -> str:
        return self.log.read_text(errors="replace")[-3000:]

    def rss_mb(self) -> float:
        return float(psutil.Process(self.process.pid).memory_info().rss) / 1e6


def floor() -> Program:
    return Program(name="floor", command=("-m", "benchmarks.lean_floor"), hook="/hooks/bench/telegram")


def ours() -> Program:
    """`responder serve` with the salon of `benchmarks/salon.yaml`, whose one channel is the stand-in Telegram."""
    return Program(
        name="ours", command=("-m", "responder.cli", "serve"), hook="/hooks/bench/telegram", prepare=_import_salon
    )


async def start(program: Program, environment: Environment) -> Running:
    """Start and wait until it says that it is ready; raises `RuntimeError` with the end of its log when it does not."""
    begun = time.perf_counter()
    log = Path(environment["VAR_DIR"]) / f"{program.name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as sink:
        process = subprocess.Popen(
            (sys.executable, *program.command), cwd=ROOT, env={**os.environ, **environment}, stdout=sink, stderr=sink
        )
    url = f"http://127.0.0.1:{environment['PORT']}"
    try:
        pin(process.pid, first=True)
        while time.perf_counter() - begun < READY_WITHIN_S and process.poll() is None:
            if await _is_ready(url):
                return Running(process, url, time.perf_counter() - begun, log)
            await asyncio.sleep(0.02)
        raise RuntimeError(f"{program.name} did not become ready\n{log.read_text(errors='replace')[-2000:]}")
    except BaseException:
        stop(process)
        raise


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def stopping(running: Running) -> Iterator[Running]:
    try:
        yield running
    finally:
        stop(running.process)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process, its children and those of them that have ended."""
    total = 0.0
    with suppress(psutil.NoSuchProcess):
        top = psutil.Process(pid)
        for process in (top, *top.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                total += times.user + times.system
                total += getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
    return total


def pin(pid: int, *, first: bool) -> None:
    """Keep a process on the first core, or on the last, where the system can; the figures need them apart."""
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0) | os.sched_getaffinity(pid))
        os.sched_setaffinity(pid, {cores[0] if first else cores[-1]})


async def _is_ready(url: str) -> bool:
    client = Client(url)
    try:
        return (await client.get("/health/ready"))[0] == 200
    except OSError:
        return False
    finally:
        client.close()


def _import_salon(environment: Environment) -> None:
    subprocess.run(
        (sys.executable, "-m", "responder.cli", "salon", "import", str(ROOT / "benchmarks" / "salon.yaml")),
        cwd=ROOT,
        env={**os.environ, **environment},
        check=True,
        stdout=subprocess.DEVNULL,
    )
