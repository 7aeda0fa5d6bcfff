"""The verdict of the owner's page in words, and tables that spreadsheets read."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from html import unescape
from typing import Any

import pytest

from responder.timing.counts import share_of
from responder.web.staff.report_table import HEAD, table_csv, workbook
from responder.web.staff.report_view import Light, by_weekday, light_of, verdict
from responder.web.staff.texts import staff_texts
from tests.factories import salon_profile


def figure(within: int, of: int, **other: Any) -> dict[str, Any]:
    share = share_of(within, of)
    told = None if share is None else {name: getattr(share, name) for name in ("within", "of", "value", "low", "high")}
    return {"share": told, "is_small": of < 10, "within_s": 60.0, "n": of, "open": 0, **other}


def group(value: Any, within: int, of: int) -> dict[str, Any]:
    return {"value": value, "calendar": {"first_useful_s": figure(within, of)}}


@pytest.mark.parametrize(
    ("within", "of", "light"),
    [
        (41, 41, Light.GREEN),
        (80, 100, Light.GREEN),
        (79, 100, Light.YELLOW),
        (60, 100, Light.RED),
        (9, 9, Light.GREY),
        (0, 0, Light.GREY),
        (0, 10, Light.RED),
    ],
)
def test_a_miss_that_chance_may_account_for_is_not_red(within: int, of: int, light: Light) -> None:
    """Red only when the whole interval lies below the goal; of fewer than ten nothing is said."""
    assert light_of(figure(within, of), 0.8) is light


def test_the_reason_names_the_channel_and_the_hours_of_those_who_waited() -> None:
    """Three of 41 waited, all in one channel and within two hours."""
    found = verdict(
        figure(38, 41),
        goal=0.8,
        channels=[group("telegram", 20, 20), group("whatsapp", 18, 21)],
        hours=[group(11, 10, 10), group(12, 10, 12), group(13, 18, 19)],
    )
    assert (found.late, found.light) == (3, Light.GREEN)
    assert (found.cause.channel, found.cause.in_channel) == ("whatsapp", 3)
    assert (found.cause.first_hour, found.cause.end_hour) == (12, 14)


def test_no_reason_is_made_up() -> None:
    """Spread over channels and over the day, there is nothing to name; one channel alone is no news; no late, no
    reason."""
    hours = [group(hour, 3, 4) for hour in range(8, 20)]
    spread = verdict(
        figure(36, 48), goal=0.8, channels=[group("telegram", 18, 24), group("vk", 18, 24)], hours=hours
    ).cause
    assert (spread.channel, spread.first_hour) == (None, None)
    assert verdict(figure(7, 10), goal=0.8, channels=[group("vk", 7, 10)], hours=[]).cause.channel is None
    assert verdict(figure(10, 10), goal=0.8, channels=[], hours=[]).cause.first_hour is None
    assert verdict(figure(0, 0), goal=0.8, channels=[], hours=[]).share is None


def test_an_hour_with_more_is_darker() -> None:
    """Levels go from none to most, whatever most is."""
    cells = [{"weekday": 1 + at // 24, "hour": at % 24, "arrivals": at % 24} for at in range(168)]
    rows = by_weekday(cells)
    assert [len(row) for row in rows] == [24] * 7
    levels = [cell["level"] for cell in rows[0]]
    assert levels == sorted(levels)
    assert (levels[0], levels[1], levels[-1]) == (0, 1, 5)
    (only,) = by_weekday([{"weekday": 1, "hour": 5, "arrivals": 1}])[0]
    assert only["level"] == 1


def a_group(value: str) -> dict[str, Any]:
    full = {"n": 2, "open": 1, "share": {"within": 1, "of": 2, "value": 0.5}, "median_s": 1.25, "p90_s": None}
    calendar = dict.fromkeys(("first_useful_s", "bot_frt_s", "human_frt_s", "human_wait_s"), full)
    return {"value": value, "arrivals": 1234, "booked": 1, "handed_off": 0, "calendar": calendar}


def table(value: str, *, language: str) -> list[list[str]]:
    text = table_csv([a_group(value)], language=language).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text), delimiter=";" if language == "ru" else ","))


@pytest.mark.parametrize("value", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_no_cell_is_a_formula(value: str) -> None:
    """What a customer or a link wrote stays text in a spreadsheet."""
    for language in ("ru", "en"):
        assert table(value, language=language)[1][0] == f"'{value}"


def test_numbers_are_numbers_where_they_are_read() -> None:
    """Decimals as the language of the spreadsheet writes them, without grouping; nothing where there is no figure."""
    for language, median in (("ru", "1,250"), ("en", "1.250")):
        head, row = table("vk", language=language)
        assert tuple(head) == HEAD
        assert row[:4] == ["vk", "1234", "1", "0"]
        assert row[4:11] == ["2", "1", "1", "2", median.replace("1", "0").replace("25", "50"), median, ""]


def test_a_workbook_has_types() -> None:
    """A sheet for each table; words are strings and never formulas, counts and seconds numbers, days dates."""
    tables = {"channel": [a_group("=cmd|' /C calc'!A0")], "day": [a_group("2026-11-25")]}
    content = workbook(tables, texts=staff_texts("en"), named=lambda _, value: str(value), about="=1+1")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sheets = [archive.read(f"xl/worksheets/sheet{number}.xml").decode() for number in (1, 2)]
        strings = archive.read("xl/sharedStrings.xml").decode()
        names = re.findall(r'<sheet name="([^"]+)"', archive.read("xl/workbook.xml").decode())
        forms = archive.read("xl/styles.xml").decode()
    assert names == ["Channels", "Days"]
    assert "=cmd|' /C calc'!A0" in unescape(strings)
    assert not any("<f>" in sheet for sheet in sheets)
    cells = dict(re.findall(r'<c r="([A-Z]+4)"(?: s="\d+")?( t="s")?><v>', sheets[0]))
    assert cells["A4"] == ' t="s"'
    assert {kind for name, kind in cells.items() if name != "A4"} == {""}
    assert re.search(r'<c r="B4" s="\d+"><v>1234</v>', sheets[0])
    assert re.search(r'<c r="A4" s="\d+"><v>46351</v>', sheets[1])  # days since 1900
    assert "dd.mm.yyyy" in forms
    assert 'formatCode="0%"' in forms or 'numFmtId="9"' in forms


def test_percent_and_targets_are_told_as_people_name_them() -> None:
    """All is only said of all, none only of none; a target is in its own unit."""
    from datetime import UTC, datetime

    from responder.web.staff.wording import Wording

    say = Wording(salon_profile(id=1), "en", now=datetime(2026, 11, 25, tzinfo=UTC))
    assert [say.percent(share) for share in (0, 0.001, 0.5, 0.999, 1)] == ["0%", "1%", "50%", "99%", "100%"]
    assert [say.limit(seconds) for seconds in (3.0, 60.0, 90.0, 180.0, 900.0, 86_400.0)] == [
        "3 s", "60 s", "90 s", "3 min", "15 min", "24 h",
    ]  # fmt: skip
