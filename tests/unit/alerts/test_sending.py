"""Which destination an alert is for, when it goes out, and what it says."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responder.alerts.sending import SPACING, is_for, plan_for, quiet_until, subject_of
from responder.alerts.service import AlertKind, Role
from responder.alerts.wording import MOST_LINES, alert_languages, alert_words, details, headline, message, span
from responder.salon.profile import AlertDestination
from responder.watch.targets import DEFAULTS

ZONE = ZoneInfo("Asia/Yekaterinburg")
NOON = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
NIGHT = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)  # 1:00 in the salon
DESK = AlertDestination(key="desk", variable="ALERT_DESK")


def alert(**values: Any) -> dict[str, Any]:
    facts = {"measure": "human_wait_s", "since": (NOON - timedelta(seconds=185)).isoformat(), "target_s": 180.0,
             "working": True, "account": "Телеграм"}  # fmt: skip
    return {
        "id": 1,
        "delivery_id": 1,
        "kind": "breach",
        "severity": "warning",
        "roles": ["operator"],
        "subject": "wait:1",
        "thread_id": 5,
        "facts": facts,
        "resolved_at": None,
        "next_attempt_at": NOON - timedelta(hours=1),
        **values,
    }


def test_a_destination_takes_its_kinds_and_roles() -> None:
    """Both must fit; none named takes all; nothing tells of its own failure."""
    owner = AlertDestination(key="owner", variable="X", kinds=("escalate", "destination"), roles=("owner",))

    assert is_for(DESK, alert())
    assert not is_for(owner, alert(kind="escalate"))
    assert not is_for(owner, alert(roles=["owner"]))
    assert is_for(owner, alert(kind="escalate", roles=["owner"]))
    assert is_for(owner, alert(kind="destination", roles=["owner"], subject=subject_of("desk")))
    assert not is_for(owner, alert(kind="destination", roles=["owner"], subject=subject_of("owner")))


@pytest.mark.parametrize(
    ("quiet", "now", "until"),
    [
        ((time(22), time(8)), NOON, None),
        ((time(22), time(8)), NIGHT, datetime(2026, 11, 24, 3, tzinfo=UTC)),
        ((time(22), time(8)), datetime(2026, 11, 23, 17, tzinfo=UTC), datetime(2026, 11, 24, 3, tzinfo=UTC)),
        ((time(22), time(8)), datetime(2026, 11, 24, 3, tzinfo=UTC), None),
        ((time(12), time(13)), NOON, datetime(2026, 11, 23, 8, tzinfo=UTC)),
    ],
)
def test_quiet_is_told_by_the_salon_s_clock(quiet: tuple[time, time], now: datetime, until: datetime | None) -> None:
    """Quiet hours may lie over midnight and end at their second."""
    assert quiet_until(quiet, ZONE, now) == until


def test_at_night_only_what_cannot_wait_goes() -> None:
    """The rest waits for the end of the quiet."""
    sleeper = AlertDestination(key="owner", variable="X", quiet=(time(22), time(8)))
    urgent = alert(severity="critical")

    plan = plan_for(sleeper, [urgent, alert()], zone=ZONE, last_sent_at=None, now=NIGHT)

    assert plan.now == (urgent,)
    assert plan.again_at == datetime(2026, 11, 24, 3, tzinfo=UTC)


def test_a_storm_is_one_message() -> None:
    """All that is due goes together, and nothing again until the spacing is over."""
    many = [alert(id=number) for number in range(500)]

    first = plan_for(DESK, many, zone=ZONE, last_sent_at=None, now=NOON)
    soon = plan_for(DESK, many, zone=ZONE, last_sent_at=NOON, now=NOON + timedelta(seconds=1))

    assert len(first.now) == 500
    assert (soon.now, soon.again_at) == ((), NOON + SPACING)


@given(st.lists(st.floats(-100, 100), max_size=20), st.one_of(st.none(), st.floats(-100, 0)), st.booleans())
def test_nothing_is_forgotten(waits: list[float], sent_ago: float | None, is_quiet: bool) -> None:
    """Every alert is sent now or has a moment to come back at, and that moment lies ahead."""
    pending = [alert(next_attempt_at=NIGHT + timedelta(seconds=wait)) for wait in waits]
    quiet = (time(0, 30), time(8)) if is_quiet else None
    last = None if sent_ago is None else NIGHT + timedelta(seconds=sent_ago)

    plan = plan_for(
        AlertDestination(key="x", variable="X", quiet=quiet), pending, zone=ZONE, last_sent_at=last, now=NIGHT
    )

    assert (plan.again_at is not None) == (len(plan.now) < len(pending))
    assert plan.again_at is None or plan.again_at > NIGHT


def test_one_alert_says_who_waits_how_long_and_where() -> None:
    """The message names the salon, the wait, its target, the channel and the dialogue."""
    title, body = message(
        [alert()], "ru", salon="Салон «Пример»", slug="primer", base_url="https://bot.example", now=NOON
    )

    assert title == "Салон «Пример»: Клиент ждёт сотрудника дольше положенного"
    assert body == (
        "уже 3 мин 5 с · цель 3 мин рабочего времени · Телеграм · https://bot.example/dialogues/5?salon=primer"
    )


def test_many_alerts_are_counted_beyond_what_can_be_read() -> None:
    """The body holds a readable number of lines and a link to the rest."""
    title, body = message([alert()] * 5000, "en", salon="Salon", slug="s", base_url="https://bot.example", now=NOON)

    assert title == "Salon: 5000 alerts"
    assert len(body.splitlines()) == MOST_LINES + 2
    assert body.endswith("and 4980 more\nhttps://bot.example/alerts?salon=s")


def test_a_number_in_an_error_s_text_does_not_leave_the_house() -> None:
    """Other people's error texts may repeat what we sent them; a phone number is struck out."""
    failing = alert(
        kind="crm", thread_id=None, facts={"account": "b24", "reason": "PHONE +7 900 000-00-01 is bad (400)"}
    )

    assert details(failing, "ru", now=NOON) == "PHONE … is bad (400)"


def test_every_kind_has_words_in_every_language() -> None:
    """Whatever can be raised can be said, in the same keys everywhere."""
    assert set(alert_words("ru")) == set(alert_words("en"))
    for language in alert_languages():
        for target in DEFAULTS:
            for kind in AlertKind:
                facts = alert()["facts"] | {"measure": str(target.measure), "role": "owner"}
                said = headline(alert(kind=kind.value, facts=facts), language)
                assert said
                assert "{" not in said
        assert all(role.value in alert_words(language) for role in Role)


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0 s"), (59.9, "59 s"), (60, "1 min"), (3725, "1 h 2 min"), (90_000, "1 d 1 h")]
)
def test_a_length_of_time_is_said_in_two_units(seconds: float, said: str) -> None:
    """Seconds to days, the two largest units."""
    assert span(seconds, "en") == said
