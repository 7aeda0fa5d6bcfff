"""`responder eval` and `responder save-scenario`: the bot judged by written-down dialogues."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from responder.cli.options import number, settings_of
from responder.errors import Refused

app = typer.Typer()
MOST_RUNS = 20


def _share(given: str | float) -> float:
    text = str(given).strip()
    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise typer.BadParameter(f"`{text}` is not a share; write 0.95 or 95%.")
    return value


@app.command("eval")
def evaluate(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILES]", help="Scenario files or folders; those of the product when left out."),
    ] = None,
    llm: Annotated[bool, typer.Option("--llm", help="With the LLM that is set up; by rules otherwise.")] = False,
    runs: Annotated[
        int, typer.Option(parser=number(1, MOST_RUNS), metavar="K", help="Play each K times and report pass^k.")
    ] = 1,
    salon: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The salon file they play in; the example's otherwise.")
    ] = None,
    at_least: Annotated[
        float, typer.Option(parser=_share, metavar="SHARE", help="Exit code 1 when fewer succeed, like 95%.")
    ] = 0.95,
    as_json: Annotated[bool, typer.Option("--json", help="Everything as one JSON object.")] = False,
    talks: Annotated[bool, typer.Option("--talks", help="Show every talk, not only those that failed.")] = False,
) -> None:
    """Play written-down dialogues through the real turns and say what was not as it should be (docs/evaluation.md)."""
    from responder.commands.eval import play
    from responder.evals.file import find_scenarios
    from responder.evals.text import to_document, to_text

    settings = settings_of(quiet=True, level="error")
    tally = play(settings, find_scenarios(files or []), runs=runs, with_llm=llm, salon=salon)
    if as_json:
        import orjson

        print(orjson.dumps(to_document(tally), option=orjson.OPT_INDENT_2).decode())
    else:
        print(to_text(tally, with_talks=talks))
    raise typer.Exit(0 if tally.success >= at_least and not tally.promises and not tally.loops else 1)


@app.command("save-scenario")
def save_scenario(
    dialogue: Annotated[int, typer.Argument(metavar="DIALOGUE", help="Its number, as in the address of its page.")],
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Where to; printed when left out.")] = None,
    name: Annotated[str | None, typer.Option(help="What to call it.")] = None,
) -> None:
    """Write a live dialogue down as a scenario, with other names and numbers, to be judged and played again."""
    from responder.commands.eval import saved

    text = asyncio.run(saved(settings_of(quiet=True), dialogue, name=name or f"Dialogue {dialogue}"))
    if out is None:
        print(text, end="")
        return
    if out.exists():
        raise Refused(f"{out} is there already; name another file")
    out.write_text(text, encoding="utf-8")
    print(f"{out}: now write at `end` what must be true, then: responder eval {out}")
