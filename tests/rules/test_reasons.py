"""Every reason has a sentence for people, and something that gives it."""

import ast
from pathlib import Path

import pytest

import reminder.rules
from reminder.model.reasons import SENTENCES, Reason

GIVEN_ELSEWHERE = {
    Reason.EHR_UNAVAILABLE: "the queue, holding what could not be read again",
}
"""Reasons the rules never give, and who does."""

GIVEN_BY_THE_STORE_TOO = {
    Reason.GONE: "withdrawing what was planned for an appointment that is gone",
    Reason.MOVED: "withdrawing what was planned for the old start",
    Reason.NO_LONGER_A_STEP: "withdrawing what the plan no longer decides",
    Reason.NO_LONGER_USEFUL: "expiring what could not be sent in time",
    Reason.QUIET_HOURS: "the queue, holding what waits for the morning",
}
"""Reasons the rules give, and the store as well."""


def given_by_the_rules() -> set[Reason]:
    """Every `Reason.X` that a rule names in its code."""
    folder = Path(reminder.rules.__file__).parent
    trees = [ast.parse(path.read_text("utf-8")) for path in folder.glob("*.py")]
    return {
        Reason[node.attr]
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "Reason"
    } | {Reason.NOT_DELIVERED}  # what NextRoute says when it is told nothing else


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_sentence(reason):
    sentence = SENTENCES[reason]

    assert sentence.endswith(".")
    assert sentence[0].isupper()
    assert 20 <= len(sentence) <= 70


def test_no_two_reasons_share_a_sentence():
    assert len(set(SENTENCES.values())) == len(Reason)


def test_every_reason_is_given_by_something():
    assert given_by_the_rules() | set(GIVEN_ELSEWHERE) == set(Reason)


def test_what_is_said_to_be_given_elsewhere_is_not_given_by_the_rules():
    assert given_by_the_rules().isdisjoint(GIVEN_ELSEWHERE)
    assert given_by_the_rules().issuperset(GIVEN_BY_THE_STORE_TOO)
