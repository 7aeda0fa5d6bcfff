"""Which of the salon's own questions a customer asks, by the words they have in common.

A wrong answer is worse than none: most of the question's words must be there, and little else may be.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import log

from rapidfuzz import fuzz

from responder.salon.profile import KnowledgeItem
from responder.understanding.terms import Term, are_alike, terms
from responder.understanding.tokens import clean, plain

_THRESHOLD = 0.62
_LEAD = 0.05  # by how much the best item must beat the next one
_WORDING = 88  # likeness of whole sentences that decides by itself


@dataclass(frozen=True, slots=True)
class _Question:
    key: str
    words: tuple[Term, ...]
    text: str


class KnowledgeReader:
    """Reads questions of one salon."""

    def __init__(self, items: Sequence[KnowledgeItem]) -> None:
        self._questions = [
            _Question(item.key, terms(question), plain(clean(question)).strip(" ?!."))
            for item in items
            for question in item.questions
        ]
        self._items = max(len(items), 1)
        self._owners: Counter[str] = Counter()
        for key in {item.key for item in items}:
            self._owners.update(
                {word for question in self._questions if question.key == key for one in question.words for word in one}
            )

    def read(self, sentences: Sequence[str]) -> str | None:
        """The key of the item one of the sentences asks for."""
        scores: dict[str, float] = {}
        for sentence in sentences:
            said = terms(sentence)
            if not said:
                continue
            for question in self._questions:
                score = self._score(question, said, sentence)
                scores[question.key] = max(scores.get(question.key, 0.0), score)
        ranked = sorted(scores.items(), key=lambda pair: -pair[1])
        if not ranked or ranked[0][1] < _THRESHOLD:
            return None
        if len(ranked) > 1 and ranked[0][1] - ranked[1][1] < _LEAD:
            return None
        return ranked[0][0]

    def _score(self, question: _Question, said: Sequence[Term], sentence: str) -> float:
        if not question.words:
            return 0.0
        hit = [word for word in question.words if any(are_alike(word, one) for one in said)]
        if not hit:
            return 0.0
        recall = sum(map(self._worth, hit)) / sum(map(self._worth, question.words))
        explained = sum(1 for one in said if any(are_alike(word, one) for word in question.words))
        precision = explained / len(said)
        score = 2 * recall * precision / (recall + precision)
        if fuzz.ratio(question.text, sentence) >= _WORDING:
            return max(score, 0.9)
        return score

    def _worth(self, word: Term) -> float:
        """A word in few items tells more."""
        owners = min((self._owners[form] for form in word if form in self._owners), default=1)
        return log(1 + self._items / max(owners, 1))
