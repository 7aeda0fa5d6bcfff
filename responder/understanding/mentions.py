"""Services that fit the words of a message become what is wanted: one, one of several, or several in one visit.

In: the fits of single services. Out: `Services`. "Стрижка" that fits two services is one mention and a question;
"маникюр и педикюр" are two mentions and one visit; "маникюр, нет, лучше педикюр" is one again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from responder.understanding.talk import talk
from responder.understanding.tokens import Shape, Token

_REACH = 2  # tokens between "not" and what it refuses


@dataclass(frozen=True, kw_only=True, slots=True)
class Services:
    key: str | None = None
    candidates: tuple[str, ...] = ()
    also: tuple[str, ...] = ()  # wanted together with `key`, or with whichever candidate is chosen

    def all(self) -> tuple[str, ...]:
        """Every key named, as the candidates of a question about none in particular."""
        keys = (*self.candidates, *self.also) if self.key is None else (self.key, *self.also)
        return keys if len(keys) > 1 else ()


@dataclass(frozen=True, slots=True)
class Fit:
    """How one name fits: `said` are the places of the words that fit, `is_whole` when no word of the name is missing,
    `is_literal` when every fit is by the word itself and not by its family."""

    key: str
    said: frozenset[int]  # places of tokens
    share: float
    is_whole: bool
    is_literal: bool
    has_shared: bool  # fits, word for word, a word that several services share
    position: int


_Mention = tuple[Fit, ...]  # the services that one stretch of words may mean, best first


Owners = Mapping[int, Mapping[str, bool]]


def settle(fits: Sequence[Fit], tokens: Sequence[Token], owners: Owners) -> Services:
    """The fits that explain most of the message; a fit whose words another one explains and more is dropped. `owners`
    of a token are the services whose names have it, True for the word itself and not just its family."""
    best: dict[str, Fit] = {}
    for fit in fits:
        if any(fit.said < other.said for other in fits):
            continue
        known = best.get(fit.key)
        if known is None or (len(fit.said), fit.share) > (len(known.said), known.share):
            best[fit.key] = fit
    kept = sorted(best.values(), key=lambda fit: (-len(fit.said), -fit.share, fit.position))
    mentions = _mentions(kept)
    if len(mentions) < 2:
        return _one_of(kept)
    named = [mention[0] for mention in mentions if len(mention) == 1]
    mentioned = [mention for mention in mentions if not any(_explains(fit, mention, tokens, owners) for fit in named)]
    wanted = _wanted(mentioned, tokens)
    if wanted is None or sum(len(mention) > 1 for mention in wanted) > 1:
        return _one_of(kept)
    doubtful = [mention for mention in wanted if len(mention) > 1]
    keys = [mention[0].key for mention in wanted if len(mention) == 1]
    if doubtful:
        return Services(candidates=_keys(doubtful[0]), also=tuple(keys))
    return Services(key=keys[0], also=tuple(keys[1:]))


def _mentions(kept: Sequence[Fit]) -> list[_Mention]:
    """Fits that share words are readings of one mention, unless each has words of its own as well: "стрижка мужу и
    сыну" is two."""
    mentions: list[list[Fit]] = []
    for fit in kept:
        sharing = [mention for mention in mentions if any(fit.said & other.said for other in mention)]
        mentions = [mention for mention in mentions if mention not in sharing]
        mentions.append([*(other for mention in sharing for other in mention), fit])
    split: list[_Mention] = []
    for mention in mentions:
        own = [fit.said.difference(*(other.said for other in mention if other is not fit)) for fit in mention]
        split += [(fit,) for fit in mention] if all(own) else [tuple(mention)]
    return sorted(split, key=lambda mention: max(min(fit.said) for fit in mention))


def _explains(named: Fit, mention: _Mention, tokens: Sequence[Token], owners: Owners) -> bool:
    """Whether the mention only says more of a service named elsewhere: "стрижку каре", "педикюр с покрытием гель-лак";
    by the family of its words only where nothing joins them."""
    if any(fit is named for fit in mention):
        return False
    said = [owners[at].get(named.key) for at in mention[0].said]
    if all(said):
        return True
    if len(mention) > 1 or all(one is None for one in said):
        return False
    between = tokens[max(named.said) + 1 : min(mention[0].said)]
    joins = talk().between["joined"]
    return min(mention[0].said) > max(named.said) and not any(
        token.text in joins or (token.shape is Shape.MARK and not token.glued) or token.text == "," for token in between
    )


def _wanted(mentions: Sequence[_Mention], tokens: Sequence[Token]) -> list[_Mention] | None:
    """The mentions without those corrected or refused; None when they are alternatives."""
    words = talk().between
    wanted: list[_Mention] = []
    end = 0
    for mention in mentions:
        others = frozenset[int]().union(*(fit.said for other in mentions if other is not mention for fit in other))
        own = frozenset[int]().union(*(fit.said for fit in mention)) - others
        start = min(own)
        between = {token.text for token in tokens[end:start]}
        if wanted and between & words["either"]:
            return None
        if wanted and between & words["rather"]:
            wanted.pop()
        end = max(own) + 1
        is_refused = any(token.text in words["not"] for token in _leading(tokens[:start]))
        if not is_refused and not _is_unwanted([token.text for token in tokens[end : end + _REACH]]):
            wanted.append(mention)
    return wanted or None


def _is_unwanted(following: Sequence[str]) -> bool:
    """ "Педикюр не надо"."""
    words = talk().between
    return len(following) == _REACH and following[0] in words["not"] and following[1] in words["unwanted"]


def _leading(before: Sequence[Token]) -> Sequence[Token]:
    """The last words before a mention, back to the last sign."""
    near = before[-_REACH:]
    signs = [at for at, token in enumerate(near) if token.shape is Shape.MARK]
    return near[signs[-1] + 1 :] if signs else near


def _one_of(kept: Sequence[Fit]) -> Services:
    return Services(key=kept[0].key) if len(kept) == 1 else Services(candidates=_keys(kept))


def _keys(fits: Sequence[Fit]) -> tuple[str, ...]:
    return tuple(fit.key for fit in fits)
