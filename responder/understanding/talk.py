"""The patterns of talk of all languages, compiled once: how people greet, order, ask, refuse, complain.

Which words mean what is data (`lexicon/<language>/talk.yaml`); this file only makes it searchable.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from functools import cache

from responder.understanding.lexicon import LANGUAGES, any_of, pattern_table, patterns, section, strings, table
from responder.understanding.words import lemma

Pattern = re.Pattern[str]

_NEVER = re.compile(r"(?!)")


class Talk:
    """Compiled talk. A pattern that no language has matches nothing."""

    def __init__(self, languages: Sequence[str] = LANGUAGES) -> None:
        self._data = [section(language, "talk") for language in languages]
        self.intents = self._table("intents")
        self.unless = self._table("unless")
        self.risks = self._table("risks")
        self.choices = self._table("choices")
        self.assent = self._table("yes")
        self.refusal = self._block("no")
        self.but = self._block("but")
        self.between = {name: frozenset(words) for name, words in self._word_table("between").items()}
        self.policy = self._block("policy")
        self.policy_unless = self._block("policy_unless")
        self.hypothetical = self._block("hypothetical")
        self.supposed = self._block("supposed")
        self.told_of_past = self._block("told_of_past")
        self.lead = self._block("lead")
        self.question_starts = self._block("question_starts")
        self.courtesy = self._block("courtesy")
        self.spam = self._block("spam")
        self.abuse = self._block("abuse")
        # ends right where the order begins
        self.negation = re.compile(
            "(?:"
            + "|".join(rf"(?<![^\W_])(?:{p})$" for one in self._data for p in _with_blank(one.get("negation")))
            + ")"
        )
        self.stop_words = frozenset(lemma(word) for one in self._data for word in strings(one.get("stop_words")))
        self.spelling = frozenset(word for one in self._data for word in strings(one.get("spelling")))
        self.whole = frozenset(word for one in self._data for word in strings(one.get("whole")))
        self.people = frozenset(word for one in self._data for word in strings(one.get("people")))
        self.materials = frozenset(word for one in self._data for word in strings(one.get("materials")))
        self.name_words = self._word_table("names")
        self.diminutives = self._word_table("diminutives")
        self.translit = frozenset(word for one in self._data for word in strings(one.get("translit")))
        self.translit_words = {
            word: meant
            for one in self._data
            for meant, typed in table(one.get("translit_words")).items()
            for word in typed
        }
        self.family_of = self._families()

    def _block(self, name: str) -> Pattern:
        return any_of(p for one in self._data for p in patterns(one.get(name))) or _NEVER

    def _table(self, name: str) -> defaultdict[str, Pattern]:
        merged: defaultdict[str, list[str]] = defaultdict(list)
        for one in self._data:
            for key, expressions in pattern_table(one.get(name)).items():
                merged[key].extend(expressions)
        compiled: defaultdict[str, Pattern] = defaultdict(lambda: _NEVER)
        compiled.update({key: any_of(expressions) or _NEVER for key, expressions in merged.items()})
        return compiled

    def _word_table(self, name: str) -> dict[str, tuple[str, ...]]:
        merged: defaultdict[str, tuple[str, ...]] = defaultdict(tuple)
        for one in self._data:
            node = one.get(name)
            for key, entries in (pattern_table(node) | table(node) if name == "names" else table(node)).items():
                merged[key] += entries or pattern_table(node).get(key, ())
        return dict(merged)

    def _families(self) -> dict[str, str]:
        """Lemma to the head of its family."""
        heads: dict[str, str] = {}
        for one in self._data:
            node = one.get("families")
            for row in node if isinstance(node, list) else ():
                members = strings(row)
                for member in members:
                    heads.setdefault(member, members[0])
                    heads.setdefault(lemma(member), members[0])
        return heads


def _with_blank(node: object) -> tuple[str, ...]:
    """Expressions whose trailing blank is meant: the reader of blocks strips it."""
    lines = patterns(node) if isinstance(node, (str, list)) else ()
    return tuple(line if line.endswith(")?") else line + " " for line in lines)


@cache
def talk() -> Talk:
    """The shared, compiled talk."""
    return Talk()
