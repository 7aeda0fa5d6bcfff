"""The customer's name, said in a sentence or as a bare answer; never a service, a greeting or another word.

The dictionary tells Russian given names and surnames; elsewhere an introduction ("my name is") or the question before
it does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from responder.understanding.talk import talk
from responder.understanding.tokens import Shape, Token
from responder.understanding.words import forms, is_known

_CYRILLIC = re.compile("[а-я]")
_MOST_WORDS = 3
_BETWEEN = (":", "-", ",", '"')


class NameReader:
    """`taken` are words of the salon (services) that are no names."""

    def __init__(self, taken: frozenset[str]) -> None:
        words = talk().name_words
        self._strong = [tuple(phrase.split()) for phrase in words.get("strong", ())]
        self._weak = [tuple(phrase.split()) for phrase in words.get("weak", ())]
        self._after = [tuple(phrase.split()) for phrase in words.get("after", ())]
        self._fillers = frozenset(words.get("fillers", ()))
        self._never = frozenset(words.get("never", ()))
        self._taken = taken

    def read(
        self, tokens: Sequence[Token], source: str, *, is_asked: bool = False, is_signed: bool = False
    ) -> tuple[str | None, tuple[int, int] | None]:
        """The name and its span. `is_asked`: it was the question. `is_signed`: a phone number stands in the message, so
        a lone name beside it is the customer's."""
        introduced = self._introduced(tokens, source)
        if introduced:
            return _written(introduced, source)
        if is_asked or is_signed:
            bare = self._bare(tokens, source, is_asked=is_asked)
            if bare:
                return _written(bare, source)
        return None, None

    def _introduced(self, tokens: Sequence[Token], source: str) -> list[Token]:
        for phrases, is_strong in ((self._strong, True), (self._weak, False)):
            for phrase in phrases:
                for at in _places(tokens, phrase):
                    rest = tokens[at + len(phrase) :]
                    while rest and (rest[0].text in _BETWEEN or (is_strong and rest[0].text in self._fillers)):
                        rest = rest[1:]
                    found = self._run(rest, source, is_sure=is_strong)
                    if found:
                        return found
        for phrase in self._after:
            for at in _places(tokens, phrase):
                found = self._run(tokens[max(at - 1, 0) : at], source, is_sure=True)
                if found:
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
                or not self._may_be(token, source, is_sure=is_sure and not found)
            ):
                break
            found.append(token)
        return found

    def _bare(self, tokens: Sequence[Token], source: str, *, is_asked: bool) -> list[Token]:
        """A message that is nothing but a name, courtesies aside."""
        words = [t for t in tokens if t.shape is Shape.WORD and t.text not in self._fillers]
        others = [t for t in tokens if t.shape not in (Shape.WORD, Shape.MARK)]
        if not words or len(words) > _MOST_WORDS or (others and is_asked and len(others) > 3):
            return []
        if any(token.text in self._never or token.text in self._taken for token in words):
            return []
        if all(_is_name(token.text) for token in words):
            return words
        sure = any(_is_name(token.text) for token in words)
        fits = all(_is_name(t.text) or self._may_be(t, source, is_sure=sure or is_asked) for t in words)
        return words if is_asked and fits else []

    def _may_be(self, token: Token, source: str, *, is_sure: bool) -> bool:
        word = token.text
        if word in self._never or word in self._taken or len(word) < 2:
            return False
        if _is_name(word):
            return True
        is_capital = source[token.start].isupper()
        if _CYRILLIC.search(word):
            return is_sure and not is_known(word)
        return is_capital if not is_sure else word not in self._fillers


def _is_name(word: str) -> bool:
    if "-" in word:
        return all(_is_name(part) for part in word.split("-"))
    return any(form.is_name or form.is_surname or form.is_patronymic for form in forms(word))


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
