"""Commands about figures: the report of response times, and the check of what is kept."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from responder.cli.options import Language, SalonOption, number, settings_of

if TYPE_CHECKING:
    from responder.reports.marks import By

app = typer.Typer()
figures_app = typer.Typer(help="The kept figures: check them against the stamps, make them anew.", no_args_is_help=True)
app.add_typer(figures_app, name="figures")
ReportDays = Annotated[
    int | None, typer.Option(parser=number(1, 1098), metavar="N", help="The last so many days, today included.")
]
FigureDays = Annotated[
    int | None, typer.Option(parser=number(1, 36600), metavar="N", help="The last so many days; all when left out.")
]
MARKS = ("channel", "source", "category", "priority", "operator", "specialist", "day", "week", "hour")


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
    settings = settings_of(quiet=True)
    text = report_text(settings, wanted, as_json=as_json, salon=salon, language=language, of_demo=of_demo)
    print(asyncio.run(text))


@figures_app.command("check")
def check_figures(days: FigureDays = None, salon: SalonOption = None) -> None:
    """Measure every enquiry from its stamps and compare with what reports read; exit code 1 when anything differs."""
    from responder.commands.figures import check_lines

    lines, is_well = asyncio.run(check_lines(settings_of(quiet=True), salon=salon, days=days))
    print("\n".join(lines))
    raise typer.Exit(0 if is_well else 1)


@figures_app.command("rebuild")
def rebuild_figures(days: FigureDays = None, salon: SalonOption = None) -> None:
    """Measure every enquiry from its stamps and count every day anew."""
    from responder.commands.figures import rebuild_line

    print(asyncio.run(rebuild_line(settings_of(quiet=True), salon=salon, days=days)))


def _day(option: str, text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{option}: `{text}` is no day like 2026-11-25.") from None


def _mark(text: str) -> By:
    from responder.reports.marks import By

    if text not in MARKS:
        raise typer.BadParameter(f"--by: `{text}` is not one of {', '.join(MARKS)}.")
    return By(text)


def _seconds(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        raise typer.BadParameter(f"--within: `{text}` is no number of seconds.") from None
