"""`python -m responder.cli`."""

from responder.cli import main

main()
