"""The one door of understanding by rules: the messages of a burst in, one `Meaning` out. Pure, no input or output, no
clock.

The order matters: phones first, so that their digits are no hours; then names, so that "Анна" who signs is not the
Anna who cuts; then days and hours, services, people, intents; last what all of it means in the light of the question
that was asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from responder.dialogue.meaning import Asked, Context, Meaning, Wish
from responder.salon.profile import SalonProfile
from responder.understanding.choices import ChoiceReader
from responder.understanding.intents import hear_intents
from responder.understanding.knowledge import KnowledgeReader
from responder.understanding.light import Findings, interpret
from responder.understanding.names import NameReader
from responder.understanding.phones import PhoneReader, Phones, mask
from responder.understanding.services import ServiceReader, own_words
from responder.understanding.specialists import SpecialistReader
from responder.understanding.spelling import Mender
from responder.understanding.talk import talk
from responder.understanding.timewords import time_words
from responder.understanding.tokens import Shape, Token
from responder.understanding.utterance import ENDS, Utterance, blanks, hear, join
from responder.understanding.wishes import When, WishReader
from responder.understanding.words import is_known

_MONTH_FIRST = frozenset({"US", "PH", "FM", "PW"})  # countries that write 3/7 for March 7th


class Reader:
    """Understands the customers of one salon; built once per revision of its profile."""

    def __init__(self, salon: SalonProfile) -> None:
        self._zone = salon.zone
        self._own_words = own_words(salon.services)
        self._phones = PhoneReader(salon.country)
        self._wishes = WishReader(salon.hours, month_first=salon.country in _MONTH_FIRST)
        self._services = ServiceReader(salon.services)
        self._specialists = SpecialistReader(salon.specialists)
        self._knowledge = KnowledgeReader(salon.knowledge, trade=self._own_words)
        self._choices = ChoiceReader()
        self._names = NameReader(self._own_words, people=self._specialists.vocabulary())
        vocabulary = {*time_words().vocabulary(), *talk().spelling, *self._services.vocabulary()}
        names = self._specialists.vocabulary() | talk().whole
        self._mender = Mender(vocabulary, is_word=lambda word: word in names or is_known(word))

    def read(self, texts: Sequence[str], *, now: datetime, context: Context = Context()) -> Meaning:  # noqa: B008
        """What the messages of one burst mean together. `now` is aware UTC and read in the salon's zone. Words nothing
        was made of give `understood=False`; no words at all give an empty meaning that may need no reply."""
        source = join(texts)
        phones = self._phones.read(source, is_asked=context.asked is Asked.PHONE)
        speech = mask(source, [*blanks(source), *phones.spans])
        utterance = hear(source, speech, mender=self._mender, language=context.language)
        findings = self._find(utterance, phones, now=now, context=context)
        return interpret(findings, context)

    def _find(self, utterance: Utterance, phones: Phones, *, now: datetime, context: Context) -> Findings:
        tokens = utterance.tokens
        name, name_span = self._names.read(
            tokens, utterance.source, is_asked=_asks_for_name(context), phones=phones.spans
        )
        nameless = [t for t in tokens if name_span is None or not name_span[0] <= t.start < name_span[1]]
        specialist = self._specialists.read(tokens, besides=name_span)
        when, choice = self._when(_of_now(nameless), utterance, specialist, now=now, context=context)
        heard = hear_intents(
            utterance.sentences,
            has_link=utterance.has_link,
            own_words=self._own_words,
            puts_off=when.refused or (context.has_appointment and bool(when.wishes)),
        )
        asking = [
            text
            for place, one in enumerate(utterance.sentences)
            if place not in heard.ordering
            for text in (one.text, *(one.clauses if one.is_question and len(one.clauses) > 1 else ()))
        ]
        knowledge = self._knowledge.read(asking)
        return Findings(
            heard=heard,
            when=when,
            phones=phones,
            name=name,
            services=self._services.read(nameless, is_asked=context.asked is Asked.SERVICE),
            specialist=specialist,
            knowledge=knowledge,
            risk=next((kind for kind, words in heard.risks if not self._knowledge.mentions(knowledge, words)), None),
            choice=choice,
            language=None if name is not None and _says_no_more(nameless) else utterance.language,
            has_words=bool(utterance.words) or bool(phones.spans),
            signs=utterance.source,
        )

    def _when(
        self, tokens: Sequence[Token], utterance: Utterance, specialist: str | None, *, now: datetime, context: Context
    ) -> tuple[When, int | None]:
        """Wishes and the offer picked: a number after an offer is a place first and an hour second."""
        days = [offer.day for offer in context.offers]
        local = now.astimezone(self._zone)

        def read(*, is_asked: bool) -> When:
            return self._wishes.read(tokens, text=utterance.source, now=local, is_asked=is_asked, offered_days=days)

        when = read(is_asked=context.asked is Asked.WHEN)
        choice = self._choose(tokens, utterance, when, specialist, context)
        may_be_hour = context.asked is Asked.CONFIRM or (context.asked is Asked.CHOICE and not _names_either(tokens))
        may_be_hour |= any(_moves(sentence.text) for sentence in utterance.sentences)  # "push it to 3"
        if choice is None and not when.wishes and may_be_hour:
            when = read(is_asked=True)
            choice = self._choose(tokens, utterance, when, specialist, context) if when.wishes else None
        if choice is not None or context.asked is Asked.CHOICE:
            when = replace(when, wishes=tuple(wish for wish in when.wishes if not self._is_place(wish)))
        return when, choice

    def _choose(
        self, tokens: Sequence[Token], utterance: Utterance, when: When, specialist: str | None, context: Context
    ) -> int | None:
        if not context.offers or (when.refused and not when.wishes):
            return None
        return self._choices.read(
            utterance.sentences,
            [token for token in tokens if not self._is_time(token, utterance, when)],
            offers=context.offers,
            wishes=when.wishes,
            specialist=specialist,
            asked=context.asked,
        )

    def _is_time(self, token: Token, utterance: Utterance, when: When) -> bool:
        """Whether a word belongs to a day or an hour and cannot be a place in a row besides: "второй половине дня"."""
        return any(
            start <= token.start < end and not self._choices.names_a_place(utterance.source[start:end])
            for start, end in when.spans
        )

    def _is_place(self, wish: Wish) -> bool:
        return wish.exact_time is None and self._choices.names_a_place(wish.text)


def _moves(text: str) -> bool:
    return any(talk().intents[name].search(text) for name in ("moves_it", "reschedule"))


def _of_now(tokens: Sequence[Token]) -> Sequence[Token]:
    """Without the sentences that tell what was, where there are others: "last time it came off in three days. I'd like
    Saturday" wishes for Saturday only."""
    sentences: list[list[Token]] = [[]]
    for token in tokens:
        sentences[-1].append(token)
        if token.text in ENDS:
            sentences.append([])
    now = [one for one in sentences if not talk().told_of_past.search(" ".join(token.text for token in one))]
    kept = [token for one in now for token in one]
    return kept if any(token.shape is Shape.WORD for token in kept) else tokens


def _says_no_more(tokens: Sequence[Token]) -> bool:
    """Whether no word is left beside the name: "Lena 8903..." is written so in any language."""
    return not any(token.shape is Shape.WORD for token in tokens)


def _asks_for_name(context: Context) -> bool:
    """One question asks for the name and the phone together while neither is known."""
    return context.asked is Asked.NAME or (context.asked is Asked.PHONE and "name" not in context.known)


def _names_either(tokens: Sequence[Token]) -> bool:
    """ "1 or 2" under a list are places and no hours."""
    return any(token.text in talk().between["either"] for token in tokens)
