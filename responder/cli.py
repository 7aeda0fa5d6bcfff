"""The command line: names, options and errors of every command; what they do stands in `responder.commands`."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from responder import __version__
from responder.errors import Refused
from responder.logs import configure_logs
from responder.settings import Settings, load_environment, load_settings

app = typer.Typer(
    name="responder",
    help="An AI first responder for salons and clinics, with honest timing built in.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
salon_app = typer.Typer(help="The salon file: check it, import it.", no_args_is_help=True)
app.add_typer(salon_app, name="salon")
alert_app = typer.Typer(help="Alerts outside the product.", no_args_is_help=True)
app.add_typer(alert_app, name="alert")

SalonOption = Annotated[
    str | None, typer.Option("--salon", metavar="SLUG", help="Which salon; the first when left out.")
]


@app.command()
def serve(
    jobs: Annotated[bool, typer.Option(help="Run background jobs in this process too.")] = True,
    salon: Annotated[Path | None, typer.Option(metavar="FILE", help="Import this salon file first.")] = None,
) -> None:
    """Serve chats, webhooks and staff pages until stopped."""
    from responder.commands.serve import serve as run

    run(_settings(), with_jobs=jobs, reload_salon=salon)


@app.command()
def worker() -> None:
    """Run background jobs and timers until stopped; for installations with several processes."""
    from responder.commands.serve import work

    work(_settings())


@app.command()
def chat(salon: SalonOption = None) -> None:
    """Talk to the bot in the terminal, as a customer would."""
    from responder.commands.chat import chat as run

    asyncio.run(run(_settings(quiet=True), salon=salon))


@app.command()
def demo(
    customers: Annotated[int, typer.Option(min=1, max=5000, help="How many customers write.")] = 300,
    days: Annotated[int, typer.Option(min=1, max=90, help="Over how many past days they are spread.")] = 14,
    seed: Annotated[int, typer.Option(help="The same seed gives the same customers.")] = 1,
    keep_serving: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve the result afterwards.")] = True,
) -> None:
    """Let simulated customers write and operators answer through the real doors, so that every page shows something."""
    from responder.commands.demo import demo as run

    run(_settings(quiet=True), customers=customers, days=days, seed=seed, keep_serving=keep_serving)


@app.command()
def report(
    days: Annotated[int, typer.Option(min=1, max=3660, help="The last so many days.")] = 30,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable, one JSON object.")] = False,
    salon: SalonOption = None,
    language: Annotated[str | None, typer.Option(metavar="ru|en", help="The salon's own when left out.")] = None,
) -> None:
    """Response times: bot and people separately, by channel."""
    from responder.commands.report import report_text

    print(asyncio.run(report_text(_settings(quiet=True), days=days, as_json=as_json, salon=salon, language=language)))


@app.command()
def doctor(as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False) -> None:
    """Try every part and every account outside; exit code 1 when one that is switched on does not work."""
    from responder.commands.doctor import examine, report_lines

    parts = asyncio.run(examine(_settings(quiet=True)))
    lines, is_well = report_lines(parts)
    print(json.dumps(parts, ensure_ascii=False, indent=2) if as_json else "\n".join(lines))
    raise typer.Exit(0 if is_well else 1)


@app.command()
def settings() -> None:
    """Every setting of an installation, with its meaning and default."""
    from responder.settings_reference import settings_reference

    print(settings_reference())


@salon_app.command("import")
def import_file(file: Annotated[Path, typer.Argument(help="The salon file (YAML).", show_default=False)]) -> None:
    """Bring a salon to what its file says; again and again without harm."""
    from responder.commands.salon import import_salon_file

    print(asyncio.run(import_salon_file(_settings(quiet=True), file)))


@salon_app.command("check")
def check_file(file: Annotated[Path, typer.Argument(help="The salon file (YAML).", show_default=False)]) -> None:
    """Say what is wrong with a salon file, without importing it."""
    from responder.salon.file import read_salon_file

    salon = read_salon_file(file)
    print(f"{file}: in order ({len(salon.services)} services, {len(salon.specialists)} specialists)")


@alert_app.command("test")
def try_alerts(
    salon: SalonOption = None,
    destination: Annotated[str | None, typer.Option("--to", metavar="KEY", help="Only this destination.")] = None,
) -> None:
    """Send a test message to every destination of the salon file; exit code 1 when one did not take it."""
    from responder.commands.alert import send_tests

    lines, is_well = asyncio.run(send_tests(_settings(quiet=True), salon=salon, destination=destination))
    print("\n".join(lines))
    raise typer.Exit(0 if is_well else 1)


@app.callback(invoke_without_command=True)
def _options(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        print(__version__)
        raise typer.Exit


def _settings(*, quiet: bool = False) -> Settings:
    """Settings, and logs in the form they ask for; commands for people keep to warnings."""
    load_environment()
    loaded = load_settings()
    level = "warning" if quiet and loaded.log_level == "info" else loaded.log_level
    configure_logs(level=level, style=loaded.log_format)
    return loaded


def main() -> None:
    """The console script: a refusal is one line on standard error and exit code 2, never a stack trace."""
    try:
        app()
    except Refused as error:
        print(f"responder: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
