"""Commands about one salon: its file, its leads, its keys, its people and its alerts."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from responder.cli.options import SalonFile, SalonOption, settings_of
from responder.staff.rules import Role

app = typer.Typer()
salon_app = typer.Typer(help="The salon file: check it, import it.", no_args_is_help=True)
app.add_typer(salon_app, name="salon")
leads_app = typer.Typer(help="Leads on their way into a CRM.", no_args_is_help=True)
app.add_typer(leads_app, name="leads")
token_app = typer.Typer(help="Keys with which other programs read a salon's figures.", no_args_is_help=True)
app.add_typer(token_app, name="token")
operator_app = typer.Typer(help="Who may log in to a salon's desk.", no_args_is_help=True)
app.add_typer(operator_app, name="operator")
alert_app = typer.Typer(help="Alerts outside the product.", no_args_is_help=True)
app.add_typer(alert_app, name="alert")


@salon_app.command("import")
def import_file(file: SalonFile) -> None:
    """Bring a salon to what its file says; again and again without harm."""
    from responder.commands.salon import import_salon_file

    print(asyncio.run(import_salon_file(settings_of(quiet=True), file)))


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

    print(asyncio.run(retry(settings_of(quiet=True), salon=salon)))


@token_app.command("create")
def create_token(
    name: Annotated[str, typer.Argument(help="What the key is for.", show_default=False)],
    scope: Annotated[list[str] | None, typer.Option(metavar="SCOPE", help="What it opens: report:read.")] = None,
    salon: SalonOption = None,
) -> None:
    """Make a key and show it, this once."""
    from responder.commands.token import create

    print(asyncio.run(create(settings_of(quiet=True), salon=salon, name=name, scopes=scope or ["report:read"])))


@token_app.command("list")
def list_tokens(salon: SalonOption = None) -> None:
    """Every key of a salon: what it opens, when it was made and last used."""
    from responder.commands.token import listing

    print(asyncio.run(listing(settings_of(quiet=True), salon=salon)))


@token_app.command("revoke")
def revoke_token(
    number: Annotated[int, typer.Argument(help="Its number in the list.", show_default=False)],
    salon: SalonOption = None,
) -> None:
    """End a key at once and for good."""
    from responder.commands.token import revoke

    print(asyncio.run(revoke(settings_of(quiet=True), salon=salon, number=number)))


@alert_app.command("test")
def try_alerts(
    salon: SalonOption = None,
    destination: Annotated[str | None, typer.Option("--to", metavar="KEY", help="Only this destination.")] = None,
) -> None:
    """Send a test message to every destination of the salon file; exit code 1 when one did not take it."""
    from responder.commands.alert import send_tests

    lines, is_well = asyncio.run(send_tests(settings_of(quiet=True), salon=salon, destination=destination))
    print("\n".join(lines))
    raise typer.Exit(0 if is_well else 1)


@operator_app.command("invite")
def invite_operator(
    key: Annotated[str | None, typer.Argument(help="An operator of the salon file.", show_default=False)] = None,
    name: Annotated[str | None, typer.Option(help="Somebody new, who is not in the file.")] = None,
    role: Annotated[Role, typer.Option(help="Of somebody new.")] = Role.OPERATOR,
    salon: SalonOption = None,
) -> None:
    """Print a link by which one person becomes an operator and chooses a login."""
    from responder.commands.operator import invite_operator as invite

    if (key is None) == (name is None):
        raise typer.BadParameter("give the key of an operator, or --name for somebody new")
    print(asyncio.run(invite(settings_of(quiet=True), salon=salon, key=key, name=name, role=role)))


@operator_app.command("list")
def list_operators(salon: SalonOption = None) -> None:
    """Show the operators of a salon, their logins and when they were last seen."""
    from responder.commands.operator import list_operators as listing

    print(asyncio.run(listing(settings_of(quiet=True), salon=salon)))


@operator_app.command("reset")
def reset_operator(
    key: Annotated[str, typer.Argument(help="Whose access is lost or was given to the wrong hands.")],
    salon: SalonOption = None,
) -> None:
    """Take an operator's access away and print a new invitation."""
    from responder.commands.operator import reset_operator as reset

    print(asyncio.run(reset(settings_of(quiet=True), salon=salon, key=key)))
