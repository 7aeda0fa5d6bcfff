"""`responder understand`: its options and how it speaks with other programs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from responder.errors import Refused

app = typer.Typer()


@app.command()
def understand(
    text: Annotated[str | None, typer.Argument(help="What a customer wrote.", show_default=False)] = None,
    lang: Annotated[str | None, typer.Option(metavar="ru|en", help="The language of the dialogue so far.")] = None,
    now: Annotated[
        str | None, typer.Option(metavar="TIME", help="When it was said, like 2026-11-25T10:00; the salon's time.")
    ] = None,
    asked: Annotated[
        str | None,
        typer.Option(
            metavar="WHAT",
            help="What was asked just before: service, when, choice, name, phone, confirm, cancel_confirm.",
        ),
    ] = None,
    prev: Annotated[str | None, typer.Option(metavar="TEXT", help="What the reply before said.")] = None,
    salon: Annotated[Path | None, typer.Option(metavar="FILE", help="A salon file; the example's otherwise.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object (docs/understanding.md).")] = False,
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help="Objects with text, now, asked, prev on standard input; one result a line.")
    ] = False,
) -> None:
    """What the rules understand of a text: intents, days and hours, phones, name, service, specialist."""
    from responder.commands.understand import Interpreter, answers, page

    if (text is None) is not jsonl:
        raise Refused("give a text, or --jsonl and lines on standard input")
    interpreter = Interpreter(salon)
    if jsonl:
        for line in answers(sys.stdin.buffer, interpreter):
            sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()
        return
    asked_for = {"text": text, "lang": lang, "now": now, "asked": asked, "prev": prev}
    if as_json:
        import orjson

        print(orjson.dumps(interpreter.read(asked_for), option=orjson.OPT_INDENT_2).decode())
    else:
        print(page(interpreter.read(asked_for)))
