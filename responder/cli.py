"""The command line: names, options and errors of every command; what they do stands in `responder.commands`."""

from __future__ import annotations

import asyncio
import gc
import json
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import psycopg
import psycopg_pool
import typer

from responder import __version__
from responder.errors import BadSalonFile, Refused
from responder.logs import configure_logs
from responder.settings import Settings, load_environment, load_settings

if TYPE_CHECKING:
    from responder.reports.books import By

app = typer.Typer(
    name="responder",
    help="An AI first responder for salons and clinics, with honest timing built in.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
COLLECT_AFTER = 10_000  # objects: loading what a command needs makes hundreds of thousands, and no garbage
LANGUAGES = ("ru", "en")
salon_app = typer.Typer(help="The salon file: check it, import it.", no_args_is_help=True)
app.add_typer(salon_app, name="salon")
figures_app = typer.Typer(help="The kept figures: check them against the stamps, make them anew.", no_args_is_help=True)
app.add_typer(figures_app, name="figures")
leads_app = typer.Typer(help="Leads on their way into a CRM.", no_args_is_help=True)
app.add_typer(leads_app, name="leads")
token_app = typer.Typer(help="Keys with which other programs read a salon's figures.", no_args_is_help=True)
app.add_typer(token_app, name="token")
alert_app = typer.Typer(help="Alerts outside the product.", no_args_is_help=True)
app.add_typer(alert_app, name="alert")


def _number(low: int, high: int) -> Callable[[str | int], int]:
    """How an option reads a whole number (a default is one already), and words what is not one."""

    def parse(given: str | int) -> int:
        text = str(given).strip()
        if not (text.isascii() and text.isdecimal() and low <= int(text) <= high):
            raise typer.BadParameter(f"`{given}` is not a whole number from {low} to {high}.")
        return int(text)

    return parse


def _language(text: str) -> str:
    if text not in LANGUAGES:
        raise typer.BadParameter(f"`{text}` is not one of {', '.join(LANGUAGES)}.")
    return text


SalonOption = Annotated[
    str | None, typer.Option("--salon", metavar="SLUG", help="Which salon; the first when left out.")
]
SalonFile = Annotated[Path, typer.Argument(metavar="FILE", help="The salon file (YAML).", show_default=False)]
Customers = Annotated[
    int,
    typer.Option(
        parser=_number(0, 5000), metavar="N", help="How many customers write; 0 shows what earlier ones left."
    ),
]
DemoDays = Annotated[
    int, typer.Option(parser=_number(1, 90), metavar="N", help="Over how many past days they are spread.")
]
Seed = Annotated[
    int, typer.Option(parser=_number(0, 10**9), metavar="N", help="The same seed gives the same customers.")
]
ReportDays = Annotated[
    int | None, typer.Option(parser=_number(1, 1098), metavar="N", help="The last so many days, today included.")
]
FigureDays = Annotated[
    int | None, typer.Option(parser=_number(1, 36600), metavar="N", help="The last so many days; all when left out.")
]
MARKS = ("channel", "source", "category", "priority", "operator", "specialist", "day", "week", "hour")
Language = Annotated[str | None, typer.Option(parser=_language, metavar="ru|en", help="The salon's own when left out.")]


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
        show.clear_demo(_settings(quiet=True))
        return
    show.demo(_settings(quiet=True), customers=customers, days=days, seed=seed, keep_serving=keep_serving)


@app.command()
def report(
    days: ReportDays = None,
    since: Annotated[str | None, typer.Option("--from", metavar="YYYY-MM-DD", help="The first day.")] = None,
    until: Annotated[str | None, typer.Option("--to", metavar="YYYY-MM-DD", help="The last day.")] = None,
    by: Annotated[str, typer.Option(metavar="MARK", help=f"Cut by: {', '.join(MARKS)}.")] = "channel",
    channel: Annotated[list[str] | None, typer.Option(help="Only this kind of channel; may be repeated.")] = None,
    source: Annotated[list[str] | None, typer.Option(help="Only from this source; may be repeated.")] = None,
    operator: Annotated[list[str] | None, typer.Option(help="Only whom this operator answered first.")] = None,
    specialist: Annotated[list[str] | None, typer.Option(help="Only booked with this specialist.")] = None,
    within: Annotated[str | None, typer.Option(metavar="SECONDS", help="The target of the shares.")] = None,
    working: Annotated[bool, typer.Option("--working", help="Cuts in working time.")] = False,
    definition: Annotated[
        str, typer.Option(help="Whose first reply: timing/1, zendesk, intercom, chatwoot.")
    ] = "timing/1",
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable, one JSON object.")] = False,
    salon: SalonOption = None,
    language: Language = None,
    of_demo: Annotated[bool, typer.Option("--demo", help="Of the demo instead of your salons.")] = False,
) -> None:
    """Response times: bot and people separately, by channel or another mark. The last 30 days, today included, when no
    period is given."""
    from responder.commands.report import Wanted, report_text

    wanted = Wanted(
        days=days,
        since=_day("--from", since),
        until=_day("--to", until),
        by=_mark(by),
        channels=channel or (),
        sources=source or (),
        operators=operator or (),
        specialists=specialist or (),
        definition=definition,
        is_working=working,
        within_s=_seconds(within),
    )
    settings = _settings(quiet=True)
    text = report_text(settings, wanted, as_json=as_json, salon=salon, language=language, of_demo=of_demo)
    print(asyncio.run(text))


@figures_app.command("check")
def check_figures(days: FigureDays = None, salon: SalonOption = None) -> None:
    """Measure every enquiry from its stamps and compare with what reports read; exit code 1 when anything differs."""
    from responder.commands.figures import check_lines

    lines, is_well = asyncio.run(check_lines(_settings(quiet=True), salon=salon, days=days))
    print("\n".join(lines))
    raise typer.Exit(0 if is_well else 1)


@figures_app.command("rebuild")
def rebuild_figures(days: FigureDays = None, salon: SalonOption = None) -> None:
    """Measure every enquiry from its stamps and count every day anew."""
    from responder.commands.figures import rebuild_line

    print(asyncio.run(rebuild_line(_settings(quiet=True), salon=salon, days=days)))


def _day(option: str, text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{option}: `{text}` is no day like 2026-11-25.") from None


def _mark(text: str) -> By:
    from responder.reports.books import By

    if text not in MARKS:
        raise typer.BadParameter(f"--by: `{text}` is not one of {', '.join(MARKS)}.")
    return By(text)


def _seconds(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        raise typer.BadParameter(f"--within: `{text}` is no number of seconds.") from None


@app.command()
def doctor(as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False) -> None:
    """Try every part and every account outside; exit code 1 when one that is switched on does not work."""
    from responder.commands.doctor import examine
    from responder.commands.findings import is_well, to_document, to_lines

    findings = asyncio.run(examine(_settings(level="error")))
    as_text = json.dumps(to_document(findings), ensure_ascii=False, indent=2) if as_json else None
    print(as_text or "\n".join(to_lines(findings)))
    raise typer.Exit(0 if is_well(findings) else 1)


@app.command()
def settings() -> None:
    """Every setting of an installation, with its meaning and default."""
    from responder.settings_reference import settings_reference

    print(settings_reference())


@salon_app.command("import")
def import_file(file: SalonFile) -> None:
    """Bring a salon to what its file says; again and again without harm."""
    from responder.commands.salon import import_salon_file

    print(asyncio.run(import_salon_file(_settings(quiet=True), file)))


@salon_app.command("check")
def check_file(file: SalonFile) -> None:
    """Say what is wrong with a salon file, without importing it."""
    from responder.salon.file import read_salon_file

    salon = read_salon_file(file)
    print(f"{file}: in order ({len(salon.services)} services, {len(salon.specialists)} specialists)")


@leads_app.command("retry")
def retry_leads(salon: SalonOption = None) -> None:
    """Bring every lead that the CRM lacks there now, after it was mended or switched on."""
    from responder.commands.leads import retry

    print(asyncio.run(retry(_settings(quiet=True), salon=salon)))


@token_app.command("create")
def create_token(
    name: Annotated[str, typer.Argument(help="What the key is for.", show_default=False)],
    scope: Annotated[list[str] | None, typer.Option(metavar="SCOPE", help="What it opens: report:read.")] = None,
    salon: SalonOption = None,
) -> None:
    """Make a key and show it, this once."""
    from responder.commands.token import create

    print(asyncio.run(create(_settings(quiet=True), salon=salon, name=name, scopes=scope or ["report:read"])))


@token_app.command("list")
def list_tokens(salon: SalonOption = None) -> None:
    """Every key of a salon: what it opens, when it was made and last used."""
    from responder.commands.token import listing

    print(asyncio.run(listing(_settings(quiet=True), salon=salon)))


@token_app.command("revoke")
def revoke_token(
    number: Annotated[int, typer.Argument(help="Its number in the list.", show_default=False)],
    salon: SalonOption = None,
) -> None:
    """End a key at once and for good."""
    from responder.commands.token import revoke

    print(asyncio.run(revoke(_settings(quiet=True), salon=salon, number=number)))


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


def _settings(*, quiet: bool = False, level: str | None = None) -> Settings:
    """Settings, and logs in the form they ask for; commands for people keep to warnings, or to `level`."""
    load_environment()
    loaded = load_settings()
    usual = "warning" if quiet and loaded.log_level == "info" else loaded.log_level
    configure_logs(level=level or usual, style=loaded.log_format)
    return loaded


def main() -> None:
    """The console script: a refusal is one line on standard error and exit code 2, never a stack trace."""
    gc.set_threshold(COLLECT_AFTER)
    try:
        app(prog_name="responder")
    except BadSalonFile as error:
        _complain(
            f"{len(error.problems)} mistakes in the salon file\n{error}" if len(error.problems) > 1 else str(error)
        )
        raise SystemExit(2) from None
    except Refused as error:
        _complain(str(error))
        raise SystemExit(2) from None
    except (psycopg.Error, psycopg_pool.PoolTimeout) as error:
        _complain(f"the database went away or refused ({type(error).__name__}); `responder doctor` says more")
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def _complain(message: str) -> None:
    print(f"responder: {message}", file=sys.stderr)


if __name__ == "__main__":
    main()
