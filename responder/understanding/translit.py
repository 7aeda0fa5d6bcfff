"""Russian typed in Latin letters: "zavtra v 5 vechera mozhno na strizhku" becomes the words it stands for.

In: a lower-case word. Out: the Cyrillic word, the first spelling of several that the dictionary knows. Which messages
are such is told by words of the lexicon that no other language has (`translit`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import product

from responder.understanding.talk import talk
from responder.understanding.words import is_known

_MOST_SPELLINGS = 24
_VOWELS = "aeiouy"
# longest first; several spellings where people use the same letters for different sounds
_SOUNDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("shch", ("щ",)),
    ("sch", ("щ", "сч")),
    ("yoo", ("ю",)),
    ("zh", ("ж",)),
    ("kh", ("х",)),
    ("ch", ("ч",)),
    ("sh", ("ш", "щ")),
    ("ts", ("ц", "тс")),
    ("yu", ("ю",)),
    ("ju", ("ю", "жу")),
    ("iu", ("ю", "иу")),
    ("ya", ("я",)),
    ("ja", ("я", "жа")),
    ("ia", ("ия", "я")),
    ("yo", ("е",)),
    ("ye", ("е",)),
    ("yi", ("ый",)),
    ("iy", ("ий",)),
    ("yy", ("ый",)),
    ("ee", ("и",)),
    ("oo", ("у",)),
    ("a", ("а",)),
    ("b", ("б",)),
    ("c", ("ц", "к")),
    ("d", ("д",)),
    ("e", ("е", "э")),
    ("f", ("ф",)),
    ("g", ("г",)),
    ("h", ("х",)),
    ("i", ("и", "й")),
    ("j", ("ж", "й")),
    ("k", ("к",)),
    ("l", ("л", "ль")),
    ("m", ("м",)),
    ("n", ("н", "нь")),
    ("o", ("о",)),
    ("p", ("п",)),
    ("q", ("к",)),
    ("r", ("р", "рь")),
    ("s", ("с", "сь")),
    ("t", ("т", "ть")),
    ("u", ("у", "ю")),
    ("v", ("в",)),
    ("w", ("в", "ш")),
    ("x", ("х", "кс")),
    ("y", ("ы", "й")),
    ("z", ("з",)),
    ("'", ("ь", "")),
    ("4", ("ч",)),
)
_SPELLINGS = dict(_SOUNDS)
_PIECE = re.compile("|".join(re.escape(sound) for sound, _ in _SOUNDS))


@lru_cache(maxsize=5_000)
def cyrillic(word: str) -> str:
    """The Russian word that was meant; one the dictionary does not know is spelled letter by letter."""
    known = talk().translit_words.get(word)
    if known is not None:
        return known
    pieces = [_spellings(word, match) for match in _PIECE.finditer(word)]
    plainest = "".join(piece[0] for piece in pieces)
    return next((spelling for spelling in _likeliest_first(pieces) if is_known(spelling)), plainest)


def _spellings(word: str, match: re.Match[str]) -> tuple[str, ...]:
    """A softened consonant is likely only at the end or before another one; "y" after a vowel is й."""
    spellings = _SPELLINGS[match.group()]
    after = word[match.end() : match.end() + 1]
    if match.group() == "y" and word[match.start() - 1 : match.start()] in tuple(_VOWELS):
        return ("й", "ы")
    if match.group() == "i" and word[match.start() - 1 : match.start()] not in tuple(_VOWELS):
        return ("и",)
    if len(spellings) == 2 and spellings[1].endswith("ь") and after in tuple(_VOWELS):
        return spellings[:1]
    return spellings


def _likeliest_first(pieces: list[tuple[str, ...]]) -> Iterator[str]:
    """Spellings with the fewest unusual pieces first."""
    choices = sorted(product(*(range(len(piece)) for piece in pieces[:12])), key=sum) if len(pieces) <= 12 else [()]
    for places in choices[:_MOST_SPELLINGS]:
        chosen = [piece[place] for piece, place in zip(pieces, places, strict=False)]
        yield "".join([*chosen, *(piece[0] for piece in pieces[len(chosen) :])])
