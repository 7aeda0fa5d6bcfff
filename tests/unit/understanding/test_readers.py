"""Names, services, specialists, knowledge and language, each by its own rule."""

from __future__ import annotations

from datetime import datetime

import pytest

from responder.dialogue.meaning import Asked, Context
from responder.salon.profile import KnowledgeItem
from responder.understanding.knowledge import KnowledgeReader
from responder.understanding.language import detect
from responder.understanding.mentions import Services
from responder.understanding.names import NameReader
from responder.understanding.reader import Reader
from responder.understanding.services import ServiceReader
from responder.understanding.specialists import SpecialistReader
from responder.understanding.tokens import clean, tokenise
from tests.factories import knowledge, localised, service, services, specialist, specialists


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("меня зовут Аня", "Аня"),
        ("меня зовут гульназ", "Гульназ"),
        ("это Ирина Сергеевна", "Ирина Сергеевна"),
        ("запишите на имя Елены", "Елена"),
        ("зовите меня просто Лёша", "Лёша"),
        ("My name is Sarah Connor", "Sarah Connor"),
        ("I'm Kate", "Kate"),
        ("это срочно", None),
        ("я записана", None),
        ("I'm late", None),
        ("I'm Interested", None),
        ("как вас зовут?", None),
        ("Анна", None),
    ],
)
def test_introductions(text: str, name: str | None) -> None:
    """A name is heard where somebody introduces themselves, and a bare word is none unless asked for."""
    assert NameReader(frozenset()).read(tokenise(text), text)[0] == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("анна", "Анна"),
        ("ИРИНА", "Ирина"),
        ("Иванова Мария Петровна", "Иванова Мария Петровна"),
        ("Гульчачак", "Гульчачак"),
        ("Анна-Мария", "Анна-Мария"),
        ("да, Катя", "Катя"),
        ("kate", "Kate"),
        ("маникюр", None),
        ("нет", None),
        ("зачем вам?", None),
        ("здравствуйте", None),
        ("не скажу", None),
        ("123", None),
    ],
)
def test_bare_names_when_asked(text: str, name: str | None) -> None:
    """Asked for a name, a bare name answers; a service, a greeting or a refusal does not."""
    assert NameReader(frozenset({"маникюр"})).read(tokenise(text), text, is_asked=True)[0] == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Катя #", "Катя"),
        ("# Оля", "Оля"),
        ("Марина Сергеевна, #", "Марина Сергеевна"),
        ("Ирина / тел: #", "Ирина"),
        ("здравствуйте, Ирина, #", "Ирина"),
        ("Маша # можно завтра", "Маша"),
        ("хочу к Ольге, номер #, Лида", "Лида"),
        ("Женя (муж) #", "Женя"),
        ("Гульназ #", "Гульназ"),
        ("John, #", "John"),
        ("kate #", "Kate"),
        ("call me at #, John", "John"),
        ("my name's Kate and the number is #", "Kate"),
        ("это Аня, тел #", "Аня"),
        ("Запишите Катю на завтра, #", "Катя"),
        ("маникюр #", None),
        ("Haircut #", None),
        ("к Анне, #", None),
        ("у Ольги #", None),
        ("with Anna #", None),
        ("мастер Ольга #", None),
        ("Анна, спасибо! мой номер #", None),
        ("Здравствуйте #", None),
        ("Hello, #", None),
        ("Tomorrow #", None),
        ("это мой номер #", None),
        ("WhatsApp: #", None),
        ("#", None),
    ],
)
def test_a_name_beside_a_phone_signs_it(text: str, name: str | None) -> None:
    """A name alone next to a phone is the customer's; a service, a greeting or "к Анне" there is no name."""
    at = text.index("#")
    spoken = text.replace("#", " ")

    found = NameReader(frozenset({"маникюр"})).read(tokenise(spoken), spoken, phones=[(at, at + 1)])

    assert found[0] == name


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("на маникюр", "manicure"),
        ("маникюра", "manicure"),
        ("манекюр", "manicure"),
        ("ноготочки сделать", "manicure"),
        ("гель лак", "manicure"),
        ("мужскую стрижку", "mens_haircut"),
        ("стрижку женскую", "womens_haircut"),
        ("хочу покраситься", "colouring"),
        ("подстричь мужа", "mens_haircut"),
        ("women's haircut", "womens_haircut"),
        ("haircut for men", "mens_haircut"),
        ("dye my hair", "colouring"),
        ("педикюр", "pedicure"),
        ("татуировка", None),
        ("хочу к вам", None),
        ("стоп", None),
    ],
)
def test_services(text: str, key: str | None) -> None:
    """A service is found inflected, misspelt, shortened and by its family of words."""
    assert ServiceReader(services()).read(tokenise(clean(text))).key == key


