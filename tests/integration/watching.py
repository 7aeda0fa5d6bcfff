"""A process that does nothing but fire timers; run by test_many_timers, which kills it.

python -m tests.integration.watching DATABASE_URL FOLDER
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from responder import assembly
from responder.assembly.watching import fire_timers
from responder.settings import Settings
from responder.watch import service

service.BATCH = 20  # many small bites, so that a kill finds one under way


async def main(url: str, folder: str) -> None:
    async with assembly.responder(Settings(var_dir=Path(folder)), url=url) as running:
        print("ready", flush=True)
        await fire_timers(running)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
