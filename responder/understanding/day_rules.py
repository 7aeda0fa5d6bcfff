"""How days are put together, as patterns over kinds of words: "18-е февраля", "в первой половине недели", "с 5 по 7".

Each rule is named for the method of `dates.Calendar` that reads its match; where two match, the earlier one is tried
first.
"""

from __future__ import annotations

from responder.understanding.atoms import Grammar, Rule

_DAY = "(?:NUMBER|ORDINAL|RANK)"
_FIRST_OR_SECOND = "(?:RANK|ORDINAL)"
_HALF = "(?:HALF_TO|HALF_PAST)"
_NO_UNIT = "(?!(?:OF|NUMBER|ORDINAL|WEEK|MONTH_UNIT|MONTH|THIS|NEXT|HOUR|DASH))"
_OF_DAY = f"(?: DAY_OR_PM| OF THE? DAY_UNIT| OF (?=DATE)|{_NO_UNIT})"
_RELATIVE = "(?:THROUGH A? NUMBER?|IN A|IN NUMBER)"

CALENDAR = Grammar(
    Rule(name, pattern)
    for name, pattern in (
        (
            "half_of_day",
            f"(?:AT|IN|ON|FOR)? THE? {_FIRST_OR_SECOND} {_HALF}{_OF_DAY}",
        ),
        (
            "half",
            f"(?:AT|IN|ON|FOR)? THE? {_FIRST_OR_SECOND} {_HALF} OF? THE? (?:THIS|NEXT)? (?:WEEK|MONTH_UNIT|MONTH)",
        ),
        ("past", "NUMBER? (?:DAY_UNIT|DAY_OR_PM|WEEK|MONTH_UNIT|HOUR|HOUR_LENGTH|MINUTE) AGO"),
        ("past", "(?:IN|AT|ON|FOR)? LAST (?:WEEKDAY|WEEK|MONTH_UNIT|WEEKEND|PART|MONTH|YEAR_WORD)"),
        ("past", "(?:FROM|FOR)? PAST_DAY PART?"),
        ("days_of_month", f"{_DAY} DOT? (?:DASH|TO|SLASH|UNTIL|AND) {_DAY} DOT? OF? MONTH DOT? YEAR?"),
        ("days_of_month", f"MONTH THE? {_DAY} (?:DASH|TO) THE? {_DAY}(?!DASH)"),
        ("past", "AT NOTHING DASH PAIR"),
        ("pairs", "AT PAIR DASH PAIR"),
        ("pairs", "(?:NUMBER DOT? (?:DASH|SLASH)|PAIR DOT? (?:DASH|SLASH|TO)) PAIR DOT?"),
        ("part_pairs", "NUMBER DOT? (?:DASH|SLASH) DATE"),
        ("day_of_month", f"{_DAY} OF? THE? MONTH DOT? COMMA? YEAR? YEAR_WORD?"),
        ("day_of_month", f"MONTH THE? {_DAY} COMMA? YEAR?(?!HOUR|MERIDIEM)"),
        ("day_of_this", f"{_DAY} DAY_WORD? OF? (?:THIS|NEXT) MONTH_UNIT"),
        ("day_alone", "(?:NUMBER|ORDINAL) DAY_WORD"),
        ("day_alone", "(?:THE|ON) RANK(?!OTHER|NUMBER|ASAP|PART|DAY_UNIT|WEEK|WEEKEND|COUNTED|HOUR|OF)"),
        ("day_alone", "(?<!HALF_TO)(?<!HALF_TO DASH)(?<!QUARTER)(?<!MINUTE)ORDINAL(?!COUNTED|HOUR)"),
        ("at_pair", "(?:AT|AROUND) PAIR"),
        ("pair", "PAIR DOT? YEAR?"),
        ("weekday_of", "(?:THIS|NEXT DOT?) WEEK COMMA? (?:AT|ON|FOR)? THE? WEEKDAY"),
        ("weekday_of", "WEEKDAY OF? (?:AT|ON|FOR)? (?:THIS|NEXT DOT?) WEEK"),
        ("weekday_through", f"{_RELATIVE} WEEK COMMA? (?:AT|ON|FOR)? WEEKDAY"),
        ("weekday_of", "(?:THIS|NEXT DOT?) WEEKDAY"),
        ("weekday_of", "WEEKDAY"),
        ("weekend", "(?:THIS|NEXT)? WEEKEND"),
        ("next_days", "(?:THIS|NEXT) NUMBER (?:DAY_UNIT|DAY_OR_PM)"),
        ("edge", "(?:EARLY_EDGE|MIDDLE_EDGE|LATE_EDGE) OF? THE? (?:THIS|NEXT)? (?:WEEK|MONTH_UNIT|MONTH)"),
        ("this_or_next", "(?:THIS|NEXT DOT?) (?:WEEK|MONTH_UNIT)"),
        ("ahead", f"{_RELATIVE} (?:DAY_UNIT|DAY_OR_PM|WEEK|MONTH_UNIT)"),
        ("ahead", "(?:A|NUMBER) (?:DAY_UNIT|WEEK) (?:FROM_NOW|FROM DATE)"),
        ("soon", "SOON"),
        ("month", "MONTH DOT? YEAR?"),
        ("hours_ahead", f"{_RELATIVE} (?:HOUR|HOUR_LENGTH|MINUTE)"),
        ("hours_ahead", "(?:THROUGH|IN) A? (?:HALF_HOUR|HOUR_AND_HALF)"),
        ("hours_within", "(?:WITHIN|NEXT|THIS) NUMBER? (?:HOUR|HOUR_LENGTH|MINUTE)"),
        ("hours_within", "WITHIN HALF_HOUR"),
        ("right_now", "RIGHT_NOW|NOW(?=STOP|DOT|COMMA|$)"),
        ("this_part", "THIS PART"),
    )
)

RANGES = Grammar(
    (
        Rule("days_between", "(?:FROM|BETWEEN)? DATE (?:DASH|TO|UNTIL|AND UNTIL) DATE"),
        Rule("days_moved", "FROM DATE FOR DATE"),
        Rule("days_until", "(?:UNTIL|NOT_LATER) DATE"),
        Rule("days_from", "(?:NOT_EARLIER|AFTER) DATE"),
    )
)
