"""What becomes of two readings of the same words."""

from __future__ import annotations

from datetime import date

import pytest

from responder.dialogue.meaning import Asked, Intent, Meaning, Wish
from responder.llm.merge import merge

TOMORROW = Wish(date_from=date(2026, 11, 24), date_to=date(2026, 11, 24))
FRIDAY = Wish(date_from=date(2026, 11, 27), date_to=date(2026, 11, 27))


def intents(*names: Intent) -> frozenset[Intent]:
    return frozenset(names)


def test_the_llm_reads_what_is_wanted() -> None:
    """Intents, service, specialist, wishes and name come from the LLM where it found any."""
    rules = Meaning(
        intents=intents(Intent.QUESTION), service="pedicure", wishes=(FRIDAY,), specialist="olga", name="Хочу"
    )
    llm = Meaning(intents=intents(Intent.BOOK), service="manicure", wishes=(TOMORROW,), specialist="anna", name="Ирина")
    merged = merge(rules, llm)
    assert (merged.intents, merged.service, merged.wishes) == (intents(Intent.BOOK), "manicure", (TOMORROW,))
    assert (merged.specialist, merged.name) == ("anna", "Ирина")


def test_the_rules_fill_what_the_llm_left_out() -> None:
    """An empty reading of the LLM loses nothing that the rules found."""
    rules = Meaning(
        intents=intents(Intent.BOOK),
        service="manicure",
        wishes=(FRIDAY,),
        name="Ирина",
        specialist="olga",
        knowledge="kids",
    )
    assert merge(rules, Meaning(understood=False)) == rules


def test_phones_are_read_by_rules() -> None:
    """The LLM never sees a phone, so what the rules say of phones stands."""
    rules = Meaning(phones=("+79123456789",), bad_phone="8912")
    merged = merge(rules, Meaning(phones=("+70000000000",)))
    assert (merged.phones, merged.bad_phone) == (("+79123456789",), "8912")


@pytest.mark.parametrize("chosen", [Meaning(choice=2), Meaning(offer_token="t-2")])
def test_a_choice_the_rules_read_stands(chosen: Meaning) -> None:
    """The rules' choice of an offer is never replaced by the LLM's."""
    rules = Meaning(intents=intents(Intent.CHOOSE), choice=chosen.choice, offer_token=chosen.offer_token)
    merged = merge(rules, Meaning(intents=intents(Intent.CHOOSE), offer_token="t-1"))
    assert (merged.choice, merged.offer_token) == (chosen.choice, chosen.offer_token)
    assert Intent.CHOOSE in merged.intents


def test_the_llm_chooses_where_the_rules_could_not() -> None:
    """Without a choice by rules the LLM's token is taken."""
    merged = merge(Meaning(understood=False), Meaning(intents=intents(Intent.CHOOSE), offer_token="t-1"))
    assert (merged.offer_token, merged.understood) == ("t-1", True)


@pytest.mark.parametrize("safety", [Intent.HUMAN, Intent.RISK, Intent.COMPLAINT])
def test_a_danger_either_side_sees_is_kept(safety: Intent) -> None:
    """Neither side can overrule the other's call for a person."""
    seen, unseen = Meaning(intents=intents(safety), risk="medical"), Meaning(intents=intents(Intent.BOOK))
    for merged in (merge(seen, unseen), merge(unseen, seen)):
        assert safety in merged.intents
        assert merged.risk == "medical"


@pytest.mark.parametrize(("literal", "other"), [(Intent.CONFIRM, Intent.DECLINE), (Intent.DECLINE, Intent.CONFIRM)])
def test_a_literal_yes_or_no_is_not_turned_round(literal: Intent, other: Intent) -> None:
    """Where the sides contradict each other on yes and no, the rules' literal reading stands."""
    merged = merge(Meaning(intents=intents(literal)), Meaning(intents=intents(other, Intent.PRICE)))
    assert merged.intents == {literal, Intent.PRICE}


