"""Tables of the report as CSV: numbers as numbers, and no cell that a spreadsheet would take for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

TABLES = ("channel", "operator", "source", "specialist", "day")
MEASURES = ("first_useful_s", "bot_frt_s", "human_frt_s", "human_wait_s")
HEAD = (
    "value",
    "arrivals",
    "booked",
    "handed_off",
    *(f"{measure}_{what}" for measure in MEASURES for what in ("n", "open", "within", "of", "median_s", "p90_s")),
)
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def table_csv(groups: Sequence[Mapping[str, Any]], *, language: str) -> bytes:
    """With the separators a spreadsheet of that language expects: Russian ones part cells by semicolons and write
    decimals with a comma. Begins with a byte order mark, without which Excel takes UTF-8 for something else."""
    is_russian = language == "ru"
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";" if is_russian else ",", lineterminator="\r\n")
    writer.writerow(HEAD)
    for group in groups:
        writer.writerow([_cell(value, comma=is_russian) for value in _row(group)])
    return ("\ufeff" + text.getvalue()).encode()


def _row(group: Mapping[str, Any]) -> list[Any]:
    row = [group["value"], group["arrivals"], group["booked"], group["handed_off"]]
    for measure in MEASURES:
        figure = group["calendar"][measure]
        share = figure["share"] or {"within": 0, "of": 0}
        row += [figure["n"], figure["open"], share["within"], share["of"], figure["median_s"], figure["p90_s"]]
    return row


def _cell(value: Any, *, comma: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        text = f"{value:.3f}"
        return text.replace(".", ",") if comma else text
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(FORMULA) else text
