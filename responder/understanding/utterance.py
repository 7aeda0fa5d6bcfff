"""The messages of one burst as every reader wants them: cleaned, mended, cut into sentences, with what is no speech
blanked.

Links, addresses and amounts of money are blanked before anything is read, so that "1500 р" is no hour and a link no
word.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from responder.understanding.language import detect, is_borrowed, short_words, transliterated
from responder.understanding.spelling import Mender
from responder.understanding.tokens import Shape, Token, clean, tokenise
from responder.understanding.translit import cyrillic

LINK = re.compile(
    r"(?:https?://|www\.)\S+|\b(?:t\.me|wa\.me|bit\.ly)/\S*"
    r"|\b[\w-]+\.(?:ru|com|net|org|io|shop|online|info|biz)\b(?:/\S*)?"
)
_MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+|(?<!\w)@\w{4,}")
_AMOUNT = r"(?:\d{1,3}(?:[ .,]\d{3})+|\d+(?:[.,]\d{1,2})?)"
_MONEY = re.compile(
    rf"[$€£₽]\s?{_AMOUNT}|(?<!\d){_AMOUNT}\s?(?:[$€£₽]|(?:руб|rub|usd|eur|тыс|евро)\w*\b\.?|р\b\.?)|(?<!\d)\d{{1,3}}[кk]\b",
    re.IGNORECASE,
)
ENDS = frozenset(".!?;\n")


@dataclass(frozen=True, slots=True)
class Sentence:
    """`text`: its words joined by single blanks; `clauses`: the same, cut at commas and dashes."""

    text: str
    words: tuple[str, ...]
    clauses: tuple[str, ...]
    is_question: bool


@dataclass(frozen=True, slots=True)
class Utterance:
    """`source` is the cleaned text that all spans index; `tokens` are mended and exclude what was blanked."""

    source: str
    tokens: tuple[Token, ...]
    sentences: tuple[Sentence, ...]
    has_link: bool
    language: str | None

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(word for sentence in self.sentences for word in sentence.words)


def join(texts: Sequence[str]) -> str:
    """One cleaned text; every message ends a sentence."""
    return clean("\n".join(texts))


def blanks(source: str) -> list[tuple[int, int]]:
    """Spans of what is no speech: links, mail addresses, sums of money."""
    return [match.span() for pattern in (LINK, _MAIL, _MONEY) for match in pattern.finditer(source)]


def hear(source: str, speech: str, *, mender: Mender, language: str | None = None) -> Utterance:
    """`speech` is `source` with spans blanked; `language` that of the dialogue so far."""
    tokens = tokenise(speech)
    spelled, typed_in = _spelled(tokens, language)
    mended = tuple(
        token.with_text(mender.mend(token.text)) if token.shape is Shape.WORD else token for token in spelled
    )
    words = tuple(token.text for token in tokens if token.shape is Shape.WORD)
    return Utterance(
        source, mended, tuple(_sentences(mended)), bool(LINK.search(source)), typed_in or detect(source, words)
    )


def _spelled(tokens: Sequence[Token], spoken: str | None) -> tuple[Sequence[Token], str | None]:
    """The words in their own alphabet, and the language where that told it."""
    words = {token.text for token in tokens if token.shape is Shape.WORD}
    language = transliterated(words)
    if language is None and spoken is not None and words and words <= short_words(spoken).keys():
        short = short_words(spoken)
        return [token.with_text(short.get(token.text, token.text)) for token in tokens], spoken
    if language is None:
        return tokens, None
    return [token.with_text(cyrillic(token.text)) if _is_latin(token) else token for token in tokens], language


def _is_latin(token: Token) -> bool:
    return token.shape is Shape.WORD and token.text.isascii() and not is_borrowed(token.text)


def _sentences(tokens: Sequence[Token]) -> list[Sentence]:
    sentences: list[Sentence] = []
    clauses: list[list[str]] = [[]]
    for token in tokens:
        if token.shape is not Shape.MARK:
            clauses[-1].append(token.text)
        elif token.text in ENDS:
            _close(sentences, clauses, is_question=token.text == "?")
            clauses = [[]]
        elif token.text == "," or (token.text == "-" and not token.glued):
            clauses.append([])
        elif token.text == "+":
            clauses[-1].append("+")
    _close(sentences, clauses, is_question=False)
    return sentences


def _close(sentences: list[Sentence], clauses: list[list[str]], *, is_question: bool) -> None:
    words = tuple(word for clause in clauses for word in clause)
    if words:
        parts = tuple(" ".join(clause) for clause in clauses if clause)
        sentences.append(Sentence(" ".join(words), words, parts, is_question))
    elif is_question and sentences:
        last = sentences[-1]
        sentences[-1] = Sentence(last.text, last.words, last.clauses, True)
