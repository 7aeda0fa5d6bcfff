"""All of the report engine that the routes use, behind one name: what imports it imports numpy (`api.load_engine`)."""

from __future__ import annotations

from responder.reports.documents import (
    distribution_document,
    group_document,
    heatmap_document,
    page_document,
    period_document,
    series_document,
)
from responder.reports.enquiries import list_enquiries
from responder.reports.histogram import run_histogram
from responder.reports.report import run_report

__all__ = [
    "distribution_document",
    "group_document",
    "heatmap_document",
    "list_enquiries",
    "page_document",
    "period_document",
    "run_histogram",
    "run_report",
    "series_document",
]
