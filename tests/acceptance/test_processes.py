"""The commands as processes: embedded default, real PostgreSQL and Redis, and starts that are refused with one line."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import aiohttp
import psutil
import pytest

from tests.running import until

ROOT = Path(__file__).parents[2]


def environment(**names: str) -> dict[str, str]:
    """This machine's, without any setting of Responder."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
    return {**kept, "PYTHONUNBUFFERED": "1", **names}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@asynccontextmanager
async def served(*arguments: str, **names: str) -> AsyncIterator[tuple[str, str]]:
    """`responder serve` until it says it is ready; gives its address and what it printed."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "responder.cli",
        "serve",
        *arguments,
        cwd=ROOT,
        env=environment(PORT=str(port), BURST_QUIET_S="0.05", **names),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    printed = ""
    try:
        while "understands" not in printed:
            line = await asyncio.wait_for(process.stdout.readline(), 60)
            assert line, printed
            printed += line.decode()
        yield f"http://127.0.0.1:{port}", printed
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        _, pending = await asyncio.wait([asyncio.ensure_future(process.wait())], timeout=30)
        if pending:
            process.kill()
    assert process.returncode == 0, await process.stdout.read()


def is_running(process: int) -> bool:
    """A zombie has ended; whoever adopted it takes its time to look."""
    try:
        return psutil.Process(process).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def has_ended(process: int) -> bool:
    return not is_running(process)


async def talk(base: str, text: str) -> list[dict[str, object]]:
    """Say something in the web chat of the demo salon and wait for the answer."""
    async with aiohttp.ClientSession(headers={"origin": base}) as http:
        async with http.post(f"{base}/web/v1/sessions", json={"site": "demo"}) as answer:
            session = await answer.json()
        headers = {"authorization": f"Bearer {session['token']}"}
        message = {"client_message_id": "m-1", "text": text}
        async with http.post(f"{base}/web/v1/messages", json=message, headers=headers) as answer:
            assert answer.status == 202, await answer.text()

        async def lines() -> list[dict[str, object]]:
            async with http.get(f"{base}/web/v1/messages?after=0", headers=headers) as page:
                found: list[dict[str, object]] = (await page.json())["messages"]
            return found if len(found) > 1 else []

        return await until(lines)  # type: ignore[no-any-return]


async def test_the_embedded_default_answers_and_starts_again(tmp_path: Path) -> None:
    """Nothing but a folder (with a space in its path): it starts, prints where to go, answers; and a second time."""
    folder = tmp_path / "var of ours"
    for _ in range(2):
        async with served(VAR_DIR=str(folder)) as (base, printed):
            assert f"{base}/chat/demo" in printed
            assert "/enter?key=" in printed
            lines = await talk(base, "Сколько стоит маникюр?")
            async with aiohttp.ClientSession() as http, http.get(f"{base}/health/ready") as ready:
                assert ready.status == 200
                parts = (await ready.json())["parts"]
            async with aiohttp.ClientSession() as http, http.get(f"{base}/metrics") as page:
                metrics = await page.text()
            server = int((folder / "postgres" / "postmaster.pid").read_text().splitlines()[0])
            assert is_running(server)
        await until(partial(has_ended, server))  # told to stop, it stops what it started
        assert "2" in str(lines[1]["text"])
        assert parts["database"] == "ok"
        assert "responder_turn_stage_seconds_bucket" in metrics


async def test_two_processes_on_one_postgresql_and_one_redis(database_url: str, redis_url: str, tmp_path: Path) -> None:
    """With DATABASE_URL and REDIS_URL the same program uses the real ones; a reply made in one is seen in the other."""
    names = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "VAR_DIR": str(tmp_path)}
    async with served(**names) as (first, _), served("--no-jobs", **names) as (second, _):
        assert len(await talk(first, "Где вы находитесь?")) == 2
        assert len(await talk(second, "Где вы находитесь?")) == 2
        async with aiohttp.ClientSession() as http, http.get(f"{second}/health/ready") as ready:
            assert (await ready.json())["parts"]["redis"] == "ok"


@pytest.mark.parametrize(
    ("names", "says"),
    [
        ({"PORT": "eighty"}, "PORT:"),
        ({"PORT": "70000"}, "PORT:"),
        ({"DATABASE_URL": "mysql://localhost/x"}, "DATABASE_URL: must be an address like postgresql://"),
        ({"DATABASE_URL": "postgresql://127.0.0.1:1/none"}, "DATABASE_URL: no connection"),
        ({"REDIS_URL": "localhost:6379"}, "REDIS_URL: must be an address like redis://"),
        ({"LLM_BASE_URL": "localhost"}, "LLM_BASE_URL: must be an address"),
        ({"PUBLIC_URL": "salon.example"}, "PUBLIC_URL: must be an address"),
        ({"LLM_DEADLINE_S": "9"}, "LLM_DEADLINE_S"),
        ({"ACCESS_TOKEN": "short"}, "ACCESS_TOKEN"),
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL"),
        ({"VAR_DIR": "/proc/nothing"}, "VAR_DIR"),
    ],
)
def test_a_bad_setting_stops_the_start_with_one_line(names: dict[str, str], says: str, tmp_path: Path) -> None:
    """One line on standard error, naming the setting, what is wrong and what would be right; exit code 2."""
    run = subprocess.run(
        [sys.executable, "-m", "responder.cli", "serve"],
        cwd=ROOT,
        env=environment(**({"VAR_DIR": str(tmp_path)} | names)),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 2, run.stderr
    (line,) = run.stderr.strip().splitlines()
    assert says in line, line


def test_the_commands_introduce_themselves() -> None:
    """Every command has a help that names what it does."""
    for command in (
        [],
        ["serve"],
        ["worker"],
        ["chat"],
        ["demo"],
        ["report"],
        ["doctor"],
        ["salon", "import"],
        ["leads", "retry"],
        ["figures", "check"],
        ["token", "create"],
        ["alert", "test"],
    ):
        run = subprocess.run(
            [sys.executable, "-m", "responder.cli", *command, "--help"],
            cwd=ROOT,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert run.returncode == 0, run.stderr
        assert "Usage" in run.stdout
