"""Telegram: a bot in private chats, and a bot connected to the owner's business account."""

from connectors.messengers.telegram.messenger import SECRET_HEADER, TelegramMessenger

__all__ = ["SECRET_HEADER", "TelegramMessenger"]
