"""The public web chat: its page, the widget for other people's pages, and the API both use.

Everything it needs of the rest of Responder is the small port `ChatDesk`.
"""

from __future__ import annotations

from responder.web.chat.desk import AcceptedMessage, ChatDesk, ChatLine, ChatSite, LineAuthor, live_topic
from responder.web.chat.router import chat_router

__all__ = ["AcceptedMessage", "ChatDesk", "ChatLine", "ChatSite", "LineAuthor", "chat_router", "live_topic"]
