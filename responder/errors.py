"""The errors of Responder itself, drawn as a tree by what happens next.

    ResponderError
    +-- TransientFailure     retried by whoever runs the turn, the job or the send
    +-- PermanentFailure     parked and shown to staff
    +-- Refused              somebody else's input; `str()` is the answer to give them
        +-- BadSetting       a setting of the installation: stops the start with one line
        +-- BadFile          a salon or scenario file: names file, line and field
        +-- NotFound         no such thing for this salon

Errors of other people's systems are `connectors.contract.ConnectorError`.
"""

from __future__ import annotations

from typing import Any


class ResponderError(Exception):
    """Root; `str()` holds no secrets and no customer data."""


class TransientFailure(ResponderError):
    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class PermanentFailure(ResponderError):
    pass


class Refused(ResponderError):
    """`code` and `facts` let a page say it in its reader's language (`responder.web.problems`); `str()` is English."""

    def __init__(self, message: str = "", *, code: str = "", **facts: Any) -> None:
        super().__init__(message)
        self.code, self.facts = code, facts


class BadSetting(Refused):
    """A setting is missing or wrong: which, what is wrong, what would be right."""

    def __init__(self, name: str, problem: str, remedy: str) -> None:
        super().__init__(f"{name}: {problem}. {remedy.rstrip('.')}.")
        self.name = name


class FileProblem(ResponderError):
    """One mistake in a file; `line` is 0 and `field` empty for one of the file as a whole."""

    def __init__(self, *, file: str, line: int, field: str, problem: str) -> None:
        place = f"{file}:{line}" if line else file
        super().__init__(": ".join(filter(None, [place, field, problem])))
        self.file, self.line, self.field, self.problem = file, line, field, problem


class BadFile(Refused):
    """All mistakes found in a file, one line each; `what` it is called."""

    def __init__(self, problems: list[FileProblem], *, what: str = "salon file") -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems, self.what = problems, what


class NotFound(Refused):
    pass
