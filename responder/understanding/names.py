"""The customer's name, said in a sentence or as a bare answer; never a service, a greeting or another word.

The dictionary tells Russian given names and surnames, a list the usual others; elsewhere an introduction ("my name
is"), a phone number right beside it or the question before it does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

from responder.understanding.talk import talk
from responder.understanding.timewords import time_words
from responder.understanding.tokens import Shape, Token
from responder.understanding.words import forms, is_known

_CYRILLIC = re.compile("[а-я]")
_MOST_WORDS = 3
_BETWEEN = (":", "-", ",", '"')


class NameReader:
    """`taken` are words of the salon (services) that are no names; `people` are the names of its specialists."""

    def __init__(self, taken: frozenset[str], *, people: frozenset[str] = frozenset()) -> None:
        self._people = people
        self._not = talk().between["denied"]
        self._instead = talk().between["instead"]
        words = talk().name_words
        self._strong = [tuple(phrase.split()) for phrase in words.get("strong", ())]
        self._weak = [tuple(phrase.split()) for phrase in words.get("weak", ())]
        self._after = [tuple(phrase.split()) for phrase in words.get("after", ())]
        self._fillers = frozenset(words.get("fillers", ()))
        self._beside = self._fillers | frozenset(words.get("relations", ()))
        self._courtesies = frozenset(words.get("courtesies", ()))
        self._given = frozenset(words.get("given", ()))
        self._never = frozenset(words.get("never", ())) | (_words_of_trade_and_time() - self._given)
        self._taken = taken

    def read(
        self,
        tokens: Sequence[Token],
        source: str,
        *,
        is_asked: bool = False,
        phones: Sequence[tuple[int, int]] = (),
    ) -> tuple[str | None, tuple[int, int] | None]:
        """The name and its span. `is_asked`: it was the question. `phones` are the spans of phone numbers in the
        message: a lone name beside one signs it."""
        found = self._corrected(tokens, source) or self._introduced(tokens, source)
        if not found and is_asked:
            found = self._bare(tokens, source)
        if not found and phones:
            found = self._signed(tokens, source, phones)
        return _written(found, source) if found else (None, None)

    def _corrected(self, tokens: Sequence[Token], source: str) -> list[Token]:
        """The second of "не Алёна, а Алина"; a specialist who is refused is none of the customer's names."""
        for at, token in enumerate(tokens):
            if token.text not in self._not:
                continue
            wrong = self._run(tokens[at + 1 :], source, is_sure=False)
            rest = [one for one in tokens[at + 1 + len(wrong) :] if one.shape is not Shape.MARK or one.text == "-"]
            if not wrong or any(one.text in self._people for one in wrong) or not rest:
                continue
            if rest[0].text in self._instead:
                rest = rest[1:]
            if right := self._run(rest, source, is_sure=False):
                return right
        return []

    def _introduced(self, tokens: Sequence[Token], source: str) -> list[Token]:
        said = {token.text for token in tokens}
        for phrases, is_strong in ((self._strong, True), (self._weak, False)):
            for phrase in phrases:
                if phrase[0] not in said:
                    continue
                for at in _places(tokens, phrase):
                    rest = tokens[at + len(phrase) :]
                    while rest and (rest[0].text in _BETWEEN or (is_strong and rest[0].text in self._fillers)):
                        rest = rest[1:]
                    found = self._run(rest, source, is_sure=is_strong)
                    if found:
                        return found
        for phrase in self._after:
            for at in _places(tokens, phrase):
                for start in range(max(at - _MOST_WORDS, 0), at):
                    found = self._run(tokens[start:at], source, is_sure=start == at - 1)
                    if len(found) == at - start:
                        return found
        return []

    def _run(self, tokens: Sequence[Token], source: str, *, is_sure: bool) -> list[Token]:
        """Words from the start of `tokens` that make a name."""
        found: list[Token] = []
        for token in tokens[: 2 * _MOST_WORDS]:
            if token.text == "-" and token.glued and found:
                continue
            if (
                len(found) == _MOST_WORDS
                or token.shape is not Shape.WORD
                or not self._may_be(token, source, is_sure=is_sure and not found, is_introduced=is_sure)
            ):
                break
            found.append(token)
        return found

    def _bare(self, tokens: Sequence[Token], source: str) -> list[Token]:
        """A message that is nothing but a name, courtesies aside."""
        words = [t for t in tokens if t.shape is Shape.WORD and t.text not in self._fillers]
        others = [t for t in tokens if t.shape not in (Shape.WORD, Shape.MARK)]
        if not words or len(words) > _MOST_WORDS or len(others) > _MOST_WORDS:
            return []
        if any(self._is_other(token) for token in words):
            return []
        return words if all(self._may_be(t, source, is_sure=True) for t in words) else []

    def _signed(self, tokens: Sequence[Token], source: str, phones: Sequence[tuple[int, int]]) -> list[Token]:
        """A name that stands by itself right before or right after a phone, "tel" and the like aside."""
        pieces = [piece for piece in _pieces(tokens, phones) if piece]
        for start, end in phones:
            before = [piece for piece in reversed(pieces) if piece[-1].end <= start]
            after = [piece for piece in pieces if piece[0].start >= end]
            for nearest in (self._first_said(before, skips_courtesy=False), self._first_said(after)):
                if nearest and self._is_signature(nearest, source):
                    return nearest
        return []

    def _first_said(self, pieces: Sequence[list[Token]], *, skips_courtesy: bool = True) -> list[Token]:
        """The first piece that says anything; who is thanked or greeted before the phone ("Анна, спасибо!") is not who
        signs."""
        for piece in pieces:
            said = [token for token in piece if token.text not in self._beside]
            if said:
                return said
            if not skips_courtesy and any(token.text in self._courtesies for token in piece):
                return []
        return []

    def _is_signature(self, words: Sequence[Token], source: str) -> bool:
        if len(words) > _MOST_WORDS or any(self._is_other(token) for token in words):
            return False
        return all(self._signs(token, source) for token in words)

    def _signs(self, token: Token, source: str) -> bool:
        named = [form for form in forms(token.text) if form.is_name or form.is_surname or form.is_patronymic]
        if named or token.text in self._given:
            return not named or any(form.is_nominative for form in named)
        return token.shape is Shape.WORD and source[token.start].isupper() and not is_known(token.text)

    def _is_other(self, token: Token) -> bool:
        return token.text in self._never or token.text in self._taken

    def _may_be(self, token: Token, source: str, *, is_sure: bool, is_introduced: bool = False) -> bool:
        word = token.text
        if self._is_other(token) or len(word) < 2:
            return False
        if is_name(word) or word in self._given:
            return True
        is_capital = source[token.start].isupper()
        if _CYRILLIC.search(word):
            return is_sure and ((is_capital and is_introduced) or not is_known(word))  # Лиана is a plant as well
        return is_capital if not is_sure else word not in self._fillers


