"""Which of the offered slots a customer picks: by place ("второй", "the last one", "2"), by time, by day, by person.

In: the offers as shown and what was already read of the message. Out: a 1-based place (-1 is the last) or nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, time

from responder.dialogue.meaning import Asked, Offered, Wish
from responder.understanding.lexicon import LANGUAGES, section, strings, table
from responder.understanding.talk import talk
from responder.understanding.tokens import Shape, Token, plain
from responder.understanding.utterance import Sentence

_WORDS = re.compile(r"\d+|[^\W\d_]+")
_ENDS = frozenset(",.;!?\n")
_FILLERS = 4  # words that may stand around a bare number


class ChoiceReader:
    """Reads picks; the words for places in a row are data."""

    def __init__(self) -> None:
        self._ranks: dict[str, int] = {}
        self._numbers: dict[str, int] = {}
        self._suffixes: frozenset[str] = frozenset()
        self._not: frozenset[str] = frozenset()
        self._leading: frozenset[str] = frozenset()  # "the", "on": may stand before a place
        for language in LANGUAGES:
            data = section(language, "time")
            for name in ("ordinals", "ranks"):
                for key, words in table(data.get(name)).items():
                    picks = [word for word in words if not word.endswith(strings(data.get("date_endings")))]
                    self._ranks.update(dict.fromkeys(picks, int(key)))
            for key, words in table(data.get("numbers")).items():
                self._numbers.update((word, int(key)) for word in words if " " not in word)
            kinds = table(data.get("kinds"))
            self._not |= {word for word in kinds.get("NOT", ()) if " " not in word}
            self._leading |= {word for kind in ("THE", "ON", "FOR", "AT") for word in kinds.get(kind, ())}
            suffixes = strings(data.get("rank_suffixes")) + strings(data.get("ordinal_suffixes"))
            endings = strings(data.get("date_endings"))
            self._suffixes |= {suffix for suffix in suffixes if not suffix.endswith(endings)}

    def read(
        self,
        sentences: Sequence[Sentence],
        tokens: Sequence[Token],
        *,
        offers: Sequence[Offered],
        wishes: Sequence[Wish],
        specialist: str | None,
        asked: Asked,
    ) -> int | None:
        """The place picked, or None. Without offers nothing can be picked."""
        if not offers:
            return None
        by_wish = by_time(offers, wishes)
        if by_wish is not None:
            return by_wish
        fitting = [place for place, offer in enumerate(offers, 1) if any(_fits(offer, wish) for wish in wishes)]
        if fitting and any(talk().choices["whichever"].search(sentence.text) for sentence in sentences):
            return fitting[0]
        by_place = self._by_place(sentences, tokens, count=len(offers), asked=asked, has_wish=bool(wishes))
        if by_place is not None:
            return by_place
        if specialist is not None and not wishes:
            places = [place for place, offer in enumerate(offers, 1) if offer.specialist == specialist]
            return places[0] if len(places) == 1 else None
        return None

    def _by_place(
        self, sentences: Sequence[Sentence], tokens: Sequence[Token], *, count: int, asked: Asked, has_wish: bool
    ) -> int | None:
        choices = talk().choices
        for sentence in sentences:
            for clause in (sentence.text, *sentence.clauses):
                if has_wish:
                    break
                if choices["earliest"].search(clause) or choices["any"].search(clause):
                    return 1
                if choices["latest"].search(clause):
                    return -1
        is_row = asked is Asked.CHOICE or any(choices["nouns"].search(sentence.text) for sentence in sentences)
        ranked = self._ranked(tokens) if is_row else None
        if ranked is not None and (ranked == -1 or 1 <= ranked <= count):
            return ranked
        if asked is Asked.CHOICE and not has_wish:
            return self._numbered(tokens, count)
        return None

    def _ranked(self, tokens: Sequence[Token]) -> int | None:
        """The place named; one named only to be refused ("первое не подходит, давайте второе") does not count."""
        found: set[int] = set()
        for piece in _clauses(tokens):
            if not talk().choices["none"].search(" ".join(token.text for token in piece)):
                found |= self._ranks_in(piece)
        return next(iter(found)) if len(found) == 1 else None

    def _ranks_in(self, tokens: Sequence[Token]) -> set[int]:
        found: set[int] = set()
        for index, token in enumerate(tokens):
            if index and tokens[index - 1].text in self._not:
                continue
            if token.shape is Shape.WORD and token.text in self._ranks:
                found.add(self._ranks[token.text])
            elif token.shape is Shape.NUMBER and _next_text(tokens, index) in self._suffixes:
                found.add(int(token.text[:3]))
        return found

    def names_a_place(self, text: str) -> bool:
        """Whether words read as a date ("второе", "the 2nd") are as well a place in a row."""
        words = [word for word in _WORDS.findall(plain(text)) if word not in self._leading]
        places = [word for word in words if word in self._ranks or word in self._suffixes]
        return bool(places) and all(word in places or word.isdecimal() for word in words)

    def _numbered(self, tokens: Sequence[Token], count: int) -> int | None:
        """A number that can be a place, with little around it."""
        places: set[int] = set()
        others = 0
        for token in tokens:
            value = int(token.text[:4]) if token.shape is Shape.NUMBER else self._numbers.get(token.text)
            if value is not None:
                places.add(value)
            elif token.shape is not Shape.MARK:
                others += 1
        if len(places) != 1 or others > _FILLERS:
            return None
        place = next(iter(places))
        return place if 1 <= place <= count else None


def by_time(offers: Sequence[Offered], wishes: Sequence[Wish]) -> int | None:
    """The only offer that a single wish fits exactly: "в 15:00", "в среду", "утром"."""
    if len(wishes) != 1:
        return None
    wish = wishes[0]
    fitting = [place for place, offer in enumerate(offers, 1) if _fits(offer, wish)]
    if len(fitting) == 1:
        return fitting[0]
    if wish.exact_time is not None and wish.ambiguous == "am_pm":
        other = wish.exact_time.replace(hour=(wish.exact_time.hour + 12) % 24)
        fitting = [p for p, offer in enumerate(offers, 1) if offer.at == other and _on(offer.day, wish)]
        return fitting[0] if len(fitting) == 1 else None
    return None


def _fits(offer: Offered, wish: Wish) -> bool:
    if not _on(offer.day, wish):
        return False
    if wish.exact_time is not None:
        return offer.at == wish.exact_time
    if wish.time_from is None and wish.time_to is None:
        return wish.date_from is not None
    return (wish.time_from or time.min) <= offer.at < (wish.time_to or time.max)


def _on(day: date, wish: Wish) -> bool:
    if wish.date_from is None:
        return True
    return wish.date_from <= day <= (wish.date_to or wish.date_from)


def _clauses(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    piece: list[Token] = []
    for token in tokens:
        if (token.shape is Shape.MARK and not token.glued) or token.text in _ENDS:
            yield piece
            piece = []
        else:
            piece.append(token)
    yield piece


def _next_text(tokens: Sequence[Token], index: int) -> str:
    following = [token for token in tokens[index + 1 : index + 3] if token.glued]
    return next((token.text for token in following if token.shape is Shape.WORD), "")
