"""Two readings of the same words become one: the LLM knows language better, the rules cannot be talked into things."""

from __future__ import annotations

from responder.dialogue.meaning import Asked, Intent, Meaning

# Raised by either side, kept: an LLM cannot talk a customer out of a person, nor miss a danger the rules saw.
SAFETY = frozenset({Intent.HUMAN, Intent.RISK, Intent.COMPLAINT})
# A yes or no to what we asked: where the sides contradict each other, the literal reading stands.
_YES_NO = frozenset({Intent.CONFIRM, Intent.DECLINE})
_COURTESY = frozenset({Intent.THANKS, Intent.BYE})
_NICETIES = frozenset({Intent.GREET, Intent.THANKS, Intent.BYE})
# What changes the appointment book, or ends the talk, needs the customer's own literal word: a model that was talked
# over, or is hostile, can neither book nor cancel nor silence anybody.
_LITERAL = frozenset({Intent.CONFIRM, Intent.SPAM})


def merge(rules: Meaning, llm: Meaning, *, asked: Asked = Asked.NOTHING) -> Meaning:
    """One meaning: intents, service, wish and name from the LLM where it said any, phones and the chosen offer from the
    rules where they found any, risk from either. `asked` is what the reply before asked for."""
    chose_by_rules = rules.choice is not None or rules.offer_token is not None
    return Meaning(
        intents=_intents(rules, llm, asked),
        wishes=llm.wishes or rules.wishes,
        phones=rules.phones or llm.phones,
        bad_phone=rules.bad_phone,
        name=llm.name or rules.name,
        service=llm.service or rules.service,
        services=() if llm.service else rules.services,
        also=_also(rules, llm),
        specialist=llm.specialist or (None if llm.any_specialist else rules.specialist),
        any_specialist=llm.any_specialist or (rules.any_specialist and llm.specialist is None),
        shift_min=rules.shift_min,
        choice=rules.choice,
        is_unknown_service=rules.is_unknown_service and llm.service is None,
        offer_token=rules.offer_token if chose_by_rules else llm.offer_token,
        knowledge=llm.knowledge or rules.knowledge,
        answer=llm.answer,
        language=rules.language or llm.language,
        risk=rules.risk or llm.risk,
        needs_no_reply=_needs_no_reply(rules, llm),
        understood=rules.understood or llm.understood,
    )


def _intents(rules: Meaning, llm: Meaning, asked: Asked) -> frozenset[Intent]:
    believed = llm.intents - (_LITERAL - rules.intents)
    if Intent.CANCEL not in rules.intents and (rules.understood or asked is Asked.CANCEL_CONFIRM):
        believed -= {Intent.CANCEL}  # read by the rules, the words call nothing off; after "shall I?" they would do it
    if believed and believed <= _NICETIES:
        believed |= rules.intents  # a greeting or a good-bye by the model does not take away what the rules heard
    spoken = believed or (frozenset() if llm.needs_no_reply else rules.intents)
    literal = rules.intents & _YES_NO
    if len(literal) == 1 and llm.intents & _YES_NO:
        spoken = (spoken - _YES_NO) | literal
    if rules.choice is not None or rules.offer_token is not None:
        spoken |= rules.intents & {Intent.CHOOSE}
    return spoken | (rules.intents & SAFETY)


def _also(rules: Meaning, llm: Meaning) -> tuple[str, ...]:
    """Further services: every one that either side named, except the one that leads."""
    leading = llm.service or rules.service
    named = (*([rules.service] if rules.also and rules.service else []), *rules.also, *llm.also)
    return tuple(key for key in dict.fromkeys(named) if key != leading)


def _needs_no_reply(rules: Meaning, llm: Meaning) -> bool:
    """Silence is for courtesies alone: whatever the rules found to act upon, or could not read, is answered."""
    if llm.needs_no_reply:
        found = rules.phones or rules.wishes or rules.service or rules.services or rules.bad_phone or rules.choice
        is_courtesy = rules.needs_no_reply or (bool(rules.intents) and rules.intents <= _COURTESY)
        return is_courtesy and not found
    return rules.needs_no_reply and not (llm.intents - _COURTESY)
