"""How each language says times, dates, amounts and promises: data for the guard, no logic.

Expressions are matched against lower-case text with "ё" written as "е"; they are joined over all languages, since a reply
may quote one language inside another. A new language is one more `GuardWords` in `LANGUAGES`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class GuardWords:
    """Expressions without anchors unless said; word lists are whole words."""

    numbers: Mapping[str, str]  # expression -> value; tens and units add up, see `thousands`
    thousands: str
    ordinals: Mapping[str, int]  # expression -> value, read only before a month or as a half or quarter of an hour
    months: tuple[str, ...]  # January first
    weekdays: tuple[str, ...]  # Monday first
    relative_days: Mapping[str, int]
    day_number: str  # what makes a bare number a day of the month, after it
    month_first: bool  # "November 25" besides "25 November"
    at_hour: str  # words that make a bare number after them an hour and nothing else
    around_hour: str  # words that make it an hour, or with a unit a duration
    between_hours: str  # words that make a bare number an hour too, after an hour
    until_hour: str  # between two hours: the second ends a span
    hour_units: str
    am: str
    pm: str
    night: str
    not_hours: str  # nouns that make the number before them something else than an hour
    fixed_times: Mapping[str, tuple[int, int]]
    # (expression with groups h and perhaps m, hours added, minute; None: 60 minus m, -1: m itself)
    spoken_times: tuple[tuple[str, int, int | None], ...]
    unit_minutes: Mapping[str, int]  # duration units
    fixed_durations: Mapping[str, int]  # minutes
    currency: str
    percent: str
    open_words: str
    closed_words: str
    hours_words: str  # say that times are opening hours, without saying open or closed
    streets: str  # an upper-case name follows
    streets_after: str  # an upper-case name comes before
    titles: str  # an upper-case name of a person follows
    promises: Mapping[str, str]  # kind -> expression


_RU = GuardWords(
    numbers={
        "пол(?:тора|торы|утора)": "1.5",
        "од(?:ин|на|но|ного|ной|ну|ном|ним)": "1",
        "(?:два|две|двух|двум|двумя)": "2",
        "(?:три|трех|трем|тремя)": "3",
        "(?:четыре|четырех|четырем)": "4",
        "пят(?:ь|и|ью)": "5",
        "шест(?:ь|и|ью)": "6",
        "сем(?:ь|и)": "7",
        "вос(?:емь|ьми|емью)": "8",
        "девят(?:ь|и|ью)": "9",
        "десят(?:ь|и|ью)|десяток": "10",
        "одиннадцат(?:ь|и)": "11",
        "двенадцат(?:ь|и)": "12",
        "тринадцат(?:ь|и)": "13",
        "четырнадцат(?:ь|и)": "14",
        "пятнадцат(?:ь|и)": "15",
        "шестнадцат(?:ь|и)": "16",
        "семнадцат(?:ь|и)": "17",
        "восемнадцат(?:ь|и)": "18",
        "девятнадцат(?:ь|и)": "19",
        "двадцат(?:ь|и)": "20",
        "тридцат(?:ь|и)": "30",
        "сорок|сорока": "40",
        "пятьдесят|пятидесяти": "50",
        "шестьдесят|шестидесяти": "60",
        "семьдесят|семидесяти": "70",
        "восемьдесят|восьмидесяти": "80",
        "девяносто|девяноста": "90",
        "сто|ста|сотня|сотню": "100",
        "двести|двухсот": "200",
        "триста|трехсот": "300",
        "четыреста|четырехсот": "400",
        "пятьсот|пятисот": "500",
        "шестьсот|шестисот": "600",
        "семьсот|семисот": "700",
        "восемьсот|восьмисот": "800",
        "девятьсот|девятисот": "900",
    },
    thousands=r"тысяч\w{0,2}|тыс\.?|т\.?\s?р\b",
    ordinals={
        "перв(?:ого|ое|ому)": 1,
        "втор(?:ого|ое|ому)": 2,
        "треть(?:его|е|ему)": 3,
        "четверт(?:ого|ое|ому)": 4,
        "пят(?:ого|ое|ому)": 5,
        "шест(?:ого|ое|ому)": 6,
        "седьм(?:ого|ое|ому)": 7,
        "восьм(?:ого|ое|ому)": 8,
        "девят(?:ого|ое|ому)": 9,
        "десят(?:ого|ое|ому)": 10,
        "одиннадцат(?:ого|ое|ому)": 11,
        "двенадцат(?:ого|ое|ому)": 12,
        "тринадцат(?:ого|ое|ому)": 13,
        "четырнадцат(?:ого|ое|ому)": 14,
        "пятнадцат(?:ого|ое|ому)": 15,
        "шестнадцат(?:ого|ое|ому)": 16,
        "семнадцат(?:ого|ое|ому)": 17,
        "восемнадцат(?:ого|ое|ому)": 18,
        "девятнадцат(?:ого|ое|ому)": 19,
        "двадцат(?:ого|ое|ому)": 20,
        "тридцат(?:ого|ое|ому)": 30,
    },
    months=(
        r"янв(?:\.|ар\w{1,2})?",
        r"фев(?:р\.?|\.|рал\w{1,2})?",
        r"мар(?:\.|т\w{0,2})",
        r"апр(?:\.|ел\w{1,2})?",
        r"ма[йяею]",
        r"июн(?:\.|\w{1,2})?",
        r"июл(?:\.|\w{1,2})?",
        r"авг(?:\.|уст\w{0,2})?",
        r"сен(?:т\.?|\.|тябр\w{1,2})?",
        r"окт(?:\.|ябр\w{1,2})?",
        r"ноя(?:б\.?|\.|бр\w{1,2})?",
        r"дек(?:\.|абр\w{1,2})?",
    ),
    weekdays=(
        r"понедельник\w{0,3}|пн|пнд",
        r"вторник\w{0,3}|вт",
        r"сред(?:а|у|ы|е|ой|ам|ами|ах)|ср",
        r"четверг\w{0,3}|чт",
        r"пятниц\w{1,3}|пт|птн",
        r"суббот\w{1,3}|сб|субб",
        r"воскресен\w{1,4}|вс|вскр",
    ),
    relative_days={"сегодня": 0, "послезавтра": 2, "завтра": 1},
    day_number=r"-?\s?(?:го|е)\b|\s?числ[оа]\b",
    month_first=False,
    at_hour=r"в|во|к|ко|ровно",
    around_hour=r"с|со|до|после|около|на|от|между|раньше|позже|по",
    between_hours=r"и|или|либо|до|по",
    until_hour=r"до|по",
    hour_units=r"часов|часа|часам|час|ч",
    am=r"утра",
    pm=r"дня|вечера|пополудни",
    night=r"ночи",
    not_hours=(
        r"%|процент\w*|минут\w*|мин|секунд\w*|дн(?:я|ей|ям)|день|недел\w*|месяц\w*|мес|год\w*|лет|раз\w?|"
        r"кабинет\w*|кв|квартир\w*|офис\w*|дом\w*|этаж\w*|подъезд\w*|корпус\w*|строени\w*|человек\w*|гост\w*|"
        r"мастер\w*|вариант\w*|врем\w*|окн\w*|окон|мест\w*|процедур\w*|услуг\w*|салон\w*|филиал\w*|шаг\w*|сообщени\w*|"
        r"цифр\w*|цвет\w*|зон\w*|сеанс\w*|виз\w*|мл|см|мм|кг|"
        r"руб\w*|р\b|тыс\w*"
    ),
    fixed_times={"полдень|полудня|полудню": (12, 0), "полночь|полночи|полуночи": (0, 0)},
    spoken_times=(
        (r"(?:половин\w{1,2}|пол)[\s-]?(?P<h>{ordinal})", -1, 30),
        (r"(?P<m>\d{1,2})\s?минут\w?\s(?P<h>{ordinal})", -1, -1),
        (r"четверть\s(?P<h>{ordinal})", -1, 15),
        (r"без\s(?:четверти|четверть)\s(?P<h>\d{1,2}|час)(?![\d:])", -1, 45),
        (r"без\s(?P<m>\d{1,2})\s(?:минут\w?\s)?(?P<h>\d{1,2}|час)(?![\d:])", -1, None),
        (r"(?<!\w)(?:в|к|до|после|с|на)\s(?P<h>час)(?=\s(?:дня|ночи)|\s?[.,!?)]|$|\s(?:или|и|завтра|сегодня))", 0, 0),
        (r"(?<!\w)(?P<h>час)\s(?=дня|ночи)", 0, 0),
    ),
    unit_minutes={
        r"минут\w?|мин\.?|минутк\w": 1,
        r"час(?:а|ов|ик\w?)?|ч\.?": 60,
        r"дн(?:я|ей|ям)|день|сут(?:ки|ок)": 1440,
        r"недел\w{1,2}": 10_080,
        r"месяц\w{0,2}|мес\.?": 43_200,
        r"год\w?|лет": 525_600,
    },
    fixed_durations={
        r"пол\s?-?часа|получас\w{0,2}": 30,
        r"(?:занимает|занимают|займет|займут|длится|длятся|продлится|идет|уходит|около|примерно|порядка|всего)\sчас(?:а|ик)?": 60,
    },
    currency=r"₽|руб(?:\.|л\w{1,3}|лик\w*)?|р\.|р|rub|\bтенге|₸|\bгрн|byn|бел\.?\sруб\w*",
    percent=r"%|процент\w{0,3}",
    open_words=r"работа(?:ем|ет|ют|ю)|открыт\w*|принима(?:ем|ет|ют)|рабоч\w+",
    closed_words=(
        r"кроме|не\s(?:работа\w+|открыт\w*|принима\w+|рабоч\w+)|выходн\w+|закрыт\w*|не\sбудет\sработать|нерабоч\w+"
    ),
    hours_words=r"график\w*|режим\w*|час(?:ы|ов)\sработы|откры\w+|закры\w+|начина\w+|ежедневно|будн\w+|выходн\w+|перерыв\w*|обед\w*",
    streets=(
        r"ул\.|улиц\w{1,2}|пр\.|пр-т\.?|просп\.|проспект\w?|пер\.|переулок|переулк\w|бульвар\w?|б-р|шоссе|наб\.|"
        r"набережн\w{2,3}|площад\w{1,2}|пл\.|проезд\w?|тракт\w?|мкр\.?|микрорайон\w?"
    ),
    streets_after=r"улица|проспект|переулок|бульвар|шоссе|набережная|площадь|тракт",
    titles=(
        r"мастер(?:а|у|ом)?|врач(?:а|у|ом)?|доктор(?:а|у|ом)?|специалист(?:а|у|ом)?|администратор(?:а|у|ом)?|"
        r"стилист(?:а|у|ом)?|косметолог(?:а|у|ом)?|менеджер(?:а|у|ом)?"
    ),
    promises={
        "guarantee": (
            r"гарант\w+|обеща(?:ем|ю|ет)|обязательно\s(?:помо|получ|успе|запис|будет)\w*|"
            r"100\s?%|сто\sпроцентов|точно\s(?:помо|успе|получ)\w+"
        ),
        "free": r"бесплатн\w*|даром|в\sподарок|подар(?:им|ок|ки|ка|ков|ить)\b|за\sнаш\sсчет|безвозмездн\w*|комплимент от",
        "discount": (
            r"скид(?:к|оч)\w*|акци(?:я|и|ю|ей|онн\w+)\b|бонус\w*|кешб[эе]к\w*|кэшб[эе]к\w*|промокод\w*|распродаж\w*|"
            r"дешевле|выгодн\w+|сертификат\w*|рассрочк\w*|спецпредложен\w*"
        ),
        "booked": (
            r"вы\s(?:уже\s)?записан\w*|запис(?:ал|ала|али)\sвас|я\sвас\sзапис\w+|вас\sзаписал\w*|запис(?:ываю|ываем)\sвас|"
            r"запись\s(?:подтвержден\w*|оформлен\w*|создан\w*|готова|сделана|принята)|заброниров\w+|брон(?:ь|ирую|ируем)\w*|"
            r"жд(?:у|ем)\sвас\s(?:в|к|завтра|сегодня|на)\b|время\sза\sвами|(?:оставил|отложил|придерж|зарезерв)\w*"
        ),
        "cancelled": (
            r"запись\s(?:отменена|перенесена|удалена|снята)|(?:отменил|перенес|переписал|удалил)(?:а|и|ла|ли)?\b|"
            r"вас\sперенес\w*"
        ),
        "available": (
            r"свободн\w+|есть\s(?:\w+\s)?(?:окн|окош|мест|запис)\w*|найдется\sмест\w*|можем\sпринять|"
            r"мест\sнет|нет\s(?:мест|окон|записи)|все\sзанято|приходите\s(?:завтра|сегодня|в|к|во)\b|будем\sрады\sпринять"
        ),
        "refund": r"верн[уе]\w*\s(?:вам\s)?(?:деньги|предоплат\w+|оплат\w+|стоимост\w+)|возврат\w*|компенс\w+|возмест\w+",
        "medical": (
            r"диагноз\w*|противопоказан\w*|лечени\w+|вылеч\w+|дозировк\w*|таблет\w+|мазь\w*|препарат\w*|антибиотик\w*|"
            r"аллерги\w+|беременн\w+|безболезненн\w+|безопасн\w+|не\sбольно|без\sпоследствий|симптом\w*|воспален\w+"
        ),
        "internals": (
            r"промпт\w*|систем\w+\s(?:инструкц|сообщен|подсказ|промпт)\w*|мо[ийх]{1,2}\sинструкц\w*|языков\w+\sмодел\w+|"
            r"нейросет\w*|искусственн\w+\sинтеллект\w*|chatgpt|gpt|openai|яндекс\s?gpt|алгоритм\w*|токен\w*|функци\w+\sвызов\w*"
        ),
        "others": (
            r"друг(?:ой|ая|ого|ому|их|ие|им|ую)\s(?:клиент|гост|пациент|посетител)\w*|"
            r"наш(?:а|ей|их|и)?\sклиент(?:ка|ки|ов|ы)\b|предыдущ\w+\sклиент\w*"
        ),
    },
)

_EN = GuardWords(
    numbers={
        "one": "1",
        "two": "2",
        "three": "3",
        "four": "4",
        "five": "5",
        "six": "6",
        "seven": "7",
        "eight": "8",
        "nine": "9",
        "ten": "10",
        "eleven": "11",
        "twelve": "12",
        "thirteen": "13",
        "fourteen": "14",
        "fifteen": "15",
        "sixteen": "16",
        "seventeen": "17",
        "eighteen": "18",
        "nineteen": "19",
        "twenty": "20",
        "thirty": "30",
        "fou?rty": "40",
        "fifty": "50",
        "sixty": "60",
        "seventy": "70",
        "eighty": "80",
        "ninety": "90",
        "hundred": "100",
    },
    thousands=r"thousand|grand|k\b",
    ordinals={
        "first": 1,
        "second": 2,
        "third": 3,
        "fourth": 4,
        "fifth": 5,
        "sixth": 6,
        "seventh": 7,
        "eighth": 8,
        "ninth": 9,
        "tenth": 10,
        "eleventh": 11,
        "twelfth": 12,
        "thirteenth": 13,
        "fourteenth": 14,
        "fifteenth": 15,
        "sixteenth": 16,
        "seventeenth": 17,
        "eighteenth": 18,
        "nineteenth": 19,
        "twentieth": 20,
        "thirtieth": 30,
    },
    months=(
        r"jan(?:uary|\.)?",
        r"feb(?:ruary|\.)?",
        r"mar(?:ch|\.)?",
        r"apr(?:il|\.)?",
        r"may",
        r"june?\.?",
        r"july?\.?",
        r"aug(?:ust|\.)?",
        r"sept?(?:ember|\.)?",
        r"oct(?:ober|\.)?",
        r"nov(?:ember|\.)?",
        r"dec(?:ember|\.)?",
    ),
    weekdays=(
        r"mondays?|mon",
        r"tuesdays?|tues?",
        r"wednesdays?|weds?",
        r"thursdays?|thu(?:rs?)?",
        r"fridays?|fri",
        r"saturdays?|sat",
        r"sundays?|sun",
    ),
    relative_days={"the day after tomorrow": 2, "day after tomorrow": 2, "today": 0, "tonight": 0, "tomorrow": 1},
    day_number=r"(?:st|nd|rd|th)\b",
    month_first=True,
    at_hour=r"at|by",
    around_hour=r"from|until|till|after|before|around|to|between|past|since",
    between_hours=r"and|or|to|till|until",
    until_hour=r"to|till|until|and",
    hour_units=r"o'?\s?clock|h",
    am=r"a\.?m\.?|in the morning",
    pm=r"p\.?m\.?|in the afternoon|in the evening",
    night=r"at night",
    not_hours=(
        r"%|percent|minutes?|mins?|seconds?|hours?|hrs?|days?|weeks?|months?|years?|times?|room|rooms|floor|"
        r"building|people|persons?|guests?|masters?|stylists?|options?|slots?|visits?|sessions?|steps?|services?|"
        r"branches|salons?|ml|cm|mm|kg|usd|eur|rub|roubles?|rubles?|dollars?|euros?|pounds?"
    ),
    fixed_times={"noon|midday": (12, 0), "midnight": (0, 0)},
    spoken_times=(
        (r"half\s(?:past\s)?(?P<h>\d{1,2})(?![\d:])", 0, 30),
        (r"quarter\s(?:past|after)\s(?P<h>\d{1,2})(?![\d:])", 0, 15),
        (r"quarter\s(?:to|till|of|before)\s(?P<h>\d{1,2})(?![\d:])", -1, 45),
        (r"(?P<m>\d{1,2})\s(?:minutes?\s)?(?:past|after)\s(?P<h>\d{1,2})(?![\d:])", 0, -1),
        (r"(?P<m>5|10|20|25)\s(?:minutes?\s)(?:to|till|before)\s(?P<h>\d{1,2})(?![\d:])", -1, None),
    ),
    unit_minutes={
        r"minutes?|mins?": 1,
        r"hours?|hrs?": 60,
        r"days?": 1440,
        r"weeks?": 10_080,
        r"months?": 43_200,
        r"years?": 525_600,
    },
    fixed_durations={r"half\san\shour|half-hour": 30, r"an\shour\sand\sa\shalf": 90, r"an\shour(?!\sand)": 60},
    currency=r"\$|€|£|usd|eur|gbp|dollars?|euros?|pounds?|bucks|roubles?|rubles?|quid",
    percent=r"%|percent",
    open_words=r"(?:are|is|we're)\s(?:\w+\s)?open|\bopen\b|works?\b|working",
    closed_words=r"except|closed|not\s(?:open|work\w*)|aren't\sopen|isn't\sopen|don't\s(?:work|open)|doesn't\s(?:work|open)|day\soff",
    hours_words=r"hours|schedule|opens?|closes?|opening|closing|daily|every\sday|weekdays|weekends?|break|lunch",
    streets=r"",
    streets_after=r"street|st\.?|avenue|ave\.?|road|rd\.?|lane|square|boulevard|blvd\.?|drive|highway",
    titles=r"dr\.?|doctor|master|stylist|specialist|administrator|manager|barber|hairdresser|therapist",
    promises={
        "guarantee": r"guarant\w+|we\spromise|i\spromise|promised?\b|definitely\swill|for\ssure|100\s?%",
        "free": r"free\sof\scharge|for\sfree|\bis\sfree\b|\bfree\s(?:\w+\s)?(?:gift|visit|session|consult\w*|service|haircut|manicure|trial|treatment)|complimentary|no\scharge|at\sno\scost|on\sthe\shouse|\bgifts?\b",
        "discount": r"discount\w*|\bsales?\b|promo\w*|special\s(?:offer|price|deal)|cashback|bonus\w*|coupon\w*|cheaper|voucher\w*|\bdeals?\b|\boff\syour\b",
        "booked": (
            r"(?:i|we)(?:'ve|\shave)?\s(?:just\s|already\s)?(?:booked|scheduled|reserved|held|saved|confirmed)\b|"
            r"you(?:'re|\sare)\s(?:now\s|all\s|already\s)?(?:booked|set|scheduled|confirmed)\b|see\syou\s(?:at|on|tomorrow|today|then)\b|"
            r"(?:appointment|booking|visit)\s(?:is|has\sbeen|was)\s(?:now\s)?(?:booked|confirmed|made|scheduled|set|created)|"
            r"i(?:'ll|\swill)\s(?:book|reserve|hold|schedule)|reserved\sfor\syou|your\sbooking\sis"
        ),
        "cancelled": (
            r"(?:i|we)(?:'ve|\shave)?\s(?:just\s)?(?:cancell?ed|moved|rescheduled|deleted)\b|"
            r"(?:appointment|booking|visit)\s(?:is|has\sbeen|was)\s(?:now\s)?(?:cancell?ed|moved|rescheduled)"
        ),
        "available": (
            r"\bavailab\w+|\bfree\s(?:slots?|times?|at|on|tomorrow|today|spots?|spaces?)\b|have\s(?:\w+\s){0,2}(?:openings?|slots?|spaces?|spots?)\b|"
            r"fully\sbooked|no\s(?:slots?|openings?)|can\s(?:see|take|fit)\syou|come\s(?:in\s)?(?:tomorrow|today|at|on)\b|squeeze\syou"
        ),
        "refund": r"refund\w*|money\sback|compensat\w+|reimburs\w+",
        "medical": (
            r"diagnos\w+|contraindicat\w+|\bcures?d?\b|dosages?|\bpills?\b|ointment\w*|medicat\w+|antibiotic\w*|allerg\w+|pregnan\w+|"
            r"painless\w*|\bsafe\b|no\sside\seffects|symptom\w*|inflam\w+|\btreats\b|prescri\w+"
        ),
        "internals": (
            r"\bprompts?\b|system\s(?:message|instruction|prompt)\w*|my\sinstructions|language\smodel|neural\snetwork|"
            r"artificial\sintelligence|chatgpt|\bgpt\b|openai|\btokens?\b|\btool\scalls?\b|\bfunction\scalls?\b|\balgorithm\w*"
        ),
        "others": (
            r"(?:an)?other\s(?:client|customer|guest|patient|visitor)\w*|our\s(?:client|customer|patient)s?\b|"
            r"previous\s(?:client|customer|patient)\w*"
        ),
    },
)

LANGUAGES: Mapping[str, GuardWords] = {"ru": _RU, "en": _EN}
