"""The command line: names, options and errors of every command; what they do stands in `responder.commands`."""

from __future__ import annotations

import gc
import sys
from typing import Annotated

import psycopg
import psycopg_pool
import typer

from responder import __version__
from responder.cli import evals, figures, processes, salons, words
from responder.errors import BadFile, Refused

app = typer.Typer(
    name="responder",
    help="An AI first responder for salons and clinics, with honest timing built in.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for part in (processes, figures, words, evals, salons):
    app.add_typer(part.app)
COLLECT_AFTER = 10_000  # objects: loading what a command needs makes hundreds of thousands, and no garbage


@app.callback(invoke_without_command=True)
def _options(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        print(__version__)
        raise typer.Exit


def main() -> None:
    """The console script: a refusal is one line on standard error and exit code 2, never a stack trace."""
    gc.set_threshold(COLLECT_AFTER)
    try:
        app(prog_name="responder")
    except BadFile as error:
        _complain(
            f"{len(error.problems)} mistakes in the {error.what}\n{error}" if len(error.problems) > 1 else str(error)
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
