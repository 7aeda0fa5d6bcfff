"""Mends slips of the fingers and of the ear in words we must not miss ("завтар", "суботу", "tomorow").

A word is mended only into a word of the given vocabulary, only when one slip of a kind people really make explains
it, and never when it is a word of its own. Anything bolder would read meaning into noise.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import pairwise

_KEY_ROWS = ("йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю", "qwertyuiop", "asdfghjkl", "zxcvbnm")
_SOUNDS_ALIKE = (
    "оа",
    "еи",
    "иы",
    "еэ",
    "тд",
    "сз",
    "вф",
    "бп",
    "гк",
    "шщ",
    "жш",
    "ьъ",
    "яе",
    "ei",
    "ae",
    "ou",
    "sc",
    "iy",
)
MIN_LENGTH = 5
_STEM = 4  # letters at the start by which forms of one word are told from two words


def _neighbours() -> frozenset[tuple[str, str]]:
    pairs: set[tuple[str, str]] = set()
    for row in _KEY_ROWS:
        pairs.update(pairwise(row))
    return frozenset(pairs | {(b, a) for a, b in pairs})


_NEIGHBOURS = _neighbours()
_ALIKE = frozenset((two[i], two[1 - i]) for two in _SOUNDS_ALIKE for i in (0, 1))


class Mender:
    """Mends words into `vocabulary`; `is_word` says that a word stands for itself and is left alone."""

    def __init__(self, vocabulary: Iterable[str], *, is_word: Callable[[str], bool]) -> None:
        self._known = frozenset(vocabulary)
        self._is_word = is_word
        self._by_first: defaultdict[str, list[str]] = defaultdict(list)
        for word in sorted(self._known):
            if len(word) >= MIN_LENGTH:
                self._by_first[word[0]].append(word)
        self._seen: dict[str, str] = {}

    def mend(self, word: str) -> str:
        """The word meant, or `word` itself."""
        if len(word) < MIN_LENGTH - 1 or word in self._known:
            return word
        found = self._seen.get(word)
        if found is None:
            found = self._look_up(word)
            if len(self._seen) < 20_000:
                self._seen[word] = found
        return found

    def _look_up(self, word: str) -> str:
        candidates = [known for known in self._by_first.get(word[0], ()) if abs(len(known) - len(word)) <= 1]
        fitting = [known for known in candidates if is_slip(word, known)]
        if not fitting or self._is_word(word) or len({known[:_STEM] for known in fitting}) > 1:
            return word  # a word by itself, or too many that it may be
        return min(fitting, key=lambda known: abs(len(known) - len(word)))


def is_slip(typed: str, meant: str) -> bool:
    """Whether `typed` is `meant` with one usual slip: two letters swapped, one left out (not the last), one doubled or
    struck beside, one replaced by its neighbour on the keyboard or by a like sound (two like sounds in a long word)."""
    if len(typed) == len(meant):
        wrong = [(a, b) for a, b in zip(typed, meant, strict=True) if a != b]
        if len(wrong) == 1:
            return wrong[0] in _NEIGHBOURS or wrong[0] in _ALIKE
        if len(wrong) == 2:
            return _is_swap(typed, meant) or (len(meant) >= 8 and all(pair in _ALIKE for pair in wrong))
        return False
    if len(typed) + 1 == len(meant):
        return any(typed == meant[:i] + meant[i + 1 :] for i in range(1, len(meant) - 1))
    return any(typed[:i] + typed[i + 1 :] == meant and _is_stutter(typed, i) for i in range(1, len(typed)))


def _is_swap(typed: str, meant: str) -> bool:
    at = next(i for i, (a, b) in enumerate(zip(typed, meant, strict=True)) if a != b)
    return typed[at : at + 2] == meant[at : at + 2][::-1]


def _is_stutter(typed: str, at: int) -> bool:
    around = typed[at - 1], typed[at + 1] if at + 1 < len(typed) else typed[at - 1]
    return any(typed[at] == near or (typed[at], near) in _NEIGHBOURS for near in around)