def is_name(word: str) -> bool:
    """Whether the dictionary knows a lower-case word as a given name, a surname or a patronymic."""
    if "-" in word:
        return all(is_name(part) for part in word.split("-"))
    return any(form.is_name or form.is_surname or form.is_patronymic for form in forms(word))


def _pieces(tokens: Sequence[Token], phones: Sequence[tuple[int, int]]) -> Iterator[list[Token]]:
    """Stretches of tokens between signs and phones."""
    piece: list[Token] = []
    for token in tokens:
        is_cut = piece and any(piece[-1].end <= start < token.start for start, _ in phones)
        if is_cut or (token.shape is Shape.MARK and not (token.text == "-" and token.glued and piece)):
            yield piece
            piece = []
        if token.shape is not Shape.MARK:
            piece.append(token)
    yield piece


@cache
def _words_of_trade_and_time() -> frozenset[str]:
    times = frozenset(time_words().vocabulary()) - time_words().weak
    return times | talk().spelling | talk().family_of.keys()


def _places(tokens: Sequence[Token], phrase: tuple[str, ...]) -> list[int]:
    length = len(phrase)
    return [
        at
        for at in range(len(tokens) - length + 1)
        if tokens[at].text == phrase[0] and all(tokens[at + i].text == phrase[i] for i in range(1, length))
    ]


def _written(tokens: Sequence[Token], source: str) -> tuple[str, tuple[int, int]]:
    """The name in the nominative with capitals."""
    span = (tokens[0].start, tokens[-1].end)
    written = ""
    for token in tokens:
        if written:
            written += "-" if source[token.start - 1] == "-" else " "
        written += _nominative(source[token.start : token.end], token.text)
    return written, span


def _nominative(typed: str, word: str) -> str:
    named = [form for form in forms(word) if form.is_name or form.is_surname or form.is_patronymic]
    if named and not any(form.is_nominative for form in named):
        return named[0].lemma.capitalize()
    return typed[:1].upper() + (typed[1:] if typed[1:] != typed[1:].upper() else typed[1:].lower())
