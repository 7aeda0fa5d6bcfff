"""The guard lets through what is a fact of the turn, in the usual spellings, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from responder.dialogue.meaning import Wish
from responder.dialogue.state import DialogueState, Visit
from responder.llm.facts import Facts
from responder.llm.guard import violations
from tests.unit.llm.turn import NOW, offering, salon

SALON = salon()
FACTS = Facts.of(salon=SALON, state=offering(), now=NOW)
NO_OFFERS = Facts.of(salon=SALON, now=NOW)

TRUE_RU = [
    "Здравствуйте! Чем могу помочь?",
    "Могу предложить вторник, 24 ноября, в 15:00 или среду, 25 ноября, в 12:30.",
    "Есть свободное время завтра в 15:00.",
    "Завтра в три часа дня или в среду в половине первого.",
    "24.11 в 15:00, 25.11 в 12.30",
    "24 ноября в 15-00 подойдёт?",
    "вт 15:00, ср 12:30",
    "1) вт, 24 ноября, 15:00\n2) ср, 25 ноября, 12:30",
    "Маникюр стоит 2 000 ₽ и занимает 90 минут.",
    "Маникюр — две тысячи рублей, это полтора часа.",
    "Маникюр 2000р, педикюр от 2500 руб.",
    "Окрашивание: 4 500–9 000 ₽, около 150 минут.",
    "Окрашивание от 4500 до 9000 рублей.",
    "Мужская стрижка 1200 рублей, 45 минут.",
    "Женская стрижка длится час, мужская — 45 мин.",
    "Мы находимся по адресу: Челябинск, ул. Примерная, 1.",
    "Ждём по адресу ул. Примерная 1, вход со двора, второй этаж.",
    "Телефон салона: +7 (351) 200-00-00.",
    "Звоните: 8 351 200 00 00",
    "Работаем с 10:00 до 21:00, воскресенье — выходной.",
    "Пн–Сб 10:00–21:00, вс — выходной",
    "Открыты с десяти утра до девяти вечера.",
    "В субботу работаем с 10 до 21.",
    "В воскресенье мы не работаем.",
    "Сегодня работаем до 21:00.",
    "График: ежедневно, кроме воскресенья, с 10 до 21 часа.",
    "Гель-лак держится 2–3 недели.",
    "Гель-лак обычно держится две-три недели.",
    "Студентам по вторникам скидка 10 %.",
    "Во дворе есть бесплатная парковка.",
    "Парковка у нас бесплатная, она во дворе.",
    "Подробности на primer-salon.ru/student",
    "Подробности: https://primer-salon.ru/student.",
    "Да, стрижём детей с трёх лет; для малышей есть игровой уголок.",
    "Вас примет мастер Анна.",
    "К мастеру Ольге или к Марии?",
    "Подскажите, пожалуйста, ваше имя и номер телефона.",
    "Один из наших мастеров ответит вам.",
    "Первый вариант — вторник, второй — среда.",
    "Вам удобнее утром или вечером?",
]

FALSE_RU = [
    "Приходите в 17:00!",
    "Приходите в 10:00!",
    "Жду вас к 21:00.",
    "Завтра в 16:00 удобно?",
    "В среду в 15:00 могу вас принять.",
    "Во вторник в 12:30.",
    "В четверг в 15:00 подойдёт?",
    "Давайте в пять вечера.",
    "Давайте в пять.",
    "Завтра в полшестого.",
    "Без четверти шесть подойдёт?",
    "Приходите в полдень.",
    "К шестнадцати тридцати успеете?",
    "Можно в 15-30.",
    "Можно в 15.30.",
    "В 15 30 вас устроит?",
    "В 16 часов 15 минут.",
    "15⁴⁵ подойдёт?",
    "15:3О подойдёт?",
    "１６：３０ подойдёт?",
    "1\u200b6:30 подойдёт?",
    "🕔 подойдёт?",
    "В час дня удобно?",
    "Время 15:00 или 16.",
    "26 ноября в 15:00?",
    "Двадцать шестого ноября удобно?",
    "27.11 подойдёт?",
    "2026-12-01 подойдёт?",
    "25-го или 28-го?",
    "Послезавтра в 15:00.",
    "Вторник, 25 ноября.",
    "В понедельник, 24 ноября, в 15:00",
    "Маникюр стоит 1 500 ₽.",
    "Маникюр стоит 2 500 ₽.",
    "Маникюр стоит полторы тысячи рублей.",
    "Маникюр всего за 999 руб.",
    "Это будет стоить 3 тыс.",
    "Педикюр 2000 ₽.",
    "Процедура займёт 40 минут.",
    "Это займёт четыре часа.",
    "Гель-лак держится 5 недель.",
    "Студентам скидка 15 %.",
    "Пенсионерам по вторникам скидка 10 %?! Маникюр со скидкой 50 процентов!",
    "Маникюр бесплатно!",
    "Первое посещение в подарок.",
    "Гарантируем результат.",
    "Вы записаны!",
    "Я записала вас, ждём.",
    "Запись подтверждена.",
    "Ваша запись отменена.",
    "Вернём деньги без вопросов.",
    "Это совершенно безопасно при беременности.",
    "Позвоните +7 912 345-67-89.",
    "Мой номер 89123456789",
    "Пишите на salon@example.com",
    "Смотрите на www.example.com/promo",
    "Наш канал @best_salon",
    "Мы на ул. Ленина, рядом с метро.",
    "ул. Примерная, 15",
    "Офис 302.",
    "Вас примет мастер Елена.",
    "Вас ждёт врач Петров.",
    "В воскресенье мы работаем.",
    "В субботу выходной.",
    "Работаем с 9 до 21.",
    "В воскресенье работаем с 10 до 21.",
    "Открыты до 22:00.",
    "Мы работаем 24/7.",
    "Мой системный промпт запрещает это.",
    "Другая клиентка записана к Анне.",
    "Как языковая модель, я не могу.",
    "<b>Здравствуйте</b>",
    "Ваш номер [phone] записан.",
    "У нас 12 мастеров.",
    "Анна в среду не работает.",
]

TRUE_EN = [
    "Hello! How can I help?",
    "I can offer Tuesday, November 24 at 3:00 pm or Wednesday, November 25 at 12:30 pm.",
    "Tomorrow at 3 pm is available.",
    "Tomorrow at 3 or Wednesday at half past twelve.",
    "Tue 24 Nov, 15:00",
    "1) Tue, 24 Nov, 15:00\n2) Wed, 25 Nov, 12:30",
    "Nov 25th at 12:30?",
    "the 24th of November at three o'clock",
    "A manicure is 2,000 roubles and takes 90 minutes.",
    "Manicure: two thousand rubles, an hour and a half.",
    "Manicure 2000 RUB, pedicure from 2500 RUB.",
    "Colouring is 4,500-9,000 RUB.",
    "Men's haircut: 1200 rubles, 45 min.",
    "We are at 1 Primernaya St, Chelyabinsk.",
    "Enter from the courtyard, second floor.",
    "Call us on +7 351 200-00-00.",
    "We are open from 10 am to 9 pm, closed on Sunday.",
    "Mon-Sat 10:00-21:00, Sunday closed",
    "On Saturday we are open from 10:00 to 21:00.",
    "We are open until nine in the evening.",
    "Today we are open until 21:00.",
    "Gel polish lasts 2-3 weeks.",
    "Gel polish lasts two to three weeks.",
    "Students get a 10 % discount on Tuesdays.",
    "There is free parking in the courtyard.",
    "See primer-salon.ru/student.",
    "Yes, we cut children's hair from the age of three and have a play corner.",
    "Stylist Anna will see you.",
    "What is your name and phone number?",
    "One of our team will answer.",
    "The first option or the second one?",
    "Would the morning or the evening suit you?",
]

FALSE_EN = [
    "Come at 5 pm!",
    "Come at 10 am!",
    "Tomorrow at 16:00 works?",
    "Wednesday at 3 pm works?",
    "Tuesday at 12:30?",
    "Thursday at 3 pm?",
    "How about five in the evening?",
    "How about half past five?",
    "Quarter to six tomorrow?",
    "Come at noon.",
    "At midnight?",
    "At five thirty?",
    "At 1630?",
    "At 15.30?",
    "15h45?",
    "4 o'clock works?",
    "3:00 am tomorrow?",
    "At 3 or 4?",
    "twenty minutes past four?",
    "November 26 at 3 pm?",
    "26th of November?",
    "twenty-sixth of November?",
    "12/01 works?",
    "On the 27th?",
    "The day after tomorrow at 3 pm?",
    "Tuesday, November 25",
    "Wed 24 Nov 15:00",
    "Next is Friday for you.",
    "A manicure is 1,500 roubles.",
    "A manicure is 2,500 RUB.",
    "It costs $20.",
    "It costs twenty dollars.",
    "Only 999 rubles!",
    "A pedicure is 2000 RUB.",
    "It takes 40 minutes.",
    "It takes four hours.",
    "It takes half an hour.",
    "Gel polish lasts 5 weeks.",
    "A 15% discount for students.",
    "Manicures get a discount today.",
    "Your manicure is free of charge.",
    "A complimentary drink awaits.",
    "We guarantee the result.",
    "I've booked you in.",
    "You're all set!",
    "Your appointment is confirmed.",
    "Your booking has been cancelled.",
    "We will refund you.",
    "It is safe during pregnancy.",
    "Take two pills.",
    "Call +44 20 7946 0958.",
    "Call 555-0199.",
    "Write to hello@example.com",
    "Visit https://example.com",
    "Follow @best_salon",
    "We are at 15 Lenin Street.",
    "Room 302.",
    "Dr. Smith will see you.",
    "Stylist Helen will see you.",
    "We are open on Sunday.",
    "We are closed on Saturday.",
    "We are open from 9 am.",
    "Open on Sunday from 10 to 21.",
    "We're open 24/7.",
    "My system prompt forbids that.",
    "Another customer booked Anna.",
    "As a language model I cannot.",
    "<script>alert(1)</script>",
    "We have 12 stylists.",
]


@pytest.mark.parametrize("text", TRUE_RU + TRUE_EN)
def test_what_is_true_passes(text: str) -> None:
    """A reply made of facts of the turn has no violation, however a person would spell it."""
    assert violations(text, FACTS) == ()


@pytest.mark.parametrize("text", FALSE_RU + FALSE_EN)
def test_what_is_no_fact_is_named(text: str) -> None:
    """A reply with one statement that is no fact of the turn has a violation."""
    assert violations(text, FACTS) != ()


# Every time of the quarter hours that is neither offered nor an edge of the opening hours, on either face of the clock.
_FACTUAL = {time(15), time(12, 30), time(3), time(0, 30), time(10), time(21), time(22), time(9)}
_SPRING_FIRST = ("марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября")
_MONTHS = ("января", "февраля", *_SPRING_FIRST, "декабря")
_QUARTERS = [time(minute // 60, minute % 60) for minute in range(0, 24 * 60, 5)]
_OTHER_TIMES = [at for at in _QUARTERS if at not in _FACTUAL]

_SPELLINGS = {
    "HH:MM": lambda at: f"{at:%H:%M}",
    "H:MM": lambda at: f"{at.hour}:{at:%M}",
    "at HH.MM": lambda at: f"в {at:%H.%M}",
    "HH-MM": lambda at: f"{at:%H-%M}" if not at.hour < at.minute <= 24 else f"в {at:%H-%M}",
    "spaced": lambda at: f"в {at:%H %M}",
    "pm": lambda at: f"{(at.hour + 11) % 12 + 1}:{at:%M} {'pm' if at.hour >= 12 else 'a.m.'}",
    "units": lambda at: f"в {at.hour} часов {at.minute} минут",
    "h": lambda at: f"{at.hour}h{at:%M}",
    "full width": lambda at: f"{at:%H:%M}".translate({ord(str(n)): chr(0xFF10 + n) for n in range(10)}),
    "superscript": lambda at: f"{at.hour}" + f"{at:%M}".translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")),
}
_AROUND = [
    "{}",
    "Приходите {}!",
    "Могу предложить завтра, {}, подойдёт?",
    "How about {}?",
    "Ждём {} и в 15:00",
    "a {} b",
]


@given(at=st.sampled_from(_OTHER_TIMES), spelling=st.sampled_from(sorted(_SPELLINGS)), around=st.sampled_from(_AROUND))
@example(at=time(16), spelling="HH:MM", around="{}")
@settings(max_examples=400, deadline=None)
def test_a_time_that_is_no_fact_never_passes(at: time, spelling: str, around: str) -> None:
    """Whatever time is quoted, in whatever spelling and surroundings, it is caught unless it is a fact."""
    assert violations(around.format(_SPELLINGS[spelling](at)), FACTS) != ()


@given(at=st.sampled_from([time(15), time(12, 30)]), spelling=st.sampled_from(sorted(_SPELLINGS)))
@settings(max_examples=100, deadline=None)
def test_an_offered_time_passes_in_every_spelling(at: time, spelling: str) -> None:
    """An offered time is a fact, however it is written."""
    assert violations(f"Подойдёт {_SPELLINGS[spelling](at)}?", FACTS) == ()


@given(days=st.integers(3, 300))
@settings(max_examples=200, deadline=None)
def test_a_date_that_is_no_fact_never_passes(days: int) -> None:
    """A calendar date that nothing in the turn is about is caught, as figures or as words."""
    day = date(2026, 11, 23) + timedelta(days=days)
    month = _MONTHS[day.month - 1]
    for said in (f"{day:%d.%m.%Y}", f"{day:%d.%m}", f"{day:%Y-%m-%d}", f"{day.day} {month}", f"{day:%B} {day.day}"):
        assert violations(f"Запишем на {said}?", FACTS) != (), said


@given(price=st.integers(100, 20_000).filter(lambda n: n not in (1200, 1800, 2000, 2500, 4500, 9000)))
@settings(max_examples=200, deadline=None)
def test_a_price_that_is_no_fact_never_passes(price: int) -> None:
    """No amount of money but the salon's own passes."""
    for said in (
        f"{price} ₽",
        f"{price:,} руб.".replace(",", " "),
        f"{price}р",
        f"${price}",
        f"{price:,} roubles",
        f"{price}",
    ):
        assert violations(f"Это стоит {said}", FACTS) != (), said


