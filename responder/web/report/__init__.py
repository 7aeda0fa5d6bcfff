"""The report API: a salon's figures for other programs, by key and with a public schema."""

from responder.web.report.api import report_api
from responder.web.report.schema import publish_schema

__all__ = ["publish_schema", "report_api"]
