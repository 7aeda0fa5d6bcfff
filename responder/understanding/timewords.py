"""The vocabulary of time of all languages, compiled once: phrases to kinds, number words to numbers.

Languages share one table because alphabets and words keep them apart; where two claim a word the earlier language wins.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache

from responder.understanding.atoms import Atom, Clock, Kind, mark_kind, shaped
from responder.understanding.lexicon import LANGUAGES, section, strings, table
from responder.understanding.tokens import Shape, Token, tokenise

_Entry = tuple[tuple[str, ...], Atom]  # words, the atom they make (spans to be filled in)

_TIME_KINDS = frozenset(
    "NOYCDdMWPAyXTELKZ" + Kind.ON + Kind.FOR + Kind.AT + Kind.FROM + Kind.UNTIL + Kind.BY + Kind.OR + Kind.TO + Kind.OF
)


class TimeWords:
    """What the words of time are; `read` turns tokens into atoms."""

    def __init__(self, languages: Sequence[str] = LANGUAGES) -> None:
        self._entries: defaultdict[str, list[_Entry]] = defaultdict(list)
        self._ordinal_suffixes: set[str] = set()
        self._rank_suffixes: set[str] = set()
        self._weak: set[str] = set()
        self._compounds: dict[str, tuple[Atom, ...]] = {}
        for language in languages:
            self._load(language)
        for entries in self._entries.values():
            entries.sort(key=lambda entry: -len(entry[0]))

    def vocabulary(self) -> Iterator[str]:
        """Every single word that a slip may have hidden."""
        for entries in self._entries.values():
            for words, atom in entries:
                if atom.kind not in (Kind.COUNTED, Kind.INSTEAD):
                    yield from words

    @property
    def weak(self) -> frozenset[str]:
        """Words that are as well something else, a name for one."""
        return frozenset(self._weak)

    def read(self, tokens: Sequence[Token], *, month_first: bool = False) -> list[Atom]:
        """Atoms in order: phrases joined, compound numbers added up, doubtful abbreviations settled by neighbours."""
        atoms: list[Atom] = []
        position = 0
        while position < len(tokens):
            token = tokens[position]
            if token.text in self._compounds:
                atoms += [atom.placed(token.start, token.end, glued=False) for atom in self._compounds[token.text]]
                position += 1
                continue
            atom, taken = self._atom_at(tokens, position, month_first=month_first)
            if atom is not None:
                atoms.append(atom)
            position += taken
        return self._settle_weak(_add_up(atoms))

    def _atom_at(self, tokens: Sequence[Token], at: int, *, month_first: bool) -> tuple[Atom | None, int]:
        token = tokens[at]
        for words, atom in self._entries.get(token.text, ()):
            length = len(words)
            if length == 1 or tuple(follower.text for follower in tokens[at : at + length]) == words:
                end = tokens[at + length - 1].end
                return atom.placed(token.start, end, glued=token.glued), length
        if token.shape is Shape.MARK:
            kind = mark_kind(token)
            return (Atom(kind, token.start, token.end) if kind else None), 1
        if token.shape is Shape.WORD:
            return Atom(Kind.OTHER, token.start, token.end, name=token.text), 1
        atom = shaped(token, month_first=month_first)
        if atom.kind is Kind.NUMBER:
            return self._suffixed(tokens, at, atom)
        return atom, 1

    def _suffixed(self, tokens: Sequence[Token], at: int, atom: Atom) -> tuple[Atom, int]:
        """18-е, 24го, 3rd, 5-й."""
        follower = at + 1
        if follower + 1 < len(tokens) and tokens[follower].text == "-" and tokens[follower].glued:
            follower += 1
        if follower < len(tokens) and tokens[follower].glued:
            for suffixes, kind in ((self._ordinal_suffixes, Kind.ORDINAL), (self._rank_suffixes, Kind.RANK)):
                if tokens[follower].text in suffixes:
                    return replace(atom, kind=kind, end=tokens[follower].end), follower + 1 - at
        return atom, 1

    def _settle_weak(self, atoms: list[Atom]) -> list[Atom]:
        settled: list[Atom] = []
        for index, atom in enumerate(atoms):
            if atom.name in self._weak:
                near = [other.kind for other in atoms[max(index - 1, 0) : index + 2] if other is not atom]
                is_alone_with = atom.kind is Kind.MONTH and index and atoms[index - 1].kind is Kind.IN
                if not is_alone_with and not any(kind in _TIME_KINDS for kind in near):
                    atom = replace(atom, kind=Kind.OTHER)
            settled.append(atom)
        return settled

    def _add(self, phrase: str, atom: Atom) -> None:
        words = tuple(token.text for token in tokenise(phrase))
        if all(words != known for known, _ in self._entries[words[0]]):
            self._entries[words[0]].append((words, atom))

    def _load(self, language: str) -> None:
        data = section(language, "time")
        self._ordinal_suffixes.update(strings(data.get("ordinal_suffixes")))
        self._rank_suffixes.update(strings(data.get("rank_suffixes")))
        self._weak.update(strings(data.get("weak_months")), strings(data.get("weak_weekdays")))
        numbered = (
            ("numbers", Kind.NUMBER),
            ("ordinals", Kind.ORDINAL),
            ("ranks", Kind.RANK),
            ("months", Kind.MONTH),
            ("weekdays", Kind.WEEKDAY),
            ("relative_days", Kind.DATE),
        )
        for name, kind in numbered:
            for key, phrases in table(data.get(name)).items():
                if kind is Kind.RANK and int(key) < 0:
                    continue  # "the last one" picks from a row and never names a day
                for phrase in phrases:
                    self._add(phrase, Atom(kind, 0, 0, number=int(key), name=phrase))
        for key, phrases in table(data.get("holidays")).items():
            month, day = (int(part) for part in key.split("-"))
            for phrase in phrases:
                self._add(phrase, Atom(Kind.PAIR, 0, 0, pair=(day, month, True), name="holiday"))
        for key, phrases in table(data.get("parts")).items():
            for phrase in phrases:
                self._add(phrase, Atom(Kind.PART, 0, 0, name=key))
        for key, phrases in table(data.get("clock_words")).items():
            for phrase in phrases:
                self._add(phrase, Atom(Kind.CLOCK, 0, 0, clock=Clock(int(key[:2]), int(key[3:]), is_fixed=True)))
        self._load_kinds(data.get("kinds"))
        for word, phrases in table(data.get("compounds")).items():
            self._compounds[word] = tuple(self._entries[phrase][0][1] for phrase in phrases)
        self._load_halves(strings(data.get("half_prefixes")), table(data.get("ordinals")))

    def _load_kinds(self, node: object) -> None:
        if not isinstance(node, dict):
            return
        for name, entries in node.items():
            kind = Kind[str(name)]
            by_name = table(entries) if isinstance(entries, dict) else {"": strings(entries)}
            for value, phrases in by_name.items():
                for phrase in phrases:
                    self._add(phrase, Atom(kind, 0, 0, name=value or phrase))

    def _load_halves(self, prefixes: Sequence[str], ordinals: dict[str, tuple[str, ...]]) -> None:
        """One word for half of the running hour: полседьмого is 6:30."""
        for prefix in prefixes:
            for key, words in ordinals.items():
                if int(key) <= 12:
                    clock = Clock((int(key) - 1) or 12, 30)
                    for word in words:
                        self._add(prefix + word, Atom(Kind.CLOCK, 0, 0, clock=clock))


def _add_up(atoms: list[Atom]) -> list[Atom]:
    """Twenty and five are twenty-five, in words only; nought and five after another number are five minutes."""
    summed: list[Atom] = []
    for place, atom in enumerate(atoms):
        following = atoms[place + 1].kind if place + 1 < len(atoms) else None
        tens = summed[-1] if summed else None
        if tens is not None and tens.kind is Kind.DASH and len(summed) > 1:
            tens = summed[-2]
        if (
            tens is not None
            and tens.kind is Kind.NUMBER
            and tens.is_word
            and (following is Kind.NUMBER or not _lacks(summed, tens, atom))
            and (tens.number in (20, 30, 40, 50) or (tens.number == 0 and _follows_number(summed)))
            and atom.kind in (Kind.NUMBER, Kind.ORDINAL, Kind.RANK)
            and atom.is_word
            and (1 <= atom.number <= 9 or (atom.number == 0 and tens.number == 0))
        ):
            del summed[summed.index(tens) :]
            atom = replace(atom, start=tens.start, number=tens.number + atom.number)
        summed.append(atom)
    return summed


def _follows_number(atoms: Sequence[Atom]) -> bool:
    return len(atoms) > 1 and atoms[-2].kind is Kind.NUMBER and atoms[-2].is_word


@cache
def time_words() -> TimeWords:
    """The shared, compiled vocabulary."""
    return TimeWords()


def _lacks(before: Sequence[Atom], tens: Atom, hour: Atom) -> bool:
    """ "Без двадцати шесть" are two numbers: the hour, and the minutes it lacks."""
    at = before.index(tens)
    return at > 0 and before[at - 1].kind is Kind.WITHOUT and 1 <= hour.number <= 12
