"""Hostile words on the desk: whatever a customer writes, is called or sends, and whatever staff note, is text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.acceptance.desks import browsers, desk_of, ready
from tests.running import running

pytestmark = pytest.mark.browser
NAUGHTY = Path(__file__).parents[3] / "shared" / "data" / "naughty_strings.json"
RAN = "window.ranHostileScript"
DO = "window.ranHostileScript=1"

# each in a way of its own: elements, attributes, addresses, broken markup, other syntaxes
PAYLOADS = (
    f"<script>{DO}</script>",
    f"<SCRIPT>{DO}</SCRIPT>",
    f"</script><script>{DO}</script>",
    f"<scr<script>ipt>{DO}</scr</script>ipt>",
    f"<script\x0c>{DO}</script>",
    f"<script/x>{DO}</script>",
    f"<script>{DO}//",
    f"<script src=data:text/javascript,{DO}></script>",
    f"<script type=module>{DO}</script>",
    f"<svg><script>{DO}</script></svg>",
    f"<svg onload={DO}>",
    f"<svg/onload={DO}>",
    f"<svg><animate onbegin={DO} attributeName=x dur=1s>",
    f"<svg><set onbegin={DO} attributeName=x>",
    f'<svg><a xlink:href="javascript:{DO}"><text y=20>x</text></a></svg>',
    f"<svg><foreignObject><body onload={DO}></foreignObject></svg>",
    f"<img src=x onerror={DO}>",
    f"<img src=x onerror='{DO}'>",
    f'<img src="x" onerror="{DO}">',
    f"<img/src=x/onerror={DO}>",
    f"<IMG SRC=x ONERROR={DO}>",
    f"<image src=x onerror={DO}>",
    f"<img src=x:x onerror\n={DO}>",
    f"<img srcset=x onerror={DO}>",
    f"<video><source onerror={DO}></video>",
    f"<video src=x onerror={DO}>",
    f"<audio src=x onerror={DO}>",
    f"<object data=x onerror={DO}>",
    f"<embed src=javascript:{DO}>",
    f"<iframe src=javascript:parent.{DO[7:]}></iframe>",
    f"<iframe srcdoc='<script>parent.{DO[7:]}</script>'></iframe>",
    f"<iframe onload={DO}>",
    f"<body onload={DO}>",
    f"<details open ontoggle={DO}>",
    f"<input autofocus onfocus={DO}>",
    f"<textarea autofocus onfocus={DO}>",
    f"<select autofocus onfocus={DO}>",
    f"<marquee onstart={DO}>x</marquee>",
    f"<div style='animation:x' onanimationstart={DO}>",
    f"<style>@keyframes x{{}}</style><xss style=animation-name:x onanimationend={DO}></xss>",
    f"<a href=javascript:{DO}>x</a>",
    f"<form action=javascript:{DO}><button>x</button></form>",
    f"<button formaction=javascript:{DO}>x</button>",
    f"<math><mtext></mtext><a xlink:href=javascript:{DO}>x",
    f"<base href=javascript:{DO}//>",
    f"<meta http-equiv=refresh content='0;url=javascript:{DO}'>",
    f"<link rel=stylesheet href=x onerror={DO}>",
    f"<template><script>{DO}</script></template>",
    f"<noscript><p title='</noscript><img src=x onerror={DO}>'>",
    f"<!--><img src=x onerror={DO}>-->",
    f"<![CDATA[<script>{DO}</script>]]>",
    f"'><img src=x onerror={DO}>",
    f'"><img src=x onerror={DO}>',
    f"' autofocus onfocus={DO} x='",
    f'" autofocus onfocus={DO} x="',
    f"`-{DO}-`",
    f"${{{DO}}}",
    "{{ 7*7 }}{% raw %}{{ config }}",
    f"\\u003cscript\\u003e{DO}\\u003c/script\\u003e",
    f"&lt;script&gt;{DO}&lt;/script&gt;",
)

SEED = """
WITH words AS (SELECT text, n FROM unnest(%(words)s::text[]) WITH ORDINALITY AS given(text, n)),
person AS (
    INSERT INTO customer (salon_id, name) SELECT salon.id, words.text FROM salon, words ORDER BY words.n
    RETURNING id, salon_id, name
), place AS (
    INSERT INTO thread (salon_id, channel_account_id, thread_key, customer_id, display_name, last_message_at, tags,
        source)
    SELECT p.salon_id, (SELECT min(id) FROM channel_account), 'hostile-' || p.id, p.id, p.name,
        '2026-11-24 06:00Z'::timestamptz, ARRAY[left(p.name, 30)], jsonb_build_object('ref', p.name, p.name, 'x')
    FROM person p RETURNING id, salon_id, customer_id, channel_account_id, display_name AS text
), opened AS (
    INSERT INTO enquiry (salon_id, thread_id, customer_id, channel_account_id, clock_start_at, received_at)
    SELECT salon_id, id, customer_id, channel_account_id, '2026-11-24 06:00Z', '2026-11-24 06:00Z' FROM place
    RETURNING id, thread_id
), called AS (
    INSERT INTO handoff (salon_id, thread_id, enquiry_id, needed_at, reason, detail)
    SELECT place.salon_id, place.id, opened.id, '2026-11-24 06:00Z', 'asked', place.text
    FROM place JOIN opened ON opened.thread_id = place.id WHERE place.id %% 2 = 0
), noted AS (
    INSERT INTO note (salon_id, thread_id, text, at) SELECT salon_id, id, text, '2026-11-24 06:00Z' FROM place
), failed AS (
    INSERT INTO message (salon_id, thread_id, channel_account_id, direction, author, text, composed_at, send_state,
        failure, idempotency_key)
    SELECT salon_id, id, channel_account_id, 'out', 'human', text, '2026-11-24 06:00Z', 'failed', text, 'f' FROM place
)
INSERT INTO message (salon_id, thread_id, enquiry_id, channel_account_id, direction, author, text, payload, sent_at,
    received_at, stored_at)
