"""An operator corrects what the rule made of a person's message, and the figures know at once."""

from __future__ import annotations

from typing import Any

from responder.reports.query import make_query
from responder.reports.report import run_report
from responder.timing.measures import Measure
from responder.timing.statistics import Figure
from tests.integration.test_staff_pages import browser, page, written
from tests.running import Running, running
from tests.stubs.telegram_api import TelegramStub

PATH = "/dialogues/{thread}/messages/{message}/substance"


async def first_useful(app: Running) -> Figure:
    """The headline of today, as the report has it."""
    now = app.responder.clock.now()
    (salon,) = await app.responder.salons.all()
    report = await run_report(app.responder.database, make_query(salon, now=now, days=1), now=now, by=())
    return report.total.calendar[Measure.FIRST_USEFUL]


async def answered_by_hand(app: Running, telegram: TelegramStub, text: str) -> tuple[int, int]:
    """A dialogue in which only a person answered, with `text`; gives its id and that of the message."""
    thread = await written(app, telegram, "Позовите администратора")
    await app.rows("UPDATE message SET substance = 'acknowledgement' WHERE author = 'bot' RETURNING id")
    await app.staff("POST", f"/dialogues/{thread}/messages", text=text, operator="front_desk")
    (row,) = await app.rows("SELECT id, accepted_at FROM message WHERE author = 'human'")
    assert row["accepted_at"] is not None
    return thread, int(row["id"])


async def corrected(app: Running, thread: int, message: int, **body: Any) -> int:
    answer = await app.staff("PUT", PATH.format(thread=thread, message=message), **body)
    return answer.status


async def test_a_correction_changes_the_headline_at_once(database_url: str) -> None:
    """ "One moment" that was an answer stops the clock; said to be none again, the customer waits again."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram, with_background=False) as app:
        thread, message = await answered_by_hand(app, telegram, "Минутку")
        before = await first_useful(app)
        assert await corrected(app, thread, message, substance="substantive", operator="evening_desk") == 204
        after = await first_useful(app)
        (row,) = await app.rows(
            """SELECT m.substance_corrected_at IS NOT NULL AS is_dated, o.key FROM message m
               JOIN operator o ON o.id = m.substance_corrected_by"""
        )
        assert await corrected(app, thread, message, substance="acknowledgement") == 204
        again = await first_useful(app)
    assert (before.n, before.open, before.median_s) == (1, 1, None)
    assert (after.n, after.open) == (1, 0)
    assert after.median_s is not None
    assert (again.open, again.median_s) == (1, None)
    assert row == {"is_dated": True, "key": "evening_desk"}


async def test_only_what_a_person_of_this_dialogue_wrote_is_corrected(database_url: str) -> None:
    """The bot's and the customer's messages stay as they are, and others' are not found."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram, with_background=False) as app:
        thread, message = await answered_by_hand(app, telegram, "Да, в пять свободно")
        others = await app.rows("SELECT id, substance FROM message WHERE author <> 'human' ORDER BY id")
        assert [await corrected(app, thread, row["id"], substance="acknowledgement") for row in others] == [400] * len(
            others
        )
        assert await app.rows("SELECT id, substance FROM message WHERE author <> 'human' ORDER BY id") == others
        assert await corrected(app, thread, 999_999, substance="acknowledgement") == 404
        assert await corrected(app, thread + 1, message, substance="acknowledgement") == 404
        assert await corrected(app, thread, message, substance="nonsense") == 422
        assert await corrected(app, thread, message, substance="acknowledgement", operator="nobody") == 404


async def test_the_page_corrects_with_one_press(database_url: str) -> None:
    """Beside a person's message stands what it is and a button that says otherwise; nothing beside the bot's."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram, with_background=False) as app:
        thread, message = await answered_by_hand(app, telegram, "Минутку")
        async with browser(app, **{"accept-language": "ru"}) as staff:
            shown = await page(staff, f"/dialogues/{thread}")
            assert shown.count('value="substance:') == 1
            assert "Это был ответ по существу" in shown
            path, form = f"/dialogues/{thread}", {"action": f"substance:{message}:substantive"}
            async with staff.post(path, data=form, headers={"sec-fetch-site": "cross-site"}) as refused:
                assert refused.status == 403
            async with staff.post(path, data=form, headers={"sec-fetch-site": "same-origin"}) as answer:
                assert answer.status == 200
                shown = await answer.text()
    assert "Это была отписка" in shown
    assert "исправлено вручную" in shown
