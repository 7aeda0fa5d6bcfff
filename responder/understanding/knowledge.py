"""Which of the salon's own questions a customer asks, by the words they have in common.

A wrong answer is worse than none: most of the question's words must be there, and little else may be.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from math import log

from rapidfuzz import fuzz

from responder.salon.profile import KnowledgeItem
from responder.understanding.talk import talk
from responder.understanding.terms import TermIndex, term, terms
from responder.understanding.tokens import clean, plain

_THRESHOLD = 0.62
_LEAD = 0.05  # by how much the best item must beat the next one
_TRADE = 0.3  # what a word of the trade is worth
_BY_WORDING = 0.9  # what such likeness scores
_STEM = 4  # letters by which forms of one word are told
_WORDING = 88  # likeness of whole sentences that decides by itself


@dataclass(frozen=True, slots=True)
class _Question:
    key: str
    words: frozenset[int]  # places in the index
    text: str
    is_negated: bool


class KnowledgeReader:
    """Reads questions of one salon. `trade` are the words of its services, which tell little about a question."""

    def __init__(self, items: Sequence[KnowledgeItem], *, trade: Iterable[str] = ()) -> None:
        asked = [
            (item.key, terms(question), _worded(plain(clean(question)).strip(" ?!.")))
            for item in items
            for question in item.questions
        ]
        self._index = TermIndex(word for _, words, _ in asked for word in words)
        place = {word: at for at, word in enumerate(self._index.words)}
        self._questions = [
            _Question(key, frozenset(place[word] for word in words), text, _is_negated(text))
            for key, words, text in asked
        ]
        owners = Counter(
            form for _, form in {(key, form) for key, words, _ in asked for word in words for form in word}
        )
        usual = frozenset[str]().union(*(term(word) for word in trade))
        self._worth = [
            log(1 + len(items) / min(owners[form] for form in word)) * (_TRADE if word & usual else 1.0)
            for word in self._index.words
        ]

    def read(self, sentences: Sequence[str]) -> str | None:
        """The key of the item one of the sentences asks for."""
        scores: dict[str, float] = {}
        for sentence in sentences:
            said = [self._index.find(word).keys() for word in terms(sentence)]
            sentence = _worded(sentence)
            is_negated = _is_negated(sentence)
            heard = frozenset[int]().union(*said)
            for question in self._questions:
                if question.is_negated and not is_negated:
                    continue  # "мне понравилось" does not ask "а если не понравится?"
                if question.words and question.words.isdisjoint(heard):
                    continue
                score = self._score(question, said, sentence)
                scores[question.key] = max(scores.get(question.key, 0.0), score)
        ranked = sorted(scores.items(), key=lambda pair: -pair[1])
        if not ranked or ranked[0][1] < _THRESHOLD:
            return None
        if len(ranked) > 1 and ranked[0][1] - ranked[1][1] < _LEAD:
            return None
        return ranked[0][0]

    def mentions(self, key: str | None, words: str) -> bool:
        """Whether the questions of that item speak of `words` themselves, in whatever form: "кормлю", "кормящим"."""
        asked = [word for question in self._questions if question.key == key for word in question.text.split()]
        return any(_is_akin(word, one) for word in words.split() for one in asked)

    def _score(self, question: _Question, said: Sequence[Set[int]], sentence: str) -> float:
        is_same = fuzz.ratio(question.text, sentence) >= _WORDING
        if not question.words:
            return _BY_WORDING if is_same else 0.0
        explained = sum(1 for one in said if not question.words.isdisjoint(one))
        hit = question.words & frozenset[int]().union(*said)
        recall = sum(self._worth[word] for word in hit) / sum(self._worth[word] for word in question.words)
        precision = explained / len(said)
        score = 2 * recall * precision / (recall + precision)
        return max(score, _BY_WORDING) if is_same else score


def _worded(text: str) -> str:
    """One spelling of "don't" and "do not"."""
    return text.replace("n't", " not").replace("cannot", "can not")


def _is_negated(text: str) -> bool:
    return not talk().between["not"].isdisjoint(text.split())


def _is_akin(word: str, other: str) -> bool:
    return word == other or (len(word) >= _STEM and word[:_STEM] == other[:_STEM])
