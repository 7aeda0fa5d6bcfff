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
from responder.understanding.terms import TermIndex, term, terms
from responder.understanding.tokens import clean, plain

_THRESHOLD = 0.62
_LEAD = 0.05  # by how much the best item must beat the next one
_TRADE = 0.3  # what a word of the trade is worth
_WORDING = 88  # likeness of whole sentences that decides by itself


@dataclass(frozen=True, slots=True)
class _Question:
    key: str
    words: frozenset[int]  # places in the index
    text: str


class KnowledgeReader:
    """Reads questions of one salon. `trade` are the words of its services, which tell little about a question."""

    def __init__(self, items: Sequence[KnowledgeItem], *, trade: Iterable[str] = ()) -> None:
        asked = [
            (item.key, terms(question), plain(clean(question)).strip(" ?!."))
            for item in items
            for question in item.questions
        ]
        self._index = TermIndex(word for _, words, _ in asked for word in words)
        place = {word: at for at, word in enumerate(self._index.words)}
        self._questions = [
            _Question(key, frozenset(place[word] for word in words), text) for key, words, text in asked if words
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
            for question in self._questions:
                score = self._score(question, said, sentence)
                scores[question.key] = max(scores.get(question.key, 0.0), score)
        ranked = sorted(scores.items(), key=lambda pair: -pair[1])
        if not ranked or ranked[0][1] < _THRESHOLD:
            return None
        if len(ranked) > 1 and ranked[0][1] - ranked[1][1] < _LEAD:
            return None
        return ranked[0][0]

    def _score(self, question: _Question, said: Sequence[Set[int]], sentence: str) -> float:
        explained = sum(1 for one in said if not question.words.isdisjoint(one))
        if not explained:
            return 0.0
        hit = question.words & frozenset[int]().union(*said)
        recall = sum(self._worth[word] for word in hit) / sum(self._worth[word] for word in question.words)
        precision = explained / len(said)
        score = 2 * recall * precision / (recall + precision)
        return max(score, 0.9) if fuzz.ratio(question.text, sentence) >= _WORDING else score
