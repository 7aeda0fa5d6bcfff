"""Free wording may be courtesy, a question, or a paraphrase of one thing the salon says; nothing else.

The guard checks what a text claims in figures, days, names and promises. Here the rest of its words is held against an
allow-list (`vocabulary`) and the salon's own texts (`sources`), so that what nobody thought of is refused too. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from responder.llm.claims import Kind, Mention, Sentence
from responder.llm.facts import Facts
from responder.llm.guard_patterns import BLANK, KIND, QUOTED
from responder.llm.roots import root
from responder.llm.sources import AMOUNTS, WORD, Source, clauses, is_negative
from responder.llm.vocabulary import Use, harmless_phrases, uses

# Punctuation, and pictures of faces and hearts; other signs can say things ("2+2", a thumb, a picture of a gift).
_SIGN = re.compile("[^\\w\\s\x00\x01.,!?:;()«»„“”\"'%\\-\U0001f600-\U0001f64f\U0001f970-\U0001f97a❤♥✨🌸🌷💐💖💕🙏☺]|_")
# Forms that ask for a deed or report one: only as the salon itself writes them.
_DEED = re.compile(r"(?:[йьи]те|л[аи]|л[аи]сь|лся)$")
_HARMLESS = {Use.TALK, Use.COURTESY, Use.PRAISE, Use.NEGATIONS, Use.ASSENT}
_HARMLESS_IN_QUESTIONS = {Use.ASKING, Use.AMOUNTS}
_NOT_ALONE = {Use.ASKING, Use.LIMITS}
_BLANKS = {BLANK, KIND, QUOTED}
_SMALL = {Use.TALK, Use.JOINTS}
_WHEN = (Kind.ALWAYS, Kind.DAY, Kind.DATE, Kind.TIME)
_PROVES_YES = (Kind.ALWAYS, Kind.TIME, Kind.DATE, Kind.MONEY, Kind.PERCENT, Kind.DURATION, Kind.PHONE, Kind.URL)


def unsupported(sentences: Sequence[Sentence], facts: Facts) -> Iterator[str]:
    """What in a text, claims aside, rests on nothing, as "kind: words"."""
    agrees_at: list[int] = []
    proven: list[int] = []
    for number, sentence in enumerate(each for each in sentences if each.text):
        check = _Check(sentence, facts)
        yield from check.run()
        if check.agrees:
            agrees_at.append(number)
        if check.is_proven and not check.is_question:
            proven.append(number)
    for number in agrees_at:  # a bare "yes" agrees to whatever was asked
        if not {number, number + 1} & {*proven}:
            yield "assent: alone"


class _Check:
    """One sentence; afterwards `agrees` and `is_proven` say what it does."""

    def __init__(self, sentence: Sentence, facts: Facts) -> None:
        kinds = {mention.kind for mention in sentence.mentions}
        self.agrees = False
        self.is_question = sentence.text.rstrip().endswith("?")
        self.is_proven = not kinds.isdisjoint(_PROVES_YES) or not {BLANK, QUOTED}.isdisjoint(sentence.text)
        self._sentence, self._facts = sentence, facts
        self._has_when = not kinds.isdisjoint(_WHEN)
        self._has_amount = not kinds.isdisjoint(AMOUNTS)
        self._about: frozenset[str] = frozenset()  # what the part before was about
        self._uncounted: list[frozenset[str]] = []  # what the parts of this clause were about that had no amount yet

    def run(self) -> Iterator[str]:
        if sign := _SIGN.search(self._sentence.rest):
            yield f"sign: {sign[0]}"
        rest = harmless_phrases().sub(_as_blank, self._sentence.rest)
        for start, end in clauses(self._sentence):
            words = list(WORD.finditer(rest, start, end))
            if words and Use.ASSENT in uses(words[0][0]):
                self.agrees = True
            if self._is_bare(rest[start:end], words):
                yield f"bare: {' '.join(match[0] for match in words)}"
            self._uncounted = []
            for first, last, part in _parts(words, start, end):
                amounts = [each for each in self._sentence.of(*AMOUNTS) if first <= each.start < last]
                yield from self._part(part, amounts)

    def _part(self, words: list[str], amounts: list[Mention]) -> Iterator[str]:
        telling = [word for word in words if not self._is_harmless(word)]
        named = [word for word in telling if Use.THINGS not in uses(word)]
        telling = named or telling
        roots = frozenset(map(root, telling))
        if unknown := [word for word in telling if root(word) not in self._facts.roots]:
            yield f"word: {unknown[0]}"
            return
        if telling and not any(uses(word).isdisjoint(_NOT_ALONE) for word in telling):
            yield f"word: {telling[0]}"
        deeds = [word for word in telling if _DEED.search(word)]
        does = any(Use.THINGS in uses(word) for word in words)
        found = [
            each
            for each in self._facts.sources
            if roots <= each.roots and each.words.issuperset(deeds) and not (does and each.is_customer)
        ]
        if telling and not found:
            yield f"mixture: {' '.join(telling)}"
        elif telling and not any(_agrees_in_sense(each, roots, is_negative(words)) for each in found):
            yield f"negation: {' '.join(telling)}"
        elif not telling and self._denies(words):
            yield f"denial: {' '.join(words)}"
        if named and any(Use.PRAISE in uses(word) for word in words) and not self.is_question:
            yield f"praise: {' '.join(words)}"
        self.is_proven |= any(not uses(word) for word in telling) and (does or any(each.statements for each in found))
        self._about = roots or self._about
        if not amounts:
            self._uncounted.append(self._about)
        else:
            for about in {self._about, *self._uncounted}:  # "this and that at 2000" counts both
                yield from self._amounts(amounts, about)
            self._uncounted = []

    def _amounts(self, amounts: list[Mention], about: frozenset[str]) -> Iterator[str]:
        found = [each for each in self._facts.sources if about and about <= each.roots]
        text = self._sentence.text
        if not any(all(each.counts(one) and each.bounds_as(one, text) for one in amounts) for each in found):
            yield f"amount: {', '.join(each.said for each in amounts)}"

    def _is_harmless(self, word: str) -> bool:
        found = uses(word)
        return (
            not found.isdisjoint(_HARMLESS)
            or (self.is_question and not found.isdisjoint(_HARMLESS_IN_QUESTIONS))
            or (Use.AMOUNTS in found and self._has_amount)
            or (Use.HOURS in found and self._has_when)
        )

    def _is_bare(self, clause: str, words: list[re.Match[str]]) -> bool:
        """ "That is so", "we have it": small words alone agree to whatever was asked."""
        if self.is_question or not words or not _BLANKS.isdisjoint(clause):
            return False
        return all(bool(used := uses(match[0])) and used <= _SMALL for match in words)

    def _denies(self, words: list[str]) -> bool:
        """ "We do not" denies whatever was asked; "not on Sunday" is checked, "no" alone is an assent."""
        if self.is_question or not is_negative(words) or all(Use.ASSENT in uses(word) for word in words):
            return False
        return not (self._has_when and any(Use.HOURS in uses(word) for word in words))


def _as_blank(match: re.Match[str]) -> str:
    return KIND * len(match[0])


def _parts(words: list[re.Match[str]], start: int, end: int) -> Iterator[tuple[int, int, list[str]]]:
    """A clause cut at its "and" and "or": where each part begins and ends, and its words."""
    part: list[str] = []
    for match in words:
        if Use.JOINTS in uses(match[0]):
            yield start, match.start(), part
            start, part = match.end(), []
        else:
            part.append(match[0])
    yield start, end, part


def _agrees_in_sense(source: Source, roots: frozenset[str], is_denied: bool) -> bool:
    """The salon's clause nearest to ours denies as we do; a source without clauses is a list of names and denies
    nothing."""
    if not source.statements:
        return not is_denied
    nearest = max(len(roots & each.roots) for each in source.statements)
    if nearest == 0:
        return is_denied == any(each.is_negative for each in source.statements)
    return any(each.is_negative == is_denied for each in source.statements if len(roots & each.roots) == nearest)