SELECT place.salon_id, place.id, opened.id, place.channel_account_id, 'in', 'customer', place.text,
    jsonb_build_object('attachments', jsonb_build_array(jsonb_build_object('kind', 'document', 'id', place.text,
        'name', place.text, 'mime', place.text)), 'contact', jsonb_build_object('phone', place.text)),
    '2026-11-24 06:00Z', '2026-11-24 06:00Z', '2026-11-24 06:00Z'
FROM place JOIN opened ON opened.thread_id = place.id
RETURNING thread_id, text
"""

# every dialogue into the live page, as the desk's own script puts it there
SHOW_ALL = """async threads => {
    const shown = [];
    const place = Object.assign(document.createElement("div"), { className: "tried" });
    document.body.append(place);
    for (const thread of threads) {
        const answer = await fetch(`/dialogues/${thread}/panes`, { headers: { "x-requested-with": "fetch" } });
        const template = document.createElement("template");
        template.innerHTML = await answer.text();
        const text = template.content.querySelector(".from-customer > .text")?.textContent;
        place.replaceChildren(template.content);
        shown.push(text);
    }
    return shown;
}"""

VISITS = """
INSERT INTO appointment (salon_id, specialist_id, service_id, customer_id, state, starts_at, ends_at, busy, note)
SELECT c.salon_id, (SELECT min(id) FROM specialist), (SELECT min(id) FROM service), c.id, 'booked', at,
    at + interval '15 minutes', tstzrange(at, at + interval '15 minutes'), left(c.name, 900)
FROM (SELECT *, '2026-11-25 05:00Z'::timestamptz + (row_number() OVER (ORDER BY id) - 1) * interval '15 minutes' AS at
      FROM customer ORDER BY id LIMIT 60) c
RETURNING id
"""


def naughty() -> list[str]:
    if not NAUGHTY.is_file():
        return []
    strings = json.loads(NAUGHTY.read_text("utf-8"))
    return [text.replace("\x00", "\ufffd") for text in strings if isinstance(text, str) and text.strip()]


async def test_no_hostile_word_becomes_markup_or_runs(database_url: str) -> None:
    """All naughty strings and more than fifty script payloads as name, text, tag, note, file name, failure and mark of
    the source: each is on the page as it was written, and no script of theirs has run."""
    assert len(set(PAYLOADS)) >= 50
    words = [*PAYLOADS, *naughty()]
    shown_wrong: list[str] = []
    async with running(database_url) as app, browsers() as opened:
        said = await app.rows(SEED, words=words)
        await app.rows(VISITS)
        desk = await desk_of(app, opened)
        await desk.locator('.views [data-view="all"]').click()
        await expect(desk.locator("[data-row]").first).to_be_visible()
        shown = await desk.evaluate(SHOW_ALL, [row["thread_id"] for row in said])
        for row, text in zip(said, shown, strict=True):
            if text != row["text"].replace("\r\n", "\n").replace("\r", "\n"):  # as every HTML parser reads line ends
                shown_wrong.append(row["text"])
        assert not await desk.evaluate(f"Boolean({RAN})")
        assert await desk.locator(".tried img, .tried script, .tried iframe, .tried style").count() == 0
        for path in (
            "/dialogues",
            "/dialogues?view=waiting",
            "/calendar?date=2026-11-25",
            "/calendar?view=week&date=2026-11-25",
        ):
            await desk.goto(app.url + path)
            assert not await desk.evaluate(f"Boolean({RAN})"), path
        for row in said[: len(PAYLOADS) : 6]:
            await desk.goto(f"{app.url}/dialogues/{row['thread_id']}")
            await ready(desk)
            assert not await desk.evaluate(f"Boolean({RAN})"), row["text"]
        await desk.goto(f"{app.url}/calendar?date=2026-11-25")
        for number in range(6):
            await desk.locator(".visit").nth(number).click()
            await expect(desk.get_by_role("dialog")).to_be_visible()
            await desk.keyboard.press("Escape")
        assert not await desk.evaluate(f"Boolean({RAN})")
    assert shown_wrong == []


async def test_hostile_words_typed_by_staff_stay_words(database_url: str) -> None:
    """Notes, tags and replies with payloads come back live through the stream as text."""
    async with running(database_url) as app, browsers() as opened:
        (row, *_) = await app.rows(SEED, words=["Катя"])
        thread = row["thread_id"]
        desk = await desk_of(app, opened)
        await desk.goto(f"{app.url}/dialogues/{thread}")
        await ready(desk)
        for payload in PAYLOADS[:12]:
            await app.staff("POST", f"/dialogues/{thread}/notes", text=payload, operator="front_desk")
        await expect(desk.locator(".note")).to_have_count(13)
        assert not await desk.evaluate(f"Boolean({RAN})")
        texts = await desk.locator(".note .text").all_text_contents()
    assert set(texts) >= {payload.strip() for payload in PAYLOADS[:12]}
