"""python-telegram-bot's errors in the contract's words: the only place where they are translated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from connectors.contract import (
    ConnectorError,
    CredentialsRefused,
    OutcomeUnknown,
    PermanentError,
    RecipientUnreachable,
    TransientError,
)
from connectors.messengers.telegram.transport import NoAnswerError, NotSentError, TooLargeError

_NO_SUCH_PERSON = ("chat not found", "user not found", "peer_id_invalid", "chat_id is empty", "user is deactivated")
_SHOWN_CHARACTERS = 200  # of a description: an error page of some proxy must not fill the log


class WebhookActiveError(TransientError):
    """Updates cannot be polled while a webhook is set."""


@contextmanager
def translated() -> Iterator[None]:
    """Let nothing of PTB's out but as a `ConnectorError`."""
    try:
        yield
    except TelegramError as error:
        raise failure_of(error) from error


def failure_of(error: TelegramError) -> ConnectorError:
    """What an error means for whoever made the call; codes and texts: https://core.telegram.org/api/errors."""
    said = f"Telegram: {error.message[:_SHOWN_CHARACTERS]}"
    match error:
        case NotSentError():
            return TransientError(said)
        case NoAnswerError() | TimedOut():
            return OutcomeUnknown(said)
        case RetryAfter():
            return TransientError(said, retry_after_s=_seconds(error.retry_after))
        case Forbidden():
            return RecipientUnreachable(said, code="403")
        case InvalidToken():
            return CredentialsRefused("Telegram refuses the bot's token")
        case Conflict():
            return WebhookActiveError(said) if "webhook is active" in error.message.lower() else TransientError(said)
        case BadRequest():
            is_unknown = any(text in error.message.lower() for text in _NO_SUCH_PERSON)
            return RecipientUnreachable(said, code="400") if is_unknown else PermanentError(said, code="400")
        case ChatMigrated() | TooLargeError():
            return PermanentError(said)
        case _:
            return TransientError(said)


def _seconds(period: object) -> float:
    """PTB gives a number now and has announced a `timedelta`."""
    total = getattr(period, "total_seconds", None)
    return float(total()) if total is not None else float(str(period))
