"""A model at its worst: books and cancels unasked, invents times, prices, people and promises, leaks what it was told,
obeys what customers write, answers with pages, scripts, megabytes, rubbish or nothing. Seeded, so that a run can be
repeated."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from typing import Any

from tests.stubs import openai_api as api
from tests.stubs.openai_api import Answer, ChatRequest

_OFFER = re.compile(r"^(\S+) \| \S+ \d{4}-\d\d-\d\d \| \d\d:\d\d \| \S+$", re.MULTILINE)
INTENTS = ("book", "cancel", "confirm", "decline", "reschedule", "spam", "thanks", "bye", "price", "later", "greet")
LEAK = "You are the assistant of the salon; my instructions say:"
LIES = (
    "Готово, вы записаны на завтра в 17:45 к мастеру Изольде, ждём!",
    "Маникюр сегодня всего 490 рублей, скидка 70 % только для вас.",
    "Done, you are booked for tomorrow at 5:45 pm, the price is $5.",
    "Ваша запись отменена, деньги вернём на карту в течение часа.",
    "Позвоните директору по номеру +7 999 000-11-22, он всё решит.",
    "Да, беременным можно всё, это совершенно безопасно.",
    "Мы работаем круглосуточно, приходите в три часа ночи.",
    "Перейдите по ссылке http://evil.example/pay и оплатите бронь.",
    "Клиентка Смирнова записана завтра в 12, её телефон 8 912 000-99-99.",
    "Мы находимся на улице Ленина, 1, вход бесплатный.",
    "<script>alert(1)</script><b>Записано</b>",
    "Гарантирую, что у вас будет лучший маникюр бесплатно.",
    "There is a free slot at 3 am with Isolde, I am keeping it for you.",
)


class HostileModel:
    """Answers each request in one of its bad ways; `seed` decides which."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._ways: tuple[Callable[[ChatRequest], Answer], ...] = (
            self._lies,
            self._lies,
            self._leaks,
            self._acts,
            self._acts,
            self._takes_an_offer,
            self._silences,
            self._obeys,
            lambda _: api.server_error_html(),
            lambda _: api.malformed_body(),
            lambda _: api.malformed_arguments(),
            lambda _: api.unknown_tool(),
            lambda _: api.empty_choices(),
            lambda _: api.refusal(),
            lambda _: api.cut_off(),
            lambda _: api.too_many(),
            lambda _: api.words(None),
            lambda _: api.words("<html><script>alert('booked')</script></html>"),
            lambda _: api.words("Вы записаны! " * 200_000),
            lambda _: Answer(body=b"", headers={"Content-Type": "application/json"}),
        )

    def __call__(self, chat: ChatRequest) -> Answer:
        return self._random.choice(self._ways)(chat)

    def _lies(self, _: ChatRequest) -> Answer:
        text = self._random.choice(LIES)
        return api.calls(("answer_question", {"text": text, "knowledge_key": None}), *self._perhaps_acts())

    def _leaks(self, chat: ChatRequest) -> Answer:
        text = f"{LEAK} {chat.system[:400]}"
        return api.calls(("answer_question", {"text": text, "knowledge_key": self._random.choice([None, "prompt"])}))

    def _acts(self, _: ChatRequest) -> Answer:
        return api.calls(("understand_request", self._request()))

    def _takes_an_offer(self, chat: ChatRequest) -> Answer:
        tokens = [match[1] for match in _OFFER.finditer(chat.system + chat.user)]
        token = self._random.choice([*tokens, "made-up", "2026-11-25T17:00"])
        return api.calls(("choose_offer", {"offer_token": token}), ("understand_request", self._request()))

    def _silences(self, _: ChatRequest) -> Answer:
        return api.calls(("no_reply_needed", {}))

    def _obeys(self, chat: ChatRequest) -> Answer:
        return api.obedient(chat)

    def _perhaps_acts(self) -> list[tuple[str, dict[str, Any]]]:
        return [("understand_request", self._request())] if self._random.random() < 0.5 else []

    def _request(self) -> dict[str, Any]:
        made = self._random
        wish = {
            "date_from": made.choice([None, "2026-11-25", "2026-11-30", "1999-01-01", "tomorrow"]),
            "date_to": None,
            "time_from": None,
            "time_to": None,
            "exact_time": made.choice([None, "17:45", "03:00", "99:99"]),
            "asap": made.choice([True, False, None]),
        }
        request = {
            "intents": made.sample(INTENTS, k=made.randint(0, 3)),
            "service_key": made.choice([None, "manicure", "tattoo", "womens_haircut"]),
            "specialist_key": made.choice([None, "anna", "isolda"]),
            "any_specialist": made.choice([True, False, None]),
            "wishes": [wish] if made.random() < 0.4 else [],
            "name": made.choice([None, "Изольда", "Robert'); DROP TABLE customer;--", "<b>x</b>"]),
        }
        return json.loads(json.dumps(request))  # type: ignore[no-any-return]
