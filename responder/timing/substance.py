"""The small published rule that says whether a person's message was of use (docs/timing.md prints it).

Messages of the bot get their substance from the code path that made them; those of people get it here, once, when they
are stored. An operator can correct it. No language model is ever asked.

The rule: a message is an acknowledgement when it consists of nothing but words of courtesy and putting-off, in any of
the languages below. Anything else in it (a number, a name, a fact, a question for a detail) makes it substantive. A
number is part of putting-off only beside a unit of short time and a word that promises a later answer ("we will reply
in 5 minutes"; a bare "in 15 minutes" answers a question).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from responder.timing.timeline import Substance


@dataclass(frozen=True, kw_only=True, slots=True)
class CourtesyWords:
    """One language's words, lower case: `courtesy` says nothing, `later` promises an answer, `span` goes round a length
    of time, `units` are of short time."""

    courtesy: frozenset[str]
    later: frozenset[str]
    span: frozenset[str]
    units: frozenset[str]

    @property
    def all(self) -> frozenset[str]:
        return self.courtesy | self.later | self.span | self.units


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


COURTESY: Mapping[str, CourtesyWords] = {
    "ru": CourtesyWords(
        courtesy=_words(
            "здравствуйте здравствуй привет приветствую приветствуем добрый доброе доброго доброй день дня вечер вечера"
            " утро утра ночи ночь время времени суток"
            " спасибо благодарю благодарим большое огромное пожалуйста извините простите извиняюсь извиняемся"
            " ок окей хорошо понятно понял поняла поняли принято угу ага"
            " я мы вы вас вам вами ваш ваша ваше вашу нам нас мне меня и а но за что в с у на по до к ко от о об это"
            " рады рад рада видеть обращение обратились написали сообщение вопрос вопросу заявка заявку запрос"
            " получили получила получил приняли приняла принял увидели увидела вижу видим прочитали прочитала"
            " чем могу можем помочь задержку ожидание терпение неудобства наш наша нашем салон салоне администратор"
            " администратора администратору мастер мастера мастеру специалист специалиста специалисту коллега коллеги"
            " коллегам врач врача врачу менеджер менеджера"
        ),
        later=_words(
            "минутку минуточку минуту секунду секундочку момент моментик сейчас щас скоро вскоре позже попозже"
            " подождите ожидайте подожди обождите"
            " отвечу ответим ответит ответят вернусь вернемся свяжусь свяжемся свяжется свяжутся напишу напишем"
            " напишет уточню уточним уточняю уточняем узнаю узнаем спрошу спросим посмотрю посмотрим смотрю проверю"
            " проверим проверяю передам передаю передадим передала передал подскажу подскажем подскажет"
            " информацию расписание запись"
        ),
        span=_words("через течение еще один одну одна пару пара ближайшее немного чуть чуточку"),
        units=_words("минута минуты минут минуту мин минутки минуток секунда секунды секунд секунду сек"),
    ),
    "en": CourtesyWords(
        courtesy=_words(
            "hello hi hey dear good morning afternoon evening day welcome"
            " thanks thank you your yours please sorry apologies ok okay sure great noted alright got it"
            " i i'm we we're we've i've i'll we'll me us our ours my the a an and for to in on at of with this that"
            " is are be been have has am so much very many"
            " message enquiry inquiry request question received seen contacting contact reaching writing out"
            " how can may help assist patience waiting delay inconvenience salon team colleague colleagues manager"
            " administrator specialist master doctor receptionist"
        ),
        later=_words(
            "moment wait hold soon shortly later right now back will reply answer respond get let check checking look"
            " looking find ask asking pass passing forward come returning"
        ),
        span=_words("in within one just few couple little bit"),
        units=_words("minute minutes min mins second seconds sec secs"),
    ),
}

_NOTHING_SAID = frozenset[str]().union(*(words.all for words in COURTESY.values()))
_TOKEN = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*|\d+(?:[.:,/-]\d+)*")


def classify_message(text: str, *, has_attachment: bool = False) -> Substance:
    """What a person's message is; an attachment that can hold an answer (photo, document, voice) makes it substantive,
    nothing but punctuation and emoji is an acknowledgement."""
    tokens = _TOKEN.findall(text.casefold().replace("ё", "е").replace("’", "'"))
    if has_attachment or any(_says_something(tokens, position) for position in range(len(tokens))):
        return Substance.SUBSTANTIVE
    return Substance.ACKNOWLEDGEMENT


def _says_something(tokens: list[str], position: int) -> bool:
    token = tokens[position]
    if token[0].isdigit():
        return not _is_short_delay(tokens, position)
    return token not in _NOTHING_SAID


def _is_short_delay(tokens: list[str], position: int) -> bool:
    """A plain number with a unit of short time after it (after a second number in "5-10 minutes"), in a message that
    also puts off by a word of its own."""
    following = tokens[position + 1 : position + 3]
    return any(
        any(token in words.units for token in following) and any(token in words.later for token in tokens)
        for words in COURTESY.values()
    )