def test_a_word_of_several_services_gives_candidates() -> None:
    """ "Стрижка" alone fits two services: both are candidates and none is chosen."""
    assert ServiceReader(services()).read(tokenise("на стрижку")) == Services(
        candidates=("womens_haircut", "mens_haircut")
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("маникюр и педикюр", Services(key="manicure", also=("pedicure",))),
        ("педикюр, маникюр", Services(key="pedicure", also=("manicure",))),
        ("nails and feet", Services(key="manicure", also=("pedicure",))),
        ("окрашивание и женская стрижка", Services(key="colouring", also=("womens_haircut",))),
        ("женская и мужская стрижка", Services(key="womens_haircut", also=("mens_haircut",))),
        (
            "стрижка + окрашивание",
            Services(candidates=("womens_haircut", "mens_haircut"), also=("colouring",)),
        ),
        ("маникюр или педикюр", Services(candidates=("manicure", "pedicure"))),
        ("женская или мужская стрижка", Services(candidates=("womens_haircut", "mens_haircut"))),
        ("на маникюр, ой нет, на педикюр", Services(key="pedicure")),
        ("не на маникюр, а на педикюр", Services(key="pedicure")),
        ("педикюр вместо маникюра", Services(key="pedicure")),
        ("маникюр без педикюра", Services(key="manicure")),
        ("только маникюр, педикюр не надо", Services(key="manicure")),
        ("заменить маникюр на педикюр", Services(key="pedicure")),
        ("change manicure to pedicure", Services(key="pedicure")),
        ("мужская стрижка и моделирование бороды", Services(key="mens_haircut")),
        ("маникюр с покрытием гель-лак", Services(key="manicure")),
    ],
)
def test_services_for_one_visit(text: str, found: Services) -> None:
    """Services named side by side are wanted together; alternatives are candidates; what is corrected or refused is
    not wanted; a doubtful one is asked about and the others are kept."""
    assert ServiceReader(services()).read(tokenise(clean(text))) == found


def test_a_word_may_only_say_more_of_the_service_named() -> None:
    """ "С покрытием гель-лак" after "педикюр" is no manicure, though the manicure goes by that name."""
    reader = ServiceReader(
        [
            service("nails", "Маникюр", "Manicure", aliases=("гель-лак",)),
            service("feet", "Педикюр с покрытием", "Pedicure"),
        ]
    )

    assert reader.read(tokenise("педикюр с покрытием гель-лак")) == Services(key="feet")


def test_people_name_a_service_only_when_asked_which() -> None:
    """ "Спрошу у мужа" wants no men's haircut; "мужу" answers whose haircut it is."""
    reader = ServiceReader(services())

    assert reader.read(tokenise("спрошу у мужа")) == Services()
    assert reader.read(tokenise("мужу"), is_asked=True).key == "mens_haircut"
    assert reader.read(tokenise("подстричь мужа")).key == "mens_haircut"


def test_the_fuller_name_wins() -> None:
    """The service whose name explains more of the words is meant."""
    reader = ServiceReader(
        [service("plain", "Маникюр", "Manicure"), service("coated", "Маникюр с покрытием", "Coated")]
    )

    assert reader.read(tokenise("маникюр с покрытием")).key == "coated"
    assert reader.read(tokenise("маникюр")).key == "plain"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("к Анне", "anna"),
        ("у Анечки", "anna"),
        ("хочу к Маше", "maria"),
        ("with Olga", "olga"),
        ("к Оле", "olga"),
        ("к Марине", None),
    ],
)
def test_specialists(text: str, key: str | None) -> None:
    """A specialist is found in any case form and by short names."""
    assert SpecialistReader(specialists()).read(tokenise(clean(text))) == key


def test_two_of_a_name_are_nobody() -> None:
    """A name two specialists share chooses neither, a surname tells them apart."""
    reader = SpecialistReader([specialist("p", "Анна Петрова", "Anna P"), specialist("k", "Анна Котова", "Anna K")])

    assert reader.read(tokenise("к анне")) is None
    assert reader.read(tokenise("к анне котовой")) == "k"


def test_a_called_out_name_asks_for_nobody() -> None:
    """ "Анна, здравствуйте" greets whoever answers."""
    assert SpecialistReader(specialists()).read(tokenise("анна, здравствуйте! есть время?")) is None


@pytest.mark.parametrize(
    ("sentence", "key"),
    [
        ("есть ли у вас парковка", "parking"),
        ("где можно припарковаться", "parking"),
        ("картой можно оплатить", "card_payment"),
        ("можно с ребенком", "kids"),
        ("do you take cards", "card_payment"),
        ("какую краску вы используете", None),
        ("стрижка", None),
        ("сколько стоит маникюр", None),
        ("есть ли у вас скидки", None),
        ("", None),
    ],
)
def test_knowledge(sentence: str, key: str | None) -> None:
    """The salon's own answer is given to its question and to no other."""
    trade = {"стрижка", "маникюр"}

    assert KnowledgeReader(knowledge(), trade=trade).read([sentence]) == key


@pytest.mark.parametrize(
    ("sentence", "key"),
    [
        ("До скольки вы работаете?", None),
        ("вы работаете в воскресенье?", None),
        ("на чем работаете", None),
        ("what hours do you work?", None),
        ("what do you use?", None),
        ("С какими красками работаете?", "brands"),
        ("чем красите", "brands"),
        ("which dyes do you use", "brands"),
    ],
)
def test_a_verb_that_every_business_has_asks_for_nothing(sentence: str, key: str | None) -> None:
    """ "Работаете" and "use" name no question of the salon; what it is about does."""
    questions = ("на каких красках работаете", "чем красите", "which dyes do you use", "what brands")
    brands = KnowledgeItem(key="brands", questions=questions, answer=localised("Без аммиака.", "Without ammonia."))

    assert KnowledgeReader([*knowledge(), brands]).read([sentence]) == key


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Здравствуйте", "ru"),
        ("маникюр gel polish", "ru"),
        ("Hello, a manicure please", "en"),
        ("privet, mozhno zapisatsya", "ru"),
        ("ok", None),
        ("12:30", None),
        ("👍", None),
    ],
)
def test_language(text: str, language: str | None) -> None:
    """Language is told by alphabet and words, and not told by digits and signs."""
    assert detect(text, [token.text for token in tokenise(text) if token.shape == "word"]) == language


def test_a_word_of_its_own_is_no_slip(reader: Reader, monday: datetime) -> None:
    """ "I'll be there" names no hour, although "there" is one slip from "three"."""
    assert reader.read(["I'll be there"], now=monday, context=Context(asked=Asked.WHEN)).wishes == ()