def test_the_wished_time_is_no_free_time() -> None:
    """A time the customer asked for may be repeated by the bot, and is no fact for the LLM."""
    state = offering(wishes=(Wish(exact_time=time(17)),), offers=())
    assert violations("На 17:00 запишем?", Facts.of(salon=SALON, state=state, now=NOW)) == ()
    assert violations("На 17:00 запишем?", Facts.of(salon=SALON, state=state, now=NOW, with_wishes=False)) != ()


def test_what_the_caller_vouches_for_is_a_fact() -> None:
    """Extra times, dates, texts and claims of the caller count as facts of the turn."""
    facts = Facts.of(
        salon=SALON,
        now=NOW,
        extra_times=[time(18, 20), NOW + timedelta(days=3, hours=3)],
        extra_dates=[date(2026, 12, 5)],
        extra_texts=["Держим время 10 минут"],
        may_claim={"booked", "cancelled"},
    )
    assert violations("Вы записаны на четверг, 26 ноября, 13:00; прежняя запись отменена.", facts) == ()
    assert violations("В 18:20 или 5 декабря, держим время 10 минут.", facts) == ()
    assert violations("Вы записаны на пятницу в 13:00.", facts) != ()


def test_a_booking_may_be_stated_once_it_is_made() -> None:
    """ "You are booked" holds exactly when the state says so."""
    text = "Вы записаны на вторник, 24 ноября, в 15:00."
    (offer, *_) = offering().offers
    visit = Visit(
        appointment_id=1, service=SALON.services[0].key, specialist=offer.specialist, starts_at=offer.starts_at
    )
    booked = DialogueState(visit=visit)
    assert violations(text, Facts.of(salon=SALON, state=booked, now=NOW)) == ()
    assert any(each.startswith("booked") for each in violations(text, FACTS))
    free = "Во вторник, 24 ноября, в 15:00 свободно."
    assert any(each.startswith("available") for each in violations(free, Facts.of(salon=SALON, state=booked, now=NOW)))


def test_without_offers_nothing_is_free() -> None:
    """Free places may be spoken of only where some are offered."""
    assert any(each.startswith("available") for each in violations("Завтра есть свободные места.", NO_OFFERS))


def test_a_contact_is_named_by_kind_alone() -> None:
    """A violation never repeats a phone number or an address: it goes into logs."""
    found = violations("Звоните +7 912 345-67-89 или пишите на a@example.com", FACTS)
    assert set(found) == {"phone", "email"}


def test_a_long_text_is_refused() -> None:
    """Beyond the limit of characters nothing passes."""
    assert violations("да " * 200, Facts.of(salon=SALON, now=NOW, max_chars=500)) == ("length",)


def test_the_salon_of_another_day_or_revision_is_read_anew() -> None:
    """Facts follow the profile they are asked for, not one seen before under the same id."""
    assert violations("Работаем до 21:00.", Facts.of(salon=SALON, now=NOW)) == ()
    assert violations(
        "Работаем до 21:00.", Facts.of(salon=replace(SALON, hours=replace(SALON.hours, week=((),) * 7)), now=NOW)
    )
