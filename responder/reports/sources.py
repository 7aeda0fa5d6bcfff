"""One word for where a customer came from, out of everything the channel told about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LONGEST = 60


def source_label(source: Mapping[str, Any]) -> str:
    """The label reports group by: the campaign's own source, else the deep link, else whose click it was, else the
    site the visitor came from; "" when nothing is known."""
    utm = source.get("utm") or {}
    clicks = source.get("click_ids") or {}
    for found in (utm.get("source"), source.get("ref"), next(iter(clicks), None), _site(source.get("referrer"))):
        if found:
            return str(found).strip().replace("\x1f", " ")[:LONGEST]
    return ""


def _site(address: object) -> str:
    host = str(address or "").partition("://")[2].partition("/")[0]
    return host.rpartition("@")[2].removeprefix("www.").lower()
