"""Which connector stands behind an account of a salon: the only file that names concrete ones."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.contract import (
    ChannelKind,
    Crm,
    Messenger,
    Notifier,
)
from connectors.crm.bitrix24 import Bitrix24Crm
from connectors.crm.webhook import WebhookCrm
from connectors.messengers.telegram import TelegramMessenger
from connectors.messengers.webchat import WebChatMessenger
from connectors.notifiers.apprise import AppriseNotifier
from responder.errors import BadSetting
from responder.live import Live
from responder.salon.profile import AlertDestination, ChannelAccount, CrmAccount
from responder.settings import environment_value
from responder.web.chat.desk import live_topic

WEBHOOK_SECRET = "webhook_secret"  # noqa: S105  the name of an option


def make_messenger(account: ChannelAccount, *, live: Live) -> Messenger | None:
    """The connector of an account; None when its secrets are not in the environment: then it is switched off."""
    match ChannelKind(account.kind):
        case ChannelKind.TELEGRAM:
            token = environment_value(account.secrets["token"])
            if token is None:
                return None
            secret_name = account.secrets.get(WEBHOOK_SECRET)
            base = _base_url(account) or "https://api.telegram.org"
            return TelegramMessenger(
                token=token,
                webhook_secret=environment_value(secret_name) if secret_name else None,
                base_url=base,
            )
        case ChannelKind.WEBCHAT:

            async def publish(thread_key: str, event: Mapping[str, object]) -> None:
                await live.publish(live_topic(account.id, thread_key), dict(event))

            return WebChatMessenger(publish=publish)
        case _:
            return None


def make_crm(account: CrmAccount) -> Crm | None:
    """The connector of a CRM account; None when its secrets are not in the environment. Raises `BadSetting` naming
    the variable whose value cannot be used."""
    secrets = {option: environment_value(name) for option, name in account.secrets.items()}
    if not secrets or None in secrets.values():
        return None
    try:
        return _crm_of(account, {option: value or "" for option, value in secrets.items()})
    except ValueError as error:
        raise BadSetting(account.secrets["url"], str(error), "Copy the address from the CRM as it is") from None


def missing_variables(account: ChannelAccount | CrmAccount) -> list[str]:
    """The variables without which an account is off and that are not set."""
    needed = {option: name for option, name in account.secrets.items() if option != WEBHOOK_SECRET}
    return [name for name in needed.values() if environment_value(name) is None]


def takes_webhooks(account: ChannelAccount) -> bool:
    """Whether the account could tell a real webhook request from a forged one; else its messages must be polled."""
    name = account.secrets.get(WEBHOOK_SECRET)
    return name is not None and environment_value(name) is not None


def make_notifier(destination: AlertDestination) -> Notifier | None:
    """Where alerts go; None when its address is not in the environment. Raises `BadSetting` naming the variable whose
    value is no address, without repeating it."""
    url = environment_value(destination.variable)
    if url is None:
        return None
    try:
        return AppriseNotifier(url)
    except ValueError as error:
        raise BadSetting(destination.variable, str(error), "docs/alerts.md has examples") from None


def _crm_of(account: CrmAccount, secrets: Mapping[str, str]) -> Crm:
    if account.kind == "bitrix24":
        source, assigned = account.settings.get("source_id"), account.settings.get("assigned_by_id")
        return Bitrix24Crm(
            webhook_url=secrets["url"],
            source_id=str(source) if source is not None else "WEB",
            assigned_by_id=int(str(assigned)) if assigned is not None else None,
            entity_type_id=int(str(account.settings.get("entity_type_id", 1))),
            own_fields=account.settings.get("own_fields") is not False,
        )
    return WebhookCrm(url=secrets["url"], secret=secrets["secret"])


def _base_url(account: ChannelAccount) -> str | None:
    """Where the messenger's API is: a variable wins over the file, for tests and self-hosted servers."""
    variable = account.settings.get("base_url_env")
    given = environment_value(str(variable)) if variable else None
    fixed = account.settings.get("base_url")
    return given or (str(fixed) if fixed else None)
