"""Tables of the report as files: numbers as numbers, days as days, and no cell that a spreadsheet would take for a
formula.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import xlsxwriter

TABLES = ("channel", "operator", "source", "specialist", "day")
MEASURES = ("first_useful_s", "bot_frt_s", "human_frt_s", "human_wait_s")
COUNTED = ("arrivals", "booked", "handed_off")
OF_MEASURE = ("n", "open", "within", "of", "share", "median_s", "p90_s")
HEAD = ("value", *COUNTED, *(f"{measure}_{what}" for measure in MEASURES for what in OF_MEASURE))
FORMULA = ("=", "+", "-", "@", "\t", "\r")

Groups = Sequence[Mapping[str, Any]]
Named = Callable[[str, Any], str]  # the mark of a table and a group's value, in words


def table_csv(groups: Groups, *, language: str) -> bytes:
    """With the separators a spreadsheet of that language expects: Russian ones part cells by semicolons and write
    decimals with a comma. Begins with a byte order mark, without which Excel takes UTF-8 for something else."""
    is_russian = language == "ru"
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";" if is_russian else ",", lineterminator="\r\n")
    writer.writerow(HEAD)
    for group in groups:
        writer.writerow([_cell(value, comma=is_russian) for value in (group["value"], *_numbers(group))])
    return ("\ufeff" + text.getvalue()).encode()


def workbook(tables: Mapping[str, Groups], *, texts: Mapping[str, str], named: Named, about: str) -> bytes:
    """Every table on a sheet of its own, in words of the reader: counts and seconds are numbers, shares per cent, days
    dates; the head stays in sight and can be filtered by. `about` stands above each."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    head = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
    forms = {
        "share": book.add_format({"num_format": "0%"}),
        "seconds": book.add_format({"num_format": "0.0"}),
        "count": book.add_format({"num_format": "0"}),
        "day": book.add_format({"num_format": "dd.mm.yyyy", "align": "left"}),
    }
    for name, groups in tables.items():
        sheet = book.add_worksheet(texts[f"sheet_{name}"])
        sheet.write_string(0, 0, about)
        for column, title in enumerate(_titles(name, texts)):
            sheet.write_string(2, column, title, head)
        for row, group in enumerate(groups, start=3):
            if name == "day":
                sheet.write_datetime(row, 0, date.fromisoformat(group["value"]), forms["day"])
            else:
                sheet.write_string(row, 0, named(name, group["value"]))
            for column, (kind, value) in enumerate(zip(_kinds(), _numbers(group), strict=True), start=1):
                if value is not None:
                    sheet.write_number(row, column, value, forms[kind])
        sheet.freeze_panes(3, 1)
        sheet.autofilter(2, 0, 2 + len(groups), len(HEAD) - 1)
        sheet.set_column(0, 0, 24)
        sheet.set_column(1, len(HEAD) - 1, 13)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
    book.close()
    return file.getvalue()


def _titles(name: str, texts: Mapping[str, str]) -> list[str]:
    measures = [
        f"{texts[f'measure_{measure}']}: {texts[f'column_{what}']}" for measure in MEASURES for what in OF_MEASURE
    ]
    return [texts[f"sheet_{name}"], *(texts[f"column_{counter}"] for counter in COUNTED), *measures]


def _kinds() -> list[str]:
    """How each number after the first column is written."""
    of_measure = ["share" if what == "share" else "seconds" if what.endswith("_s") else "count" for what in OF_MEASURE]
    return ["count"] * len(COUNTED) + of_measure * len(MEASURES)


def _numbers(group: Mapping[str, Any]) -> list[int | float | None]:
    row: list[int | float | None] = [group[name] for name in COUNTED]
    for measure in MEASURES:
        figure = group["calendar"][measure]
        share = figure["share"] or {"within": 0, "of": 0, "value": None}
        row += [figure["n"], figure["open"], share["within"], share["of"], share["value"]]
        row += [figure["median_s"], figure["p90_s"]]
    return row


def _cell(value: Any, *, comma: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        text = f"{value:.3f}"
        return text.replace(".", ",") if comma else text
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(FORMULA) else text
