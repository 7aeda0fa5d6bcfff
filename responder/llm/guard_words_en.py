"""English for the guard."""

from __future__ import annotations

from responder.llm.guard_words import GuardWords

ENGLISH = GuardWords(
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
    day_sets={
        r"every\s(?:single\s)?day|daily|7\sdays\s(?:a|per)\sweek|no\sdays\soff|all\sweek(?:\slong)?": range(7),
        r"(?:on\s)?weekdays": range(5),
        r"(?:(?:on|at)\s)?(?:the\s)?weekends?": range(5, 7),
    },
    until_day=r"to|till|until|through|thru",
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
    at_least=r"from|over|above|at\sleast|more\sthan|no\sless\sthan|from\sthe\sage\sof",
    at_most=r"up\sto|until(?:\sthe\sage\sof)?|till|under|below|at\smost|less\sthan|no\smore\sthan",
    percent=r"%|percent",
    always=(
        r"a?round[\s-]the[\s-]clock|24\s?/\s?7|24\shours(?:\sa\sday)?|(?:all\s)?day\sand\snight|night\sand\sday|all\snight(?:\slong)?"
    ),
    open_words=r"(?:are|is|we're)\s(?:\w+\s)?open|\bopen\b|works?\b|working",
    opens_words=r"opens?\sat",
    closes_words=r"close[sd]?\sat",
    closed_words=r"except|closed|not\s(?:open|work\w*)|aren't\sopen|isn't\sopen|don't\s(?:work|open)|doesn't\s(?:work|open)|day\soff",
    except_words=r"except|apart\sfrom",
    hours_words=r"hours|schedule|opens?|closes?|opening|closing|daily|every\sday|weekdays|weekends?|break|lunch",
    streets=r"",
    streets_after=r"street|st\.?|avenue|ave\.?|road|rd\.?|lane|square|boulevard|blvd\.?|drive|highway",
    titles=r"dr\.?|doctor|master|stylist|specialist|administrator|manager|barber|hairdresser|therapist",
    promises={
        "guarantee": r"guarant\w+|we\spromise|i\spromise|promised?\b|definitely\swill|for\ssure|100\s?%",
        "free": (
            r"free\sof\scharge|for\sfree|\bis\sfree\b|complimentary|no\scharge|at\sno\scost|on\sthe\shouse|\bgifts?\b(?!\s(?:cert|card|vouch))|"
            r"\bfree\s(?:\w+\s)?(?:gift|visit|session|consult\w*|service|haircut|manicure|trial|treatment)"
        ),
        "discount": (
            r"discount\w*|\bsales?\b|promo\w*|special\s(?:offer|price|deal)|cashback|bonus\w*|coupon\w*|cheaper|"
            r"\bdeals?\b|\boff\syour\b"
        ),
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
            r"\bavailab\w+|\bfree\s(?:slots?|times?|at|on|tomorrow|today|spots?|spaces?)\b|have\s(?:\w+\s){0,2}(?:openings?|slots?|spaces?|spots?|time)\b|"
            r"fully\sbooked|no\s(?:slots?|openings?)|can\s(?:see|take|fit)\syou|come\s(?:in\s)?(?:tomorrow|today|at|on)\b|squeeze\syou"
        ),
        "payment": (
            r"deposits?|pre-?pay\w*|down\spayment\w*|(?:in|pay\w*)\sadvance|please\spay|pay\s(?:\w+\s){0,2}(?:now|first)|"
            r"transfer\w*|wire\sthe|send\s(?:\w+\s){0,2}money"
        ),
        "secret": (
            r"(?:the|your|that|a)\s(?:\w+\s)?codes?\b|sms|cvv|cvc|passwords?|\bpin\b|passports?|"
            r"card\s(?:number|details|data)|number\sof\syour\scard"
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
