"""Which specialist is meant ("к Анне", "with Anna"), by any case form, short name or alias the salon gave."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from responder.salon.profile import Specialist
from responder.understanding.talk import talk
from responder.understanding.tokens import Shape, Token, clean, tokenise
from responder.understanding.words import name_forms


class SpecialistReader:
    """Reads specialists of one salon."""

    def __init__(self, specialists: Sequence[Specialist]) -> None:
        self._by_word: defaultdict[str, set[str]] = defaultdict(set)
        for specialist in specialists:
            for name in (*specialist.name.every(), *specialist.aliases):
                words = [token.text for token in tokenise(clean(name)) if token.shape is Shape.WORD]
                for word in words:
                    for known in (word, *talk().diminutives.get(word, ())):
                        for form in name_forms(known):
                            self._by_word[form].add(specialist.key)

    def vocabulary(self) -> frozenset[str]:
        return frozenset(self._by_word)

    def read(self, tokens: Sequence[Token], *, besides: tuple[int, int] | None = None) -> str | None:
        """The specialist named; None when nobody is, or when a name fits several. `besides` is the span of the
        customer's own name. A name called out at the start ("Анна, спасибо") addresses staff: nobody is meant."""
        found: list[set[str]] = []
        for index, token in enumerate(tokens):
            keys = self._by_word.get(token.text)
            if not keys or (besides is not None and besides[0] <= token.start < besides[1]):
                continue
            if (index == 0 and _is_called_out(tokens)) or _is_refused(tokens[:index]):
                continue
            found.append(keys)
        if not found:
            return None
        common = set.intersection(*found)
        return next(iter(common)) if len(common) == 1 else None


def _is_refused(before: Sequence[Token]) -> bool:
    """ "Only not to Maria": a denial right before the name, a preposition between them at most."""
    return any(token.text in talk().between["denied"] for token in before[-2:])


def _is_called_out(tokens: Sequence[Token]) -> bool:
    if len(tokens) < 3 or tokens[1].text != ",":
        return False
    return any(talk().intents[name].match(tokens[2].text) for name in ("greet", "thanks"))
