"""Whether a customer calls the visit off. Nothing else may ever look like it: a visit lost by a misreading is worse
than a question asked too often.

Talk of calling off is no order by itself. It becomes one only in a frame that orders (an imperative, a request, a wish
of now, an inability to come) and only if nothing in reach voids it: a negation, a condition, a doubt, a question for
the rule, somebody else's words, another thing to be called off, a bound of time, another time proposed, or taking it
back later on. The frames and the voids are data (`lexicon/<language>/cancelling.yaml`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from responder.understanding.lexicon import LANGUAGES, any_of, pattern_table, section
from responder.understanding.utterance import Sentence

_NEVER = re.compile(r"(?!)")
_ENDING = ("negated",)  # blocks that must end right where the frame begins


class Frame(StrEnum):
    """How it is said, the clearest first."""

    ORDER = "order"  # "cancel it"
    REQUEST = "request"  # "could you cancel it?"
    BARE = "bare"  # "to cancel": the clause says nothing else
    WISH = "wish"  # "I want to cancel", "I am cancelling"
    PAST = "past"  # "I wanted to cancel"
    CANNOT = "cannot"  # "I can't make it"


@dataclass(frozen=True, slots=True)
class Cancelling:
    """`orders`: the sentences that call the visit off. `refused`: calling off was spoken of and denied. `asked`: it was
    only asked about, supposed or reported. `keeps`: the words say that a visit stays."""

    orders: frozenset[int] = frozenset()
    refused: bool = False
    asked: bool = False
    is_inability: bool = False  # nothing but not being able to come was said
    keeps: bool = False


@dataclass(frozen=True, slots=True)
class _Place:
    """One frame found: the clause, where it begins and ends in it, and what is said around it."""

    frame: Frame
    number: int  # of the sentence
    sentence: Sentence
    clause: str
    before: str
    after: str
    earlier: str  # the clause before, of the same sentence
    later: tuple[str, ...]  # the rest of the clause, later clauses and sentences
    is_asked: bool


def hear_cancelling(sentences: Sequence[Sentence]) -> Cancelling:
    """What the sentences of one burst say of calling a visit off; a later word outweighs an earlier one."""
    words = _words()
    clauses = [clause for sentence in sentences for clause in sentence.clauses]
    keeps = any(words["keeps"].search(clause) for clause in clauses)
    if not any(words["any"].search(clause) for clause in clauses):
        return Cancelling(keeps=keeps)
    places = list(_places(sentences))
    is_meant = not any(words["not_meant"].search(sentence.text) for sentence in sentences)
    verdicts = [_void(place) if is_meant else "asked" for place in places]
    orders = frozenset(place.number for place, verdict in zip(places, verdicts, strict=True) if verdict is None)
    if orders:
        frames = {place.frame for place, verdict in zip(places, verdicts, strict=True) if verdict is None}
        return Cancelling(orders=orders, is_inability=frames == {Frame.CANNOT}, keeps=keeps)
    is_named = any(words["mention"].search(clause) for clause in clauses)
    is_denied = "refused" in verdicts or (is_named and any(_is_denied(clause) for clause in clauses))
    return Cancelling(refused=is_denied, asked=bool(verdicts or is_named) and not is_denied, keeps=keeps)


def _places(sentences: Sequence[Sentence]) -> Iterator[_Place]:
    words = _words()
    for number, sentence in enumerate(sentences):
        following = tuple(clause for one in sentences[number + 1 :] for clause in one.clauses)
        for at, clause in enumerate(sentence.clauses):
            for frame in Frame:
                for match in words[frame].finditer(clause):
                    before, after = clause[: match.start()], clause[match.end() :]
                    if frame is Frame.BARE and not _stands_alone(before):
                        continue
                    is_last = at == len(sentence.clauses) - 1
                    yield _Place(
                        frame=frame,
                        number=number,
                        sentence=sentence,
                        clause=clause,
                        before=before,
                        after=after,
                        earlier=sentence.clauses[at - 1] if at else "",
                        later=(after.strip(), *sentence.clauses[at + 1 :], *following),
                        is_asked=(sentence.is_question and is_last) or bool(words["asks_first"].match(clause)),
                    )


def _void(place: _Place) -> str | None:
    """Why the frame orders nothing: `refused` or `asked`; None when it does order."""
    words, frame, text = _words(), place.frame, place.sentence.text
    if words["negated"].search(place.before) and frame is not Frame.CANNOT:
        return "refused"
    if words["denied_after"].search(place.after) and frame not in (Frame.ORDER, Frame.CANNOT):
        return "refused"
    if _is_taken_back(place):
        return "refused"
    if _is_conditional(text) or words["other_thing"].search(place.clause) or _is_told(place):
        return "asked"
    if frame is not Frame.ORDER and words["doubt"].search(text):
        return "asked"
    if _is_question(place):
        return "asked"
    if frame is Frame.CANNOT and _is_bounded(place):
        return "asked"
    return None


def _is_question(place: _Place) -> bool:
    words = _words()
    if words["asks_first"].match(place.clause):
        return True
    if place.frame is Frame.REQUEST:
        return bool(words["policy"].search(place.sentence.text))
    return place.is_asked and place.frame is not Frame.ORDER


def _is_conditional(text: str) -> bool:
    words = _words()
    manners = [match.span() for match in words["condition_unless"].finditer(text)]
    return any(
        not any(start <= match.start() < end for start, end in manners) for match in words["condition"].finditer(text)
    )


def _is_told(place: _Place) -> bool:
    """Whether it repeats what somebody said, or what was thought or done before."""
    words = _words()
    said = place.before
    if words["hangs"].match(place.clause):
        said = f"{place.earlier} {said}"
    if place.frame is Frame.PAST:
        return False
    return bool(words["told"].search(said)) and not words["told_unless"].search(said)


def _is_bounded(place: _Place) -> bool:
    """Whether it is a time, the company or the manner that will not do, or another time is proposed."""
    words = _words()
    reason = words["cannot_reason"].search(place.after)
    tail = place.after[: reason.start()] if reason else place.after
    return (
        place.sentence.is_question
        or not all(words["cannot_tail"].fullmatch(word) or word[0].isdigit() for word in tail.split())
        or bool(words["bound"].search(tail))
        or any(words["proposal"].search(part) for part in place.later)
    )


def _is_taken_back(place: _Place) -> bool:
    words = _words()
    is_past = place.frame is Frame.PAST
    return any(
        words["taken_back"].search(part) or (is_past and words["past_taken_back"].search(part)) for part in place.later
    )


def _is_denied(clause: str) -> bool:
    words = _words()
    return any(
        words["negated"].search(clause[: match.start()]) or words["denied_after"].search(clause[match.end() :])
        for match in words["mention"].finditer(clause)
    )


def _stands_alone(before: str) -> bool:
    return all(_words()["bare_beside"].fullmatch(word) or not word.isalpha() for word in before.split())


@cache
def _words() -> dict[str, re.Pattern[str]]:
    """The patterns of all languages, by block."""
    blocks: dict[str, list[str]] = {}
    for language in LANGUAGES:
        for name, expressions in pattern_table(section(language, "cancelling")).items():
            blocks.setdefault(name, []).extend(expressions)
    compiled = {
        name: re.compile("|".join(rf"(?<![^\W_])(?:{one})\s?$" for one in lines))
        if name in _ENDING
        else any_of(lines) or _NEVER
        for name, lines in blocks.items()
    }
    compiled["any"] = any_of([*blocks["mention"], *(line for frame in Frame for line in blocks[frame])]) or _NEVER
    return compiled
