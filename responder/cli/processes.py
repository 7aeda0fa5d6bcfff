"""Commands that run: the processes of an installation, a talk in the terminal, the demo, the doctor."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer

from responder.cli.options import SalonOption, number, settings_of

app = typer.Typer()
Customers = Annotated[
    int,
    typer.Option(parser=number(0, 5000), metavar="N", help="How many customers write; 0 shows what earlier ones left."),
]
DemoDays = Annotated[
    int, typer.Option(parser=number(1, 90), metavar="N", help="Over how many past days they are spread.")
]
Seed = Annotated[
    int, typer.Option(parser=number(0, 10**9), metavar="N", help="The same seed gives the same customers.")
]


@app.command()
def serve(
    jobs: Annotated[bool, typer.Option(help="Run background jobs in this process too.")] = True,
    salon: Annotated[Path | None, typer.Option(metavar="FILE", help="Import this salon file first.")] = None,
) -> None:
    """Serve chats, webhooks and staff pages until stopped."""
    from responder.commands.serve import serve as run

    run(settings_of(), with_jobs=jobs, reload_salon=salon)


@app.command()
def worker() -> None:
    """Run background jobs and timers until stopped; for installations with several processes."""
    from responder.commands.serve import work

    work(settings_of())


@app.command()
def chat(salon: SalonOption = None) -> None:
    """Talk to the bot in the terminal, as a customer would."""
    from responder.commands.chat import chat as run

    asyncio.run(run(settings_of(quiet=True), salon=salon))


@app.command()
def demo(
    customers: Customers = 300,
    days: DemoDays = 14,
    seed: Seed = 1,
    keep_serving: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve the result afterwards.")] = True,
    clear: Annotated[
        bool, typer.Option("--clear", help="Remove the demo and its database, and do nothing else.")
    ] = False,
) -> None:
    """Let simulated customers write and operators answer through the real doors, so that every page shows something.
    All of it in a database of its own in VAR_DIR/demo: no salon, messenger or CRM of yours is touched."""
    from responder.commands import demo as show

    if clear:
        show.clear_demo(settings_of(quiet=True))
        return
    show.demo(settings_of(quiet=True), customers=customers, days=days, seed=seed, keep_serving=keep_serving)


@app.command()
def doctor(as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False) -> None:
    """Try every part and every account outside; exit code 1 when one that is switched on does not work."""
    from responder.commands.doctor import examine
    from responder.commands.findings import is_well, to_document, to_lines

    findings = asyncio.run(examine(settings_of(level="error")))
    as_text = json.dumps(to_document(findings), ensure_ascii=False, indent=2) if as_json else None
    print(as_text or "\n".join(to_lines(findings)))
    raise typer.Exit(0 if is_well(findings) else 1)


@app.command()
def settings() -> None:
    """Every setting of an installation, with its meaning and default."""
    from responder.settings_reference import settings_reference

    print(settings_reference())
