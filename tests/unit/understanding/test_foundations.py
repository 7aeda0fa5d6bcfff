"""What all readers stand on: tokens, mending of slips, the lexicon, the shape of the grammar."""

from __future__ import annotations

import re

import pytest

from responder.dialogue.meaning import Intent
from responder.understanding.atoms import Atom, Grammar, Kind, Rule
from responder.understanding.lexicon import LANGUAGES, pattern_table, section
from responder.understanding.spelling import Mender, is_slip
from responder.understanding.talk import talk
from responder.understanding.timewords import TimeWords
from responder.understanding.tokens import MAX_CHARS, clean, tokenise

NOT_READ_FROM_WORDS = {
    Intent.CONFIRM,
    Intent.DECLINE,
    Intent.QUESTION,
    Intent.CHOOSE,
    Intent.SPAM,
    Intent.ABUSE,
    Intent.RISK,
}  # by rules of their own


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("в 15:30", ["в", "15:30"]),
        ("25.11", ["25.11"]),
        ("14./15.10.", ["14", ".", "/", "15.10", "."]),
        ("101,194", ["101,194"]),
        ("17ч10", ["17", "ч", "10"]),
        ("Ещё", ["еще"]),
        ("o'clock", ["o'clock"]),
        ("👍", []),
    ],
)
def test_tokens(text: str, tokens: list[str]) -> None:
    """Times, dates and decimals stay whole, words are lower case, signs without meaning are skipped."""
    assert [token.text for token in tokenise(clean(text))] == tokens


def test_spans_index_the_cleaned_text() -> None:
    """Every token's span is where it stands in the cleaned text."""
    text = clean("Завтра, в\u00a015:30 — «Анна»")

    assert all(text[token.start : token.end].lower() == token.text for token in tokenise(text))


def test_a_flood_is_cut() -> None:
    """No more is read than a person types in one breath, even where one sign unfolds into many."""
    assert len(clean("а" * 10 * MAX_CHARS)) == MAX_CHARS
    assert len(clean("\ufdfa" * MAX_CHARS)) == MAX_CHARS


@pytest.mark.parametrize(
    ("typed", "meant", "slip"),
    [
        ("завтар", "завтра", True),
        ("суботу", "субботу", True),
        ("пятницуу", "пятницу", True),
        ("понидельник", "понедельник", True),
        ("срелу", "среду", True),
        ("срецу", "среду", False),
        ("зявтра", "завтра", False),
        ("январ", "январь", False),
        ("tomorow", "tomorrow", True),
    ],
)
def test_slips(typed: str, meant: str, slip: bool) -> None:
    """Only slips that fingers and ears really make count: not a far key, not a lost end."""
    assert is_slip(typed, meant) is slip


def test_real_words_are_not_mended() -> None:
    """A word of its own is left alone however near it is to another."""
    mender = Mender(["среду"], is_word=lambda word: word == "среда")

    assert mender.mend("среда") == "среда"
    assert mender.mend("середу") == "середу"
    assert mender.mend("сриду") == "среду"


def test_a_slip_of_two_words_is_not_mended() -> None:
    """ "Вчеера" may be yesterday or evening: neither is guessed."""
    mender = Mender(["вчера", "вечера"], is_word=lambda _: False)

    assert mender.mend("вчеера") == "вчеера"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_pattern_compiles(language: str) -> None:
    """A pattern that is no regular expression would silence its whole intent."""
    for name in ("intents", "unless", "risks", "choices", "yes"):
        for expressions in pattern_table(section(language, "talk").get(name)).values():
            for expression in expressions:
                re.compile(expression)
    for expressions in pattern_table(section(language, "cancelling")).values():
        for expression in expressions:
            re.compile(expression)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_can_say_every_intent(language: str) -> None:
    """A language without patterns for an intent could not express it."""
    said = {*pattern_table(section(language, "talk").get("intents")), "cancel"}  # which has a file of its own

    assert {str(intent) for intent in Intent if intent not in NOT_READ_FROM_WORDS} <= said


def test_exceptions_belong_to_intents() -> None:
    """Every `unless` names an intent that has patterns."""
    assert set(talk().unless) <= set(talk().intents)


def test_languages_have_the_same_kinds_of_time_words() -> None:
    """A kind a language leaves out is a gap, unless its grammar has no such thing."""
    for language in LANGUAGES:
        assert set(section(language, "time")["kinds"]) <= set(Kind.__members__)  # type: ignore[arg-type]


def test_kinds_are_single_letters() -> None:
    """The grammar matches on one letter per atom; two kinds never share one."""
    letters = [kind.value for kind in Kind]

    assert all(len(letter) == 1 for letter in letters)
    assert len(set(letters)) == len(letters)


def test_a_grammar_rewrites_in_order_and_keeps_the_rest() -> None:
    """The first rule that matches at a place wins, what no rule matches stays, a refused match becomes NOTHING."""
    grammar = Grammar((Rule("joined", "NUMBER MONTH"), Rule("refused", "NUMBER")))
    atoms = [Atom(kind, at, at + 1) for at, kind in enumerate((Kind.OTHER, Kind.NUMBER, Kind.MONTH, Kind.NUMBER))]
    handlers = {"joined": lambda _: Atom(Kind.DATE, 0, 0), "refused": lambda _: None}

    rewritten = grammar.rewrite(atoms, handlers.__getitem__)

    assert [(atom.kind, atom.start, atom.end) for atom in rewritten] == [
        (Kind.OTHER, 0, 1),
        (Kind.DATE, 1, 3),
        (Kind.NOTHING, 3, 4),
    ]


def test_compound_numbers_add_up() -> None:
    """Twenty and five in words are twenty-five; digits beside each other are not added."""
    words = TimeWords()

    assert [atom.number for atom in words.read(tokenise("двадцать пятое"))] == [25]
    assert [atom.number for atom in words.read(tokenise("twenty-five"))] == [25]
    assert [atom.number for atom in words.read(tokenise("20 5"))] == [20, 5]
