"""What a customer does with a sentence: orders, asks, agrees, refuses, complains, thanks; several at once.

A question about a thing is no order ("можно ли отменить потом?"), a refused order is none ("не надо отменять").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from responder.dialogue.meaning import Intent
from responder.understanding.cancelling import hear_cancelling
from responder.understanding.talk import talk
from responder.understanding.utterance import Sentence
from responder.understanding.words import lemma

_ORDERS = (Intent.BOOK, Intent.RESCHEDULE)  # of one sentence; calling a visit off is heard in all of them together
_PUTTING_OFF = frozenset({Intent.CANCEL, Intent.RESCHEDULE, Intent.OTHER_DAY, Intent.LATER})
_TOPICS = (Intent.PRICE, Intent.ADDRESS, Intent.HOURS, Intent.SERVICES, Intent.SPECIALISTS)
_PLAIN = (
    Intent.GREET,
    Intent.COMPLAINT,
    Intent.HUMAN,
    Intent.THANKS,
    Intent.BYE,
    Intent.LATER,
    Intent.EARLIER,
    Intent.OTHER_DAY,
)
_ILLNESS = "illness"
_SPAM_WORDS = 2  # advertising words that make an advertisement; one is enough beside a link


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """Intents of all sentences and what later stages need to know about them."""

    intents: frozenset[Intent]
    wants: bool = False  # "I'd like ...": an order once it is known of what
    strong_yes: bool = False
    soft_yes: bool = False
    has_but: bool = False
    risks: tuple[tuple[str, str], ...] = ()  # kind, words: dangers named
    is_ill: bool = False
    any_specialist: bool = False
    indifferent: bool = False  # "it's all the same to me": about whatever was asked
    calls_for: bool = False  # "call me"
    moves_it: bool = False  # "push it to four"
    refused_order: bool = False
    keeps: bool = False  # says that a visit stays as it is
    cannot_come: bool = False  # that is why the visit is off: no order was given
    asks_of_cancelling: bool = False  # asked, supposed or told, not ordered
    wants_other: bool = False  # nothing offered will do
    asks_for_service: bool = False  # "do you do ...?"
    ordering: frozenset[int] = frozenset()  # sentences that order something and ask nothing
    is_courtesy: bool = False  # every word is a courtesy
    rest: int = 0  # words that are no courtesy


def hear_intents(
    sentences: Sequence[Sentence], *, has_link: bool, own_words: frozenset[str], puts_off: bool = False
) -> Heard:
    """`own_words`: words and base forms of the salon's own services, which are its trade and no risk. `puts_off`: a
    time was refused, or a new one named for a visit already agreed."""
    words = talk()
    cancelling = hear_cancelling(sentences)
    intents: set[Intent] = set()
    wants, refused = False, cancelling.refused
    ordering = set(cancelling.orders)
    for place, sentence in enumerate(sentences):
        found, is_refused = _in_sentence(sentence, cancels=bool(cancelling.orders))
        if found.intersection(_ORDERS) and not sentence.is_question:
            ordering.add(place)
        intents |= found
        refused |= is_refused
        wants |= _has(sentence.text, "want")
    if not (wants or Intent.BOOK in intents) and any(_is_broken(sentence.text) for sentence in sentences):
        intents.add(Intent.COMPLAINT)
    if cancelling.orders:
        intents = (intents - {Intent.BOOK, Intent.APPOINTMENT}) | {Intent.CANCEL}
    elif cancelling.asked and not intents.intersection(_ORDERS):
        intents.add(Intent.QUESTION)
    clauses = [clause for sentence in sentences for clause in sentence.clauses]
    spoken_clauses = [_without_lead(clause) for clause in clauses]
    moves_it = any(_has(sentence.text, "moves_it") for sentence in sentences)
    is_only_refused = refused and not moves_it and not intents & {*_ORDERS, Intent.CANCEL}
    if any(words.refusal.match(clause) for clause in spoken_clauses) or is_only_refused:
        intents.add(Intent.DECLINE)
    strong = any(words.assent["strong"].match(clause) for clause in spoken_clauses)
    soft = any(words.assent["soft"].match(clause) for clause in spoken_clauses)
    text = " ".join(sentence.text for sentence in sentences)
    risks = _risks(text, own_words, puts_off=puts_off or bool(intents & _PUTTING_OFF))
    if words.abuse.search(text):
        intents.add(Intent.ABUSE)
    if _is_spam(text, has_link=has_link) and not intents & {*_ORDERS, Intent.CANCEL}:
        intents = {Intent.SPAM}
    spoken = [word for sentence in sentences for word in sentence.words]
    rest = sum(1 for word in spoken if not _is_courtesy(word))
    return Heard(
        intents=frozenset(intents),
        wants=wants,
        strong_yes=strong,
        soft_yes=soft,
        has_but=any(words.but.search(sentence.text) for sentence in sentences),
        risks=risks,
        is_ill=bool(words.risks[_ILLNESS].search(text)),
        any_specialist=any(_has(sentence.text, "any_specialist") for sentence in sentences),
        indifferent=any(_has(sentence.text, "indifferent") for sentence in sentences),
        calls_for=any(_has(sentence.text, "callback") for sentence in sentences),
        moves_it=moves_it,
        refused_order=refused,
        keeps=cancelling.keeps,
        cannot_come=cancelling.is_inability,
        asks_of_cancelling=cancelling.asked,
        asks_for_service=any(_has(sentence.text, "does_it") for sentence in sentences),
        wants_other=any(words.choices["none"].search(clause) for clause in clauses),
        ordering=frozenset(ordering),
        is_courtesy=bool(spoken) and rest == 0,
        rest=rest,
    )


def _in_sentence(sentence: Sentence, *, cancels: bool) -> tuple[set[Intent], bool]:
    words, text = talk(), sentence.text
    found: set[Intent] = set()
    refused = False
    for intent in _ORDERS:
        match = words.intents[intent].search(text)
        if match is None or words.unless[intent].search(text):
            continue
        if words.negation.search(_clause_before(sentence, match.start())) and not _negative_by_itself(match.group()):
            refused = True
        else:
            found.add(intent)
    is_question = sentence.is_question or any(words.question_starts.match(clause) for clause in sentence.clauses)
    topics = {topic for topic in _TOPICS if _has(text, topic)}
    is_rule_asked = is_question and words.policy.search(text) and not words.policy_unless.search(text)
    if Intent.RESCHEDULE in found and is_rule_asked:
        found.remove(Intent.RESCHEDULE)
        found.add(Intent.QUESTION)
    if not (cancels or found & _PUTTING_OFF) and (
        _has(text, Intent.APPOINTMENT) or (sentence.is_question and _has(text, "is_booked"))
    ):
        found.add(Intent.APPOINTMENT)
        topics -= {Intent.HOURS, Intent.SPECIALISTS}
    if found & {Intent.RESCHEDULE, Intent.APPOINTMENT}:
        found.discard(Intent.BOOK)
    found |= {intent for intent in _PLAIN if _has(text, intent)}
    if Intent.COMPLAINT in found and _is_only_supposed(text):
        found.discard(Intent.COMPLAINT)
        is_question = True
    found |= topics
    if is_question and not found - {Intent.GREET, Intent.THANKS}:
        found.add(Intent.QUESTION)
    return found, refused


def _is_broken(text: str) -> bool:
    return _has(text, "breakage") and not talk().hypothetical.search(text)


def _without_lead(clause: str) -> str:
    """The clause from where it begins to say something: "ну да" is "да"."""
    lead = talk().lead.match(clause)
    return clause[lead.end() :].lstrip() or clause if lead else clause


def _clause_before(sentence: Sentence, at: int) -> str:
    """What was said of the clause before that place."""
    start = 0
    for clause in sentence.clauses:
        end = start + len(clause)
        if at <= end:
            return sentence.text[start:at]
        start = end + 1
    return sentence.text[:at]


def _is_only_supposed(text: str) -> bool:
    """Whether what sounds like a complaint only might be: "а если не понравится?", "do you give refunds?"."""
    words = talk()
    complaints = list(words.intents[Intent.COMPLAINT].finditer(text))
    return bool(complaints and words.hypothetical.search(text)) and all(
        words.supposed.match(one.group()) for one in complaints
    )


def _has(text: str, name: str) -> bool:
    words = talk()
    return bool(words.intents[name].search(text)) and not words.unless[name].search(text)


def _negative_by_itself(matched: str) -> bool:
    """Whether a phrase holds its own negation: "I won't come" cancels."""
    return " " in matched


def _risks(text: str, own_words: frozenset[str], *, puts_off: bool) -> tuple[tuple[str, str], ...]:
    """Kind and words of every danger named. An illness is one unless it is the reason for which a visit is put off."""
    return tuple(
        ("medical" if kind == _ILLNESS else kind, match.group())
        for kind, pattern in talk().risks.items()
        if not (kind == _ILLNESS and puts_off)
        for match in pattern.finditer(text)
        if not all(word in own_words or lemma(word) in own_words for word in match.group().split())
    )


def _is_spam(text: str, *, has_link: bool) -> bool:
    count = len({match.group() for match in talk().spam.finditer(text)})
    return count >= (1 if has_link else _SPAM_WORDS)


@lru_cache(maxsize=20_000)
def _is_courtesy(word: str) -> bool:
    return talk().courtesy.fullmatch(word) is not None