@pytest.mark.parametrize("deed", [Intent.CONFIRM, Intent.SPAM])
@pytest.mark.parametrize("understood", [True, False])
def test_a_deed_needs_the_literal_word(deed: Intent, understood: bool) -> None:
    """A yes that books, and the verdict that silences, are the customer's own: no model says them in their stead."""
    merged = merge(Meaning(understood=understood), Meaning(intents=intents(deed, Intent.PRICE)))
    assert merged.intents == {Intent.PRICE}
    assert deed in merge(Meaning(intents=intents(deed)), Meaning(intents=intents(deed))).intents


def test_nothing_is_called_off_that_the_rules_read_otherwise() -> None:
    """Where the rules could not read the words the LLM may ask whether to cancel; where they could, it may not."""
    cancel = Meaning(intents=intents(Intent.CANCEL))
    assert Intent.CANCEL not in merge(Meaning(intents=intents(Intent.DECLINE)), cancel).intents
    assert Intent.CANCEL in merge(Meaning(understood=False), cancel).intents
    assert Intent.CANCEL not in merge(Meaning(understood=False), cancel, asked=Asked.CANCEL_CONFIRM).intents


@pytest.mark.parametrize("nicety", [Intent.GREET, Intent.BYE, Intent.THANKS])
def test_a_nicety_takes_nothing_away(nicety: Intent) -> None:
    """A model that hears a good-bye alone leaves the order that the rules heard beside it."""
    merged = merge(Meaning(intents=intents(Intent.BOOK)), Meaning(intents=intents(nicety)))
    assert merged.intents == {Intent.BOOK, nicety}


def test_what_only_the_rules_measure_is_kept() -> None:
    """ "An hour later" and an unlisted service reach the decision beside an LLM too."""
    merged = merge(Meaning(shift_min=60, is_unknown_service=True), Meaning(intents=intents(Intent.QUESTION)))
    assert (merged.shift_min, merged.is_unknown_service) == (60, True)


def test_silence_needs_both_sides() -> None:
    """The LLM may find that thanks need no answer; not while the rules found something to act upon, nor where they
    could not read what was said: nobody is left without an answer on a model's word."""
    silent = Meaning(needs_no_reply=True)
    assert merge(Meaning(intents=intents(Intent.THANKS)), silent).needs_no_reply
    assert not merge(Meaning(understood=False), silent).needs_no_reply
    for found in (
        Meaning(phones=("+79123456789",)),
        Meaning(wishes=(FRIDAY,)),
        Meaning(intents=intents(Intent.CONFIRM)),
        Meaning(intents=intents(Intent.HUMAN)),
        Meaning(service="manicure"),
    ):
        assert not merge(found, silent).needs_no_reply
    assert not merge(silent, Meaning(intents=intents(Intent.BOOK))).needs_no_reply


def test_anyone_and_someone_exclude_each_other() -> None:
    """ "Anyone" by the LLM drops the rules' specialist, and a specialist by the LLM drops the rules' "anyone"."""
    assert merge(Meaning(specialist="anna"), Meaning(any_specialist=True)).specialist is None
    assert not merge(Meaning(any_specialist=True), Meaning(specialist="anna")).any_specialist


@pytest.mark.parametrize(
    ("rules", "llm", "also"),
    [
        (Meaning(service="manicure", also=("pedicure",)), Meaning(), ("pedicure",)),
        (Meaning(service="manicure", also=("pedicure",)), Meaning(service="manicure"), ("pedicure",)),
        (Meaning(service="manicure", also=("pedicure",)), Meaning(service="pedicure"), ("manicure",)),
        (Meaning(services=("a", "b"), also=("pedicure",)), Meaning(service="b"), ("pedicure",)),
        (Meaning(service="manicure"), Meaning(service="manicure", also=("pedicure",)), ("pedicure",)),
        (Meaning(service="manicure"), Meaning(service="pedicure"), ()),
    ],
)
def test_a_second_service_is_kept(rules: Meaning, llm: Meaning, also: tuple[str, ...]) -> None:
    """Services wanted in one visit stay wanted, whichever of them the LLM names first."""
    assert merge(rules, llm).also == also
