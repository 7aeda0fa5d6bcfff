"""The report's words by language, as data; a language that is missing here is shown in English."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from responder.timing.measures import Measure
from responder.timing.timeline import Exclusion


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """`days` by plural form of the language; `units` are day, hour, minute, second."""

    title: str
    days: Mapping[str, str]
    all_channels: str
    channels: Mapping[str, str]
    columns: tuple[str, str, str, str, str, str]  # within `{seconds}`, interval, median, p90, n, open
    rows: Mapping[Measure, str]
    working: str
    not_reached: str
    nothing_yet: str
    no_arrivals: str
    answered_first: str
    sides: tuple[str, str, str, str]  # bot, person, other, nobody
    excluded: str
    reasons: Mapping[Exclusion, str]
    skewed: str
    without: tuple[str, str]  # the bot, a person was not needed in `{count}` enquiries
    small: str  # of `{count}`
    definition: str
    units: tuple[str, str, str, str]


RU = Words(
    title="Время ответа",
    days={"one": "день", "few": "дня", "many": "дней", "other": "дня"},
    all_channels="Все каналы",
    channels={"webchat": "Чат на сайте", "email": "Почта", "vk": "ВКонтакте"},
    columns=("за {seconds} с", "интервал", "половина за", "90 % за", "всего", "ждут"),
    rows={
        Measure.FIRST_REPLY: "Первый ответ",
        Measure.FIRST_USEFUL: "Полезный ответ",
        Measure.BOT_FRT: "Бот",
        Measure.HUMAN_FRT: "Человек",
        Measure.HUMAN_WAIT: "Ожидание человека",
        Measure.RESOLUTION: "Решение",
        Measure.PIPELINE_LAG: "Доставка до нас",
    },
    working="в рабочее время",
    not_reached="не достигнуто",
    nothing_yet="—",
    no_arrivals="Обращений за этот период нет.",
    answered_first="Первым помог",
    sides=("бот", "человек", "неизвестно кто", "пока никто"),
    excluded="Не считаются",
    reasons={Exclusion.SPAM: "спам", Exclusion.OUTREACH: "ответы на рассылку", Exclusion.TEST: "проверочные"},
    skewed="Часы мессенджера спешили",
    without=("обошлось без бота: {count}", "обошлось без человека: {count}"),
    small="· меньше {count} обращений: судить рано",
    definition="Определения",
    units=("д", "ч", "мин", "с"),
)

EN = Words(
    title="Response time",
    days={"one": "day", "other": "days"},
    all_channels="All channels",
    channels={"webchat": "Web chat", "email": "E-mail"},
    columns=("in {seconds} s", "95% interval", "median", "p90", "n", "open"),
    rows={
        Measure.FIRST_REPLY: "First reply",
        Measure.FIRST_USEFUL: "Useful reply",
        Measure.BOT_FRT: "Bot",
        Measure.HUMAN_FRT: "Person",
        Measure.HUMAN_WAIT: "Wait for a person",
        Measure.RESOLUTION: "Resolution",
        Measure.PIPELINE_LAG: "Delivery to us",
    },
    working="working hours",
    not_reached="not reached",
    nothing_yet="—",
    no_arrivals="No enquiries in this period.",
    answered_first="Helped first",
    sides=("bot", "person", "author unknown", "nobody yet"),
    excluded="Not counted",
    reasons={Exclusion.SPAM: "spam", Exclusion.OUTREACH: "answers to outreach", Exclusion.TEST: "test dialogues"},
    skewed="Messenger's clock ahead of ours",
    without=("no bot needed: {count}", "no person needed: {count}"),
    small="· fewer than {count} enquiries: too early to tell",
    definition="Definitions",
    units=("d", "h", "min", "s"),
)

WORDS: Mapping[str, Words] = {"ru": RU, "en": EN}


def words(language: str) -> Words:
    """Those of a language, else the English ones."""
    return WORDS.get(language, EN)


CHANNEL_NAMES: Mapping[str, str] = {  # names that no language changes
    "telegram": "Telegram",
    "whatsapp": "WhatsApp",
    "instagram": "Instagram",
    "vk": "VK",
    "max": "MAX",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class SpendingWords:
    llm: str
    tokens: str  # `{sent}`, `{written}`
    per_booking: str  # `{cost}`, `{bookings}`


SPENDING_WORDS: Mapping[str, SpendingWords] = {
    "ru": SpendingWords(
        llm="Языковая модель",
        tokens="токенов отправлено {sent}, получено {written}",
        per_booking="на одну запись {cost} (записей {bookings})",
    ),
    "en": SpendingWords(
        llm="Language model",
        tokens="{sent} tokens sent, {written} received",
        per_booking="{cost} for each booking ({bookings} bookings)",
    ),
}
